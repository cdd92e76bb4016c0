"""Documents over HTTP: in from the advisor, out to the staff alone."""

from collections.abc import Callable
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Form, Response, UploadFile

from project_one.advisor import onboarding, papers
from project_one.advisor.answers import refusals, shown
from project_one.advisor.documents import MOST_BYTES, REQUIRED, DocumentKind
from project_one.advisor.ports import DocumentStorage
from project_one.advisor.schemas import DocumentOut, DocumentsOut
from project_one.auth.domain import Permission, Principal
from project_one.auth.policy import require
from project_one.kernel.clock import Clock
from project_one.kernel.db import Database
from project_one.vault.domain import Keyring

BODY_BYTES = MOST_BYTES + 64 * 1024
"""The document and what the form puts around it."""


def document_router(
    database: Database,
    keyring: Keyring,
    storage: DocumentStorage,
    clock: Clock,
    principal: Callable[..., Principal],
) -> APIRouter:
    router = APIRouter(prefix="/advisors/{advisor_id}/documents", tags=["advisors"])

    @router.post(
        "",
        response_model=DocumentOut,
        status_code=201,
        summary="Send a document",
        description="PDF, JPEG or PNG of at most 5 MB, told by its bytes and sealed. The last one missing moves the "
        "registration to `evidence-uploaded`.",
        responses=refusals(404, 409, 413, 422, 503),
    )
    async def upload(  # pyright: ignore[reportUnusedFunction]
        advisor_id: UUID,
        kind: Annotated[DocumentKind, Form(examples=["certificate"])],
        file: UploadFile,
        caller: Annotated[Principal, Depends(principal)],
    ) -> Any:
        require(caller, Permission.ADVISOR_WRITE)
        data = await file.read(MOST_BYTES + 1)
        row = await papers.keep(
            database.scoped(caller.scope),
            storage,
            keyring,
            advisor_id,
            kind=kind,
            data=data,
            actor=caller.actor,
            clock=clock,
        )
        return shown(row, DocumentOut)

    @router.get("", response_model=DocumentsOut, summary="What she has sent", responses=refusals(404, 422))
    async def read_documents(  # pyright: ignore[reportUnusedFunction]
        advisor_id: UUID, caller: Annotated[Principal, Depends(principal)]
    ) -> Any:
        require(caller, Permission.ADVISOR_READ)
        async with database.scoped(caller.scope).readings() as session:
            advisor = await onboarding.one(session, advisor_id)
            rows = await papers.documents(session, advisor_id)
        missing = REQUIRED[advisor.capacity] - {row.kind for row in rows}
        return {"items": [shown(row, DocumentOut) for row in rows], "missing": sorted(missing)}

    @router.get(
        "/{document_id}",
        response_class=Response,
        summary="Open a document; staff only, and on the trail",
        responses={200: {"content": {"application/octet-stream": {}}}, **refusals(404, 409, 422, 503)},
    )
    async def download(  # pyright: ignore[reportUnusedFunction]
        advisor_id: UUID, document_id: UUID, caller: Annotated[Principal, Depends(principal)]
    ) -> Response:
        require(caller, Permission.ADVISOR_DECIDE)
        paper = await papers.opened(
            database.scoped(caller.scope), storage, keyring, advisor_id, document_id, actor=caller.actor, clock=clock
        )
        disposition = {
            "Content-Disposition": f'attachment; filename="{paper.kind}"',
            "Content-Security-Policy": "sandbox",
        }
        return Response(paper.data, media_type=paper.media_type.value, headers=disposition)

    return router
