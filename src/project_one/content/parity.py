"""Whether the languages of a pack say the same: numbers, percentages, dates and negations must agree. Pure.

What a language version says otherwise is a finding for a person (rule HOUSE-PARITY), never a refusal: a good translation
may count its negations differently.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import lru_cache

from project_one.compliance.domain import Finding, Severity
from project_one.content.parity_words import (
    HYPHENS,
    MONTHS,
    MULTIPLIERS,
    NEGATIONS,
    NUMBERS,
    PERCENT,
    PERCENT_STEMS,
)
from project_one.vocabulary.domain import Language

RULE_ID = "HOUSE-PARITY"
CATEGORY = "false_or_misleading"
MESSAGE = {
    Language.EN: "The language versions do not say the same: {what}.",
    Language.HI: "अलग-अलग भाषाओं के पाठ एक जैसी बात नहीं कहते: {what}।",
    Language.MR: "वेगवेगळ्या भाषांतील मजकूर सारखेच सांगत नाहीत: {what}.",
}
REMEDY = {
    Language.EN: "Compare the versions sentence by sentence and correct the one that is wrong.",
    Language.HI: "दोनों पाठ वाक्य-दर-वाक्य मिलाकर देखें और जो गलत है उसे ठीक करें।",
    Language.MR: "दोन्ही मजकूर वाक्यानुसार ताडून पाहा आणि चुकीचा मजकूर दुरुस्त करा.",
}
_ORDER = (Language.EN, Language.HI, Language.MR)
_DATE = re.compile(r"(?<!\d)(?:(\d{4})-(\d{1,2})-(\d{1,2})|(\d{1,2})[/.-](\d{1,2})[/.-](\d{4}))(?!\d)")
_TOKEN = re.compile(
    r"\d(?:[\d,]*\d)?(?:\.\d+)?|%|[^\W\d_](?:[^\W\d_]|[\u0900-\u0903\u093a-\u094f\u0951-\u0957\u0962\u0963'’\u200c\u200d])*|[^\w\s-]"
)
_ORDINAL = re.compile(r"(?<=\d)(?:st|nd|rd|th)\b")
_YEARS = range(1900, 2200)
_LONGEST_DAY = 31


@dataclass(frozen=True)
class Facts:
    """What can be counted in a text. The number one alone is left out: it is an article as often as a number."""

    numbers: Counter[str]
    percents: Counter[str]
    dates: Counter[str]
    negations: int


@dataclass(frozen=True)
class Disagreement:
    """`here` and `there`: what only one of the two versions says, in plain digits."""

    kind: str
    language: Language
    other: Language
    here: str
    there: str

    @property
    def told(self) -> str:
        return f"{self.kind}: {self.other} {self.there or '–'}, {self.language} {self.here or '–'}"


def disagreements(texts: Mapping[Language, str]) -> list[Disagreement]:
    """Each version compared with the first of English, Hindi, Marathi."""
    languages = [language for language in _ORDER if language in texts]
    if not languages:
        return []
    facts = {language: facts_of(texts[language]) for language in languages}
    first = languages[0]
    found: list[Disagreement] = []
    for language in languages[1:]:
        mine, theirs = facts[language], facts[first]
        for kind, here, there in (
            ("numbers", mine.numbers, theirs.numbers),
            ("percentages", mine.percents, theirs.percents),
            ("dates", mine.dates, theirs.dates),
        ):
            if here != there:
                found.append(Disagreement(kind, language, first, _listed(here - there), _listed(there - here)))
        if mine.negations != theirs.negations:
            found.append(Disagreement("negations", language, first, str(mine.negations), str(theirs.negations)))
    return found


def parity_findings(texts: Mapping[Language, str]) -> dict[Language, Finding]:
    """One finding for each version that differs; its quote says in what."""
    said: dict[Language, list[str]] = {}
    for item in disagreements(texts):
        said.setdefault(item.language, []).append(item.told)
    return {
        language: Finding(RULE_ID, CATEGORY, Severity.REVIEW, 0, 0, "; ".join(told)) for language, told in said.items()
    }


def explained(finding: Finding, language: Language) -> tuple[str, str]:
    """What such a finding says to its author, and what she can do."""
    return MESSAGE[language].format(what=finding.quote), REMEDY[language]


@lru_cache(maxsize=1024)
def facts_of(text: str) -> Facts:
    """Numbers by value whether in digits of either script or in words. Whoever asks must not change what she gets."""
    plain = "".join(_plain(char) for char in unicodedata.normalize("NFC", text)).casefold()
    dates: Counter[str] = Counter()
    plain = _DATE.sub(lambda match: _take_date(match, dates), _ORDINAL.sub("", plain))
    tokens = _TOKEN.findall(plain)
    rest = _take_named_dates(tokens, dates)
    numbers, percents = _count_numbers(rest)
    negations = sum(_is_negation(token) for token in rest)
    return Facts(numbers, percents, dates, negations)


def _plain(char: str) -> str:
    if char.isdecimal():
        return str(unicodedata.decimal(char))
    return " " if char in HYPHENS and char != "-" else char


def _take_date(match: re.Match[str], dates: Counter[str]) -> str:
    year, month, day, day_first, month_second, year_last = match.groups()
    try:
        found = date(int(year or year_last), int(month or month_second), int(day or day_first))
    except ValueError:
        return match.group()
    dates[found.isoformat()] += 1
    return " "


def _take_named_dates(tokens: list[str], dates: Counter[str]) -> list[str]:
    """Months beside a day or a year, counted as `2026-08-15`, `2026-08` or `08-15`; the other tokens.

    Punctuation between them (`July 31, 2026`) does not matter.
    """
    places = [place for place, token in enumerate(tokens) if token[0].isalnum()]
    words, used = [tokens[place] for place in places], set[int]()
    for at, token in enumerate(words):
        month = MONTHS.get(token)
        if month is None:
            continue
        year_at = next((i for i in (at + 1, at + 2) if i < len(words) and _is_year(words[i])), None)
        day_at = next(
            (i for i in (at - 1, at + 1) if 0 <= i < len(words) and i not in used and _is_day(words[i])), None
        )
        if year_at == at + 2 and day_at != at + 1:
            year_at = None
        if year_at is None and day_at is None:
            continue
        year = words[year_at] if year_at is not None else None
        day = f"{int(words[day_at]):02d}" if day_at is not None else None
        dates["-".join(part for part in (year, f"{month:02d}", day) if part)] += 1
        used |= {index for index in (at, year_at, day_at) if index is not None}
    gone = {places[at] for at in used}
    return [token for place, token in enumerate(tokens) if place not in gone]


def _is_year(token: str) -> bool:
    return token.isdecimal() and int(token) in _YEARS


def _is_day(token: str) -> bool:
    return token.isdecimal() and len(token) <= 2 and 1 <= int(token) <= _LONGEST_DAY


def _value(token: str) -> Decimal | None:
    if token[0].isdecimal():
        return Decimal(token.replace(",", ""))
    return NUMBERS.get(token)


def _count_numbers(tokens: list[str]) -> tuple[Counter[str], Counter[str]]:
    numbers: Counter[str] = Counter()
    percents: Counter[str] = Counter()
    at = 0
    while at < len(tokens):
        value, width = _number_at(tokens, at)
        if value is None:
            at += 1
            continue
        at += width
        if at < len(tokens) and _is_percent(tokens, at):
            percents[_written(value)] += 1
        elif value != 1:
            numbers[_written(value)] += 1
    return numbers, percents


def _number_at(tokens: list[str], at: int) -> tuple[Decimal | None, int]:
    """The number that begins there and how many tokens it has: `twenty five`, `5 lakh`, `डेढ़ करोड़`."""
    value, width = _value(tokens[at]), 1
    if value is None and tokens[at] in MULTIPLIERS and MULTIPLIERS[tokens[at]] == 100:  # `सौ रुपये`, `शंभर रुपये`
        value = Decimal(100)
    if value is None:
        return None, 1
    following = tokens[at + 1] if at + 1 < len(tokens) else ""
    unit = NUMBERS.get(following)
    is_tens = not tokens[at][0].isdecimal() and value in {20, 30, 40, 50, 60, 70, 80, 90}
    if is_tens and unit is not None and 1 <= unit <= 9 and following.isascii():
        value, width = value + unit, 2
    while at + width < len(tokens) and tokens[at + width] in MULTIPLIERS:
        value, width = value * MULTIPLIERS[tokens[at + width]], width + 1
    return value, width


def _is_percent(tokens: list[str], at: int) -> bool:
    if tokens[at] == "per":
        return at + 1 < len(tokens) and tokens[at + 1] == "cent"
    return tokens[at] in PERCENT or tokens[at].startswith(PERCENT_STEMS)


def _is_negation(token: str) -> bool:
    return token in NEGATIONS or token.endswith(("n't", "n’t"))


def _written(value: Decimal) -> str:
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _listed(items: Iterable[str]) -> str:
    return ", ".join(sorted(Counter(items).elements()) if not isinstance(items, Counter) else sorted(items.elements()))
