"""HTTP bodies of the lint and policy doors."""

from datetime import date, datetime
from typing import Any, Literal

from pydantic import BaseModel, Field

from project_one.compliance.domain import Band, Register, Severity, Stage
from project_one.compliance.policy import PolicyState

MAX_CHARACTERS = 20_000
_MOST_POLICY_CHARACTERS = 3_000_000


class LintIn(BaseModel):
    """A caption with its footer, as it would be posted. `language`: what the author says it is written in."""

    text: str = Field(max_length=MAX_CHARACTERS, examples=["Returns are never guaranteed.\nAsha Rao, ARN-123456"])
    advisor_type: Literal["MFD", "RIA", "RA"] = Field(examples=["MFD"])
    language: Register | None = Field(default=None, examples=["EN"])
    policy_version: str | None = Field(default=None, description="A version to check against; else the one in force.")


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


class StageOut(BaseModel):
    """`trouble`: why a stage could not look properly; then the verdict is `review` at least."""

    stage: Stage
    took_ms: float
    trouble: str | None
    dropped: int = Field(description="Suspicions of the model whose quote does not stand in the text.")


class EditOut(BaseModel):
    """Replace the code points `start` to `end` of the text by `replacement`."""

    start: int
    end: int
    replacement: str
    rule_id: str
    reason: str


class RewriteOut(BaseModel):
    """What can be put right mechanically. `verdict`: of the rules on the result."""

    text: str
    edits: list[EditOut]
    verdict: Band


class LintOut(BaseModel):
    verdict: Band
    risk_score: int = Field(ge=0, le=100)
    language: Register
    policy_version: str
    stages_due: list[Stage]
    stages_done: list[StageOut]
    degraded: bool
    findings: list[FindingOut]
    rewrite: RewriteOut | None


class PolicyDraftIn(BaseModel):
    """`files`: policy files by folder and name that differ from the base; null takes one away."""

    base: str = Field(description="The version the changes are made to.", examples=["5f" * 32])
    files: dict[str, str | None] = Field(min_length=1, examples=[{"rules/rules.yaml": "- id: …"}])
    note: str = Field(min_length=10, max_length=2_000, examples=["Catch promises made as bank standing orders."])

    def size(self) -> int:
        return sum(len(text or "") for text in self.files.values())

    @property
    def is_too_large(self) -> bool:
        return self.size() > _MOST_POLICY_CHARACTERS


class PolicyApproveIn(BaseModel):
    effective_from: date = Field(
        description="First business date (IST) on which it is in force; today at the earliest.", examples=["2026-12-01"]
    )


class PolicyWithdrawIn(BaseModel):
    reason: str = Field(min_length=10, max_length=2_000, examples=["It catches the names of two fund houses."])


class RegressionOut(BaseModel):
    """`failures`: the first fifty, a line each."""

    checked: int
    failed: int
    failures: list[str]


class PolicyOut(BaseModel):
    version: str
    state: PolicyState
    author: str
    note: str
    drafted_at: datetime
    regression: RegressionOut | None
    tested_at: datetime | None
    approver: str | None
    approved_at: datetime | None
    effective_from: date | None
    is_in_force: bool


class PolicyListOut(BaseModel):
    """`in_force`: today's version; `shipped`: the one of this release, in force while none is approved."""

    in_force: str
    shipped: str
    policies: list[PolicyOut]


class FlipOut(BaseModel):
    """`scheduled_on`: business dates from today on for which a pack with this text is scheduled."""

    content_sha256: str
    advisor_type: str
    before: Band
    after: Band
    rules: list[str]
    scheduled_on: list[date]


class ReplayOut(BaseModel):
    """`differing`: verdicts of this very version that did not come out bit-identical; anything but 0 is a defect."""

    version: str
    replayed: int
    differing: int
    flips: list[FlipOut]

    model_config = {
        "json_schema_extra": {"examples": [{"version": "9f…", "replayed": 288, "differing": 0, "flips": []}]}
    }


def as_dict(row: Any, schema: type[BaseModel]) -> dict[str, Any]:
    """The fields of a schema that a row has."""
    return {name: getattr(row, name) for name in schema.model_fields if hasattr(row, name)}
