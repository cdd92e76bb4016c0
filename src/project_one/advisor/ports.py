"""What the advisor room needs of others."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Protocol
from uuid import UUID

from project_one.advisor.scores import Judged
from project_one.kernel.db import WriteSession
from project_one.kernel.lookups import Lookup

Memberships = Callable[[WriteSession, UUID, UUID], Awaitable[None]]
"""(session, user id, firm id): makes the person a member of the firm, in that session."""

JudgedPacks = Callable[[Lookup, UUID, int], Awaitable[Sequence[Judged]]]
"""(lookup, firm id, how many): the newest verdicts on the firm's own packs, newest first."""


class DocumentStorage(Protocol):
    """Where sealed documents lie. Keys are ours: letters, digits, `-` and `/`. Bytes come back as they went in.

    Raises DocumentStorageAwayError when it is elsewhere and does not answer.
    """

    async def put(self, key: str, data: bytes) -> None: ...

    async def get(self, key: str) -> bytes | None:
        """None when nothing lies there."""
        ...

    async def delete(self, key: str) -> None:
        """What is not there is deleted already."""
        ...

    async def kept_under(self, folder: str, *, before: datetime) -> list[str]:
        """Keys that begin with the folder and were put before the moment, in order."""
        ...
