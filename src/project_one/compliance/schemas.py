"""HTTP bodies of the lint door."""

from typing import Literal

from pydantic import BaseModel, Field

from project_one.compliance.domain import Band, Register, Severity

MAX_CHARACTERS = 20_000


class LintIn(BaseModel):
    """A caption with its footer, as it would be posted."""

    text: str = Field(max_length=MAX_CHARACTERS, examples=["Returns are never guaranteed.\nAsha Rao, ARN-123456"])
    advisor_type: Literal["MFD", "RIA", "RA"] = Field(examples=["MFD"])


class FindingOut(BaseModel):
    """`start`, `end`: code points of the text; both 0 for something missing. Message and remedy in the reader's language."""

    rule_id: str
    category: str
    severity: Severity
    start: int
    end: int
    quote: str
    message: str | None
    remedy: str | None
    basis: str | None


class LintOut(BaseModel):
    verdict: Band
    risk_score: int = Field(ge=0, le=100)
    language: Register
    policy_version: str
    stages_done: list[str]
    findings: list[FindingOut]
