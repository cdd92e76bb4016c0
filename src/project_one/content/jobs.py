"""What leaves the room as a job."""

from typing import ClassVar
from uuid import UUID

from project_one.kernel.jobs import Job


class ComplianceCheck(Job):
    """Let the model look at a submitted pack. `version`: of the pack when it was submitted; an edit makes the job void."""

    queue: ClassVar[str] = "content-processing"
    name: ClassVar[str] = "compliance-check"

    pack_id: UUID
    version: int


class WorkAiRun(Job):
    """Generate or translate for a run that nobody waits for, or whose waiting request died."""

    queue: ClassVar[str] = "content-processing"
    name: ClassVar[str] = "ai-run"

    run_id: UUID
