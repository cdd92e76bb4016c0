"""The advisor room's jobs."""

from typing import ClassVar

from project_one.kernel.jobs import Job


class RecheckRegistrations(Job):
    """Hold every advisor against the newest registers and the calendar."""

    queue: ClassVar[str] = "maintenance"
    name: ClassVar[str] = "recheck-registrations"
