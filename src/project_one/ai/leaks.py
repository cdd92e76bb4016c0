"""The second look at a text that is about to leave, by other means than the first: words and runs of digits, no shapes.

It rather refuses too much: a refusal costs a review, a leak cannot be taken back.
"""

import re
import unicodedata
from collections.abc import Iterator, Mapping
from itertools import pairwise

from project_one.ai.fold import DIGITS, UNSEEN
from project_one.ai.identifiers import MARKS, Personal, has_verhoeff_sum, is_money

_PLACEHOLDER = re.compile("|".join(re.escape(f"[{kind}]") for kind in Personal))
_PLAIN: dict[int, str | None] = {**DIGITS, **dict.fromkeys(UNSEEN)}
_WORD = re.compile(rf"(?:[^\W_]|[{MARKS}])+")
_NUMBER = re.compile(r"[0-9]+")
_BETWEEN = frozenset(" .-/()\t\n‐‑‒–—")
_MOST_BETWEEN = 3
_MOBILE = 10
_AADHAAR = 12
_ACCOUNT = range(9, 19)
_PREFIXES = frozenset({"", "0", "91", "091", "0091"})

Run = list[tuple[int, int]]
"""Groups of digits that stand close to one another, each by its span."""


def leak(fields: Mapping[str, str], names: frozenset[str]) -> Personal | None:
    """What is still personal in the fields, None when nothing is."""
    known: dict[str, list[tuple[str, ...]]] = {}
    for name in names:
        words = tuple(_words(_plain(name)))
        if len("".join(words)) > 1:
            known.setdefault(words[0], []).append(words)
    for value in fields.values():
        text = _plain(value)
        found = _in_words(text, known) or _in_digits(text)
        if found:
            return found
    return None


def _plain(value: str) -> str:
    """Placeholders away, compatibility forms, lower case, digits of any script as ASCII, nothing invisible."""
    text = unicodedata.normalize("NFKC", _PLACEHOLDER.sub(" | ", value)).casefold()
    return unicodedata.normalize("NFKC", text).translate(_PLAIN)


def _words(text: str) -> list[str]:
    return _WORD.findall(text)


def _in_words(text: str, known: Mapping[str, list[tuple[str, ...]]]) -> Personal | None:
    if any(_is_address(before, after) for before, after in pairwise(text.split("@"))):
        return Personal.EMAIL
    words = _words(text)
    for index, word in enumerate(words):
        if _is_pan(word):
            return Personal.PAN
        follows = words[index + 1] if index + 1 < len(words) else ""
        is_arn = word == "arn" and follows.isdecimal() and len(follows) > 2  # noqa: PLR2004
        if is_arn or (word[:3] in {"ina", "inh", "inp", "arn"} and word[3:].isdecimal() and len(word) > 5):  # noqa: PLR2004
            return Personal.REGISTRATION
        if any(tuple(words[index : index + len(name)]) == name for name in known.get(word, ())):
            return Personal.NAME
    return None


def _is_address(before: str, after: str) -> bool:
    return before[-1:].isalnum() and after[:1].isalpha()


def _is_pan(word: str) -> bool:
    return len(word) == 10 and word.isascii() and word[:5].isalpha() and word[5:9].isdecimal() and word[9].isalpha()  # noqa: PLR2004


def _in_digits(text: str) -> Personal | None:
    for run in _runs(text):
        groups = [text[start:end] for start, end in run]
        for (start, end), group in zip(run, groups, strict=True):
            if _is_mobile(group):
                return Personal.PHONE
            if len(group) == _AADHAAR and group[0] not in "01" and has_verhoeff_sum(group):
                return Personal.AADHAAR
            if len(group) in _ACCOUNT and not is_money(text, start, end):
                return Personal.ACCOUNT
        gaps = [text[end:start] for (_, end), (start, _) in pairwise(run)]
        is_list = set(gaps[0::2]) == {"."} and not "".join(gaps[1::2]).strip()  # 8.5 9.2 7.1
        is_dated = any(len(group) == 4 and group[:2] in {"19", "20"} for group in groups)  # noqa: PLR2004
        if not is_list and not is_dated and len(groups) > 1 and _is_mobile("".join(groups)):
            return Personal.PHONE
        for index in range(len(groups) - 2):
            three = groups[index : index + 3]
            if (
                [len(group) for group in three] == [4, 4, 4]
                and three[0][0] not in "01"
                and has_verhoeff_sum("".join(three))
            ):
                return Personal.AADHAAR
    return None


def _is_mobile(digits: str) -> bool:
    return len(digits) >= _MOBILE and digits[-_MOBILE] in "6789" and digits[:-_MOBILE] in _PREFIXES


def _runs(text: str) -> Iterator[Run]:
    run: Run = []
    for found in _NUMBER.finditer(text):
        gap = text[run[-1][1] : found.start()] if run else ""
        if run and (len(gap) > _MOST_BETWEEN or not set(gap) <= _BETWEEN):
            yield run
            run = []
        run.append(found.span())
    if run:
        yield run
