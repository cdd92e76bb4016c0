"""Numbers and templates over HTTP, to look at."""

from collections.abc import Callable
from typing import Annotated, Any

from fastapi import APIRouter, Depends

from project_one.auth.domain import Permission, Principal
from project_one.auth.policy import require
from project_one.channel import reads
from project_one.channel.domain import NumberState, Quality, TemplateState
from project_one.channel.schemas import NumberOut, TemplateOut
from project_one.kernel import pages
from project_one.kernel.db import Database
from project_one.kernel.pages import DEFAULT_LIMIT, Cursor, Limit, Page
from project_one.kernel.problems import errors
from project_one.vocabulary.domain import Language


def channel_router(database: Database, principal: Callable[..., Principal]) -> APIRouter:
    router = APIRouter(tags=["channel"])

    @router.get(
        "/numbers",
        response_model=Page[NumberOut],
        summary="Our sending numbers",
        responses=errors(pages.CursorInvalidError),
    )
    async def list_numbers(  # pyright: ignore[reportUnusedFunction]
        caller: Annotated[Principal, Depends(principal)],
        state: NumberState | None = None,
        quality: Quality | None = None,
        cursor: Cursor = None,
        limit: Limit = DEFAULT_LIMIT,
    ) -> Any:
        require(caller, Permission.CHANNEL_READ)
        after = None if cursor is None else pages.decode(cursor, 1)[0]
        async with database.scoped(caller.scope).readings() as session:
            found = await reads.numbers(session, state=state, quality=quality, after=after, limit=limit + 1)
        items = [vars(item.sending) | {"rate_per_s": item.rate_per_s, "checked_at": item.checked_at} for item in found]
        return pages.page(items, limit, "vendor_id")

    @router.get(
        "/templates",
        response_model=Page[TemplateOut],
        summary="Our templates at the vendor",
        responses=errors(pages.CursorInvalidError),
    )
    async def list_templates(  # pyright: ignore[reportUnusedFunction]
        caller: Annotated[Principal, Depends(principal)],
        state: TemplateState | None = None,
        language: Language | None = None,
        cursor: Cursor = None,
        limit: Limit = DEFAULT_LIMIT,
    ) -> Any:
        require(caller, Permission.CHANNEL_READ)
        after: tuple[str, str] | None = None
        if cursor is not None:
            name, last = pages.decode(cursor, 2)
            after = name, last
        async with database.scoped(caller.scope).readings() as session:
            found = await reads.templates(session, state=state, language=language, after=after, limit=limit + 1)
        return pages.page(found, limit, "name", "language")

    return router
