"""The fallback library over HTTP."""

from collections.abc import Callable
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query

from project_one.auth.domain import Permission, Principal
from project_one.auth.errors import NotPermittedError
from project_one.auth.policy import require
from project_one.compliance.shelf import PolicyShelf
from project_one.content import fallback
from project_one.content.domain import Content
from project_one.content.errors import (
    LibraryAuthorError,
    LibraryPackUnknownError,
    LibraryTextBlockedError,
    LibraryTextChangedError,
    LibraryTextUnfitError,
)
from project_one.content.fallback_schemas import (
    FallbackApproveIn,
    FallbackPackIn,
    FallbackPackOut,
    FallbackTakeBackIn,
    Month,
)
from project_one.kernel import pages
from project_one.kernel.clock import Clock, business_date
from project_one.kernel.db import Database
from project_one.kernel.pages import DEFAULT_LIMIT, Cursor, Limit, Page
from project_one.kernel.problems import errors
from project_one.vocabulary.domain import Capacity, Language


def fallback_router(
    database: Database, shelf: PolicyShelf, clock: Clock, principal: Callable[..., Principal]
) -> APIRouter:
    router = APIRouter(prefix="/fallback/packs", tags=["fallback"])

    @router.get(
        "",
        response_model=Page[FallbackPackOut],
        summary="The packs of the library",
        description="Oldest first. Advisors see the approved ones.",
        responses=errors(pages.CursorInvalidError),
    )
    async def list_fallback_packs(  # pyright: ignore[reportUnusedFunction]
        caller: Annotated[Principal, Depends(principal)],
        language: Language | None = None,
        capacity: Capacity | None = None,
        month: Annotated[Month | None, Query(description="May be used in this month.")] = None,
        approved: bool | None = None,
        cursor: Cursor = None,
        limit: Limit = DEFAULT_LIMIT,
    ) -> Any:
        require(caller, Permission.LIBRARY_READ)
        wanted = fallback.Wanted(language, capacity, month, approved if caller.is_staff else True)
        after = None if cursor is None else pages.moment_and_id(pages.decode(cursor, 2))
        async with database.scoped(caller.scope).readings() as session:
            found = await fallback.packs(session, wanted, after=after, limit=limit + 1)
        return pages.page(found, limit, "created_at", "id")

    @router.get(
        "/{pack_id}",
        response_model=FallbackPackOut,
        summary="One pack of the library",
        description="Advisors see the approved ones.",
        responses=errors(LibraryPackUnknownError),
    )
    async def read_fallback_pack(pack_id: UUID, caller: Annotated[Principal, Depends(principal)]) -> Any:  # pyright: ignore[reportUnusedFunction]
        require(caller, Permission.LIBRARY_READ)
        async with database.scoped(caller.scope).readings() as session:
            return await fallback.pack(session, pack_id, is_approved=None if caller.is_staff else True)

    @router.post(
        "",
        response_model=FallbackPackOut,
        status_code=201,
        summary="Add a pack to the library",
        description=(
            "It goes through the same stages as a firm's pack: the rules over each text, and over the message it makes in "
            "every approved frame of its capacities; a blocked one is refused with its findings. What is left for the people "
            "who approve it is in `checked`; numbers, dates and negations that the languages do not say alike also in "
            "`findings` of the text."
        ),
        responses=errors(LibraryTextBlockedError, LibraryTextUnfitError),
    )
    async def add_fallback_pack(body: FallbackPackIn, caller: Annotated[Principal, Depends(principal)]) -> Any:  # pyright: ignore[reportUnusedFunction]
        require(caller, Permission.LIBRARY_WRITE)
        now = clock()
        rulebook = await shelf.in_force(business_date(now))
        texts = {Language.EN: body.texts.en, Language.HI: body.texts.hi, Language.MR: body.texts.mr}
        new = fallback.NewPack(
            body.topic_family,
            body.content_class,
            frozenset(body.capacities),
            frozenset(body.months),
            [Content(text.topic, text.caption, language) for language, text in texts.items()],
        )
        async with database.scoped(caller.scope).transactions() as session:
            pack_id = await fallback.add(session, new, rulebook, author=caller.actor, now=now)
            return await fallback.pack(session, pack_id)

    @router.post(
        "/{pack_id}/approve",
        response_model=FallbackPackOut,
        summary="Approve its texts as you read them",
        description="Two people with accounts approve a pack, neither of them the one who added it.",
        responses=errors(LibraryPackUnknownError, LibraryAuthorError, LibraryTextChangedError),
    )
    async def approve_fallback_pack(  # pyright: ignore[reportUnusedFunction]
        pack_id: UUID, body: FallbackApproveIn, caller: Annotated[Principal, Depends(principal)]
    ) -> Any:
        require(caller, Permission.LIBRARY_WRITE)
        if caller.user_id is None:
            message = "An approval stands under a person's name; sign in with your own account."
            raise NotPermittedError(message)
        async with database.scoped(caller.scope).transactions() as session:
            return await fallback.approve(
                session, pack_id, body.hashes, reviewer_id=caller.user_id, actor=caller.actor, now=clock()
            )

    @router.post(
        "/{pack_id}/take-back",
        response_model=FallbackPackOut,
        summary="Take its approvals back",
        description="Nothing with its texts leaves from then on; a message that is planned with one goes out with its plan B. "
        "It is used again once two people approve it anew.",
        responses=errors(LibraryPackUnknownError),
    )
    async def take_back_fallback_pack(  # pyright: ignore[reportUnusedFunction]
        pack_id: UUID, body: FallbackTakeBackIn, caller: Annotated[Principal, Depends(principal)]
    ) -> Any:
        require(caller, Permission.LIBRARY_WRITE)
        async with database.scoped(caller.scope).transactions() as session:
            return await fallback.take_back(session, pack_id, reason=body.reason, actor=caller.actor, now=clock())

    return router
