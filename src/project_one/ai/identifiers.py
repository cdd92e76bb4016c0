"""What identifies a person in India, by its shape in folded text: where it stands and what it is."""

import re
from collections.abc import Iterator
from enum import StrEnum

MARKS = r"\u0300-\u036f\u0900-\u0903\u093a-\u094f\u0951-\u0957\u0962\u0963"
WORD = r"\w" + MARKS
"""Characters of a word; Python's own class lacks the vowel signs of Devanagari."""


class Personal(StrEnum):
    """What was found; also the word of its placeholder."""

    NAME = "name"
    PHONE = "phone"
    EMAIL = "email"
    PAN = "pan"
    AADHAAR = "aadhaar"
    ACCOUNT = "account"
    REGISTRATION = "registration"


Found = tuple[int, int, Personal]

_JOIN = r"[\s.,/()\u2010-\u2015\u2212-]{1,3}"
_EMAIL = re.compile(
    rf"(?<![{WORD}.+%-])[{WORD}.+%-]{{1,64}}\s?@\s?(?:[a-z\u0900-\u097f][{WORD}-]*(?:\.[{WORD}-]+)*|\d[{WORD}-]*(?:\.[{WORD}-]+)+)"
    rf"|(?<![{WORD}.+%-])[{WORD}.+%-]{{1,64}}\s{{0,2}}[\[(]\s?at\s?[\])]\s{{0,2}}[{WORD}-]+\s{{0,2}}(?:[\[(]\s?dot\s?[\])]|\.)\s{{0,2}}\w+"
)
_PAN = re.compile(r"(?<![a-z0-9])[a-z]{3}[abcfghljpt][a-z][\s.-]{0,2}\d{4}[\s.-]{0,2}[a-z](?![a-z0-9])")
_REGISTRATION = re.compile(
    r"(?<![a-z0-9])(?:arn[\s:#.\u2010-\u2015-]{0,3}(?:(?:no|number)[\s:#.\u2010-\u2015-]{0,3})?\d{3,7}"
    r"|in[ahp][\s-]{0,2}\d{9}|(?:euin[\s:#.\u2010-\u2015-]{0,3})?e[\s-]?\d{6})(?![a-z0-9])"
)
_PHONE = re.compile(
    rf"(?<!\d)(?<!\d[.,])(?P<prefix>[(]?(?:\+|00)?91[)]?(?:{_JOIN})?|0(?:{_JOIN})?)?"
    rf"(?P<body>[6-9](?:(?:{_JOIN})?\d){{9}})(?!\d)(?!\.\d{{1,2}}(?!\d))"
)
_LANDLINE = re.compile(rf"(?<!\d)(?<!\d[.,])(?:[(]?(?:\+|00)?91[)]?{_JOIN}|0)(\d{{2,4}}){_JOIN}(\d{{6,8}})(?!\d)")
_AADHAAR = re.compile(rf"(?<!\d)[2-9]\d{{3}}(?:{_JOIN})?\d{{4}}(?:{_JOIN})?\d{{4}}(?!\d)")
_ACCOUNT = re.compile(r"(?<!\d)(?<!\d[.,])(?:\d{9,18}|\d{4}(?:[ -]\d{4}){3})(?!\d)")
_MONEY_BEFORE = re.compile(r"(?:₹|rs\.?|inr|रु\.?|रू\.?|रुपये|रुपए)\s?$")
_MONEY_AFTER = re.compile(r"^(?:\.\d{1,2})?\s?(?:/-|%|rupees?|rs|crores?|cr|lakhs?|करोड़|करोड़|कोटी|लाख|रुपये|रुपए|रुपयांचे)")
_LAYOUTS = frozenset(
    {
        (10,),
        (5, 5),
        (4, 6),
        (6, 4),
        (3, 7),
        (2, 8),
        (4, 3, 3),
        (3, 4, 3),
        (3, 3, 4),
        (2, 4, 4),
        (4, 2, 4),
        (3, 2, 5),
        (5, 2, 3),
        (5, 3, 2),
        (2, 2, 2, 2, 2),
        (1,) * 10,
    }
)
"""How people group the ten digits of a mobile number."""
_DIGITS_OF_A_NUMBER = 10


def identifiers(text: str) -> Iterator[Found]:
    """Identifiers in folded text, the surer kinds first; stretches may overlap."""
    if "@" in text or "at" in text:
        yield from ((found.start(), found.end(), Personal.EMAIL) for found in _EMAIL.finditer(text))
    yield from ((found.start(), found.end(), Personal.PAN) for found in _PAN.finditer(text))
    yield from ((found.start(), found.end(), Personal.REGISTRATION) for found in _REGISTRATION.finditer(text))
    for found in _AADHAAR.finditer(text):
        if has_verhoeff_sum(re.sub(r"\D", "", found.group())):
            yield found.start(), found.end(), Personal.AADHAAR
    for found in _PHONE.finditer(text):
        if _is_written_as_phone(found["body"]):
            yield found.start(), found.end(), Personal.PHONE
    for found in _LANDLINE.finditer(text):
        if len(found[1]) + len(found[2]) == _DIGITS_OF_A_NUMBER:
            yield found.start(), found.end(), Personal.PHONE
    for found in _ACCOUNT.finditer(text):
        if not is_money(text, found.start(), found.end()) and not _are_years(found.group()):
            yield found.start(), found.end(), Personal.ACCOUNT


def is_money(text: str, start: int, end: int) -> bool:
    """Whether a number in folded text is an amount by what stands beside it."""
    return bool(_MONEY_BEFORE.search(text[max(0, start - 8) : start]) or _MONEY_AFTER.search(text[end : end + 16]))


def _is_written_as_phone(body: str) -> bool:
    groups = tuple(len(group) for group in re.findall(r"\d+", body))
    joints = set(re.findall(r"\D+", body))
    is_even = len(joints) == 1 or len(groups) < 5  # noqa: PLR2004  8.5 9.2 7.1 6.5 5.5 is no phone
    return groups in _LAYOUTS and is_even and ("," not in body or groups == (5, 5))


def _are_years(digits: str) -> bool:
    groups = re.findall(r"\d+", digits)
    return len(groups) > 1 and all(group[:2] in {"19", "20"} for group in groups)


def _dihedral(left: int, right: int) -> int:
    """The product of the symmetries of a pentagon, numbered 0 to 9."""
    if left < 5:  # noqa: PLR2004
        return (left + right) % 5 if right < 5 else 5 + (left + right) % 5  # noqa: PLR2004
    return 5 + (left - right) % 5 if right < 5 else (left - right) % 5  # noqa: PLR2004


_TURN = (1, 5, 7, 6, 2, 8, 3, 0, 9, 4)


def _permuted(digit: int, place: int) -> int:
    for _ in range(place % 8):
        digit = _TURN[digit]
    return digit


def has_verhoeff_sum(digits: str) -> bool:
    """Whether ASCII digits end in their Verhoeff check digit, as every Aadhaar number does.

    Source: J. Verhoeff, Error Detecting Decimal Codes, 1969; UIDAI, Aadhaar number format.
    """
    state = 0
    for place, digit in enumerate(reversed(digits)):
        state = _dihedral(state, _permuted(int(digit), place))
    return state == 0
