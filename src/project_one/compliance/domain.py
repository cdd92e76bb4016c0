"""What the engine says: findings, severity, score, verdict. Pure."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum

from project_one.vocabulary.domain import Capacity, ContentClass, Language


class Severity(StrEnum):
    BLOCK = "block"
    REVIEW = "review"
    WARN = "warn"


class Band(StrEnum):
    """The outcome of an evaluation; the later, the worse."""

    PASS = "pass"  # noqa: S105
    REVIEW = "review"
    BLOCK = "block"


class Register(StrEnum):
    """In what a text is written."""

    EN = "EN"
    HI = "HI"
    MR = "MR"
    HI_LATN = "HI-Latn"
    MR_LATN = "MR-Latn"
    MIX = "MIX"


CATEGORIES: Mapping[str, tuple[Severity, int]] = {
    **dict.fromkeys(
        (
            "guaranteed_return",
            "risk_free",
            "capital_safe",
            "multiplier",
            "multibagger",
            "certain_projection",
            "named_recommendation",
            "testimonial",
            "regulator_endorsement",
            "gift_or_game",
            "adviser_posing",
            "client_data",
            "price_younger_30d",
            "accuracy_claim",
            "celebrity",
        ),
        (Severity.BLOCK, 80),
    ),
    "scheme_performance": (Severity.BLOCK, 60),
    **dict.fromkeys(("past_performance", "ranking", "superlative", "exaggeration"), (Severity.REVIEW, 60)),
    **dict.fromkeys(
        ("market_timing", "unfair_comparison", "exploits_inexperience", "false_or_misleading"), (Severity.REVIEW, 45)
    ),
    **dict.fromkeys(("urgency", "fear_manipulation", "emoji", "hashtag", "length", "shouting"), (Severity.REVIEW, 25)),
    **dict.fromkeys(
        ("missing_identity", "missing_warning", "missing_tagline", "missing_link", "expired_approval"),
        (Severity.REVIEW, 45),
    ),
    "complex_language": (Severity.WARN, 25),
}
"""Severity in lint and score of each category (design section 8)."""

MANDATORY = frozenset({"missing_identity", "missing_warning", "missing_tagline", "missing_link", "expired_approval"})
"""What must stand in a message: a review in lint, a block in the rendered message."""

NEVER_OVERRIDABLE = frozenset(
    {"missing_identity", "missing_warning", "client_data", "guaranteed_return", "risk_free", "price_younger_30d"}
)
"""Categories no two reviewers may let through (design section 8)."""

_FORMAL = frozenset({"emoji", "hashtag", "length", "shouting"}) | MANDATORY
_MANY = 3  # different content-review categories make a block
_BANDS = {Band.PASS: (0, 39), Band.REVIEW: (40, 69), Band.BLOCK: (70, 100)}
_ORDER = (Band.PASS, Band.REVIEW, Band.BLOCK)


LIKENESS = "HOUSE-READS-LIKE"
"""Rule id of what the weigher finds by itself."""


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong. `start`, `end`: code points of the original text; both 0 for something missing."""

    rule_id: str
    category: str
    severity: Severity
    start: int
    end: int
    quote: str

    @property
    def is_likeness(self) -> bool:
        """Whether the weigher alone speaks, which it does only where no pattern does."""
        return self.rule_id == LIKENESS

    @property
    def fingerprint(self) -> str:
        """The same finding in the same words, wherever it stands: what an override is bound to."""
        said = "\0".join((self.rule_id, self.category, self.severity, self.quote))
        return hashlib.sha256(said.encode("utf-8", "surrogatepass")).hexdigest()


@dataclass(frozen=True)
class Verdict:
    band: Band
    risk_score: int
    register: Register
    findings: Sequence[Finding]


def judge(findings: Iterable[Finding], register: Register) -> Verdict:
    """Severity decides, the score follows within the band. The same for everyone; a finding more never lowers it."""
    kept = _settled(findings)
    severities = {finding.severity for finding in kept}
    content = {
        finding.category for finding in kept if finding.severity is Severity.REVIEW and finding.category not in _FORMAL
    }
    if Severity.BLOCK in severities or len(content) >= _MANY:
        band = Band.BLOCK
    elif Severity.REVIEW in severities:
        band = Band.REVIEW
    else:
        band = Band.PASS
    total = sum(CATEGORIES[category][1] for category in {finding.category for finding in kept})
    return Verdict(band, _clamped(total, band), register, kept)


