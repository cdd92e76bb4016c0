"""Trying a policy: its examples, and what would flip under it. Reads and writes apart, nothing open while rules run."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from datetime import date

from project_one.compliance import policies, verdicts
from project_one.compliance.errors import PolicyInvalidError
from project_one.compliance.policy import unpacked
from project_one.compliance.regression import Regression, run_regression
from project_one.compliance.rulebook import RulebookError, read_policy
from project_one.compliance.verdicts import Kept, Replay
from project_one.kernel.clock import Clock, business_date
from project_one.kernel.db import Database, ReadSession

ScheduledDates = Callable[[ReadSession, Collection[str], date], Awaitable[Mapping[str, Sequence[date]]]]
"""From content hashes to the business dates, from a date on, for which packs with these texts are scheduled."""


async def run_examples(database: Database, version: str, *, actor: str, clock: Clock) -> Regression:
    """Run a draft's examples and write down how it did. Raises on an unknown version, its state and unreadable files."""
    async with database.readings() as session:
        files = unpacked((await policies.policy(session, version)).files)
    regression = await asyncio.to_thread(_regression, files, business_date(clock()))
    async with database.transactions() as session:
        await policies.record_regression(session, version, regression, actor=actor, now=clock())
    return regression


def _regression(files: Mapping[str, str], on: date) -> Regression:
    try:
        return run_regression(files, read_policy(files), on=on)
    except RulebookError as error:
        raise PolicyInvalidError(str(error)) from error


async def what_would_flip(
    database: Database, version: str, scheduled: ScheduledDates, *, today: date
) -> tuple[Replay, Mapping[str, Sequence[date]]]:
    """Kept verdicts given again by a version, and for which days the texts that flip are scheduled, by content hash."""
    async with database.readings() as session:
        files = await policies.files_of(session, version)
        kept = await verdicts.newest(session)
    replayed = await asyncio.to_thread(_replay, files, kept)
    async with database.readings() as session:
        return replayed, await scheduled(session, {flip.content_sha256 for flip in replayed.flips}, today)


def _replay(files: Mapping[str, str], kept: Sequence[Kept]) -> Replay:
    return verdicts.replay(kept, read_policy(files))
