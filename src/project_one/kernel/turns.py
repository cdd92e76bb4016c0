"""One at a time, by name, where no row stands that could be locked."""

from sqlalchemy import func, select

from project_one.kernel.db import WriteSession


async def take_turn(session: WriteSession, name: str) -> None:
    """Whoever takes a turn of the same name waits until this transaction ends, and then sees what it did."""
    await session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(f"project_one.{name}", 0))))
