"""Runs the migrations on the address given by `project_one.entrypoints.database`, with short lock waits."""

import asyncio

from alembic import context
from sqlalchemy import Connection, pool, text
from sqlalchemy.ext.asyncio import create_async_engine

from project_one.entrypoints.database import metadata


def _migrate(connection: Connection) -> None:
    context.configure(connection=connection, target_metadata=metadata(), compare_type=True)
    with context.begin_transaction():
        connection.execute(text("SET lock_timeout = '5s'"))
        connection.execute(text("SET statement_timeout = '10min'"))
        # Two migrations at once: the second waits here and finds nothing to do.
        connection.execute(text("SELECT pg_advisory_xact_lock(hashtextextended('project_one.migrations', 0))"))
        context.run_migrations()


async def _run(url: str) -> None:
    engine = create_async_engine(url, poolclass=pool.NullPool)
    try:
        async with engine.connect() as connection:
            await connection.run_sync(_migrate)
            await connection.commit()
    finally:
        await engine.dispose()


asyncio.run(_run(context.config.attributes["url"]))
