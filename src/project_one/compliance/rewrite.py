"""A safe rewrite: what can be put right mechanically is, and nothing else changes. Pure and deterministic.

A rewrite is proposed only when the rules like it strictly better, and no finding may vanish but by the change of the very
words it is about: a change elsewhere never talks a claim away.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date

from project_one.compliance.domain import Context, Finding, Verdict, reader_language, worse
from project_one.compliance.edits import Edit, apply, compose
from project_one.compliance.evaluate import evaluate
from project_one.compliance.layout import lay_out
from project_one.compliance.mending import (
    FORMAL,
    MENDABLE,
    Case,
    Mend,
    Proposal,
    caveats,
    fewer_emojis,
    fewer_hashtags,
    fewer_sentences,
    frame,
    lower_voice,
    neutral_sentences,
)
from project_one.compliance.rulebook import Rulebook
from project_one.compliance.wordings import PAST_PERFORMANCE, reason

__all__ = ["Edit", "Rewrite", "apply", "rewrite"]

_ROUNDS = 3
_MOST_ALONE = 8  # proposals that are tried one by one when together they do not help
_KINDS: Sequence[Proposal] = (
    neutral_sentences,
    caveats,
    lower_voice,
    fewer_hashtags,
    fewer_emojis,
    fewer_sentences,
    frame,
)
_REPLACING = (neutral_sentences, fewer_sentences)  # kinds that take sentences away, and so what was found in them


@dataclass(frozen=True)
class Rewrite:
    """`edits`: over the original, in code points, sorted, not overlapping. `verdict`: of the rules on `text`."""

    edits: tuple[Edit, ...]
    text: str
    verdict: Verdict


def rewrite(text: str, context: Context, rulebook: Rulebook, verdict: Verdict, *, on: date) -> Rewrite | None:
    """The text put right as far as that can be done mechanically; None when that makes it no better.

    `verdict`: what `evaluate` says of that text, context and day; without the findings of other stages.
    """
    if not _is_mendable(verdict):
        return None
    edits, case = tuple[Edit, ...](), Case(lay_out(text, context, rulebook), verdict, context, rulebook, on)
    for _ in range(_ROUNDS):
        before = case
        for kind in _KINDS:
            step = _step(case, kind) if _is_mendable(case.verdict) else None
            if step is not None:
                edits, case = compose(text, edits, step.edits), step.case
        if case is before:
            break
    return Rewrite(edits, case.text, case.verdict) if edits and _is_better(case.verdict, verdict) else None


def _is_mendable(verdict: Verdict) -> bool:
    return not MENDABLE.isdisjoint(finding.category for finding in verdict.findings if not finding.is_likeness)


@dataclass(frozen=True)
class _Step:
    """`edits`: over the text before; `case`: after them."""

    edits: Sequence[Edit]
    case: Case


def _step(case: Case, kind: Proposal) -> _Step | None:
    """What this kind proposes: all of it, else what helps alone, else nothing."""
    mends = kind(case)
    step = _tried(case, kind, mends) if mends else None
    if step is None and 1 < len(mends) <= _MOST_ALONE:
        helping = [mend for mend in mends if _tried(case, kind, [mend]) is not None]
        step = _tried(case, kind, helping) if helping else None
    return step


def _tried(case: Case, kind: Proposal, mends: Sequence[Mend]) -> _Step | None:
    edits = [_edit(mend, case) for mend in mends]
    made = apply(case.text, edits)
    verdict = evaluate(made, case.context, case.rulebook, on=case.on)
    if not _is_allowed(verdict, case, mends, kind):
        return None
    return _Step(edits, replace(case, layout=lay_out(made, case.context, case.rulebook), verdict=verdict))


def _edit(mend: Mend, case: Case) -> Edit:
    language, rule_id = reader_language(case.verdict.register), mend.cause.rule_id
    rule = case.rulebook.told.get(rule_id)
    why = rule.message[language] if rule else reason(rule_id, language)
    return Edit(mend.start, mend.end, mend.replacement, rule_id, why or "")


def _is_allowed(after: Verdict, case: Case, mends: Sequence[Mend], kind: Proposal) -> bool:
    """Better, or for a caveat as good; and every finding that these changes do not answer is still there."""
    before = case.verdict
    helps = _is_better(after, before) or (kind is caveats and _is_no_worse(after, before))
    kept = [finding for finding in before.findings if not _is_answered(finding, mends, kind)]
    return helps and _counted(kept) <= _counted(after.findings)


def _is_answered(finding: Finding, mends: Sequence[Mend], kind: Proposal) -> bool:
    if finding.is_likeness or finding.category in FORMAL or (kind is caveats and finding.category == PAST_PERFORMANCE):
        return True
    return kind in _REPLACING and any(mend.start < finding.end and finding.start < mend.end for mend in mends)


def _is_better(after: Verdict, before: Verdict) -> bool:
    is_shorter = _counted(after.findings).total() < _counted(before.findings).total() or after.band is not before.band
    return is_shorter and _is_no_worse(after, before)


def _is_no_worse(after: Verdict, before: Verdict) -> bool:
    is_no_new = _counted(after.findings) <= _counted(before.findings)
    return is_no_new and worse(after.band, before.band) is before.band


def _counted(findings: Iterable[Finding]) -> Counter[tuple[str, str]]:
    """Without likenesses: those speak only where no pattern does, so that mending a claim can bring one up."""
    return Counter((finding.rule_id, finding.category) for finding in findings if not finding.is_likeness)