def _clamped(score: int, band: Band) -> int:
    low, high = _BANDS[band]
    return min(high, max(low, score))


_GRAVITY = {Severity.BLOCK: 0, Severity.REVIEW: 1, Severity.WARN: 2}


def _settled(findings: Iterable[Finding]) -> list[Finding]:
    """In the order of the text; of findings of one category that overlap only the gravest stays."""
    kept: list[Finding] = []
    for finding in sorted(findings, key=lambda item: (_GRAVITY[item.severity], item.start, item.end, item.rule_id)):
        overlaps = any(
            other.category == finding.category
            and other.start < max(finding.end, 1)
            and finding.start < max(other.end, 1)
            for other in kept
        )
        if not overlaps:
            kept.append(finding)
    return sorted(kept, key=lambda item: (item.start, item.end, item.rule_id))


def worse(one: Band, other: Band) -> Band:
    """The join of two outcomes."""
    return max(one, other, key=_ORDER.index)


class Stage(StrEnum):
    """Who looks at a text: the rules at the caption, a model at the caption, the rules at the finished message."""

    RULES = "rules"
    MODEL = "model"
    RENDERED = "rendered"


@dataclass(frozen=True)
class StageResult:
    """What one stage saw. `trouble`: why it could not look properly; None if it could. `took_ms`: its own time.

    `dropped`: suspicions of a model whose quote does not stand in the text.
    """

    stage: Stage
    findings: Sequence[Finding] = ()
    trouble: str | None = None
    took_ms: float = 0.0
    dropped: int = 0


@dataclass(frozen=True)
class Conclusion:
    """The join over the stages that were due: never milder than any of them, review at least when one is missing."""

    verdict: Verdict
    due: frozenset[Stage]
    results: Sequence[StageResult]

    @property
    def is_degraded(self) -> bool:
        return _is_degraded(self.due, self.results)


def conclude(register: Register, due: Iterable[Stage], results: Sequence[StageResult]) -> Conclusion:
    """Join what the stages saw. Each further finding, trouble or missing stage can only raise the outcome."""
    due = frozenset(due)
    verdict = judge((finding for result in results for finding in result.findings), register)
    if _is_degraded(due, results):
        band = worse(verdict.band, Band.REVIEW)
        verdict = Verdict(band, _clamped(verdict.risk_score, band), register, verdict.findings)
    return Conclusion(verdict, due, results)


def _is_degraded(due: frozenset[Stage], results: Sequence[StageResult]) -> bool:
    return not due <= {result.stage for result in results if result.trouble is None}


ADVISOR_TYPES: Mapping[str, Capacity] = {"MFD": Capacity.MFD, "RIA": Capacity.IA, "RA": Capacity.RA}

_READERS = {Register.HI: "hi", Register.MR: "mr", Register.HI_LATN: "hi", Register.MR_LATN: "mr"}


def reader_language(register: Register) -> str:
    """In which language to speak to the author of such a text."""
    return _READERS.get(register, "en")


class AdRegime(StrEnum):
    """What an advertisement of an IA or RA needs: approval before issue (today), or a report within 24 h of it (CAC)."""

    PRIOR_APPROVAL = "PRIOR_APPROVAL"
    REPORT_24H = "REPORT_24H"


@dataclass(frozen=True)
class AdRecord:
    """The supervisory body's papers for one advertisement. Times are UTC and aware; `valid_until` is its last day."""

    reference: str = ""
    valid_until: date | None = None
    issued_at: datetime | None = None
    reported_at: datetime | None = None


@dataclass(frozen=True)
class Figure:
    """A price, level or rate quoted in a text, and the day it is of; None when nobody said."""

    quote: str
    as_of: date | None


@dataclass(frozen=True)
class Context:
    """For whom a text speaks, and what is known of it.

    Lint needs the capacity alone. The rendered message is checked against the rest: the registered name and number of
    that advisor, the domain she declared to her supervisory body, `names` (every other field she is shown with, by
    field name: display name, sign-off), class, papers and figures.
    """

    capacity: Capacity
    registered_name: str = ""
    registration_number: str = ""
    declared_domain: str = ""
    language: Language | None = None
    content_class: ContentClass = ContentClass.EDUCATION
    ad_regime: AdRegime = AdRegime.PRIOR_APPROVAL
    ad: AdRecord = AdRecord()
    figures: Sequence[Figure] = ()
    names: Mapping[str, str] = field(default_factory=dict[str, str])
