"""Text as detectors read it: compatibility forms, case and digits made one, invisible characters gone, places kept."""

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

_PLANES = 0x20000
DIGITS = {
    code: str(unicodedata.decimal(chr(code)))
    for code in range(0x80, _PLANES)
    if unicodedata.decimal(chr(code), None) is not None
}
"""ASCII for the decimal digits of every script."""
UNSEEN = frozenset(code for code in range(_PLANES) if unicodedata.category(chr(code)) == "Cf")
"""Format characters: they are not seen and split words and numbers."""
_UNSEEN = re.compile("[" + "".join(map(chr, sorted(UNSEEN))) + "]")


@dataclass(frozen=True)
class Folded:
    """`text`: folded; `starts` and `ends`: for each of its characters the span it came from, None where places are the same."""

    text: str
    starts: list[int] | None
    ends: list[int] | None

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Where a stretch of the folded text, not empty, stands in the text it came from."""
        if self.starts is None or self.ends is None:
            return start, end
        return self.starts[start], self.ends[end - 1]


def fold(text: str) -> Folded:
    """NFKC, case folded, digits of every script as ASCII, format characters left out."""
    if "\\u" not in text and (plain := _in_place(text)) is not None:
        return Folded(plain, None, None)
    folded: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    place = 0
    while place < len(text):
        end = place + 1
        while end < len(text) and unicodedata.combining(text[end]):
            end += 1
        cluster = text[place:end]
        if cluster == "\\" and (escaped := _escaped(text, place)):
            cluster, end = escaped, place + 6
        piece = _one(cluster)
        folded.append(piece)
        starts += [place] * len(piece)
        ends += [end] * len(piece)
        place = end
    return Folded("".join(folded), starts, ends)


def _in_place(text: str) -> str | None:
    """Folded, where that moves no character: most texts."""
    if not unicodedata.is_normalized("NFKC", text) or _UNSEEN.search(text):
        return None
    folded = text.casefold()
    is_same = len(folded) == len(text) and unicodedata.is_normalized("NFKC", folded)
    return folded.translate(DIGITS) if is_same else None


@lru_cache(maxsize=4096)
def _one(cluster: str) -> str:
    normal = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", cluster).casefold())
    return _UNSEEN.sub("", normal).translate(DIGITS)


def _escaped(text: str, place: int) -> str | None:
    r"""The character of an escape `\uXXXX`, as JSON within a field may hold it."""
    code = text[place + 2 : place + 6]
    if text[place + 1 : place + 2] != "u" or len(code) != 4:  # noqa: PLR2004
        return None
    try:
        return chr(int(code, 16))
    except ValueError:
        return None
