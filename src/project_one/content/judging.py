"""What the stages say of a pack's texts, and how that is written down on the pack. Pure.

stage 1  rules on topic and caption (with the parity between languages) ─┐
stage 3  rules on the message in every frame, for every advisor ─────────┼─► conclude, per language
stage 2  the model, later, by the job ───────────────────────────────────┘
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from project_one.advisor.domain import Identity
from project_one.compliance.domain import (
    Band,
    Conclusion,
    Context,
    Finding,
    Register,
    Severity,
    Stage,
    StageResult,
    conclude,
    worse,
)
from project_one.compliance.rendered import check_parts, check_sender
from project_one.compliance.rulebook import Rulebook
from project_one.compliance.wordings import reason
from project_one.content import parity
from project_one.content.domain import CompositionError, Content, Frame, compose
from project_one.vocabulary.domain import Language

DUE = frozenset({Stage.RULES, Stage.MODEL, Stage.RENDERED})


@dataclass(frozen=True)
class Seen:
    """What the stages saw in one language."""

    register: Register
    results: Sequence[StageResult]

    def conclusion(self, due: Iterable[Stage]) -> Conclusion:
        return conclude(self.register, due, self.results)


def rendered_stage(
    content: Content,
    contexts: Sequence[tuple[Identity, Context]],
    frames: Iterable[Frame],
    rulebook: Rulebook,
    *,
    on: date,
    now: datetime,
) -> StageResult:
    """Stage 3 over every approved frame. Raises CompositionError when no frame can hold the text.

    What frame and content say together is read once a capacity; only what depends on the sender is read for each.
    """
    found: dict[str, Finding] = {}
    tried: CompositionError | None = None
    fits = missing = 0
    frames = list(frames)
    for capacity in sorted({context.capacity for _, context in contexts}):
        senders = [(sender, context) for sender, context in contexts if context.capacity is capacity]
        usable = [frame for frame in frames if (frame.capacity, frame.language) == (capacity, content.language)]
        missing += not usable
        for frame in usable:
            try:
                texts = [compose(frame, content, sender).text for sender, _ in senders]
            except CompositionError as error:
                tried = error
                continue
            fits += 1
            findings = check_parts(texts[0], senders[0][1], rulebook, on=on)
            for text, (_, context) in zip(texts, senders, strict=True):
                findings += check_sender(text, context, rulebook, on=on, now=now)
            found |= {finding.fingerprint: finding for finding in findings}
    if tried is not None and not fits:
        raise tried
    trouble = "no approved frame for this language" if missing else None
    return StageResult(Stage.RENDERED, list(found.values()), trouble)


def with_parity(
    stages: Mapping[Language, StageResult], contents: Mapping[Language, Content]
) -> dict[Language, StageResult]:
    """Stage 1 with what the language versions say differently."""
    odd = parity.parity_findings({language: content.paragraph for language, content in contents.items()})
    return {
        language: replace(result, findings=[*result.findings, *([odd[language]] if language in odd else [])])
        for language, result in stages.items()
    }


def together(seen: Sequence[Seen]) -> Seen:
    """One text as several senders would send it: every stage with what it saw for any of them, at least one."""
    stages = zip(*(item.results for item in seen), strict=True)
    return Seen(seen[0].register, [_merged(results) for results in stages])


def _merged(results: Sequence[StageResult]) -> StageResult:
    found = {finding.fingerprint: finding for result in results for finding in result.findings}
    trouble = next((result.trouble for result in results if result.trouble), None)
    took_ms = round(sum(result.took_ms for result in results), 2)
    return StageResult(results[0].stage, list(found.values()), trouble, took_ms)


def told(conclusion: Conclusion, register: Register, language: Language, rulebook: Rulebook) -> dict[str, Any]:
    """What is kept on the pack for one language: every finding once, with its message for the author."""
    seen: set[str] = set()
    findings: list[dict[str, Any]] = []
    for result in conclusion.results:
        for finding in result.findings:
            if finding.fingerprint in seen:
                continue
            seen.add(finding.fingerprint)
            findings.append({"stage": result.stage.value, **_finding(finding, language, rulebook)})
    return {
        "register": register.value,
        "band": conclusion.verdict.band.value,
        "risk_score": conclusion.verdict.risk_score,
        "degraded": conclusion.is_degraded,
        "stages": [
            {"stage": item.stage.value, "took_ms": item.took_ms, "trouble": item.trouble, "dropped": item.dropped}
            for item in conclusion.results
        ],
        "findings": findings,
    }


def _finding(finding: Finding, language: Language, rulebook: Rulebook) -> dict[str, Any]:
    rule = rulebook.told.get(finding.rule_id)
    if finding.rule_id == parity.RULE_ID:
        message, remedy = parity.explained(finding, language)
    else:
        message = rule.message[language.value] if rule else reason(finding.rule_id, language.value)
        remedy = rule.remedy[language.value] if rule else None
    return {
        "rule_id": finding.rule_id,
        "category": finding.category,
        "severity": finding.severity.value,
        "start": finding.start,
        "end": finding.end,
        "quote": finding.quote,
        "message": message,
        "remedy": remedy,
        "basis": rule.basis if rule else None,
        "fingerprint": finding.fingerprint,
    }


def findings_of(kept: Mapping[str, Any], stage: Stage | None = None) -> list[Finding]:
    """The findings of one language as they were kept (of one stage, or of all)."""
    return [
        Finding(
            item["rule_id"], item["category"], Severity(item["severity"]), item["start"], item["end"], item["quote"]
        )
        for item in kept["findings"]
        if stage is None or item["stage"] == stage
    ]


def model_said(checked: Mapping[str, Any]) -> dict[str, Any]:
    """What the model's stage said of a whole pack: whether it looked at every text, its categories, its slowest time."""
    languages: Iterable[Mapping[str, Any]] = checked.get("languages", {}).values()
    stages = [item for kept in languages for item in kept["stages"] if item["stage"] == Stage.MODEL]
    findings = [item for kept in languages for item in kept["findings"] if item["stage"] == Stage.MODEL]
    return {
        "degraded": not stages or any(item["trouble"] for item in stages),
        "categories": sorted({item["category"] for item in findings}),
        "took_ms": max((item["took_ms"] for item in stages), default=0.0),
    }


def joined(kept: Mapping[str, Any], model: StageResult) -> Conclusion:
    """What was kept at submission and what the model says, joined."""
    results = [
        StageResult(Stage(item["stage"]), findings_of(kept, Stage(item["stage"])), item["trouble"], item["took_ms"])
        for item in kept["stages"]
        if item["stage"] != Stage.MODEL
    ]
    return conclude(Register(kept["register"]), DUE, [*results, model])


def summary(languages: Mapping[str, Mapping[str, Any]], policy_version: str, on: date) -> dict[str, Any]:
    """The whole pack: as bad as its worst language."""
    band = Band.PASS
    for item in languages.values():
        band = worse(band, Band(item["band"]))
    return {
        "policy_version": policy_version,
        "checked_on": on.isoformat(),
        "band": band.value,
        "risk_score": max(item["risk_score"] for item in languages.values()),
        "degraded": any(item["degraded"] for item in languages.values()),
        "languages": dict(languages),
    }
