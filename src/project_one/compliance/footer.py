"""Who speaks, and the standard warning: found anywhere in a caption as advisors write it, by meaning of each half."""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from project_one.compliance.match import Pattern, Text, find
from project_one.compliance.reading.fold import Folded
from project_one.compliance.reading.tokens import Token
from project_one.vocabulary.domain import Capacity

_ARN = r"(?<![a-z0-9])(?:arn|एआरएन)"
_NUMBER = {
    Capacity.MFD: re.compile(_ARN + r"[^\d\n]{0,24}\d{4,6}(?!\d)"),
    Capacity.IA: re.compile(r"(?<![a-z0-9])ina[\s:.#-]{0,3}(?:no)?[\s:.#-]{0,3}\d{9}(?!\d)"),
    Capacity.RA: re.compile(r"(?<![a-z0-9])inh[\s:.#-]{0,3}(?:no)?[\s:.#-]{0,3}\d{9}(?!\d)"),
}
_ANY_NUMBER = re.compile(
    r"(?<![a-z0-9])(?:(?:arn|एआरएन|euin)[^\d\n]{0,24}|in[ah][\s:.#-]{0,3}(?:no)?[\s:.#-]{0,3})\d{3,9}"
)
_NEAR = 60
_MOST_NUMBERS = 20  # of registration numbers that are looked at
_MOST_NAME_WORDS, _MOST_GIVEN_NAMES = 6, 3
_LONG_LINE = 160
_MOST_REST = 6
_SENTENCE = re.compile(r"(?<!regd)(?<!reg)(?<!no)(?<!mr)(?<!mrs)(?<!dr)(?<!ltd)(?<!pvt)(?<!ms)(?<!std)[.!?] ")
_NOT_A_NAME = frozenset(
    [
        "arn",
        "ina",
        "inh",
        "euin",
        "sebi",
        "amfi",
        "registered",
        "regd",
        "reg",
        "registration",
        "no",
        "number",
        "code",
        "mutual",
        "fund",
        "funds",
        "distributor",
        "investment",
        "adviser",
        "advisor",
        "research",
        "analyst",
        "the",
        "a",
        "an",
        "by",
        "from",
        "mfd",
        "ria",
        "ra",
        "ia",
        "and",
        "with",
        "your",
        "for",
        "registrar",
        "individual",
        "regn",
        "पंजीकृत",
        "नोंदणीकृत",
        "सेबी",
        "एम्फी",
        "वितरक",
        "म्यूचुअल",
        "फंड",
        "म्युच्युअल",
        "निवेश",
        "सलाहकार",
        "सल्लागार",
        "गुंतवणूक",
        "संशोधन",
        "विश्लेषक",
        "रिसर्च",
        "एनालिस्ट",
        "क्रमांक",
        "संख्या",
        "नंबर",
        "पंजीकरण",
        "नोंदणी",
        "शोध",
        "इन्वेस्टमेंट",
        "एडवाइजर",
        "डिस्ट्रीब्यूटर",
    ]
)


@dataclass(frozen=True)
class Footer:
    """`tokens`: indices that are identity, warning or education line, and so no content. `identity`: the words around
    her number and on the short lines next to it, whether they mean something to the rules or not. `rest`: the few other
    words of a warning's sentence."""

    has_identity: bool
    has_warning: bool
    tokens: frozenset[int]
    identity: frozenset[int]
    rest: frozenset[int]


def find_footer(text: Text, folded: Folded, capacity: Capacity, halves: Mapping[str, Sequence[Pattern]]) -> Footer:
    """What the text says of its sender, and whether the warning of that capacity is whole."""
    lines = _lines(folded)
    has_identity, around, beside, names = _identity(text.tokens, folded, lines, capacity)
    has_warning, warned = _warning(text, capacity, halves)
    own = {index for index in around if not text.tokens[index].concepts}  # the rest is read: a sign-off can promise too
    rest = _rest_of_sentences(text.tokens, warned)
    return Footer(has_identity, has_warning, frozenset(own | names | warned), frozenset(around | beside), rest)


def _rest_of_sentences(tokens: Sequence[Token], warned: set[int]) -> frozenset[int]:
    """Words that stand with a warning in its sentence, where they are few: "carefully", "before investing"."""
    sentences = {tokens[index].sentence for index in warned}
    rest: dict[int, list[int]] = {}
    for index, token in enumerate(tokens):
        if token.sentence in sentences and index not in warned:
            rest.setdefault(token.sentence, []).append(index)
    return frozenset(index for words in rest.values() if len(words) <= _MOST_REST for index in words)


def _lines(folded: Folded) -> list[tuple[int, int]]:
    """Folded spans of the lines."""
    spans: list[tuple[int, int]] = []
    start = 0
    for line in folded.text.split("\n"):
        spans.append((start, start + len(line)))
        start += len(line) + 1
    return spans


