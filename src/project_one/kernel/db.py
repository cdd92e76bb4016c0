"""Engine, sessions and column types.

edge ── transactions() ──► WriteSession ── service(session, …) ──► commit at the edge
     ├─ readings()     ──► ReadSession  ── queries(session, …)
     └─ lookups()      ──► Lookup       ── rows(statement, …)      doors that are asked all day
"""

import math
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import partial
from typing import Any, NewType
from uuid import UUID

import orjson
from sqlalchemy import TIMESTAMP, Enum, MetaData, Text, Uuid, event, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.engine import make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import InvalidatePoolError
from sqlalchemy.ext.asyncio import (
    AsyncEngine,
    AsyncSession,
    async_sessionmaker,
    create_async_engine,
)
from sqlalchemy.orm import DeclarativeBase
from sqlalchemy.pool import ConnectionPoolEntry

from project_one.kernel import lookups
from project_one.kernel.lookups import Lookup
from project_one.kernel.scope import Scope

_FRESH_S = 1.0

ReadSession = NewType("ReadSession", AsyncSession)
WriteSession = NewType("WriteSession", ReadSession)  # may stand in for a ReadSession, never the reverse

Transactions = Callable[[], AbstractAsyncContextManager[WriteSession]]
Readings = Callable[[], AbstractAsyncContextManager[ReadSession]]
Lookups = Callable[[], AbstractAsyncContextManager[Lookup]]


class Base(DeclarativeBase):
    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {  # noqa: RUF012  SQLAlchemy reads it from the class
        datetime: TIMESTAMP(timezone=True),
        UUID: Uuid(),
        str: Text(),
        dict[str, Any]: JSONB(),
        list[Any]: JSONB(),
    }


def text_enum(enum: type[StrEnum], name: str) -> Enum:
    """A status stored as text under a CHECK constraint, so that a new value is one migration and no type surgery."""
    return Enum(
        enum,
        name=name,
        native_enum=False,
        create_constraint=True,
        length=32,
        values_callable=_values,
    )


def _values(enum: type[StrEnum]) -> list[str]:
    return [member.value for member in enum]


@dataclass(frozen=True)
class DatabaseConfig:
    """`url`: postgresql:// or postgresql+asyncpg://; timeouts in seconds of the wall clock, never scaled.

    `plans_once`: a prepared statement is planned once a connection and not for each of its first values; for many short
    statements, under row-level security, planning takes longer than running.
    """

    url: str
    pool_size: int = 10
    statement_timeout_s: float = 30
    lock_timeout_s: float = 10
    idle_in_transaction_timeout_s: float = 60
    connect_timeout_s: float = 5
    plans_once: bool = False


@dataclass(frozen=True)
class Database:
    """Its sessions and lookups see of a firm's tables nothing under the api login; `scoped` gives those that do."""

    engine: AsyncEngine
    transactions: Transactions
    readings: Readings
    lookups: Lookups

    def scoped(self, scope: Scope) -> "Database":
        """Sessions in which a verified caller's tenant, or staff, is set right after BEGIN and until its end."""
        return over(self.engine, scope)

    async def dispose(self) -> None:
        await self.engine.dispose()


def asyncpg_url(url: str) -> str:
    """The same address with the async driver named in it."""
    return make_url(url).set(drivername="postgresql+asyncpg").render_as_string(hide_password=False)


def connect(config: DatabaseConfig, *, application: str) -> Database:
    """Build the pool; nothing is opened before the first use."""
    engine = create_async_engine(
        asyncpg_url(config.url),
        pool_size=config.pool_size,
        max_overflow=0,
        pool_use_lifo=True,  # the connection used last is the one whose server still has everything at hand
        pool_timeout=config.statement_timeout_s,
        hide_parameters=True,  # they may be personal data, and errors are logged
        json_deserializer=orjson.loads,
        connect_args={
            "timeout": config.connect_timeout_s,
            "server_settings": {
                "application_name": application,
                "timezone": "UTC",
                "plan_cache_mode": "force_generic_plan" if config.plans_once else "auto",
                "statement_timeout": str(int(config.statement_timeout_s * 1000)),
                "lock_timeout": str(int(config.lock_timeout_s * 1000)),
                "idle_in_transaction_session_timeout": str(int(config.idle_in_transaction_timeout_s * 1000)),
            },
        },
    )
    _try_after_rest(engine)
    return over(engine)


def _try_after_rest(engine: AsyncEngine) -> None:
    """Have a connection that has lain about tried before its use; of one used a moment ago, only ask if it is closed.

    The pool's own check costs every transaction a round trip.
    """
    dialect = engine.sync_engine.dialect
    trouble = dialect.loaded_dbapi.Error

    @event.listens_for(engine.sync_engine, "checkin")
    def rests(_connection: object, record: ConnectionPoolEntry) -> None:  # pyright: ignore[reportUnusedFunction]
        record.info["rests_since"] = time.monotonic()

    @event.listens_for(engine.sync_engine, "checkout")
    def wakes(connection: DBAPIConnection, record: ConnectionPoolEntry, _: object) -> None:  # pyright: ignore[reportUnusedFunction]
        driver: Any = record.driver_connection
        if driver.is_closed():
            raise InvalidatePoolError
        if time.monotonic() - record.info.get("rests_since", math.inf) > _FRESH_S:
            try:
                dialect.do_ping(connection)
            except trouble as error:
                raise InvalidatePoolError from error


_SET_SCOPE = text("SELECT set_config('app.tenant', :tenant, true), set_config('app.staff', :staff, true)")


def over(engine: AsyncEngine, scope: Scope | None = None) -> Database:
    """Sessions on an engine that somebody else made."""
    maker = async_sessionmaker(engine, expire_on_commit=False)

    @asynccontextmanager
    async def begun() -> AsyncGenerator[AsyncSession]:
        async with maker() as session, session.begin():
            if scope is not None:
                tenant = str(scope.tenant) if scope.tenant else ""
                await session.execute(_SET_SCOPE, {"tenant": tenant, "staff": "on" if scope.is_staff else "off"})
            yield session

    @asynccontextmanager
    async def transactions() -> AsyncGenerator[WriteSession]:
        async with begun() as session:
            yield WriteSession(ReadSession(session))

    @asynccontextmanager
    async def readings() -> AsyncGenerator[ReadSession]:
        async with begun() as session:
            yield ReadSession(session)

    return Database(engine, transactions, readings, lookups=partial(lookups.begun, engine, scope))
