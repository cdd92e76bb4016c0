"""What can be put right without a person, kind by kind: each looks at a text and its verdict and proposes changes. Pure."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise

from project_one.compliance.checks import (
    MAX_CAPITALS,
    MAX_CAPTION,
    MAX_EMOJIS,
    MAX_HASHTAGS,
    emojis,
    hashtags,
)
from project_one.compliance.domain import Context, Finding, Register, Severity, Verdict
from project_one.compliance.identity import own_number
from project_one.compliance.layout import Layout, Sentence
from project_one.compliance.reading.language import register_of
from project_one.compliance.reading.tokens import Token
from project_one.compliance.rendered import TAGLINE
from project_one.compliance.rulebook import Rulebook
from project_one.compliance.shouting import calmed
from project_one.compliance.standard import WARNING_OF, in_force
from project_one.compliance.trimming import is_running, removals, tag_end, with_space
from project_one.compliance.wordings import PAST_PERFORMANCE, neutral, neutral_categories
from project_one.vocabulary.domain import Capacity, Language

FORMAL = frozenset({"emoji", "hashtag", "length", "shouting", "missing_identity", "missing_warning"})
MENDABLE = neutral_categories() | FORMAL
"""Categories with a mechanical answer; every other one wants a person."""

_LEAST_KEPT = 0.6  # of a body that is too long
_BALANCES = frozenset({"RISK", "LOSS", "UNCERTAIN", "WARN_CUE"})  # what a sentence that must not be dropped speaks of
_STANDARD = {Register.HI: Language.HI, Register.MR: Language.MR}
_DANDA = frozenset({Register.HI})


@dataclass(frozen=True)
class Mend:
    start: int
    end: int
    replacement: str
    cause: Finding


@dataclass(frozen=True)
class Case:
    """A text as it stands, and what was found in it."""

    layout: Layout
    verdict: Verdict
    context: Context
    rulebook: Rulebook
    on: date

    @property
    def text(self) -> str:
        return self.layout.text

    def first(self, category: str) -> Finding | None:
        return next(
            (item for item in self.verdict.findings if item.category == category and not item.is_likeness), None
        )


Proposal = Callable[[Case], list[Mend]]


def neutral_sentences(case: Case) -> list[Mend]:
    """Each sentence with a finding that has a wording gives way to it; where it stands already, to nothing."""
    mends: list[Mend] = []
    said: set[str] = set()
    for sentences, cause in _claims(case):
        start, end = sentences[0].start, sentences[-1].end
        if _quotes(case.text[start:end]) % 2:
            continue
        wording = neutral(cause.category, _register(case, sentences))
        if wording in said or wording in case.text:
            wide_start, wide_end = with_space(case.text, start, end)
            floor = mends[-1].end if mends else 0
            mends.append(Mend(max(floor, wide_start), wide_end, "", cause))
        else:
            mends.append(Mend(start, end, wording, cause))
        said.add(wording)
    return mends


def _claims(case: Case) -> list[tuple[list[Sentence], Finding]]:
    """Sentences to replace, with the gravest finding in them; none of which something a person must answer is found."""
    known = neutral_categories() - {PAST_PERFORMANCE}
    others = [item for item in case.verdict.findings if item.category not in MENDABLE and not item.is_likeness]
    groups: list[tuple[list[Sentence], Finding]] = []
    for finding in [item for item in case.verdict.findings if not item.is_likeness]:
        sentences = case.layout.sentences_at(finding.start, finding.end)
        if finding.category not in known or not sentences:
            continue
        if groups and sentences[0].start <= groups[-1][0][-1].start:
            before, cause = groups.pop()
            sentences = before + [item for item in sentences if item.start > before[-1].start]
            is_graver = finding.severity is Severity.BLOCK and cause.severity is not Severity.BLOCK
            finding = finding if is_graver else cause
        groups.append((sentences, finding))
    return [
        (sentences, cause)
        for sentences, cause in groups
        if not any(item.start < sentences[-1].end and sentences[0].start < item.end for item in others)
    ]


def _quotes(text: str) -> int:
    return sum(char in '"“”«»' for char in text)


def _register(case: Case, sentences: Sequence[Sentence]) -> Register:
    """Of the body; in a mixed one, of these sentences, and of their larger part if these are mixed too."""
    if case.verdict.register is not Register.MIX:
        return case.verdict.register
    tokens = [token for item in sentences for token in item.tokens]
    own = register_of(tokens)
    if own is not Register.MIX:
        return own
    words = [token for token in tokens if token.kind == "word"]
    devanagari = _devanagari(words)
    return register_of(devanagari) if 2 * len(devanagari) > len(words) else Register.EN


def _devanagari(tokens: Sequence[Token]) -> list[Token]:
    return [token for token in tokens if token.kind == "word" and token.text[0] >= "\u0900"]


def caveats(case: Case) -> list[Mend]:
    """The caveat behind what says something of past returns; the sentence stays. It answers market history only."""
    cause = case.first(PAST_PERFORMANCE)
    sentences = case.layout.sentences_at(cause.start, cause.end) if cause else []
    if cause is None or not sentences:
        return []
    register = _register(case, sentences)
    wording, last = neutral(PAST_PERFORMANCE, register), sentences[-1]
    if wording in case.text:
        return []
    stop = "" if case.layout.is_ended(last) else "।" if register in _DANDA else "."
    return [Mend(last.end, last.end, f"{stop} {wording}", cause)]


def fewer_emojis(case: Case) -> list[Mend]:
    cause = case.first("emoji")
    over = emojis(case.text)[MAX_EMOJIS:]
    return [] if cause is None else [Mend(*gone, cause) for gone in removals(case.text, over)]


def fewer_hashtags(case: Case) -> list[Mend]:
    """Tags beyond the limit go; one inside a running sentence only loses its sign."""
    cause = case.first("hashtag")
    if cause is None:
        return []
    tags = [(start, tag_end(case.text, end)) for start, end in hashtags(case.text)[MAX_HASHTAGS:]]
    running = {span: is_running(case.text, *span) for span in tags}
    mends = [Mend(start, start + 1, "", cause) for start, end in tags if running[start, end]]
    mends += [Mend(*gone, cause) for gone in removals(case.text, [span for span in tags if not running[span]])]
    return sorted(mends, key=lambda item: item.start)


def lower_voice(case: Case) -> list[Mend]:
    """Capitals become sentence case where the text is found to shout, and in every sentence that does so alone."""
    cause = case.first("shouting")
    if cause is None:
        return []
    found = {item.start for item in case.layout.sentences_at(cause.start, cause.end)}
    return [
        Mend(calm.start, calm.end, calm.words, cause)
        for item in case.layout.sentences
        if (calm := calmed(case.text, item)) and (item.start in found or calm.changed > MAX_CAPITALS)
    ]


def fewer_sentences(case: Case) -> list[Mend]:
    """Last sentences of a body that is too long; not its greetings and sign-offs, and none that speaks of risk."""
    cause, length = case.first("length"), case.layout.length
    if cause is None or not case.layout.body:
        return []
    low, high = max(case.layout.body, key=lambda span: span[1] - span[0])
    inside = [item for item in case.layout.sentences if low <= item.start and item.end <= high]
    spans: list[tuple[int, int]] = []
    left = length
    for before, item in reversed(list(pairwise(inside))):
        if left <= MAX_CAPTION:
            break
        if not case.layout.is_ended(item) or any(token.concepts & _BALANCES for token in item.tokens):
            continue
        start = before.end if before.end >= low else item.start
        left -= item.end - start
        spans.append((start, spans.pop()[1]) if spans and spans[-1][0] == item.end else (start, item.end))
    if left > MAX_CAPTION or left < _LEAST_KEPT * length:
        return []
    return [Mend(start, end, "", cause) for start, end in reversed(spans)]


def frame(case: Case) -> list[Mend]:
    """Name and number first, the warning last, where they are missing and known."""
    mends: list[Mend] = []
    identity, warning, context = case.first("missing_identity"), case.first("missing_warning"), case.context
    if identity is not None and context.registered_name.strip() and own_number(context) is not None:
        name, number = context.registered_name.strip(), context.registration_number.strip()
        line = f"{name} | {number} | {TAGLINE}" if context.capacity is Capacity.MFD else f"{name}, {number}"
        mends.append(Mend(0, 0, f"{line}\n", identity))
    if warning is not None:
        at = len(case.text)
        words = "\n".join(_warnings(case))
        mends.append(Mend(at, at, words if case.text.endswith("\n") or not at else f"\n{words}", warning))
    return mends


def _warnings(case: Case) -> list[str]:
    known = in_force(case.rulebook.standard_texts, WARNING_OF[case.context.capacity], on=case.on)
    register = case.verdict.register
    if register is not Register.MIX:
        due = [_STANDARD.get(register, Language.EN)]
    else:
        tokens = [token for item in case.layout.sentences for token in item.tokens]
        other = _STANDARD.get(register_of(_devanagari(tokens)), Language.EN)  # its Devanagari may be a footer's
        due = list(dict.fromkeys([Language.EN, other]))
    return [known[language] for language in due if language in known]
