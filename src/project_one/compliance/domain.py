"""What the engine says: findings, severity, score, verdict. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from project_one.vocabulary.domain import Capacity


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
    **dict.fromkeys(("missing_identity", "missing_warning"), (Severity.REVIEW, 45)),
    "complex_language": (Severity.WARN, 25),
}
"""Severity in lint and score of each category (design section 8)."""

_FORMAL = frozenset({"emoji", "hashtag", "length", "shouting", "missing_identity", "missing_warning"})
_MANY = 3  # different content-review categories make a block
_BANDS = {Band.PASS: (0, 39), Band.REVIEW: (40, 69), Band.BLOCK: (70, 100)}
_ORDER = (Band.PASS, Band.REVIEW, Band.BLOCK)


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong. `start`, `end`: code points of the original text; both 0 for something missing."""

    rule_id: str
    category: str
    severity: Severity
    start: int
    end: int
    quote: str


@dataclass(frozen=True)
class Verdict:
    band: Band
    risk_score: int
    register: Register
    findings: Sequence[Finding]


def judge(findings: Sequence[Finding], register: Register) -> Verdict:
    """Severity decides, the score follows within the band. The same for everyone."""
    severities = {finding.severity for finding in findings}
    content = {
        finding.category
        for finding in findings
        if finding.severity is Severity.REVIEW and finding.category not in _FORMAL
    }
    if Severity.BLOCK in severities or len(content) >= _MANY:
        band = Band.BLOCK
    elif Severity.REVIEW in severities:
        band = Band.REVIEW
    else:
        band = Band.PASS
    total = sum(CATEGORIES[category][1] for category in {finding.category for finding in findings})
    low, high = _BANDS[band]
    return Verdict(band, min(high, max(low, total)), register, findings)


def worse(one: Band, other: Band) -> Band:
    """The join of two outcomes."""
    return max(one, other, key=_ORDER.index)


ADVISOR_TYPES: Mapping[str, Capacity] = {"MFD": Capacity.MFD, "RIA": Capacity.IA, "RA": Capacity.RA}

_READERS = {Register.HI: "hi", Register.MR: "mr", Register.HI_LATN: "hi", Register.MR_LATN: "mr"}


def reader_language(register: Register) -> str:
    """In which language to speak to the author of such a text."""
    return _READERS.get(register, "en")


@dataclass(frozen=True)
class Context:
    """For whom the text speaks."""

    capacity: Capacity
