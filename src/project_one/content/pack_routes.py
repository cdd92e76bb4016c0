"""Writing packs over HTTP: drafts, autosave, submission, schedule. What a firm may not see is not there (404)."""

from collections.abc import Callable
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Response

from project_one.advisor.errors import TierNeededError
from project_one.auth.domain import Permission, Principal
from project_one.auth.policy import require
from project_one.compliance.shelf import PolicyShelf
from project_one.content import drafting, pack_lists, pack_rows, pack_templates, scheduling, submitting
from project_one.content.drafting import Changes, Facts
from project_one.content.errors import (
    DayTakenError,
    PackBlockedError,
    PackChangedError,
    PackIncompleteError,
    PackStateError,
    PackUnknownError,
    PersonNeededError,
)
from project_one.content.pack_lists import Wanted
from project_one.content.pack_schemas import (
    PackIn,
    PackOut,
    PackPatch,
    ScheduleIn,
    WithdrawIn,
    storable,
)
from project_one.content.pack_shown import pack_out, writer_of
from project_one.content.packs import PackState
from project_one.kernel import problems
from project_one.kernel.clock import Clock, business_date
from project_one.kernel.db import Database
from project_one.kernel.etags import IfMatch, VersionMissingError, VersionStaleError, etag, require_match
from project_one.kernel.pages import DEFAULT_LIMIT, Cursor, Limit, Page
from project_one.vocabulary.domain import ContentClass, Language, Slot

Words = Annotated[str | None, Query(max_length=100, description="Words of topic or caption, as they stand.")]
Sort = Literal["-updated_at", "updated_at", "-created_at", "created_at"]
_REFUSALS: problems.Refusals = {
    403: (PersonNeededError, TierNeededError),
    404: (PackUnknownError,),
    409: (PackStateError, PackIncompleteError, PackBlockedError, PackChangedError, DayTakenError),
    412: (VersionStaleError,),
    428: (VersionMissingError,),
}


