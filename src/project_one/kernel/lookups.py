"""Statements on the driver itself: for doors that are asked all day, where sessions and mapped objects cost more than Postgres.

Statement(select(…))  compiled once ──► SQL and the order of its values
database.scoped(scope).lookups() ── BEGIN and scope, one round trip ──► Lookup ── rows(statement, firm=…) ──► plain rows
run_in(session, statement, …) ── the same inside a session's transaction
"""

from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

import asyncpg
from sqlalchemy import ColumnElement, Select, bindparam, text, tuple_
from sqlalchemy.dialects.postgresql import asyncpg as asyncpg_dialect
from sqlalchemy.exc import DBAPIError, IntegrityError, InterfaceError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession
from sqlalchemy.sql import ClauseElement
from sqlalchemy.sql.compiler import SQLCompiler

from project_one.kernel.scope import Scope

Row = dict[str, Any]
"""A row by column. Enums are the text that is stored."""

_DIALECT = asyncpg_dialect.dialect()


def containing(words: str) -> str:
    """The pattern for ILIKE of texts that contain these words as they stand."""
    return "%" + "".join(f"\\{char}" if char in "\\%_" else char for char in words) + "%"


def in_order(
    query: Select[*tuple[Any, ...]],
    column: ColumnElement[Any],
    row_id: ColumnElement[Any],
    *,
    is_descending: bool,
    is_continued: bool,
) -> Select[*tuple[Any, ...]]:
    """Sorted by a column, then by id. Continued: from behind the row whose values are `point` and `last`, left open."""
    if is_continued:
        key = tuple_(column, row_id)
        point = tuple_(bindparam("point", type_=column.type), bindparam("last", type_=row_id.type))
        query = query.where(key < point if is_descending else key > point)
    return query.order_by(column.desc(), row_id.desc()) if is_descending else query.order_by(column, row_id)


class Statement:
    """Its open values are named by `bindparam`. Make it once: compiling takes longer than running."""

    def __init__(self, statement: ClauseElement) -> None:
        compiled = statement.compile(dialect=_DIALECT)
        assert isinstance(compiled, SQLCompiler)  # noqa: S101  for the type checker: nothing else is compiled here
        still_open = {name: None for bind, name in compiled.bind_names.items() if not bind.unique}
        state = compiled.construct_expanded_state(still_open)
        self.sql = state.statement
        self._names = state.positiontup or ()
        of_binds = {
            name: bind.type.dialect_impl(_DIALECT).bind_processor(_DIALECT)
            for bind, name in compiled.bind_names.items()
        }
        self._processors: Mapping[str, Callable[[Any], Any] | None] = {**of_binds, **state.processors}
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
    """A transaction on one connection. Raises DBAPIError, as sessions do."""

    def __init__(self, connection: asyncpg.Connection) -> None:
        self._connection = connection

    async def rows(self, statement: Statement, **given: Any) -> list[Row]:
        try:
            records = await self._connection.fetch(statement.sql, *statement.values(given))
        except (asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            kind = next((ours for theirs, ours in _KINDS if isinstance(error, theirs)), DBAPIError)
            is_lost = self._connection.is_closed()
            raise kind(statement.sql, None, error, hide_parameters=True, connection_invalidated=is_lost) from error
        return [dict(record) for record in records]

    async def row(self, statement: Statement, **given: Any) -> Row | None:
        """The first."""
        found = await self.rows(statement, **given)
        return found[0] if found else None


_KINDS: tuple[tuple[type[Exception], type[DBAPIError]], ...] = (
    (asyncpg.IntegrityConstraintViolationError, IntegrityError),
    (asyncpg.InterfaceError, InterfaceError),
)
_NOTHING = text("SELECT")


async def run_in(session: AsyncSession, statement: Statement, **given: Any) -> list[Row]:
    """In the session's transaction, after what it has still to write."""
    if session.new or session.dirty or session.deleted:
        await session.flush()
    lookup: Lookup | None = session.info.get(Lookup)
    if lookup is None:
        pooled = await (await session.connection()).get_raw_connection()
        driver: Any = pooled.driver_connection
        if not driver.is_in_transaction():
            await session.execute(_NOTHING)  # the session begins only with its first statement
        lookup = session.info[Lookup] = Lookup(driver)
    return await lookup.rows(statement, **given)


@asynccontextmanager
async def begun(engine: AsyncEngine, scope: Scope | None) -> AsyncGenerator[Lookup]:
    """A transaction that only reads."""
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
