"""Finding what a rule describes: concepts near each other, and whether the text claims, denies or warns of it.

A pattern is a line of concepts with the distance allowed between neighbours, in tokens:

    ASSURE ~6 GAIN          in either order      NO_DET >2 RISK      in this order      A|B ~4 "word"      one of
"""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from project_one.compliance.reading.lexicon import Occurrence
from project_one.compliance.reading.tokens import Reading, Token

_LINK = re.compile(r"\s+([~><])(\d{1,2})\s+")
_ELEMENT = re.compile(r'[A-Z][A-Z0-9_]*|"[^"|]+"')
_QUOTED_REACH = 3  # sentences: a quoted promise may be warned of a little later
_LONGEST = 8  # tokens of a phrase
_SPEAKS_WITHIN = 12  # tokens from the speaker to the saying
_ANSWER = 5  # tokens that begin an answer
_NEG_BEFORE, _NEG_AFTER = 7, 8
_NEG_AFTER_EN = 4
_CARRIES = frozenset({"NEG_VERB"})  # reaches over a comma; a determiner, and what ends a clause, do not
_ORDERS = frozenset(["do", "don't", "dont", "never"])
_ENDS_CLAUSE = frozenset(["मत", "न", "ना", "mat"])  # verbs of forbidding: "do not worry, the money is safe"
_NEW_THOUGHT = frozenset(
    [
        "and",
        "so",
        "because",
        "this",
        "that",
        "we",
        "i",
        "you",
        "they",
        "aur",
        "ani",
        "aani",
        "kyunki",
        "और",
        "आणि",
        "क्योंकि",
        "कारण",
    ]
)
BOUND = frozenset({"RISK", "LOSS", "WORRY", "NEG_FREE"})


class Polarity(StrEnum):
    CLAIM = "claim"  # cleared by a denial and by a warning
    PLAIN = "plain"  # cleared by a warning only
    ALWAYS = "always"


class Scope(StrEnum):
    CLAUSE = "clause"
    SENTENCE = "sentence"


class PatternInvalidError(ValueError):
    """The line is not a pattern; the text says why."""


@dataclass(frozen=True)
class Pattern:
    elements: tuple[tuple[str, ...], ...]
    links: tuple[tuple[str, int], ...]
    scope: Scope = Scope.CLAUSE
    polarity: Polarity = Polarity.CLAIM
    unless: frozenset[str] = frozenset()
    needs: frozenset[str] = frozenset()
    within: int = 8  # tokens around the place in which `unless` counts
    cleared_by: frozenset[str] = frozenset()  # concepts that clear it from anywhere in the text


def parse(line: str) -> tuple[tuple[tuple[str, ...], ...], tuple[tuple[str, int], ...]]:
    """Elements and links of a pattern line. Raises PatternInvalidError."""
    parts = _LINK.split(line.strip())
    elements: list[tuple[str, ...]] = []
    links: list[tuple[str, int]] = []
    for index in range(0, len(parts), 3):
        names = parts[index].strip().split("|")
        if not all(_ELEMENT.fullmatch(name) for name in names):
            message = f"{parts[index]!r} is neither a concept in capitals nor a word in quotes"
            raise PatternInvalidError(message)
        elements.append(tuple(names))
        if index + 2 < len(parts):
            links.append((parts[index + 1], int(parts[index + 2])))
    return tuple(elements), tuple(links)


@dataclass
class Text:
    """A text ready for matching. `skipped`: tokens of the footer, which no content rule reads."""

    reading: Reading
    concepts: Mapping[str, Sequence[Occurrence]]
    skipped: frozenset[int] = frozenset()
    _sentences: dict[str, frozenset[int]] = field(default_factory=dict[str, frozenset[int]])

    def sentences(self, concept: str) -> frozenset[int]:
        """In which sentences a concept stands."""
        known = self._sentences.get(concept)
        if known is None:
            tokens = self.reading.tokens
            known = frozenset(tokens[item.first].sentence for item in self.concepts.get(concept, ()))
            self._sentences[concept] = known
        return known

    @property
    def tokens(self) -> Sequence[Token]:
        return self.reading.tokens


def find(pattern: Pattern, text: Text) -> list[Occurrence]:
    """Every place where the pattern is claimed."""
    concepts = text.concepts
    for element in pattern.elements:
        for name in element:
            if name in concepts:
                break
        else:
            return []
    places = [_places(element, text) for element in pattern.elements]
    if not all(places) or any(name in concepts for name in pattern.cleared_by):
        return []
    starts = [[item.first for item in items] for items in places]
    found: list[Occurrence] = []
    for first in places[0]:
        spans = _follow(pattern, places, starts, text, [first])
        if spans is None:
            continue
        whole = Occurrence(min(item.first for item in spans), max(item.last for item in spans))
        if found and whole.first <= found[-1].last:
            continue
        if _is_meant(pattern, whole, spans, text):
            found.append(whole)
    return found