def refusals(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """What an operation on packs may refuse, for its description."""
    return problems.named(_REFUSALS, 403, *statuses)


def pack_router(database: Database, shelf: PolicyShelf, clock: Clock, principal: Callable[..., Principal]) -> APIRouter:
    router = APIRouter(prefix="/content-packs", tags=["packs"])

    def out(pack: pack_rows.Pack, response: Response) -> dict[str, Any]:
        response.headers["ETag"] = etag(pack.version)
        return pack_out(pack)

    @router.post("", response_model=PackOut, status_code=201, summary="Start a draft", responses=refusals(404))
    async def create(body: PackIn, caller: Annotated[Principal, Depends(principal)], response: Response) -> Any:  # pyright: ignore[reportUnusedFunction]
        require(caller, Permission.PACK_WRITE)
        writer = writer_of(caller)
        contents = {language: text.content(language) for language, text in body.variants.items()}
        content_class = body.content_class
        async with database.scoped(caller.scope).transactions() as session:
            if body.template_id is not None:
                template = await pack_templates.read(session, body.template_id)
                contents = pack_templates.contents_of(template) | contents
                content_class = content_class or template.content_class
            facts = Facts(
                content_class or ContentClass.EDUCATION,
                body.topic_family,
                body.ad_reference,
                body.ad_valid_until,
                [item.figure() for item in body.figures],
                body.wanted_on,
            )
            return out(await drafting.create(session, writer, facts, contents, now=clock()), response)

    @router.get("", response_model=Page[PackOut], summary="Your packs", responses=refusals())
    async def read_all(  # pyright: ignore[reportUnusedFunction]
        caller: Annotated[Principal, Depends(principal)],
        state: PackState | None = None,
        language: Language | None = None,
        q: Words = None,
        sort: Sort = "-updated_at",
        cursor: Cursor = None,
        limit: Limit = DEFAULT_LIMIT,
    ) -> Any:
        require(caller, Permission.PACK_READ)
        try:
            wanted = Wanted(state, language, storable(q) if q else None, sort, cursor, limit)
        except ValueError:
            return {"items": [], "next_cursor": None}  # what no text can hold is in none
        async with database.scoped(caller.scope).lookups() as lookup:
            packs, following = await pack_lists.listed(lookup, wanted, caller)
        return {"items": packs, "next_cursor": following}

    @router.get("/{pack_id}", response_model=PackOut, summary="One pack, with its ETag", responses=refusals(404))
    async def read_one(pack_id: UUID, caller: Annotated[Principal, Depends(principal)], response: Response) -> Any:  # pyright: ignore[reportUnusedFunction]
        require(caller, Permission.PACK_READ)
        async with database.scoped(caller.scope).lookups() as lookup:
            pack = await pack_lists.one(lookup, pack_id, caller)
        response.headers["ETag"] = etag(pack["version"])
        return pack

    @router.patch(
        "/{pack_id}",
        response_model=PackOut,
        summary="Autosave",
        description="Any edit takes a pack back to draft and voids what was approved or scheduled of it.",
        responses=refusals(404, 409, 412, 428),
    )
    async def save(  # pyright: ignore[reportUnusedFunction]
        pack_id: UUID,
        body: PackPatch,
        caller: Annotated[Principal, Depends(principal)],
        response: Response,
        if_match: IfMatch = None,
    ) -> Any:
        require(caller, Permission.PACK_WRITE)
        writer = writer_of(caller)
        contents = {language: text and text.content(language) for language, text in body.variants.items()}
        named = body.model_fields_set - {"variants", "figures"}
        facts: dict[str, object] = {name: getattr(body, name) for name in named}
        if "figures" in body.model_fields_set:
            facts["figures"] = drafting.figures_as_json([item.figure() for item in body.figures])
        async with database.scoped(caller.scope).transactions() as session:
            pack = await pack_rows.locked(session, pack_id)
            require_match(if_match, pack.version)
            return out(await drafting.save(session, pack, Changes(contents, facts), writer, now=clock()), response)

    @router.delete("/{pack_id}", status_code=204, summary="Delete a draft", responses=refusals(404, 409))
    async def remove(pack_id: UUID, caller: Annotated[Principal, Depends(principal)]) -> None:  # pyright: ignore[reportUnusedFunction]
        require(caller, Permission.PACK_WRITE)
        writer = writer_of(caller)
        async with database.scoped(caller.scope).transactions() as session:
            pack = await pack_rows.locked(session, pack_id)
            await drafting.remove(session, pack, actor=writer.actor, now=clock())

    @router.post(
        "/{pack_id}/duplicate",
        response_model=PackOut,
        status_code=201,
        summary="Copy to a draft",
        responses=refusals(404),
    )
    async def duplicate(pack_id: UUID, caller: Annotated[Principal, Depends(principal)], response: Response) -> Any:  # pyright: ignore[reportUnusedFunction]
        require(caller, Permission.PACK_WRITE)
        writer = writer_of(caller)
        async with database.scoped(caller.scope).transactions() as session:
            pack = await pack_rows.read(session, pack_id)
            return out(await drafting.duplicate(session, pack, writer, now=clock()), response)

    @router.post(
        "/{pack_id}/submit",
        response_model=PackOut,
        status_code=202,
        summary="Ask for a review",
        description=(
            "The rules look at once at the text and at the finished message; findings nobody may let pass refuse (409, "
            "with `findings`). Else the model looks (`checking`) and a person decides. Repeating it changes nothing."
        ),
        responses=refusals(404, 409),
    )
    async def submit(pack_id: UUID, caller: Annotated[Principal, Depends(principal)], response: Response) -> Any:  # pyright: ignore[reportUnusedFunction]
        require(caller, Permission.PACK_WRITE)
        writer, now = writer_of(caller), clock()
        rulebook = await shelf.in_force(business_date(now))
        async with database.scoped(caller.scope).transactions() as session:
            pack = await pack_rows.locked(session, pack_id)
            return out(await submitting.submit(session, pack, rulebook, writer, now=now), response)

    @router.post(
        "/{pack_id}/withdraw", response_model=PackOut, summary="Take it out for good", responses=refusals(404, 409)
    )
    async def withdraw(
        pack_id: UUID, body: WithdrawIn, caller: Annotated[Principal, Depends(principal)], response: Response
    ) -> Any:  # pyright: ignore[reportUnusedFunction]
        require(caller, Permission.PACK_WRITE)
        writer = writer_of(caller)
        async with database.scoped(caller.scope).transactions() as session:
            pack = await pack_rows.locked(session, pack_id)
            await scheduling.withdraw(session, pack, reason=body.reason, actor=writer.actor, now=clock())
            return out(pack, response)

    @router.post(
        "/{pack_id}/schedule",
        response_model=PackOut,
        summary="Send it on a business date",
        description="Approved packs only, one a day. Again with another date moves it.",
        responses=refusals(404, 409),
    )
    async def schedule(
        pack_id: UUID, body: ScheduleIn, caller: Annotated[Principal, Depends(principal)], response: Response
    ) -> Any:  # pyright: ignore[reportUnusedFunction]
        require(caller, Permission.PACK_WRITE)
        writer = writer_of(caller)
        slot = Slot(body.slot) if body.slot else None
        async with database.scoped(caller.scope).transactions() as session:
            pack = await pack_rows.locked(session, pack_id)
            await scheduling.put_on(
                session,
                pack,
                body.business_date,
                slot=slot,
                advisor_ids=body.advisor_ids,
                actor=writer.actor,
                now=clock(),
            )
            return out(pack, response)

    return router
