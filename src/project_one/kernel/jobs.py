"""What a job is: a small frozen payload with a fixed name on a fixed queue. Names and fields are contracts."""

from typing import ClassVar

from pydantic import BaseModel, ConfigDict


class Job(BaseModel):
    """Ids only, never copies or personal data. Add fields with defaults; never rename."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    queue: ClassVar[str]
    name: ClassVar[str]
