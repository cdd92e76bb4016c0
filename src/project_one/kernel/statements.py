"""Which statements an engine runs, through sessions and through lookups: for measuring."""

from collections.abc import Generator, Sequence
from contextlib import contextmanager
from typing import Any

from asyncpg.connection import LoggedQuery
from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncEngine

Ran = tuple[str, Sequence[Any]]
"""A statement and its values."""

_OPENING = "BEGIN READ ONLY; "
_ENDS = ("BEGIN", "COMMIT", "ROLLBACK")


@contextmanager
def watched(engine: AsyncEngine) -> Generator[list[Ran]]:
    """The statements that run meanwhile. Setting the scope is one of them, beginning and ending a transaction is none."""
    ran: list[Ran] = []

    def of_session(_connection: object, _cursor: object, statement: str, values: Sequence[Any], *_: object) -> None:
        ran.append((statement, values))

    def of_lookup(query: LoggedQuery) -> None:
        statement = query.query.removeprefix(_OPENING)
        if not statement.startswith(_ENDS):
            ran.append((statement, query.args or ()))

    def lent(_connection: object, record: Any, _proxy: object) -> None:
        record.driver_connection.add_query_logger(of_lookup)

    def given_back(_connection: object, record: Any) -> None:
        if record.driver_connection is not None:
            record.driver_connection.remove_query_logger(of_lookup)

    ways = (("before_cursor_execute", of_session), ("checkout", lent), ("checkin", given_back))
    for name, listener in ways:
        event.listen(engine.sync_engine, name, listener)
    try:
        yield ran
    finally:
        for name, listener in ways:
            event.remove(engine.sync_engine, name, listener)
