"""Templates of packs over HTTP."""

from collections.abc import Callable
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Response

from project_one.advisor.errors import TierNeededError
from project_one.auth.domain import Permission, Principal
from project_one.auth.policy import require
from project_one.content import pack_templates
from project_one.content.domain import Content
from project_one.content.errors import PackTemplateTakenError, PackTemplateUnknownError, PersonNeededError
from project_one.content.models import PackTemplateRow
from project_one.content.pack_schemas import TemplateIn, TemplateOut
from project_one.content.pack_shown import writer_of
from project_one.kernel import problems
from project_one.kernel.clock import Clock
from project_one.kernel.db import Database
from project_one.kernel.etags import IfMatch, VersionMissingError, VersionStaleError, etag, require_match
from project_one.kernel.pages import DEFAULT_LIMIT, Cursor, Limit, Page
from project_one.vocabulary.domain import Language

_REFUSALS: problems.Refusals = {
    403: (PersonNeededError, TierNeededError),
    404: (PackTemplateUnknownError,),
    409: (PackTemplateTakenError,),
    412: (VersionStaleError,),
    428: (VersionMissingError,),
}


def refusals(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """What an operation on templates may refuse, for its description."""
    return problems.named(_REFUSALS, 403, *statuses)


def template_router(database: Database, clock: Clock, principal: Callable[..., Principal]) -> APIRouter:
    router = APIRouter(prefix="/pack-templates", tags=["packs"])

    def out(row: PackTemplateRow, response: Response) -> dict[str, Any]:
        response.headers["ETag"] = etag(row.version)
        return pack_templates.as_dict(row)

    def contents(body: TemplateIn) -> dict[Language, Content]:
        return {language: text.content(language) for language, text in body.variants.items()}

    @router.post("", response_model=TemplateOut, status_code=201, summary="Keep a template", responses=refusals(409))
    async def create_template(
        body: TemplateIn, caller: Annotated[Principal, Depends(principal)], response: Response
    ) -> Any:  # pyright: ignore[reportUnusedFunction]
        require(caller, Permission.PACK_WRITE)
        writer = writer_of(caller)
        async with database.scoped(caller.scope).transactions() as session:
            row = await pack_templates.add(session, writer, body.name, body.content_class, contents(body), now=clock())
            return out(row, response)

    @router.get("", response_model=Page[TemplateOut], summary="Your templates, by name", responses=refusals())
    async def read_all_template(
        caller: Annotated[Principal, Depends(principal)], cursor: Cursor = None, limit: Limit = DEFAULT_LIMIT
    ) -> Any:  # pyright: ignore[reportUnusedFunction]
        require(caller, Permission.PACK_READ)
        async with database.scoped(caller.scope).readings() as session:
            found, following = await pack_templates.listed(session, cursor=cursor, limit=limit)
        return {"items": [pack_templates.as_dict(row) for row in found], "next_cursor": following}

    @router.get("/{template_id}", response_model=TemplateOut, summary="One template", responses=refusals(404))
    async def read_one_template(
        template_id: UUID, caller: Annotated[Principal, Depends(principal)], response: Response
    ) -> Any:  # pyright: ignore[reportUnusedFunction]
        require(caller, Permission.PACK_READ)
        async with database.scoped(caller.scope).readings() as session:
            return out(await pack_templates.read(session, template_id), response)

    @router.put(
        "/{template_id}",
        response_model=TemplateOut,
        summary="Change it",
        responses=refusals(404, 409, 412, 428),
    )
    async def change_template(  # pyright: ignore[reportUnusedFunction]
        template_id: UUID,
        body: TemplateIn,
        caller: Annotated[Principal, Depends(principal)],
        response: Response,
        if_match: IfMatch = None,
    ) -> Any:
        require(caller, Permission.PACK_WRITE)
        writer = writer_of(caller)
        async with database.scoped(caller.scope).transactions() as session:
            row = await pack_templates.locked(session, template_id)
            require_match(if_match, row.version)
            await pack_templates.change(
                session, row, writer, body.name, body.content_class, contents(body), now=clock()
            )
            return out(row, response)

    @router.delete("/{template_id}", status_code=204, summary="Delete it", responses=refusals(404))
    async def remove_template(template_id: UUID, caller: Annotated[Principal, Depends(principal)]) -> None:  # pyright: ignore[reportUnusedFunction]
        require(caller, Permission.PACK_WRITE)
        writer = writer_of(caller)
        async with database.scoped(caller.scope).transactions() as session:
            await pack_templates.remove(session, await pack_templates.locked(session, template_id), writer, now=clock())

    return router
