"""Personal data out of a text before it leaves: found, replaced by placeholders, then looked for a second time in another way."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from project_one.ai.fold import Folded, fold
from project_one.ai.identifiers import WORD, Found, Personal, identifiers

_SUFFIXES = "ने|ला|चा|ची|चे|च्या|नी|ना|शी|हून|कडे|कडून|साठी|सह|जी|राव|भाई|यांनी|यांना|यांचे|यांच्या|को|का|की|के|से"
"""What Marathi and Hindi may write onto a name without a space."""


@dataclass(frozen=True)
class Piece:
    """One replacement. `start`, `end`: in the original; `placed`: where its placeholder begins in the scrubbed text."""

    start: int
    end: int
    placed: int
    kind: Personal

    @property
    def placeholder(self) -> str:
        return f"[{self.kind}]"


@dataclass(frozen=True)
class Scrubbed:
    """`text`: what may leave; `pieces`: in the order of the text."""

    original: str
    text: str
    pieces: tuple[Piece, ...]

    def original_span(self, start: int, end: int) -> tuple[int, int]:
        """Where a stretch of the scrubbed text, not empty, stands in the original; a placeholder counts as a whole."""
        return self._place(start, is_end=False), self._place(end - 1, is_end=True)

    def in_original(self, quote: str) -> str | None:
        """The exact words of the original that a quote of the scrubbed text means; None where it does not stand there.

        Spaces, case and Unicode forms may differ, since an answer may come from the cache of a text that differs so.
        """
        if not quote.strip():
            return None
        at = self.text.find(quote)
        if at >= 0:
            start, end = self.original_span(at, at + len(quote))
            return self.original[start:end]
        folded = fold(self.text)
        words = r"\s+".join(re.escape(word) for word in fold(quote).text.split())
        found = re.search(words, folded.text) if words else None
        if found is None:
            return None
        start, end = self.original_span(*folded.span(found.start(), found.end()))
        return self.original[start:end]

    def _place(self, at: int, *, is_end: bool) -> int:
        shift = 0
        for piece in self.pieces:
            if at < piece.placed:
                break
            if at < piece.placed + len(piece.placeholder):
                return piece.end if is_end else piece.start
            shift = piece.end - piece.placed - len(piece.placeholder)
        return at + shift + (1 if is_end else 0)


def scrub(text: str, names: frozenset[str] = frozenset()) -> Scrubbed:
    """Replace every identifier and every one of the names, whole words only. Amounts, years and percentages stay."""
    folded = fold(text)
    taken: list[Found] = []
    for start, end, kind in [*identifiers(folded.text), *_named(folded, names)]:
        if not any(start < other_end and other_start < end for other_start, other_end, _ in taken):
            taken.append((start, end, kind))
    pieces: list[Piece] = []
    written: list[str] = []
    last = length = 0
    for folded_start, folded_end, kind in sorted(taken):
        start, end = folded.span(folded_start, folded_end)
        kept = text[last:start]
        piece = Piece(start, end, length + len(kept), kind)
        pieces.append(piece)
        written += [kept, piece.placeholder]
        length += len(kept) + len(piece.placeholder)
        last = end
    return Scrubbed(text, "".join([*written, text[last:]]), tuple(pieces))


def scrub_fields(fields: Mapping[str, str], names: frozenset[str]) -> dict[str, str]:
    """The fields as they may leave."""
    return {name: scrub(value, names).text for name, value in fields.items()}


def _named(folded: Folded, names: frozenset[str]) -> list[Found]:
    pattern = _pattern(names)
    if pattern is None:
        return []
    return [(found.start(), found.end(), Personal.NAME) for found in pattern.finditer(folded.text)]


@lru_cache(maxsize=512)
def _pattern(names: frozenset[str]) -> re.Pattern[str] | None:
    """Names as whole words, the longest first; a dot or any number of spaces may stand between their words."""
    spelled = {tuple(re.split(r"[\s.]+", fold(name).text.strip(" ."))) for name in names}
    known = sorted(
        (words for words in spelled if len("".join(words)) > 1), key=lambda words: (-len("".join(words)), words)
    )
    if not known:
        return None
    written = "|".join(r"[\s.]{1,4}".join(re.escape(word) for word in words) for words in known)
    return re.compile(rf"(?<![{WORD}])(?:{written})(?=(?:{_SUFFIXES})?(?![{WORD}]))")
