"""Taking one's packs away: a link is asked for with credentials and followed without."""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, Field

from project_one.advisor.errors import TierNeededError
from project_one.advisor.firm_tier import ensure_exports
from project_one.audit import service as audit
from project_one.audit.domain import Action, Event
from project_one.auth.domain import Permission, Principal
from project_one.auth.errors import NotPermittedError
from project_one.auth.policy import require
from project_one.content.errors import ExportLinkExpiredError, ExportLinkInvalidError
from project_one.content.exports import LINK_LASTS, Signer, packs_as_zip
from project_one.kernel.clock import Clock
from project_one.kernel.db import Database
from project_one.kernel.problems import errors
from project_one.kernel.scope import Scope

PATH = "/v1/export/packs"


class ExportLinkOut(BaseModel):
    """Whoever has the link can read the export until it expires."""

    url: str = Field(examples=[f"{PATH}/AZ3k…"])
    expires_at: datetime


def export_router(database: Database, signer: Signer, clock: Clock, principal: Callable[..., Principal]) -> APIRouter:
    router = APIRouter(tags=["exports"])

    @router.post(
        "/export/packs",
        response_model=ExportLinkOut,
        status_code=201,
        summary="A link to a ZIP of your firm's packs",
        description="Good for ten minutes. Texts, verdicts and approvals of each pack as JSON, and the texts as TXT. "
        "Needs the tier pro.",
        responses=errors(TierNeededError),
    )
    async def link_pack_export(caller: Annotated[Principal, Depends(principal)]) -> Any:  # pyright: ignore[reportUnusedFunction]
        require(caller, Permission.EXPORT)
        if caller.tenant is None:
            message = "An export holds the packs of a firm; sign in as one of its advisors."
            raise NotPermittedError(message)
        now = clock()
        expires_at = (now + LINK_LASTS).replace(microsecond=0)
        async with database.scoped(caller.scope).transactions() as session:
            await ensure_exports(session, caller.tenant, now=now)
            event = Event(Action.EXPORT_LINKED, "firm", str(caller.tenant), caller.actor, {"what": "packs"})
            await audit.record(session, event, now=now)
        return {"url": f"{PATH}/{signer.token(PATH, caller.tenant, expires_at=expires_at)}", "expires_at": expires_at}

    return router


def export_download_router(database: Database, signer: Signer, clock: Clock) -> APIRouter:
    """The other half, without credentials: the signature in the path is the permission."""
    router = APIRouter(tags=["exports"])

    @router.get(
        "/export/packs/{token}",
        response_class=StreamingResponse,
        summary="The ZIP behind a link",
        responses={200: {"content": {"application/zip": {"schema": {"type": "string", "format": "binary"}}}}}
        | errors(ExportLinkInvalidError, ExportLinkExpiredError),
    )
    async def download_pack_export(token: Annotated[str, Path(max_length=200)]) -> StreamingResponse:  # pyright: ignore[reportUnusedFunction]
        now = clock()
        firm_id = signer.firm_of(PATH, token, now=now)
        readings = database.scoped(Scope(tenant=firm_id)).readings
        headers = {"Content-Disposition": 'attachment; filename="packs.zip"'}
        return StreamingResponse(
            packs_as_zip(readings, firm_id, now=now), media_type="application/zip", headers=headers
        )

    return router
