"""The channel's jobs."""

from typing import ClassVar

from project_one.kernel.jobs import Job


class SyncChannel(Job):
    queue: ClassVar[str] = "maintenance"
    name: ClassVar[str] = "sync-channel"
