"""Capitals made into sentence case. Pure."""

import re
from dataclasses import dataclass

from project_one.compliance.layout import Sentence
from project_one.compliance.reading.acronyms import ACRONYMS

_CAPITALS = re.compile(r"(?<![A-Za-z0-9#@&])[A-Z][A-Z'’]*(?![A-Za-z0-9&])")
_PLAIN = frozenset(
    [
        "ALL",
        "AND",
        "ARE",
        "BEST",
        "FOR",
        "FREE",
        "FROM",
        "NOT",
        "NOTE",
        "OF",
        "ONLY",
        "OR",
        "SALE",
        "SMART",
        "THAT",
        "THE",
        "THIS",
        "TIP",
        "TIPS",
        "WITH",
        "YOU",
        "YOUR",
    ]
)
"""Of the words that may stand in capitals those that are no acronyms."""

_NAMES = frozenset({"AMC_NAME", "STOCK_NAME"})
_LONGEST_CODE = 5


@dataclass(frozen=True)
class Calm:
    """What stands from `start` to `end` instead; `changed`: how many words of it are others now."""

    start: int
    end: int
    words: str
    changed: int


def calmed(text: str, sentence: Sentence) -> Calm | None:
    """The part of a sentence that changes; None when nothing shouts."""
    names = {token.start for token in sentence.tokens if token.concepts & _NAMES}
    first = next((token.start for token in sentence.tokens if token.kind == "word"), sentence.start)
    changed: list[tuple[int, int, str]] = []
    for match in _CAPITALS.finditer(text, sentence.start, sentence.end):
        calm = _calm(match[0], is_first=match.start() == first, is_name=match.start() in names)
        if calm != match[0]:
            changed.append((match.start(), match.end(), calm))
    if not changed:
        return None
    parts: list[str] = []
    position = changed[0][0]
    for start, end, calm in changed:
        parts += (text[position:start], calm)
        position = end
    return Calm(changed[0][0], position, "".join(parts), len(changed))


def _calm(word: str, *, is_first: bool, is_name: bool) -> str:
    plain = word.replace("’", "'")
    if plain == "I" or (plain in ACRONYMS and plain not in _PLAIN) or not set(plain) & set("AEIOUY"):
        return word
    if plain.startswith("I'"):
        return "I" + word[1:].lower()
    if is_name and len(word) <= _LONGEST_CODE:
        return word
    return word.capitalize() if is_first or is_name else word.lower()
