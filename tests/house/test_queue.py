"""A worker of the queue when its server goes away."""

import asyncio
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from redis.asyncio.connection import Connection
from redis.exceptions import ConnectionError  # noqa: A004

from project_one.entrypoints.up import servers
from project_one.entrypoints.up.places import Place, server_account
from project_one.kernel.queue import JobProducer, JobWorker

_PAUSE_S = 0.2  # after a refusal: by then the worker waits a second before it asks again


@pytest.fixture
async def valkey() -> AsyncIterator[servers.Server]:
    with tempfile.TemporaryDirectory(prefix="project-one-tests-") as folder:
        root = Path(folder)
        root.chmod(0o711)
        (root / "logs").mkdir()
        server = await servers.start_valkey(Place(root=root, account=server_account()), password="testing")
        try:
            yield server
        finally:
            await server.stop()


async def test_a_worker_ends_though_valkey_is_gone_and_its_job_ends_first(
    valkey: servers.Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, may_end, ended = asyncio.Event(), asyncio.Event(), asyncio.Event()
    refusals = asyncio.Semaphore(0)
    connect = Connection.connect

    async def counted(connection: Connection) -> None:
        try:
            await connect(connection)
        except ConnectionError:
            asyncio.get_running_loop().call_later(_PAUSE_S, refusals.release)
            raise

    async def handle(_payload: dict[str, Any]) -> None:
        begun.set()
        await may_end.wait()
        ended.set()

    monkeypatch.setattr(Connection, "connect", counted)
    worker = JobWorker("trial", {"wait": handle}, redis_url=valkey.url)
    await worker.start()
    producer = JobProducer(valkey.url)
    await producer.add("trial", "wait", {}, job_id=f"a-{uuid4()}")
    await producer.close()
    async with asyncio.timeout(20):
        await begun.wait()
        await valkey.stop()
        await refusals.acquire()
        closing = asyncio.create_task(worker.close())
        done, _ = await asyncio.wait({closing}, timeout=0.5)
        assert not done
        may_end.set()
        await closing
    assert ended.is_set()
    assert not worker.is_running
