"""Names of products and companies as the concept NAMED: from the lists, and by the shape of a name.

A word right before a fund category or a company form is taken for a name unless it is an everyday word; so are codes in
capitals before a price. A category alone ("a flexi-cap fund") is no name.
"""

from collections.abc import Sequence

from project_one.compliance.reading.acronyms import ACRONYMS
from project_one.compliance.reading.lexicon import Occurrence
from project_one.compliance.reading.tokens import Token

_COMPANY = frozenset(
    [
        "ltd",
        "limited",
        "industries",
        "motors",
        "steel",
        "pharma",
        "pharmaceuticals",
        "cement",
        "finserv",
        "infra",
        "ipo",
        "nfo",
        "pumps",
        "power",
        "लिमिटेड",
        "लि",
        "इंडस्ट्रीज",
    ]
)
_MAX_CODE, _MIN_CODE = 12, 3


def named_occurrences(text: str, tokens: Sequence[Token], listed: Sequence[Occurrence]) -> list[Occurrence]:
    """Where something particular is named, in order. `listed`: places of names from the lists."""
    found = list(listed)
    for index, token in enumerate(tokens):
        if token.kind != "word":
            continue
        before = tokens[index - 1] if index else None
        if before is None or before.sentence != token.sentence or before.clause != token.clause:
            continue
        is_form = token.text in _COMPANY or "FUND_CATEGORY" in token.concepts
        if is_form and _is_name(text, before, tokens, index - 1):
            found.append(Occurrence(index - 1, index))
        if "STOCK_WORD" in token.concepts and "OF_IT" in before.concepts and index > 1:
            owner = tokens[index - 2]
            if owner.kind == "word" and not owner.concepts and len(owner.text) >= _MIN_CODE:
                found.append(Occurrence(index - 2, index))
    found += [
        Occurrence(index, index)
        for index, token in enumerate(tokens)
        if not token.concepts and token.kind == "word" and _is_code(text, token)
    ]
    return sorted(set(found), key=lambda item: (item.first, item.last))


def _is_name(text: str, token: Token, tokens: Sequence[Token], index: int) -> bool:
    if token.kind != "word" or token.concepts - {"NAMED"} or len(token.text) < 3:  # noqa: PLR2004
        return False
    written = text[token.start : token.end]
    if token.text[0] < "\u0900":
        is_sentence_start = index == 0 or tokens[index - 1].sentence != token.sentence
        return written[:1].isupper() and not is_sentence_start
    return False


def _is_code(text: str, token: Token) -> bool:
    written = text[token.start : token.end]
    return (
        _MIN_CODE <= len(written) <= _MAX_CODE and written.isupper() and written.isascii() and written not in ACRONYMS
    )
