"""Importing a public register over HTTP, and what was imported."""

import asyncio
from collections.abc import Callable
from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form, UploadFile

from project_one.advisor import register_files, registers
from project_one.advisor.answers import refusals
from project_one.advisor.errors import RegisterUnreadableError
from project_one.advisor.matching import Register
from project_one.advisor.register_files import MOST_BYTES
from project_one.advisor.schemas import SnapshotListedOut, SnapshotOut
from project_one.auth.domain import Permission, Principal
from project_one.auth.policy import require
from project_one.kernel import pages
from project_one.kernel.clock import Clock, business_date
from project_one.kernel.db import Database
from project_one.kernel.pages import DEFAULT_LIMIT, Cursor, Limit, Page
from project_one.kernel.problems import errors

_MOST_MAPPING = 10_000
BODY_BYTES = MOST_BYTES + 64 * 1024


def register_router(database: Database, clock: Clock, principal: Callable[..., Principal]) -> APIRouter:
    router = APIRouter(prefix="/registers", tags=["registers"])

    @router.post(
        "/{register}/snapshots",
        response_model=SnapshotOut,
        status_code=201,
        summary="Import a snapshot of a public register",
        description="CSV in UTF-8 or XLSX. The same file for the same day is one snapshot. One that lost more than 5 % "
        "of the numbers of the snapshot before is refused unless `force` is set.",
        responses=refusals(409, 413, 422),
    )
    async def import_snapshot(  # pyright: ignore[reportUnusedFunction]
        register: Register,
        file: UploadFile,
        as_of: Annotated[date, Form(examples=["2026-11-23"], description="The day it was downloaded.")],
        caller: Annotated[Principal, Depends(principal)],
        mapping: Annotated[
            str | None,
            Form(
                max_length=_MOST_MAPPING, examples=["number: Regn. No."], description="YAML: our field to its column."
            ),
        ] = None,
        force: Annotated[bool, Form()] = False,  # noqa: FBT002  a form field
    ) -> Any:
        require(caller, Permission.REGISTER_IMPORT)
        data = await file.read(MOST_BYTES + 1)
        columns = register_files.read_mapping(mapping) if mapping else None
        if not data:
            message = "The file is empty."
            raise RegisterUnreadableError(message)
        found = await asyncio.to_thread(register_files.read_register, data, register, columns)
        now = clock()
        async with database.scoped(caller.scope).transactions() as session:
            made = await registers.import_register(
                session,
                found,
                register=register,
                as_of=as_of,
                force=force,
                actor=caller.actor,
                now=now,
                today=business_date(now),
            )
        return {"id": made.snapshot_id, "source": register, "as_of": as_of, **registers.report(made, found)}

    @router.get(
        "/{register}/snapshots",
        response_model=Page[SnapshotListedOut],
        summary="Its snapshots, the last imported first",
        responses=errors(pages.CursorInvalidError),
    )
    async def list_snapshots(  # pyright: ignore[reportUnusedFunction]
        register: Register,
        caller: Annotated[Principal, Depends(principal)],
        cursor: Cursor = None,
        limit: Limit = DEFAULT_LIMIT,
    ) -> Any:
        require(caller, Permission.REGISTER_IMPORT)
        after = None if cursor is None else pages.moment_and_id(pages.decode(cursor, 2))
        async with database.scoped(caller.scope).readings() as session:
            found = await registers.snapshots(session, register, after=after, limit=limit + 1)
        return pages.page(found, limit, "imported_at", "id")

    return router
