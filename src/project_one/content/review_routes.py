"""Reviewing over HTTP: the queue, decisions over texts that were read, and overrides of blocks."""

from collections.abc import Awaitable, Callable
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Response

from project_one.auth.domain import Permission, Principal
from project_one.auth.policy import require
from project_one.compliance import override_list, overrides
from project_one.compliance.override_list import OverrideState
from project_one.content import pack_queries, pack_rows, reviewing
from project_one.content.pack_routes import refusals
from project_one.content.pack_schemas import PackOut
from project_one.content.pack_shown import pack_out, person_needed, waiting_out
from project_one.content.packs import Decision, Reason, Suggestion
from project_one.content.review_schemas import (
    ApproveIn,
    BulkApprovedOut,
    BulkApproveIn,
    OverrideIn,
    OverrideOut,
    OverrideRevokeIn,
    RefuseIn,
    WaitingOut,
)
from project_one.content.reviewing import FirmsOf, Opinion, Reviewer
from project_one.kernel.clock import Clock
from project_one.kernel.db import Database, ReadSession
from project_one.kernel.etags import etag
from project_one.kernel.pages import DEFAULT_LIMIT, Cursor, Limit, Page
from project_one.vocabulary.domain import ContentClass, Language

Sha256 = Annotated[str | None, Query(pattern="^[0-9a-f]{64}$", description="Of the text they are about.")]


