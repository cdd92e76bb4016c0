"""Many rows in one statement: columns travel as arrays, so that the statement's text, and its plan, stay the same for any count.

They run on the driver. Where a handful of rows is written now and then, the session's own ways are as good.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import cache
from typing import Any, TypeVar

from sqlalchemy import ARRAY, ColumnElement, Table, any_, bindparam, column, func, select, update
from sqlalchemy.dialects.postgresql import Insert, insert
from sqlalchemy.orm import InstrumentedAttribute
from sqlalchemy.sql.selectable import TableValuedAlias

from project_one.kernel.db import Base, WriteSession
from project_one.kernel.lookups import Statement, run_in

T = TypeVar("T")


def among(attribute: InstrumentedAttribute[Any], values: Collection[Any]) -> ColumnElement[bool]:
    """`attribute = ANY(values)`."""
    return attribute == any_(bindparam(None, list(values), type_=ARRAY(attribute.type), unique=True))


async def insert_many(
    session: WriteSession, model: type[Base], rows: Sequence[Mapping[str, Any]], *, skip_existing: bool = False
) -> None:
    """Insert rows that all have the same keys. `skip_existing`: leave what a unique constraint refuses."""
    if rows:
        await run_in(session, _insert(_table(model), tuple(rows[0]), skip_existing), **_arrays(rows))


async def put_many(
    session: WriteSession, model: type[Base], rows: Sequence[Mapping[str, Any]], *, key: tuple[str, ...]
) -> None:
    """Insert rows that all have the same keys; where a row with the same `key` stands, its other columns but the id change."""
    if rows:
        await run_in(session, _put(_table(model), tuple(rows[0]), key), **_arrays(rows))


async def update_many(session: WriteSession, model: type[Base], rows: Sequence[Mapping[str, Any]]) -> None:
    """Write the other keys of each row to the row with its `id`."""
    if rows:
        await run_in(session, _update(_table(model), tuple(rows[0])), **_arrays(rows))


def batched(rows: Sequence[T], size: int = 5_000) -> Iterator[Sequence[T]]:
    """`rows` in pieces that fit a statement comfortably."""
    for start in range(0, len(rows), size):
        yield rows[start : start + size]


def _table(model: type[Base]) -> Table:
    table = model.__table__
    assert isinstance(table, Table)  # noqa: S101  for the type checker: our models are plain tables
    return table


def _arrays(rows: Sequence[Mapping[str, Any]]) -> dict[str, list[Any]]:
    return {f"{name}_s": [row[name] for row in rows] for name in rows[0]}


def _source(table: Table, names: tuple[str, ...]) -> TableValuedAlias:
    arrays = [bindparam(f"{name}_s", type_=ARRAY(table.c[name].type)) for name in names]
    columns = [column(name, table.c[name].type) for name in names]
    return func.unnest(*arrays).table_valued(*columns, name="source").render_derived()


@cache
def _insert(table: Table, names: tuple[str, ...], skip_existing: bool) -> Statement:  # noqa: FBT001  cached by position
    statement = _from_arrays(table, names)
    return Statement(statement.on_conflict_do_nothing() if skip_existing else statement)


@cache
def _put(table: Table, names: tuple[str, ...], key: tuple[str, ...]) -> Statement:
    statement = _from_arrays(table, names)
    changed = {name: statement.excluded[name] for name in names if name not in {"id", *key}}
    return Statement(statement.on_conflict_do_update(index_elements=list(key), set_=changed))


def _from_arrays(table: Table, names: tuple[str, ...]) -> Insert:
    source = _source(table, names)
    return insert(table).from_select(list(names), select(*(source.c[name] for name in names)))


@cache
def _update(table: Table, names: tuple[str, ...]) -> Statement:
    source = _source(table, names)
    values = {name: source.c[name] for name in names if name != "id"}
    return Statement(update(table).where(table.c.id == source.c.id).values(values))
