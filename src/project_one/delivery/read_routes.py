"""The ledger over HTTP: an advisor's own history, everybody's for staff, and the figures she takes away."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date, timedelta
from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Response

from project_one.advisor.errors import TierNeededError
from project_one.advisor.firm_tier import ensure_exports
from project_one.advisor.members import own_advisors
from project_one.auth.domain import Permission, Principal
from project_one.auth.errors import NotPermittedError
from project_one.auth.policy import require
from project_one.delivery import reads
from project_one.delivery.domain import MessageStatus, MorningState, Owner
from project_one.delivery.errors import MessageUnknownError, RangeInvalidError
from project_one.delivery.read_schemas import DayFiguresOut, DeliveryOut, FiguresOut, MorningLineOut
from project_one.kernel import pages
from project_one.kernel.clock import Clock, business_date
from project_one.kernel.db import Database
from project_one.kernel.lookups import Row
from project_one.kernel.pages import DEFAULT_LIMIT, Cursor, Limit, Page
from project_one.kernel.problems import errors
from project_one.kernel.tables import as_csv
from project_one.vocabulary.domain import Slot

_LONGEST = timedelta(days=366)
First = Annotated[date | None, Query(alias="from", description="First business date.")]
Last = Annotated[date | None, Query(alias="to", description="Last business date.")]


class Format(StrEnum):
    CSV = "csv"
    JSON = "json"


async def which_deliveries(
    advisor_id: UUID | None = None,
    since: First = None,
    until: Last = None,
    status: MessageStatus | None = None,
    owner: Annotated[Owner | None, Query(description="Who owns the miss of `sent`.")] = None,
) -> reads.Wanted:
    """Of the messages a caller may see. A coroutine, because the framework would send anything else to a thread."""
    _check_order(since, until)
    return reads.Wanted(None, advisor_id, since, until, status, owner)


def ledger_router(database: Database, clock: Clock, principal: Callable[..., Principal]) -> APIRouter:
    router = APIRouter()

    @router.get(
        "/deliveries",
        tags=["deliveries"],
        response_model=Page[DeliveryOut],
        summary="What became of each message",
        description="Newest day first. An advisor sees the messages of her firm, staff everybody's.",
        responses=errors(pages.CursorInvalidError, RangeInvalidError),
    )
    async def list_deliveries(  # pyright: ignore[reportUnusedFunction]
        caller: Annotated[Principal, Depends(principal)],
        wanted: Annotated[reads.Wanted, Depends(which_deliveries)],
        cursor: Cursor = None,
        limit: Limit = DEFAULT_LIMIT,
    ) -> Any:
        require(caller, Permission.DELIVERY_READ)
        after = _position(cursor) if cursor is not None else None
        async with database.scoped(caller.scope).lookups() as lookup:
            own = None if caller.tenant is None else await own_advisors(lookup, caller.tenant)
            asked = replace(wanted, advisor_ids=own)
            found = await reads.deliveries(lookup, asked, after=after, limit=limit + 1, now=clock())
        return pages.page(found, limit, "business_date", "id")

    @router.get(
        "/deliveries/{message_id}",
        tags=["deliveries"],
        response_model=DeliveryOut,
        summary="One message with its receipts",
        responses=errors(MessageUnknownError),
    )
    async def read_delivery(message_id: UUID, caller: Annotated[Principal, Depends(principal)]) -> Any:  # pyright: ignore[reportUnusedFunction]
        require(caller, Permission.DELIVERY_READ)
        async with database.scoped(caller.scope).lookups() as lookup:
            return await reads.delivery(lookup, message_id, now=clock())

    @router.get(
        "/mornings",
        tags=["mornings"],
        response_model=Page[MorningLineOut],
        summary="The mornings, newest first",
        responses=errors(pages.CursorInvalidError, RangeInvalidError),
    )
    async def list_mornings(  # pyright: ignore[reportUnusedFunction]
        caller: Annotated[Principal, Depends(principal)],
        since: First = None,
        until: Last = None,
        state: MorningState | None = None,
        slot: Slot | None = None,
        cursor: Cursor = None,
        limit: Limit = DEFAULT_LIMIT,
    ) -> Any:
        require(caller, Permission.MORNING_READ)
        _check_order(since, until)
        after: tuple[date, str] | None = None
        if cursor is not None:
            day, last = pages.decode(cursor, 2)
            after = _day(day), last
        async with database.scoped(caller.scope).readings() as session:
            found = await reads.mornings(
                session, reads.WantedMornings(since, until, state, slot), after=after, limit=limit + 1
            )
        return pages.page(found, limit, "business_date", "slot")

    @router.get(
        "/export/analytics",
        tags=["exports"],
        response_model=FiguresOut,
        summary="The delivery figures of your firm, per day",
        description="At most 366 days. As CSV the misses by owner stand in one column each. Needs the tier pro.",
        responses={200: {"content": {"text/csv": {"schema": {"type": "string"}}}}}
        | errors(RangeInvalidError, TierNeededError),
    )
    async def export_analytics(  # pyright: ignore[reportUnusedFunction]
        caller: Annotated[Principal, Depends(principal)],
        since: Annotated[date | None, Query(alias="from", description="30 days before `to` when left out.")] = None,
        until: Annotated[date | None, Query(alias="to", description="Today when left out.")] = None,
        format: Format = Format.JSON,
    ) -> Any:
        require(caller, Permission.EXPORT)
        if caller.tenant is None:
            message = "The figures of a firm are for its own advisors; staff reads /v1/deliveries."
            raise NotPermittedError(message)
        now = clock()
        last = until or business_date(now)
        first = since or max(date.min + _LONGEST, last) - timedelta(days=30)
        _check_order(first, last)
        if last - first > _LONGEST:
            message = f"From {first} to {last} is more than {_LONGEST.days} days; ask for a shorter time."
            raise RangeInvalidError(message)
        async with database.scoped(caller.scope).lookups() as lookup:
            own = await own_advisors(lookup, caller.tenant)
        async with database.scoped(caller.scope).readings() as session:
            await ensure_exports(session, caller.tenant, now=now)
            days = await reads.figures(session, own, first, last, now=now)
        if format is Format.CSV:
            name = f"deliveries-{first}-{last}.csv"
            headers = {"Content-Disposition": f'attachment; filename="{name}"'}
            return Response(_as_csv(days), media_type="text/csv; charset=utf-8", headers=headers)
        return {"since": first, "until": last, "as_of": now, "days": days}

    return router


def _check_order(since: date | None, until: date | None) -> None:
    if since is not None and until is not None and since > until:
        message = f"`from` ({since}) lies after `to` ({until}); exchange them."
        raise RangeInvalidError(message)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise pages.invalid() from None


def _position(cursor: str) -> tuple[date, UUID]:
    day, message_id = pages.decode(cursor, 2)
    try:
        return _day(day), UUID(message_id)
    except ValueError:
        raise pages.invalid() from None


def _as_csv(days: Sequence[Row]) -> str:
    plain = [name for name in DayFiguresOut.model_fields if name != "missed_by_owner"]
    names = [*plain, *(f"missed_{owner.value.replace('-', '_')}" for owner in Owner)]
    rows = [[*(day[name] for name in plain), *(day["missed_by_owner"][owner.value] for owner in Owner)] for day in days]
    return as_csv(names, rows)
