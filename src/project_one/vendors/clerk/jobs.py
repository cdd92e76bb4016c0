"""The webhook job: a wake-up; what is to be worked through stands in the inbox."""

from typing import ClassVar

from project_one.kernel.jobs import Job


class WorkClerkInbox(Job):
    queue: ClassVar[str] = "webhooks"
    name: ClassVar[str] = "clerk"
