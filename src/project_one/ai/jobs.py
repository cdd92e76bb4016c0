"""The AI gate's jobs."""

from typing import ClassVar

from project_one.kernel.jobs import Job


class SettleCrashedCalls(Job):
    """Book at the worst case what a crash has left set aside."""

    queue: ClassVar[str] = "maintenance"
    name: ClassVar[str] = "settle-crashed-ai-calls"
