"""What a policy goes through, how its files travel, and how a verdict is written down. Pure.

draft ── regression passed ──► tested ── second person, effective date ──► approved ──► in force from that date
  └───────────── changed files are another version, a draft of their own ─────────────┘        └──► withdrawn
"""

import gzip
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from project_one.compliance.domain import NEVER_OVERRIDABLE, Context, Finding, Severity, Verdict
from project_one.kernel.canonical import Json, canonical_json, sha256_hex
from project_one.vocabulary.domain import Capacity


class PolicyState(StrEnum):
    DRAFT = "draft"
    TESTED = "tested"
    APPROVED = "approved"
    WITHDRAWN = "withdrawn"


def packed(policy: Mapping[str, str]) -> bytes:
    """Policy files as they are stored: the same files give the same bytes."""
    return gzip.compress(json.dumps(dict(sorted(policy.items())), ensure_ascii=False).encode(), mtime=0)


def unpacked(stored: bytes) -> dict[str, str]:
    return json.loads(gzip.decompress(stored))


@dataclass(frozen=True)
class Approved:
    """An approved version and the first business date on which it is in force."""

    version: str
    effective_from: date


def in_force(approved: Iterable[Approved], on: date) -> str | None:
    """The version in force on a business date: the one that took effect last; of two of one day the later in the list."""
    best: Approved | None = None
    for item in approved:
        if item.effective_from <= on and (best is None or item.effective_from >= best.effective_from):
            best = item
    return best.version if best else None


def context_as_json(context: Context) -> dict[str, Json]:
    """What of the context the rules over a caption read."""
    return {"capacity": context.capacity.value}


def context_from_json(raw: Mapping[str, str]) -> Context:
    return Context(Capacity(raw["capacity"]))


def verdict_as_json(verdict: Verdict) -> dict[str, Json]:
    """A verdict in full. Lone surrogates of a quote are kept as escapes, so that any text can be written down."""
    return {
        "band": verdict.band.value,
        "risk_score": verdict.risk_score,
        "language": verdict.register.value,
        "findings": [
            {
                "rule_id": item.rule_id,
                "category": item.category,
                "severity": item.severity.value,
                "start": item.start,
                "end": item.end,
                "quote": item.quote.encode("utf-8", "backslashreplace").decode(),
            }
            for item in verdict.findings
        ],
    }


def digest(value: Json) -> str:
    """SHA-256 of the canonical JSON: equal exactly when every bit is."""
    return sha256_hex(canonical_json(value))


def grave(findings: Iterable[Finding]) -> list[Finding]:
    """The findings that stop a text."""
    return [finding for finding in findings if finding.severity is not Severity.WARN]


def never_overridable(findings: Iterable[Finding]) -> list[str]:
    """Rule ids among the findings that no two reviewers may let through."""
    return sorted({finding.rule_id for finding in grave(findings) if finding.category in NEVER_OVERRIDABLE})


def is_covered(findings: Iterable[Finding], fingerprints: Iterable[str]) -> bool:
    """Whether an override over these fingerprints still holds: one new finding voids it."""
    stopping = grave(findings)
    return not never_overridable(stopping) and {finding.fingerprint for finding in stopping} <= set(fingerprints)
