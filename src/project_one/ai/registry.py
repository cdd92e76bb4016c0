"""Versions of prompts that were used, in Postgres: a verdict names one, and finds the text it was made with."""

from collections.abc import Mapping
from datetime import datetime

import structlog
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from project_one.ai.domain import Prompt
from project_one.ai.models import PromptRow
from project_one.ai.prompts import unregistered
from project_one.kernel.db import ReadSession, WriteSession
from project_one.kernel.ids import new_id

log = structlog.get_logger()


async def register(session: WriteSession, prompts: Mapping[str, Prompt], *, now: datetime) -> list[Prompt]:
    """Add the versions that are new; those added. Run at the start of a process that asks a model.

    Raises PromptFileError where a registered version has another text. Processes that start at once may all run it.
    """
    fresh = unregistered(prompts, await _registered(session))
    for prompt in fresh:
        row = {
            "id": new_id(),
            "name": prompt.name,
            "version": prompt.version,
            "sha256": prompt.sha256,
            "owner": prompt.owner,
            "changelog": [dict(change) for change in prompt.changelog],
            "registered_at": now,
        }
        await session.execute(insert(PromptRow).values(row).on_conflict_do_nothing(index_elements=["name", "version"]))
        log.info("ai.prompt.registered", prompt=prompt.name, version=prompt.version)
    unregistered(prompts, await _registered(session))
    return list(fresh)


async def _registered(session: ReadSession) -> dict[tuple[str, int], str]:
    rows = await session.execute(select(PromptRow.name, PromptRow.version, PromptRow.sha256))
    return {(name, version): sha256 for name, version, sha256 in rows}