def _identity(
    tokens: Sequence[Token], folded: Folded, lines: Sequence[tuple[int, int]], capacity: Capacity
) -> tuple[bool, set[int], set[int], set[int]]:
    """A well-formed number of the right kind, and a name: around it on its line, or alone on a line of its own.

    Returns whether both are there, the words around numbers, those on short lines next to them, and names elsewhere.
    """
    own: set[int] = set()
    beside: set[int] = set()
    names: set[int] = set()
    numbered: set[int] = set()
    has_number = has_name = False
    for match in islice(_ANY_NUMBER.finditer(folded.text), _MOST_NUMBERS):
        position = bisect_right(lines, match.start(), key=lambda span: span[0]) - 1
        line = lines[position]
        numbered.add(position)
        start = max(line[0], _segment_start(folded.text, line[0], match.start()))
        inside = _tokens_in(tokens, folded, start, min(line[1], match.end() + _NEAR))
        own.update(inside)
        if _NUMBER[capacity].match(folded.text, match.start()):
            has_number = True
            around = inside if line[1] - line[0] > _LONG_LINE else _tokens_in(tokens, folded, *line)
            has_name = has_name or any(_may_be_name(tokens[index]) for index in around)
    for position in {item + step for item in numbered for step in (-1, 1)} - numbered:
        if 0 <= position < len(lines):
            inside = _tokens_in(tokens, folded, *lines[position])
            if _is_name_line(folded.text[slice(*lines[position])], [tokens[index] for index in inside], is_next=True):
                beside.update(inside)
    if own and not has_name:
        roles = {position for position, line in enumerate(lines) if _is_role_line(tokens, folded, line)}
        next_to = {position + step for position in numbered for step in (-1, 1)}
        next_to |= {position + step for position in next_to & roles for step in (-1, 1)}
        for position, (start, end) in enumerate(lines):
            inside = _tokens_in(tokens, folded, start, end)
            line = [tokens[index] for index in inside]
            if _is_name_line(folded.text[start:end], line, is_next=position in next_to):
                has_name = True
                names.update(index for index in inside if not tokens[index].concepts)
    return has_number and has_name, own, beside, names


def _is_role_line(tokens: Sequence[Token], folded: Folded, line: tuple[int, int]) -> bool:
    """A line that says what she is and nothing else: AMFI-registered Mutual Fund Distributor."""
    words = [tokens[index].text for index in _tokens_in(tokens, folded, *line) if tokens[index].kind == "word"]
    return bool(words) and all(word in _NOT_A_NAME for word in words)


def _tokens_in(tokens: Sequence[Token], folded: Folded, start: int, end: int) -> list[int]:
    """Indices of the tokens in a folded span."""
    first, last = folded.at[start], folded.at[min(end, len(folded.at) - 1)]
    low = bisect_left(tokens, first, key=lambda token: token.start)
    return list(range(low, bisect_left(tokens, last, key=lambda token: token.start)))


def _is_name_line(line: str, tokens: Sequence[Token], *, is_next: bool) -> bool:
    """One to six words beside those of a role, and no sentence. Away from the number, nothing that the rules know at its
    beginning."""
    words = [token for token in tokens if token.kind == "word"]
    if is_next:
        words = [token for token in words if token.text not in _NOT_A_NAME]
    is_sentence = line.rstrip().endswith((".", "!", "?", ":")) and len(words) > _MOST_GIVEN_NAMES
    if not 0 < len(words) <= _MOST_NAME_WORDS or is_sentence or any(token.kind == "num" for token in tokens):
        return False
    if is_next:
        return any(_may_be_name(token) for token in words)
    is_bare = not words[0].concepts or words[0].text in _NOT_A_NAME
    return is_bare and any(_may_be_name(token) and not token.concepts for token in words)


def _segment_start(text: str, line_start: int, number_at: int) -> int:
    """The end of the last sentence before the number on its line."""
    ends = [match.end() for match in _SENTENCE.finditer(text, line_start, number_at)]
    return ends[-1] if ends else line_start


def _may_be_name(token: Token) -> bool:
    return token.kind == "word" and len(token.text) > 1 and token.text not in _NOT_A_NAME


def _warning(text: Text, capacity: Capacity, patterns: Mapping[str, Sequence[Pattern]]) -> tuple[bool, set[int]]:
    """Both halves of the capacity's warning, or for IA and RA both halves of the education line."""
    covered: set[int] = set()
    halves: set[str] = set()
    for name, lines in patterns.items():
        for pattern in lines:
            for item in find(pattern, text):
                halves.add(name)
                covered.update(range(item.first, item.last + 1))
    if capacity is Capacity.MFD:
        is_whole = {"mutual_fund_risk", "read_scheme"} <= halves
    else:
        is_whole = {"securities_risk", "read_related"} <= halves or {"education_only", "not_advice"} <= halves
    return is_whole, covered


def body_spans(text: str, tokens: Sequence[Token], footer: Footer) -> list[tuple[int, int]]:
    """Parts of the text between footers: what the limits of a caption count."""
    spans: list[tuple[int, int]] = []
    start = 0
    for index in sorted(footer.tokens):
        token = tokens[index]
        if token.start > start:
            spans.append((start, token.start))
        start = max(start, token.end)
    if start < len(text):
        spans.append((start, len(text)))
    return spans
