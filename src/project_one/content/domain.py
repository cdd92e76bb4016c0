"""Content, frames and the message composed of them. Everything here is client-facing and forwardable."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property, lru_cache
from uuid import UUID

from project_one.advisor.domain import Identity
from project_one.kernel.canonical import canonical_json, canonical_texts, sha256_hex
from project_one.vocabulary.domain import Capacity, ContentClass, Language

APPROVERS_NEEDED = 2  # of library content and of frames; an advisor's own pack needs one reviewer who is not its author
MAX_BODY = 1024  # UTF-16 units of the rendered body: WhatsApp templates
MAX_FIRST_LINE = 180
MAX_CAPTION = 500
MAX_LINK = 80
MAX_STATIC = 60
TAGLINE = "AMFI-registered Mutual Fund Distributor"
STAND_INS = {
    capacity: Identity("Asha Rao", number, capacity, "https://advisor.example")
    for capacity, number in {
        Capacity.MFD: "ARN-100001",
        Capacity.IA: "INA000100001",
        Capacity.RA: "INH000100001",
    }.items()
}
"""Senders for a text that has none yet: the rules do not read a sender's name and number."""
PLACEHOLDERS = ("name", "registration", "caption", "link")
_PLACEHOLDER = re.compile(r"\{\{(" + "|".join(PLACEHOLDERS) + r")\}\}")


class Subject(StrEnum):
    """What an approval is about."""

    CONTENT = "content"
    FRAME = "frame"


def utf16_units(text: str) -> int:
    """Length as WhatsApp counts it."""
    return len(text.encode("utf-16-le")) // 2


@dataclass(frozen=True)
class Content:
    """One topic in one language: what a person approves. `media`: SHA-256 of each attached file."""

    topic: str
    caption: str
    language: Language
    media: tuple[str, ...] = ()

    @cached_property
    def sha256(self) -> str:
        return sha256_hex(
            canonical_json(
                {
                    "topic": self.topic,
                    "caption": self.caption,
                    "language": self.language.value,
                    "media": list(self.media),
                }
            )
        )

    @cached_property
    def paragraph(self) -> str:
        """Topic and text as the one paragraph of the post (template parameters take no newline)."""
        return f"{self.topic}: {self.caption}"


@dataclass(frozen=True)
class Frame:
    """The static text around the content for one capacity and language, the standard warning included."""

    id: UUID
    slug: str
    capacity: Capacity
    language: Language
    wording: int
    body: str
    warning: str
    stop_button: str

    @cached_property
    def sha256(self) -> str:
        return frame_sha256(
            body=self.body,
            capacity=self.capacity,
            language=self.language,
            stop_button=self.stop_button,
            warning=self.warning,
        )

    @cached_property
    def pieces(self) -> Sequence[str]:
        """The body taken apart: static text and, at every second place, the name of a placeholder."""
        return _PLACEHOLDER.split(self.body)

    @property
    def template_name(self) -> str:
        """Its name at Meta; a new text is a new template, because Meta limits edits of approved ones."""
        return f"p1_{self.slug.replace('-', '_')}_{self.sha256[:8]}"


def frame_sha256(*, body: str, capacity: Capacity, language: Language, stop_button: str, warning: str) -> str:
    return sha256_hex(
        canonical_json(
            {
                "body": body,
                "capacity": capacity.value,
                "language": language.value,
                "stop_button": stop_button,
                "warning": warning,
            }
        )
    )


@dataclass(frozen=True)
class Rendered:
    """A message as its reader sees it, and the parameters that make it so."""

    text: str
    parameters: Mapping[str, str]
    sha256: str


class CompositionError(Exception):
    """The parts do not make a message that may be sent; the text says which limit or rule."""


def compose(frame: Frame, content: Content, identity: Identity) -> Rendered:
    """Put content and identity into the frame. Raises CompositionError when a budget or a structural rule is broken."""
    if frame.language is not content.language or frame.capacity is not identity.capacity:
        message = f"frame {frame.slug} does not fit {identity.capacity} and {content.language}"
        raise CompositionError(message)
    parameters = {
        "name": identity.registered_name,
        "registration": identity.registration_number,
        "caption": content.paragraph,
        "link": identity.website,
    }
    for name, value in parameters.items():
        if not _is_one_line(value):
            message = f"{name} is empty or holds a line break, a tab, a brace or five spaces in a row"
            raise CompositionError(message)
    text = "".join([parameters[piece] if index % 2 else piece for index, piece in enumerate(frame.pieces)])
    _check_budgets(text, parameters)
    proof = canonical_texts(
        {
            "frame": frame.sha256,
            "language": frame.language.value,
            "media": content.media,
            "text": text,
        }
    )
    return Rendered(text=text, parameters=parameters, sha256=sha256_hex(proof))


@lru_cache(maxsize=8192)
def _is_one_line(value: str) -> bool:
    """What a template parameter must be; a content and a sender are asked again and again."""
    return bool(value.strip()) and not any(char in value for char in "\n\r\t{}") and "     " not in value


def _check_budgets(text: str, parameters: Mapping[str, str]) -> None:
    limits = (
        ("first line", text.split("\n", 1)[0], MAX_FIRST_LINE),
        ("caption", parameters["caption"], MAX_CAPTION),
        ("link", parameters["link"], MAX_LINK),
        ("message", text, MAX_BODY),
    )
    for name, part, limit in limits:
        if len(part) * 2 > limit and utf16_units(part) > limit:  # a character has at most two
            message = f"the {name} has {utf16_units(part)} UTF-16 units, {limit} are allowed"
            raise CompositionError(message)


@dataclass(frozen=True)
class LibraryPack:
    """A reviewed fallback pack with its approved text per language, by content hash."""

    pack_id: UUID
    slug: str
    topic_family: str
    content_class: ContentClass
    capacities: frozenset[Capacity]
    months: frozenset[int]
    contents: Mapping[Language, str]
