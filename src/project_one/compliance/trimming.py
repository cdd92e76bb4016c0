"""Taking words out of a text without leaving holes. Pure."""

import unicodedata
from collections.abc import Iterator, Sequence

_INSIDE = frozenset("_\u200c\u200d")  # of a hashtag, beside letters and their signs
_LONGEST_WORD = 60


def removals(text: str, spans: Sequence[tuple[int, int]]) -> Iterator[tuple[int, int, str]]:
    """What to replace by what so that the spans are gone: those with only space between go together."""
    runs: list[tuple[int, int]] = []
    for start, end in spans:
        if runs and not text[runs[-1][1] : start].strip(" \t"):
            runs[-1] = (runs[-1][0], end)
        else:
            runs.append((start, end))
    floor = 0
    for start, end in runs:
        is_between = text[start - 1 : start].isalnum() and text[end : end + 1].isalnum()
        wide_start, wide_end = with_space(text, start, end)
        yield max(floor, wide_start), wide_end, " " if is_between else ""
        floor = wide_end


def with_space(text: str, start: int, end: int) -> tuple[int, int]:
    """The span with the space that would be left double, or with its line when nothing else stands there."""
    left, right = start, end
    while left > 0 and text[left - 1] in " \t":
        left -= 1
    while right < len(text) and text[right] in " \t":
        right += 1
    begins, ends = left == 0 or text[left - 1] == "\n", right == len(text) or text[right] == "\n"
    if begins and ends:
        return (left - 1, right) if left else (left, min(len(text), right + 1))
    return (start, right) if begins else (left, end)


def tag_end(text: str, end: int) -> int:
    """The end of a hashtag with its vowel signs, which are no letters to a pattern."""
    while end < len(text) and (text[end].isalnum() or text[end] in _INSIDE or _is_sign(text[end])):
        end += 1
    return end


def is_running(text: str, start: int, end: int) -> bool:
    """Whether plain words of the same line stand on both sides."""
    before = text[max(0, start - _LONGEST_WORD) : start].rsplit("\n", maxsplit=1)[-1].rstrip(" \t,").split()
    after = text[end : end + _LONGEST_WORD].lstrip(" \t,")[:1]
    return bool(before) and not before[-1].startswith("#") and _ends_in_letter(before[-1]) and after.isalnum()


def _ends_in_letter(word: str) -> bool:
    return word[-1].isalnum() or _is_sign(word[-1])


def _is_sign(char: str) -> bool:
    return unicodedata.category(char)[0] == "M"
