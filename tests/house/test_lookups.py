"""Reading on the driver itself: the scope holds, nothing is written, and a connection survives what goes wrong on it."""

import asyncio
from uuid import UUID

import pytest
from sqlalchemy import ARRAY, Uuid, any_, bindparam, func, literal, select
from sqlalchemy.exc import DBAPIError

from project_one.advisor.models import AdvisorRow
from project_one.bootstrap import House, open_house
from project_one.content.models import PackRow
from project_one.content.packs import PackState
from project_one.kernel.ids import new_id
from project_one.kernel.lookups import Statement
from project_one.kernel.scope import Scope
from project_one.settings import Settings

from ..content.packs_api import firms

_EVERYBODY = Statement(select(AdvisorRow.firm_id).order_by(AdvisorRow.firm_id))
_LOCKED = Statement(select(AdvisorRow.id).with_for_update())
_ONE = Statement(select(literal(1).label("one")))
_LONG = Statement(select(func.pg_sleep(30)))
_NUMBERED = Statement(select(AdvisorRow.id).where(AdvisorRow.version == bindparam("version")))


async def _seen(house: House, scope: Scope) -> list[UUID]:
    async with house.database.scoped(scope).lookups() as lookup:
        return [row["firm_id"] for row in await lookup.rows(_EVERYBODY)]


async def test_a_scope_sees_its_own_rows_and_ends_with_its_transaction(house: House, api_house: House) -> None:
    mine, other = await firms(house)
    assert await _seen(api_house, Scope(tenant=mine)) == [mine]
    assert await _seen(api_house, Scope(tenant=other)) == [other]
    assert await _seen(api_house, Scope(is_staff=True)) == sorted([mine, other])
    assert await _seen(api_house, Scope()) == []
    async with api_house.database.lookups() as lookup:
        assert await lookup.rows(_EVERYBODY) == []


async def test_nothing_can_be_written(api_house: House) -> None:
    with pytest.raises(DBAPIError, match="read-only transaction"):
        async with api_house.database.scoped(Scope(is_staff=True)).lookups() as lookup:
            await lookup.rows(_LOCKED)


async def test_a_connection_is_used_again_after_a_refusal_a_failure_and_a_cancelled_wait(settings: Settings) -> None:
    async with open_house(
        settings, process="test-lookups", pool_size=1, database_url=settings.api_database_url
    ) as house:
        scoped = house.database.scoped(Scope(tenant=new_id()))
        with pytest.raises(LookupError, match="not there"):
            async with scoped.lookups():
                raise LookupError("not there")
        with pytest.raises(DBAPIError):
            async with scoped.lookups() as lookup:
                await lookup.rows(_NUMBERED, version="first")
        waits = asyncio.Event()

        async def wait() -> None:
            async with scoped.lookups() as lookup:
                waits.set()
                await lookup.rows(_LONG)

        waiting = asyncio.create_task(wait())
        await waits.wait()
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        async with house.database.lookups() as lookup:
            assert await lookup.row(_ONE) == {"one": 1}


def test_a_statement_has_its_own_values_as_stored_and_wants_every_open_one() -> None:
    statement = Statement(
        select(PackRow.id).where(
            PackRow.id == any_(bindparam("ids", type_=ARRAY(Uuid()))),
            PackRow.state.in_([PackState.DRAFT, PackState.SENT]),
            PackRow.state != bindparam("state"),
        )
    )
    ids = [new_id()]
    values = statement.values({"ids": ids, "state": PackState.CHECKING})
    assert sorted(map(str, values)) == sorted(map(str, [ids, "draft", "sent", "checking"]))
    with pytest.raises(KeyError, match="ids"):
        statement.values({"state": PackState.CHECKING})
