"""Numbers with their unit as concepts: PERCENT, MONEY, SPAN_OF_TIME, NUM, YEAR."""

from collections.abc import Sequence

from project_one.compliance.reading.lexicon import Occurrence
from project_one.compliance.reading.tokens import Token

_PERCENT_SIGN = frozenset("%٪﹪")
_YEAR_DIGITS = 4
_MONEY_SIGN = frozenset("₹$")


def number_occurrences(tokens: Sequence[Token]) -> dict[str, list[Occurrence]]:
    """By the words and signs next to each number."""
    found: dict[str, list[Occurrence]] = {}

    def add(concept: str, first: int, last: int) -> None:
        found.setdefault(concept, []).append(Occurrence(first, last))

    for index, token in enumerate(tokens):
        is_number = token.kind == "num" or "NUMBER_WORD" in token.concepts
        if not is_number:
            continue
        add("NUM", index, index)
        if len(token.text) == _YEAR_DIGITS and token.text[:2] in {"19", "20"} and token.text.isdigit():
            add("YEAR", index, index)
        before = tokens[index - 1] if index else None
        after = [item for item in tokens[index + 1 : index + 4] if item.sentence == token.sentence]
        if after and (after[0].text in _PERCENT_SIGN or "PERCENT_WORD" in after[0].concepts):
            add("PERCENT", index, index + 1)
            continue
        if before is not None and (before.text in _MONEY_SIGN or "CURRENCY" in before.concepts):
            add("MONEY", index - 1, index)
        elif after and after[0].concepts & {"CURRENCY", "LARGE_NUMBER"}:
            add("MONEY", index, index + 1)
        elif "," in token.text:
            add("MONEY", index, index)  # nobody counts years or points with commas as often as rupees
        for offset, item in enumerate(after[:2]):
            if "TIME_UNIT" in item.concepts:
                add("SPAN_OF_TIME", index, index + 1 + offset)
                break
    return found
