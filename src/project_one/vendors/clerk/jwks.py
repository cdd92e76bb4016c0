"""Clerk's public keys, kept in the process: sign-in outlives an outage of Clerk."""

import asyncio
import contextlib
import time
from collections.abc import Callable

import aiohttp
import jwt
import orjson
import structlog
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from project_one.auth.errors import SigningKeysUnavailableError

log = structlog.get_logger()

_FRESH_S = 3_600.0
_STALE_S = 7 * 86_400.0
_UNKNOWN_EVERY_S = 30.0  # tokens with made-up key ids must not make us ask Clerk again and again
_FIRST_EVERY_S = 1.0
_TIMEOUT_S = 3.0
_MOST_BYTES = 65_536
_OK = 200


class JwksClient:
    """Implements `SigningKeys`. Create it inside a running loop; close it at the end. `monotonic`: seconds."""

    def __init__(self, url: str, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._url = url
        self._monotonic = monotonic
        self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=_TIMEOUT_S))
        self._keys: dict[str, RSAPublicKey] = {}
        self._fetched_at = self._tried_at = float("-inf")
        self._lock = asyncio.Lock()
        self._renewal: asyncio.Task[None] | None = None

    async def key(self, kid: str) -> RSAPublicKey | None:
        age = self._monotonic() - self._fetched_at
        if age > _STALE_S:
            self._keys = {}
        known = self._keys.get(kid)
        if known is None:
            await self._renew(_UNKNOWN_EVERY_S if self._keys else _FIRST_EVERY_S)
            if not self._keys:
                message = "The keys of the sign-in service cannot be fetched; try again shortly."
                raise SigningKeysUnavailableError(message)
            return self._keys.get(kid)
        if age > _FRESH_S and (self._renewal is None or self._renewal.done()):
            self._renewal = asyncio.create_task(self._renew(_UNKNOWN_EVERY_S))  # nobody waits for it
        return known

    async def close(self) -> None:
        if self._renewal is not None:
            self._renewal.cancel()
            await asyncio.gather(self._renewal, return_exceptions=True)
        await self._session.close()

    async def _renew(self, every_s: float) -> None:
        """Fetch the keys unless that was tried within `every_s`; what is kept stays when it fails."""
        async with self._lock:
            if self._monotonic() - self._tried_at < every_s:
                return
            self._tried_at = self._monotonic()
            try:
                async with self._session.get(self._url, allow_redirects=False) as response:
                    raw = await response.content.read(_MOST_BYTES)
                    found = read_jwks(raw) if response.status == _OK else {}
            except (aiohttp.ClientError, OSError, TimeoutError) as error:
                log.warning("clerk.jwks.unreachable", error=type(error).__name__)
                return
            if not found:
                log.warning("clerk.jwks.unusable", status=response.status)
                return
            self._keys, self._fetched_at = found, self._monotonic()


def read_jwks(raw: bytes) -> dict[str, RSAPublicKey]:
    """RSA signing keys by their id; what is none or damaged is left out."""
    try:
        listed = orjson.loads(raw)["keys"]
    except (ValueError, KeyError, TypeError):
        return {}
    keys: dict[str, RSAPublicKey] = {}
    for item in listed if isinstance(listed, list) else ():
        with contextlib.suppress(jwt.PyJWTError, ValueError, KeyError, TypeError, AttributeError):
            if item["kty"] == "RSA" and item.get("use", "sig") == "sig":
                key = jwt.PyJWK.from_dict(item, "RS256").key
                if isinstance(key, RSAPublicKey):
                    keys[str(item["kid"])] = key
    return keys
