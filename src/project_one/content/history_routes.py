"""Reading what became of a pack: revisions and their diff, reviews, and the progress of a check as events."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Query, Response
from fastapi.sse import EventSourceResponse, format_sse_event

from project_one.auth.domain import Permission, Principal
from project_one.auth.policy import require
from project_one.content import pack_lists, pack_queries, pack_rows
from project_one.content.errors import PackUnknownError, RevisionUnknownError
from project_one.content.pack_routes import refusals
from project_one.content.pack_schemas import (
    ProgressOut,
    RevisionDiffOut,
    RevisionOut,
)
from project_one.content.pack_shown import diff_out, progress_out, revision_out, texts
from project_one.content.review_schemas import ReviewOut, ReviewsOut
from project_one.kernel.db import Database
from project_one.kernel.pages import DEFAULT_LIMIT, Cursor, Limit, Page
from project_one.kernel.problems import errors

LOOK_EVERY_S, LOOK_FOR_S = 1.0, 60.0
Number = Annotated[int, Path(ge=1, le=1_000_000)]
Against = Annotated[int, Query(ge=1, le=1_000_000, description="Number of the older revision.")]


def history_router(database: Database, principal: Callable[..., Principal]) -> APIRouter:
    router = APIRouter(prefix="/content-packs", tags=["packs"])

    @router.get(
        "/{pack_id}/revisions", response_model=Page[RevisionOut], summary="What it said", responses=refusals(404)
    )
    async def read_revisions(  # pyright: ignore[reportUnusedFunction]
        pack_id: UUID,
        caller: Annotated[Principal, Depends(principal)],
        cursor: Cursor = None,
        limit: Limit = DEFAULT_LIMIT,
    ) -> Any:
        require(caller, Permission.PACK_READ)
        async with database.scoped(caller.scope).lookups() as lookup:
            found, following = await pack_lists.revisions(lookup, pack_id, caller, cursor=cursor, limit=limit)
        items = [row | {"variants": texts(row["content"])} for row in found]
        return {"items": items, "next_cursor": following}

    @router.get(
        "/{pack_id}/revisions/{number}",
        response_model=RevisionOut,
        summary="One revision",
        responses=errors(PackUnknownError, RevisionUnknownError),
    )
    async def read_revision(pack_id: UUID, number: Number, caller: Annotated[Principal, Depends(principal)]) -> Any:  # pyright: ignore[reportUnusedFunction]
        require(caller, Permission.PACK_READ)
        async with database.scoped(caller.scope).readings() as session:
            await pack_rows.ensure_history_shown(session, pack_id, caller)
            return revision_out(await pack_queries.revision(session, pack_id, number, caller))

    @router.get(
        "/{pack_id}/revisions/{number}/diff",
        response_model=RevisionDiffOut,
        summary="What changed against another, word by word",
        responses=errors(PackUnknownError, RevisionUnknownError),
    )
    async def read_diff(
        pack_id: UUID, number: Number, against: Against, caller: Annotated[Principal, Depends(principal)]
    ) -> Any:  # pyright: ignore[reportUnusedFunction]
        require(caller, Permission.PACK_READ)
        async with database.scoped(caller.scope).readings() as session:
            await pack_rows.ensure_history_shown(session, pack_id, caller)
            newer = await pack_queries.revision(session, pack_id, number, caller)
            older = await pack_queries.revision(session, pack_id, against, caller)
        compared = await asyncio.to_thread(pack_queries.compared, older.content, newer.content)
        return {"number": number, "against": against, "languages": diff_out(compared)}

    @router.get("/{pack_id}/reviews", response_model=ReviewsOut, summary="What reviewers said", responses=refusals(404))
    async def read_reviews(pack_id: UUID, caller: Annotated[Principal, Depends(principal)]) -> Any:  # pyright: ignore[reportUnusedFunction]
        require(caller, Permission.PACK_READ)
        async with database.scoped(caller.scope).readings() as session:
            await pack_rows.ensure_history_shown(session, pack_id, caller)
            found = await pack_queries.reviews(session, pack_id)
        return {"items": [{name: getattr(row, name) for name in ReviewOut.model_fields} for row in found]}

    @router.get(
        "/{pack_id}/progress",
        summary="How far its check is, as events",
        description="`progress` at once and at every change; the last has `done` true. Ends after a minute; ask again.",
        response_class=Response,
        responses=refusals(404) | {200: {"content": {"text/event-stream": {}}}},
    )
    async def progress(pack_id: UUID, caller: Annotated[Principal, Depends(principal)]) -> Response:  # pyright: ignore[reportUnusedFunction]
        require(caller, Permission.PACK_READ)
        scoped = database.scoped(caller.scope)

        async def now() -> ProgressOut:
            async with scoped.readings() as session:
                return ProgressOut.model_validate(progress_out(await pack_rows.read(session, pack_id)))

        async with scoped.lookups() as lookup:
            await pack_lists.one(lookup, pack_id, caller)
        first = await now()

        async def events() -> AsyncGenerator[bytes]:
            said = first
            yield _event(said)
            for _ in range(int(LOOK_FOR_S / LOOK_EVERY_S)):
                if said.done:
                    return
                await asyncio.sleep(LOOK_EVERY_S)
                seen = await now()
                if seen != said:
                    said = seen
                    yield _event(said)

        return EventSourceResponse(events())

    return router


def _event(progress: ProgressOut) -> bytes:
    return format_sse_event(event="progress", data_str=progress.model_dump_json())
