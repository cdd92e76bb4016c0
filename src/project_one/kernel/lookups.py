"""Reading on the driver itself: for doors that are asked all day, where sessions and mapped objects cost more than Postgres.

Statement(select(…))  compiled once ──► SQL and the order of its values
database.scoped(scope).lookups() ── BEGIN and scope, one round trip ──► Lookup ── rows(statement, firm=…) ──► plain rows
"""

from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

import asyncpg
from sqlalchemy import BindParameter, Select
from sqlalchemy.dialects.postgresql import asyncpg as asyncpg_dialect
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlalchemy.sql.visitors import iterate

from project_one.kernel.scope import Scope

Row = dict[str, Any]
"""A row by column. Enums are the text that is stored."""

_DIALECT = asyncpg_dialect.dialect()


class Statement:
    """A select whose open values are named by `bindparam`. Make it once: compiling takes longer than running."""

    def __init__(self, select: Select[*tuple[Any, ...]]) -> None:
        binds = [part for part in iterate(select) if isinstance(part, BindParameter)]
        still_open = {bind.key: None for bind in binds if not bind.unique}
        state = select.compile(dialect=_DIALECT).construct_expanded_state(still_open)
        self.sql = state.statement
        self._names = state.positiontup or ()
        self._processors: Mapping[str, Callable[[Any], Any]] = dict(state.processors)
        fixed = {name: value for name, value in state.parameters.items() if name not in still_open}
        self._fixed = {name: self._processed(name, value) for name, value in fixed.items()}

    def values(self, given: Mapping[str, Any]) -> list[Any]:
        """In the order of the SQL. Raises KeyError for an open value that is not given."""
        return [
            self._fixed[name] if name in self._fixed else self._processed(name, given[name]) for name in self._names
        ]

    def _processed(self, name: str, value: Any) -> Any:
        processor = self._processors.get(name)
        return value if processor is None else processor(value)


class Lookup:
    """A transaction that only reads, on one connection, for one scope."""

    def __init__(self, connection: asyncpg.Connection) -> None:
        self._connection = connection

    async def rows(self, statement: Statement, **given: Any) -> list[Row]:
        records = await self._connection.fetch(statement.sql, *statement.values(given))
        return [dict(record) for record in records]

    async def row(self, statement: Statement, **given: Any) -> Row | None:
        """The first."""
        found = await self.rows(statement, **given)
        return found[0] if found else None


@asynccontextmanager
async def begun(engine: AsyncEngine, scope: Scope | None) -> AsyncGenerator[Lookup]:
    pooled = await engine.raw_connection()
    connection: Any = pooled.driver_connection
    try:
        await connection.execute(_opening(scope))
        yield Lookup(connection)
        await connection.execute("COMMIT")
    except BaseException:
        try:
            await connection.execute("ROLLBACK")
        except BaseException:
            pooled.invalidate()
            raise
        raise
    finally:
        pooled.close()


def _opening(scope: Scope | None) -> str:
    """One message to the server. Its values are an id and a word of ours; nothing of a caller stands in it."""
    if scope is None:
        return "BEGIN READ ONLY"
    tenant = str(UUID(bytes=scope.tenant.bytes)) if scope.tenant else ""
    staff = "on" if scope.is_staff else "off"
    return (
        f"BEGIN READ ONLY; SELECT set_config('app.tenant', '{tenant}', true), set_config('app.staff', '{staff}', true)"  # noqa: S608
    )
