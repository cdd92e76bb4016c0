"""What a job is: a small frozen payload with a fixed name on a fixed queue. Names and fields are contracts."""

from typing import ClassVar
from uuid import UUID

from pydantic import BaseModel, ConfigDict


class Job(BaseModel):
    """Ids only, never copies or personal data. Add fields with defaults; never rename.

    `occurrence_id`: the scheduled moment this run is for; done when the run has ended well.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    queue: ClassVar[str]
    name: ClassVar[str]

    occurrence_id: UUID | None = None