def _places(element: tuple[str, ...], text: Text) -> list[Occurrence]:
    if len(element) == 1:
        items = text.concepts.get(element[0], ())
    else:
        items = sorted(
            (item for name in element for item in text.concepts.get(name, ())), key=lambda item: (item.first, item.last)
        )
    return [item for item in items if item.first not in text.skipped]


def _follow(
    pattern: Pattern,
    places: list[list[Occurrence]],
    starts: list[list[int]],
    text: Text,
    spans: list[Occurrence],
) -> list[Occurrence] | None:
    """Spans of all elements from the given start; None if the rest is not near enough."""
    position = len(spans)
    if position == len(places):
        return spans
    link, distance = pattern.links[position - 1]
    before = spans[-1]
    low = bisect_left(starts[position], before.first - distance - _LONGEST)
    high = bisect_right(starts[position], before.last + distance + 1)
    for candidate in places[position][low:high]:
        if candidate.first >= before.last + 1:
            gap = candidate.first - before.last - 1
            fits = link in "~>"
        elif candidate.last < before.first:
            gap = before.first - candidate.last - 1
            fits = link in "~<"
        else:
            continue
        if fits and gap <= distance and candidate not in spans and _together(pattern.scope, before, candidate, text):
            rest = _follow(pattern, places, starts, text, [*spans, candidate])
            if rest is not None:
                return rest
    return None


def _together(scope: Scope, one: Occurrence, other: Occurrence, text: Text) -> bool:
    first, second = text.tokens[one.first], text.tokens[other.first]
    return first.clause == second.clause if scope is Scope.CLAUSE else first.sentence == second.sentence


def _is_meant(pattern: Pattern, whole: Occurrence, spans: Sequence[Occurrence], text: Text) -> bool:
    sentence = text.tokens[whole.first].sentence
    if pattern.unless and any(_is_near(name, whole, pattern.within, text, spans) for name in pattern.unless):
        return False
    if pattern.needs and not any(_in_sentence(name, sentence, text) for name in pattern.needs):
        return False
    if pattern.polarity is Polarity.ALWAYS:
        return True
    if (
        is_warned_of(whole, text)
        or _is_answered_no(sentence, text)
        or (pattern.polarity is Polarity.CLAIM and _is_dismissed_quote(whole, text))
    ):
        return False
    return pattern.polarity is Polarity.PLAIN or not is_denied(whole, text, spans=spans)


def _in_sentence(concept: str, sentence: int, text: Text) -> bool:
    return sentence in text.sentences(concept)


def _is_near(concept: str, whole: Occurrence, within: int, text: Text, spans: Sequence[Occurrence]) -> bool:
    """In the same sentence and within a few words; not as a part of a longer matched phrase ("come what may")."""
    sentence = text.tokens[whole.first].sentence
    return sentence in text.sentences(concept) and any(
        item.first <= whole.last + within
        and item.last >= whole.first - within
        and text.tokens[item.first].sentence == sentence
        and not any(
            span.first <= item.first and item.last <= span.last and span.last - span.first > item.last - item.first
            for span in spans
        )
        for item in text.concepts[concept]
    )


def is_warned_of(whole: Occurrence, text: Text) -> bool:
    """Whether the sentence warns: a cue that is itself not denied; or a quotation next to a sentence that warns."""
    sentence = text.tokens[whole.first].sentence
    reach = _QUOTED_REACH if whole.first in text.reading.quoted else 0
    if _is_said_by_others(sentence, text):
        return True
    near = {sentence + offset for offset in range(-reach, reach + 1)}
    if near.isdisjoint(text.sentences("WARN_CUE")):
        return False
    for cue in text.concepts["WARN_CUE"]:
        inside = whole.first <= cue.first <= whole.last
        if (
            text.tokens[cue.first].sentence in near
            and not inside
            and not is_denied(cue, text, reach=3, spans=[cue, whole])
        ):
            return True
    return False


