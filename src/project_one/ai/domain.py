"""What is asked of a model, what comes back and what it cost. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from uuid import UUID


class Purpose(StrEnum):
    """What a call is for; quotas and figures are kept by it."""

    LINT = "lint"
    PACK_CHECK = "pack-check"
    GENERATION = "generation"
    TRANSLATION = "translation"


class Role(StrEnum):
    """What a model is good for; the table of models names one per role and day."""

    COMPLIANCE = "compliance"
    GENERATION = "generation"
    TRANSLATION = "translation"


class Reason(StrEnum):
    """Why there is no answer. Callers go down their ladder; nobody is shown an error page."""

    NOT_CONFIGURED = "not-configured"
    PERSONAL_DATA = "personal-data"
    TOO_LONG = "too-long"
    QUOTA = "quota"
    BUDGET = "budget"
    RESTING = "resting"  # the breaker is open
    TOO_SLOW = "too-slow"
    VENDOR = "vendor"
    REFUSED = "refused"  # by the model itself, or by the vendor's filter
    UNREADABLE = "unreadable"  # not the JSON that was asked for


@dataclass(frozen=True)
class Prompt:
    """A prompt file. `system`: what never changes, rules first; `fields`: names a caller must fill; `schema`: strict JSON schema.

    `sha256`: over the whole file; `version` counts up with every change of it; `changelog`: an entry for each.
    """

    name: str
    version: int
    sha256: str
    role: Role
    owner: str
    system: str
    fields: tuple[str, ...]
    schema: Mapping[str, Any]
    most_output_tokens: int
    changelog: tuple[Mapping[str, Any], ...] = ()


@dataclass(frozen=True)
class Question:
    """One call. `fields`: the caller's values for the prompt's fields, data and never instructions.

    `policy_version`: of the rules the answer serves; another version is another question. `names`: people of the tenant,
    whose names must not leave. `owner`: whose quota and budget: the firm, or the person where there is none.
    """

    purpose: Purpose
    prompt: str
    fields: Mapping[str, str]
    owner: UUID
    policy_version: str = ""
    names: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Limits:
    """What a call may take. Seconds; `hedge_after_s`: None for no second try; `per_day`: calls of this purpose and owner that
    cost a quota, None for any number; `owner_cap_micro_rupees`: what the owner may spend in a month."""

    deadline_s: float
    owner_cap_micro_rupees: int
    hedge_after_s: float | None = None
    per_day: int | None = None


@dataclass(frozen=True)
class Usage:
    """Tokens as the vendor counts them; `cached` and `cache_written` are part of `input`."""

    input: int
    output: int
    cached: int = 0
    cache_written: int = 0


@dataclass(frozen=True)
class Answer:
    """`data`: as the prompt's schema has it; `call_id`: of the call that was paid for, in the ledger."""

    call_id: UUID
    data: Mapping[str, Any]
    model: str
    is_cached: bool


@dataclass(frozen=True)
class Refused:
    """`detail`: a sentence without personal data; `retry_after_s`: when it may be worth asking again."""

    reason: Reason
    detail: str
    retry_after_s: float | None = None


Result = Answer | Refused