def review_router(
    database: Database, clock: Clock, principal: Callable[..., Principal], firms_of: FirmsOf
) -> APIRouter:
    """`firms_of`: of which firms a person is a member, so that nobody reviews her own."""
    router = APIRouter(tags=["reviews"])

    async def reviewer_of(session: ReadSession, caller: Principal) -> Reviewer:
        if caller.user_id is None:
            raise person_needed()
        return Reviewer(caller.user_id, caller.actor, frozenset(await firms_of(session, caller.user_id)))

    async def decide(
        pack_id: UUID,
        opinion: Opinion,
        caller: Principal,
        response: Response,
        how: Callable[..., Awaitable[object]] = reviewing.decide,
    ) -> dict[str, Any]:
        require(caller, Permission.PACK_REVIEW)
        async with database.scoped(caller.scope).transactions() as session:
            reviewer = await reviewer_of(session, caller)
            pack = await pack_rows.locked_once_submitted(session, pack_id)
            await how(session, pack, opinion, reviewer, now=clock())
        response.headers["ETag"] = etag(pack.version)
        return pack_out(pack)

    @router.get(
        "/review-queue",
        response_model=Page[WaitingOut],
        summary="Packs in review: the riskiest first, then by deadline and age",
        responses=refusals(),
    )
    async def read_queue(
        caller: Annotated[Principal, Depends(principal)],
        language: Annotated[Language | None, Query(description="Packs with a text in it.")] = None,
        content_class: ContentClass | None = None,
        cursor: Cursor = None,
        limit: Limit = DEFAULT_LIMIT,
    ) -> Any:  # pyright: ignore[reportUnusedFunction]
        require(caller, Permission.PACK_REVIEW)
        async with database.scoped(caller.scope).readings() as session:
            firms = await firms_of(session, caller.user_id) if caller.user_id else frozenset[UUID]()
            waiting, following = await pack_queries.queue(
                session, not_of=firms, language=language, content_class=content_class, cursor=cursor, limit=limit
            )
        return {"items": [waiting_out(item, now=clock()) for item in waiting], "next_cursor": following}

    @router.post(
        "/content-packs/{pack_id}/approve",
        response_model=PackOut,
        summary="Approve these texts",
        description="Binds the named hashes. 409 with the current `state` when another reviewer was first.",
        responses=refusals(404, 409),
    )
    async def approve(
        pack_id: UUID, body: ApproveIn, caller: Annotated[Principal, Depends(principal)], response: Response
    ) -> Any:  # pyright: ignore[reportUnusedFunction]
        opinion = Opinion(Decision.APPROVED, {key.value: item for key, item in body.hashes.items()}, body.note)
        return await decide(pack_id, opinion, caller, response)

    @router.post(
        "/content-packs/{pack_id}/reject", response_model=PackOut, summary="Reject it", responses=refusals(404, 409)
    )
    async def reject(
        pack_id: UUID, body: RefuseIn, caller: Annotated[Principal, Depends(principal)], response: Response
    ) -> Any:  # pyright: ignore[reportUnusedFunction]
        return await decide(pack_id, _refusal(Decision.REJECTED, body), caller, response)

    @router.post(
        "/content-packs/{pack_id}/request-changes",
        response_model=PackOut,
        summary="Ask its author for changes",
        responses=refusals(404, 409),
    )
    async def request_changes(
        pack_id: UUID, body: RefuseIn, caller: Annotated[Principal, Depends(principal)], response: Response
    ) -> Any:  # pyright: ignore[reportUnusedFunction]
        return await decide(pack_id, _refusal(Decision.CHANGES_REQUESTED, body), caller, response)

    @router.post(
        "/content-packs/{pack_id}/take-back",
        response_model=PackOut,
        summary="Take an approval back until the pack is sent",
        description="Any reviewer may, with her reasons: the author changes the text and submits it again. What was "
        "scheduled is no longer; a message that is planned with it goes out with its plan B.",
        responses=refusals(404, 409),
    )
    async def take_back(
        pack_id: UUID, body: RefuseIn, caller: Annotated[Principal, Depends(principal)], response: Response
    ) -> Any:  # pyright: ignore[reportUnusedFunction]
        return await decide(pack_id, _refusal(Decision.CHANGES_REQUESTED, body), caller, response, reviewing.take_back)

    @router.post(
        "/reviews/bulk-approve",
        response_model=BulkApprovedOut,
        summary="Approve several packs by one named decision",
        description="All of them or none: every listed text must be in review, with all languages of its pack.",
        responses=refusals(404, 409),
    )
    async def bulk_approve(body: BulkApproveIn, caller: Annotated[Principal, Depends(principal)]) -> Any:  # pyright: ignore[reportUnusedFunction]
        require(caller, Permission.PACK_REVIEW)
        async with database.scoped(caller.scope).transactions() as session:
            reviewer = await reviewer_of(session, caller)
            packs = await reviewing.bulk_approve(session, body.hashes, body.name, reviewer, now=clock())
        return {"pack_ids": [pack.row.id for pack in packs]}

    @router.post(
        "/overrides",
        response_model=OverrideOut,
        status_code=201,
        summary="Ask that a blocked text may pass",
        description="The first reviewer's half; another one, neither of them the author, grants it.",
        responses=refusals(404, 409),
    )
    async def ask(body: OverrideIn, caller: Annotated[Principal, Depends(principal)]) -> Any:  # pyright: ignore[reportUnusedFunction]
        require(caller, Permission.OVERRIDE)
        async with database.scoped(caller.scope).transactions() as session:
            reviewer = await reviewer_of(session, caller)
            pack = await pack_rows.locked_once_submitted(session, body.pack_id)
            made = await reviewing.ask_override(
                session, pack, body.language.value, reviewer, reason=body.reason, now=clock()
            )
            return await override_list.read(session, made)

    @router.get("/overrides", response_model=Page[OverrideOut], summary="Overrides, newest first", responses=refusals())
    async def read_overrides(
        caller: Annotated[Principal, Depends(principal)],
        state: OverrideState | None = None,
        content_sha256: Sha256 = None,
        cursor: Cursor = None,
        limit: Limit = DEFAULT_LIMIT,
    ) -> Any:  # pyright: ignore[reportUnusedFunction]
        require(caller, Permission.OVERRIDE)
        async with database.scoped(caller.scope).readings() as session:
            found, following = await override_list.listed(
                session, state=state, sha256=content_sha256, cursor=cursor, limit=limit
            )
        return {"items": found, "next_cursor": following}

    @router.post(
        "/overrides/{override_id}/grant",
        response_model=OverrideOut,
        summary="Grant it as the second reviewer",
        responses=refusals(404, 409),
    )
    async def grant(override_id: UUID, caller: Annotated[Principal, Depends(principal)]) -> Any:  # pyright: ignore[reportUnusedFunction]
        require(caller, Permission.OVERRIDE)
        async with database.scoped(caller.scope).transactions() as session:
            reviewer = await reviewer_of(session, caller)
            await reviewing.ensure_may_grant(session, override_id, reviewer)
            await overrides.grant(session, override_id, reviewer=reviewer.actor, now=clock())
            return await override_list.read(session, override_id)

    @router.post(
        "/overrides/{override_id}/revoke",
        response_model=OverrideOut,
        summary="Take it back",
        description="Packs that were approved under it go back to their authors, with the reason, until they are sent.",
        responses=refusals(404, 409),
    )
    async def revoke(
        override_id: UUID, body: OverrideRevokeIn, caller: Annotated[Principal, Depends(principal)]
    ) -> Any:  # pyright: ignore[reportUnusedFunction]
        require(caller, Permission.OVERRIDE)
        async with database.scoped(caller.scope).transactions() as session:
            reviewer = await reviewer_of(session, caller)
            await reviewing.revoke_override(session, override_id, reviewer, reason=body.reason, now=clock())
            return await override_list.read(session, override_id)

    return router


def _refusal(decision: Decision, body: RefuseIn) -> Opinion:
    return Opinion(
        decision,
        {key.value: item for key, item in body.hashes.items()},
        body.note,
        [Reason(item.note, item.rule_id, item.category, item.language) for item in body.reasons],
        [Suggestion(item.language, item.text) for item in body.suggestions],
    )
