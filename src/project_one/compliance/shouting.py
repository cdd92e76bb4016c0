"""Capitals made into sentence case. Pure."""

import re
from collections.abc import Iterator

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


def calmed(text: str, sentence: Sentence) -> Iterator[tuple[tuple[int, int], str]]:
    """Span and words of the part of a sentence that changes."""
    names = {token.start for token in sentence.tokens if token.concepts & _NAMES}
    first = next((token.start for token in sentence.tokens if token.kind == "word"), sentence.start)
    words = [
        (
            match.start(),
            match.end(),
            _calm(match.group(), is_first=match.start() == first, is_name=match.start() in names),
        )
        for match in _CAPITALS.finditer(text, sentence.start, sentence.end)
    ]
    changed = [word for word in words if text[word[0] : word[1]] != word[2]]
    if changed:
        start, end = changed[0][0], changed[-1][1]
        parts: list[str] = []
        position = start
        for word_start, word_end, calm in changed:
            parts += (text[position:word_start], calm)
            position = word_end
        yield (start, end), "".join(parts)


def _calm(word: str, *, is_first: bool, is_name: bool) -> str:
    plain = word.replace("’", "'")
    if plain == "I" or (plain in ACRONYMS and plain not in _PLAIN) or not set(plain) & set("AEIOUY"):
        return word
    if plain.startswith("I'"):
        return "I" + word[1:].lower()
    if is_name and len(word) <= _LONGEST_CODE:
        return word
    return word.capitalize() if is_first or is_name else word.lower()
