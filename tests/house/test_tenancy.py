"""Under the api's login a firm sees and touches its own rows only, whatever SQL is sent."""

from collections.abc import AsyncIterator
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from project_one.bootstrap import House
from project_one.kernel.ids import new_id
from project_one.kernel.scope import Scope

from ..delivery.morning import released

_FIRMS_OWN = """
SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = 'public' AND c.relkind = 'r' AND c.relrowsecurity AND c.relforcerowsecurity ORDER BY 1
"""
_HOLDS_FIRM = """
SELECT table_name FROM information_schema.columns
WHERE table_schema = 'public' AND column_name IN ('firm_id', 'advisor_id') ORDER BY 1
"""
_WITHOUT_POLICIES = {"memberships", "organisations"}  # read to find out which firm a caller belongs to
_EMPTY_IN_A_MORNING = {
    "approvals",
    "packs",
    "variants",
    "schedules",
}  # what is shared is seen by all; own ones are tested with packs


@pytest.fixture
async def two_firms(house: House) -> AsyncIterator[tuple[UUID, UUID]]:
    """A released morning of six firms of one advisor each; two of them."""
    await released(house)
    async with house.database.readings() as session:
        first, second, *_ = (await session.scalars(text("SELECT id FROM firms ORDER BY id"))).all()
    yield first, second


async def test_every_table_of_a_firm_has_forced_policies(house: House) -> None:
    async with house.database.readings() as session:
        guarded = set(await session.scalars(text(_FIRMS_OWN)))
        holding = set(await session.scalars(text(_HOLDS_FIRM)))
    assert holding - _WITHOUT_POLICIES <= guarded
    assert {"firms", "advisors", "packs", "variants", "messages", "attempts"} <= guarded


async def test_nobody_sees_nothing(api_house: House, two_firms: tuple[UUID, UUID]) -> None:
    async with api_house.database.readings() as session:
        for table in await session.scalars(text(_FIRMS_OWN)):
            if table not in _EMPTY_IN_A_MORNING:
                assert await session.scalar(text(f"SELECT count(*) FROM {table}")) == 0, table  # noqa: S608


async def test_a_firm_reads_its_own_rows_and_no_other(api_house: House, two_firms: tuple[UUID, UUID]) -> None:
    first, second = two_firms
    database = api_house.database
    seen: dict[UUID, set[tuple[str, object]]] = {}
    for firm in two_firms:
        async with database.scoped(Scope(tenant=firm)).readings() as session:
            rows: set[tuple[str, object]] = set()
            for table in (await session.scalars(text(_FIRMS_OWN))).all():
                if table not in _EMPTY_IN_A_MORNING:
                    rows |= {(table, row) for row in await session.scalars(text(f"SELECT {table}::text FROM {table}"))}  # noqa: S608
            seen[firm] = rows
    assert {"firms", "advisors", "messages"} <= {table for table, _ in seen[first]}
    assert not seen[first] & seen[second]


@pytest.mark.parametrize(
    "attack",
    [
        "UPDATE advisors SET registered_name = 'Mine' WHERE firm_id = :other",
        "DELETE FROM advisors WHERE firm_id = :other",
        "UPDATE firms SET name = 'Mine' WHERE id = :other",
        "UPDATE packs SET slug = 'mine' WHERE firm_id IS NULL",
        "DELETE FROM variants",
        "UPDATE schedules SET slot = '00:00'",
    ],
)
async def test_a_firm_changes_no_row_of_another(api_house: House, two_firms: tuple[UUID, UUID], attack: str) -> None:
    own, other = two_firms
    async with api_house.database.scoped(Scope(tenant=own)).transactions() as session:
        statement = text(attack)
        result = await session.execute(statement, {"other": other} if ":other" in attack else {})
        assert result.rowcount == 0  # pyright: ignore[reportAttributeAccessIssue]


async def test_a_firm_adds_no_row_to_another(api_house: House, two_firms: tuple[UUID, UUID]) -> None:
    own, other = two_firms
    with pytest.raises(DBAPIError, match="row-level security"):
        async with api_house.database.scoped(Scope(tenant=own)).transactions() as session:
            await session.execute(text("UPDATE advisors SET firm_id = :other"), {"other": other})
    with pytest.raises(DBAPIError, match="row-level security"):
        async with api_house.database.scoped(Scope(tenant=own)).transactions() as session:
            await session.execute(
                text("INSERT INTO firms (id, name, created_at) VALUES (:id, 'x', now())"), {"id": new_id()}
            )


@pytest.mark.parametrize("change", ["UPDATE messages SET status = 'planned'", "DELETE FROM audit_events"])
async def test_the_api_cannot_touch_ledger_and_trail(api_house: House, change: str) -> None:
    with pytest.raises(DBAPIError, match="permission denied"):
        async with api_house.database.scoped(Scope(is_staff=True)).transactions() as session:
            await session.execute(text(change))


async def test_a_scope_ends_with_its_transaction(api_house: House, two_firms: tuple[UUID, UUID]) -> None:
    async with api_house.database.scoped(Scope(tenant=two_firms[0])).readings() as session:
        assert await session.scalar(text("SELECT count(*) FROM firms")) == 1
    for _ in range(12):  # whichever connection of the pool it is
        async with api_house.database.readings() as session:
            assert await session.scalar(text("SELECT count(*) FROM firms")) == 0
