"""The texts that must stand in a message byte for byte: which one, in which language, since when. Pure."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any

from project_one.vocabulary.domain import Capacity, Language

_KEYS = frozenset({"id", "version", "language", "text", "sha256", "effective_from", "basis"})
_ENDS_SENTENCE = ".!?।|"


class Standard(StrEnum):
    """Source: regulation reference 1.4."""

    SECURITIES = "W1"
    MUTUAL_FUNDS = "W3"
    ILLUSTRATION = "W4"


WARNING_OF: Mapping[Capacity, Standard] = {
    Capacity.MFD: Standard.MUTUAL_FUNDS,
    Capacity.IA: Standard.SECURITIES,
    Capacity.RA: Standard.SECURITIES,
}


class StandardTextInvalidError(ValueError):
    """The entry is not a standard text, or not the one whose hash it carries."""


@dataclass(frozen=True)
class StandardText:
    """One wording. `basis`: the paragraph that prescribes it."""

    id: Standard
    version: int
    language: Language
    text: str
    effective_from: date
    basis: str


def standard_text(raw: Mapping[str, Any]) -> StandardText:
    """A text of its data, compared with its SHA-256. Raises StandardTextInvalidError."""
    if _KEYS ^ raw.keys():
        message = f"the keys must be {', '.join(sorted(_KEYS))}"
        raise StandardTextInvalidError(message)
    text = raw["text"]
    if not isinstance(text, str) or hashlib.sha256(text.encode()).hexdigest() != raw["sha256"]:
        message = f"{raw['id']} {raw['language']}: the text does not match its SHA-256"
        raise StandardTextInvalidError(message)
    if not isinstance(raw["effective_from"], date) or not text.strip():
        message = f"{raw['id']} {raw['language']}: it needs words and a date"
        raise StandardTextInvalidError(message)
    return StandardText(
        Standard(raw["id"]),
        int(raw["version"]),
        Language(raw["language"]),
        text,
        raw["effective_from"],
        str(raw["basis"]),
    )


def in_force(texts: Iterable[StandardText], standard: Standard, *, on: date) -> dict[Language, str]:
    """The wording of a day for each language: the latest that has begun."""
    begun = [item for item in texts if item.id is standard and item.effective_from <= on]
    return {item.language: item.text for item in sorted(begun, key=lambda item: (item.effective_from, item.version))}


def places(standard: str, text: str) -> list[tuple[int, int]]:
    """Where it stands byte for byte and as a statement of its own: nothing before or after it in its sentence."""
    return list(_places(standard, text))


def _places(standard: str, text: str) -> Iterator[tuple[int, int]]:
    start = text.find(standard)
    while start >= 0:
        end = start + len(standard)
        if _may_begin(text, start) and _may_end(text, end):
            yield start, end
        start = text.find(standard, end)


def _may_begin(text: str, start: int) -> bool:
    index = start - 1
    while index >= 0 and text[index] in " \t\u00a0":
        index -= 1
    return index < 0 or text[index] in "\n\r" or (index < start - 1 and text[index] in _ENDS_SENTENCE)


def _may_end(text: str, end: int) -> bool:
    after = end + (text[end - 1 : end] not in _ENDS_SENTENCE and text[end : end + 1] in {".", "।"})
    return after >= len(text) or text[after].isspace()


def blanked(text: str, spans: Iterable[tuple[int, int]]) -> str:
    """The text with blanks in place of the spans: every other character stays where it was."""
    chars = list(text)
    for start, end in spans:
        chars[start:end] = " " * (end - start)
    return "".join(chars)