def _is_said_by_others(sentence: int, text: Text) -> bool:
    """What somebody says is not what the text says; who says it stands before the saying, and near it."""
    if not (_in_sentence("THIRD", sentence, text) and _in_sentence("SAY", sentence, text)):
        return False
    speakers = [item for item in text.concepts["THIRD"] if text.tokens[item.first].sentence == sentence]
    return any(
        0 <= item.first - speaker.first <= _SPEAKS_WITHIN
        for item in text.concepts["SAY"]
        if text.tokens[item.first].sentence == sentence
        for speaker in speakers
    )


def _is_dismissed_quote(whole: Occurrence, text: Text) -> bool:
    """A quotation about which its own or the next sentence says no: "always rises" is a line to forget."""
    if whole.first not in text.reading.quoted:
        return False
    sentence = text.tokens[whole.first].sentence
    return any(
        token.sentence in {sentence, sentence + 1}
        and index not in text.reading.quoted
        and (_is_negator(token) or "DISMISS" in token.concepts)
        for index, token in enumerate(text.tokens)
    )


def _is_answered_no(sentence: int, text: Text) -> bool:
    """A question, and the next sentence begins with a denial; an order not to do something answers nothing."""
    if sentence not in text.reading.questions:
        return False
    following = [token for token in text.tokens if token.sentence == sentence + 1][:_ANSWER]
    if following and following[0].text in _ORDERS:
        return False
    return any(_is_negator(token) for token in following)


def is_denied(whole: Occurrence, text: Text, *, reach: int = _NEG_BEFORE, spans: Sequence[Occurrence] = ()) -> bool:
    """Whether an odd number of negators works on it; one that negates something else does not count.

    English and romanised denials stand before the claim or right after it; Hindi and Marathi ones end the clause. A
    negator that is part of a matched phrase ("never fails") belongs to the claim.
    """
    before = _negators_before(whole, text, reach) + _negators_within(whole, text, spans)
    return before % 2 == 1 if before else _negators_after(whole, text, reach) % 2 == 1


def _negators_before(whole: Occurrence, text: Text, reach: int) -> int:
    tokens = text.tokens
    here = tokens[whole.first]
    count = 0
    for index in range(max(0, whole.first - reach), whole.first):
        token = tokens[index]
        if token.sentence != here.sentence or not _is_negator(token):
            continue
        carries = token.concepts & _CARRIES and token.text not in _ENDS_CLAUSE
        reaches_over = bool(carries) and not _contrast_between(index, whole.first, tokens)
        is_near = token.clause == here.clause or (token.clause >= here.clause - 2 and reaches_over)
        if is_near and not _is_bound(index, tokens, whole):
            count += 1
    return count


def _negators_within(whole: Occurrence, text: Text, spans: Sequence[Occurrence]) -> int:
    return sum(
        _is_negator(text.tokens[index])
        and not any(item.first <= index <= item.last for item in spans)
        and not _is_bound(index, text.tokens, whole)
        for index in range(whole.first, whole.last + 1)
    )


def _negators_after(whole: Occurrence, text: Text, reach: int) -> int:
    tokens = text.tokens
    end = tokens[whole.last]
    count = 0
    for index in range(whole.last + 1, min(len(tokens), whole.last + 1 + min(reach + 1, _NEG_AFTER))):
        token = tokens[index]
        if token.clause != end.clause or token.text in _NEW_THOUGHT:
            break
        is_post = "NEG_POST" in token.concepts or ("NEG_VERB" in token.concepts and index - whole.last <= _NEG_AFTER_EN)
        if is_post and not _is_bound(index, tokens, whole):
            count += 1
            break
    return count


def _is_negator(token: Token) -> bool:
    return bool(token.concepts & {"NEG_VERB", "NEG_DET", "NEG_POST"})


def _contrast_between(start: int, end: int, tokens: Sequence[Token]) -> bool:
    return any("CONTRAST" in tokens[index].concepts for index in range(start, end))


def _is_bound(index: int, tokens: Sequence[Token], whole: Occurrence) -> bool:
    """Whether this negator has another object: no risk, no doubt, नुकसान नहीं."""
    token = tokens[index]
    following = [
        item for item in range(index + 1, min(len(tokens), index + 3)) if not whole.first <= item <= whole.last
    ]
    if token.concepts & {"NEG_DET", "NEG_VERB"} and any(
        tokens[item].clause == token.clause and tokens[item].concepts & BOUND for item in following
    ):
        return True
    if "NEG_POST" in token.concepts:
        before = [item for item in range(max(0, index - 3), index) if not whole.first <= item <= whole.last]
        return any(tokens[item].clause == token.clause and tokens[item].concepts & BOUND for item in before) or any(
            tokens[item].clause == token.clause and "NEG_FREE" in tokens[item].concepts for item in following[:1]
        )
    return False
