"""The life of a run: waiting → asking → checking → done. Pure."""

from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from project_one.content.generation import Variant
from project_one.content.translation import Translated

KEPT_FOR = timedelta(days=14)
LEASE = timedelta(seconds=30)
"""Longer than a run may take; after it a crashed one is begun again."""


class RunKind(StrEnum):
    GENERATION = "generation"
    TRANSLATION = "translation"


class RunState(StrEnum):
    WAITING = "waiting"
    ASKING = "asking"
    CHECKING = "checking"
    DONE = "done"


@dataclass(frozen=True)
class Claimed:
    """A run that is ours to work on."""

    run_id: UUID
    firm_id: UUID
    kind: RunKind
    question: dict[str, Any]


@dataclass(frozen=True)
class RunResult:
    """What came of it. `trouble`: why the model gave nothing, a sentence; `dropped`: its texts that the engine refused."""

    policy_version: str
    variants: tuple[Variant, ...] = ()
    translated: Translated | None = None
    trouble: str | None = None
    reason: str | None = None
    dropped: int = 0
    refused_categories: tuple[str, ...] = field(default=())
