"""Connections that died while they lay in the pool are replaced before anybody notices."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from sqlalchemy import text

from project_one.bootstrap import House
from project_one.kernel import db
from project_one.kernel.db import Database, DatabaseConfig, connect


@pytest.fixture
async def pool(house: House) -> AsyncIterator[Database]:
    database = connect(DatabaseConfig(house.settings.database_url.get_secret_value(), pool_size=1), application="pool")
    yield database
    await database.dispose()


async def backend(database: Database) -> int:
    async with database.readings() as session:
        return await session.scalar(text("SELECT pg_backend_pid()")) or 0


@pytest.mark.parametrize("fresh_s", [0.0, 3600.0])
async def test_a_connection_that_died_at_rest_is_replaced(
    house: House, pool: Database, monkeypatch: pytest.MonkeyPatch, fresh_s: float
) -> None:
    monkeypatch.setattr(db, "_FRESH_S", fresh_s)
    first = await backend(pool)
    async with house.database.transactions() as session:
        await session.execute(text("SELECT pg_terminate_backend(:pid, 5000)"), {"pid": first})
    for _ in range(100):  # the socket's end reaches this process as an event of its own
        await asyncio.sleep(0)
    assert await backend(pool) != first
