"""Many rows in one statement: columns travel as arrays, so that the statement's text, and its plan, stay the same for any count.

The ledger's writers use these; where a handful of rows is written now and then, the session's own ways are as good.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import cache
from typing import Any, TypeVar

from sqlalchemy import ARRAY, ColumnElement, Table, any_, bindparam, column, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import InstrumentedAttribute
from sqlalchemy.sql.dml import Insert, Update
from sqlalchemy.sql.selectable import TableValuedAlias

from project_one.kernel.db import Base, WriteSession

T = TypeVar("T")


def among(attribute: InstrumentedAttribute[Any], values: Collection[Any]) -> ColumnElement[bool]:
    """`attribute = ANY(values)`."""
    return attribute == any_(bindparam(None, list(values), type_=ARRAY(attribute.type), unique=True))


async def insert_many(
    session: WriteSession, model: type[Base], rows: Sequence[Mapping[str, Any]], *, skip_existing: bool = False
) -> None:
    """Insert rows that all have the same keys. `skip_existing`: leave what a unique constraint refuses."""
    if rows:
        statement = _insert(_table(model), tuple(rows[0]), skip_existing)
        await session.execute(statement, _arrays(rows))


async def update_many(session: WriteSession, model: type[Base], rows: Sequence[Mapping[str, Any]]) -> None:
    """Write the other keys of each row to the row with its `id`."""
    if rows:
        await session.execute(_update(_table(model), tuple(rows[0])), _arrays(rows))


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
def _insert(table: Table, names: tuple[str, ...], skip_existing: bool) -> Insert:  # noqa: FBT001  cached by position
    source = _source(table, names)
    statement = insert(table).from_select(list(names), select(*(source.c[name] for name in names)))
    return statement.on_conflict_do_nothing() if skip_existing else statement


@cache
def _update(table: Table, names: tuple[str, ...]) -> Update:
    source = _source(table, names)
    values = {name: source.c[name] for name in names if name != "id"}
    return update(table).where(table.c.id == source.c.id).values(values)
