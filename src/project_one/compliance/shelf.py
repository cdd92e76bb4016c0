"""The rulebook in force, kept in memory: looked up in Postgres now and then, read off the event loop when it changed."""

import asyncio
import time
from dataclasses import dataclass, field
from datetime import date

from project_one.compliance import policies
from project_one.compliance.errors import PolicyUnknownError, PolicyVersionInvalidError
from project_one.compliance.rulebook import Rulebook, load, read_policy
from project_one.kernel.db import Readings

_LOOK_AGAIN_S = 10.0
_MOST_KEPT = 4


@dataclass
class PolicyShelf:
    """One per process. The shipped rulebook is in force until a version has been approved."""

    readings: Readings
    _shipped: Rulebook | None = None
    _read: dict[str, Rulebook] = field(default_factory=dict[str, Rulebook])
    _current: tuple[date, float, str | None] | None = None
    _reading: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def in_force(self, on: date) -> Rulebook:
        """The rulebook of a business date; at most ten seconds behind an approval or a withdrawal."""
        if self._current is None or self._current[0] != on or time.monotonic() - self._current[1] > _LOOK_AGAIN_S:
            async with self.readings() as session:
                version = await policies.current_version(session, on)
            self._current = (on, time.monotonic(), version)
        version = self._current[2]
        return await self.shipped() if version is None else await self.version(version)

    async def shipped(self) -> Rulebook:
        """The rulebook of this release; read at the first use, since not every process asks for it."""
        async with self._reading:
            if self._shipped is None:
                self._shipped = await asyncio.to_thread(load)
            return self._shipped

    async def version(self, version: str) -> Rulebook:
        """A version by its hash. Raises PolicyVersionInvalidError."""
        shipped = await self.shipped()
        if version == shipped.version:
            return shipped
        async with self._reading:
            if version not in self._read:
                try:
                    async with self.readings() as session:
                        files = await policies.files_of(session, version)
                except PolicyUnknownError as error:
                    raise PolicyVersionInvalidError(error.detail) from None
                book = await asyncio.to_thread(read_policy, files)
                while len(self._read) >= _MOST_KEPT:
                    self._read.pop(next(iter(self._read)))
                self._read[version] = book
            return self._read[version]
