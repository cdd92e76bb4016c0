"""The link to the advisor's own site, which carries what a short message cannot. Pure."""

import re
from collections.abc import Iterator
from functools import lru_cache
from urllib.parse import urlsplit

_REST = re.compile(r"[^\s<>\"]+")
_AFTER = ".,;:!?)]}'’”»|।*_~"
_HOST = re.compile(r"(?=.{1,253}\Z)(?!-)[a-z0-9-]{1,63}(?:\.[a-z0-9-]{1,63})+", re.ASCII)
_PLAIN = re.compile(
    r"https://([a-z0-9]+(?:-[a-z0-9]+)*(?:\.[a-z0-9]+(?:-[a-z0-9]+)*)+)(?:/[A-Za-z0-9._~/-]*)?", re.ASCII
)
"""Addresses of which nobody can be of two minds; the others are taken apart."""
_LONGEST_HOST = 1_000


def links(text: str) -> Iterator[tuple[int, int]]:
    """Spans of the web addresses, without the punctuation that follows them."""
    at = text.find("://")
    while at >= 0:
        scheme = next((name for name in ("https", "http") if text[at - len(name) : at].lower() == name), None)
        rest = _REST.match(text, at + 3)
        if scheme is not None and rest is not None:
            start = at - len(scheme)
            yield start, start + len(text[start : rest.end()].rstrip(_AFTER))
        at = text.find("://", rest.end() if scheme and rest else at + 3)


def has_official_link(text: str, declared_domain: str) -> bool:
    """Whether an https address on the declared domain, or below it, stands in the text.

    Source: regulation reference 1.3, short-form rule; 2.2, SEBI-IA-OFFICIAL-LINK.
    """
    domain = declared_host(declared_domain)
    return domain is not None and any(_leads_to(domain, text[start:end]) for start, end in links(text))


def declared_host(declared_domain: str) -> str | None:
    """The domain as it is compared; None when nothing usable was declared. A leading www. is not part of it."""
    written = declared_domain.strip()
    host = _host(written if "://" in written else f"https://{written}")
    if host is None:
        return None
    bare = host.removeprefix("www.")
    return bare if "." in bare else host


def _leads_to(domain: str, url: str) -> bool:
    host = _host(url)
    is_there = host is not None and (host == domain or host.endswith(f".{domain}"))
    return is_there and url[:8].lower() == "https://"


@lru_cache(maxsize=4096)
def _host(url: str) -> str | None:
    """The host a browser would ask, in ASCII; None where a reader and a browser may see different ones."""
    plain = _PLAIN.fullmatch(url)
    if plain is not None:
        return plain[1]
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
        if not host or "@" in parts.netloc or "\\" in url or len(host) > _LONGEST_HOST:
            return None
        ascii_host = host.encode("idna").decode("ascii").lower().removesuffix(".")
    except ValueError:
        return None
    return ascii_host if _HOST.fullmatch(ascii_host) else None
