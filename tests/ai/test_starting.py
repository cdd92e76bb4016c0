"""What the processes do about the model when they start: those that ask one open the way, the others do not load it."""

import asyncio
import os
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from pydantic import SecretBytes, SecretStr

from project_one.settings import Settings

from .vendor import Vendor


def environment(settings: Settings, vendor: Vendor) -> dict[str, str]:
    ours = settings.model_copy(
        update={"openai_api_key": SecretStr("sk-test"), "openai_base_url": vendor.url, "api_port": 0}
    )
    told = {name.upper(): _told(value) for name, value in ours.model_dump(exclude_unset=True).items()}
    return {**os.environ, **told}


def _told(value: object) -> str:
    match value:
        case SecretBytes():
            return "AAAA" * 10 + "AAA="
        case SecretStr():
            return value.get_secret_value()
        case _:
            return str(value)


@asynccontextmanager
async def started(environment: dict[str, str], *command: str) -> AsyncGenerator[asyncio.subprocess.Process]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-X", "importtime", "-m", "project_one.entrypoints.cli", *command),
        env=environment,
        cwd=Path(__file__).parents[2],
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        limit=1 << 20,
    )
    try:
        async with asyncio.timeout(60):
            yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


@pytest.mark.parametrize("command", [("api",), ("worker", "--name", "w", "--queues", "content-processing")])
async def test_who_asks_a_model_opens_the_way_at_the_start(
    settings: Settings, vendor: Vendor, command: tuple[str, ...]
) -> None:
    async with started(environment(settings, vendor), *command) as process:
        told = asyncio.create_task(process.communicate())
        await vendor.listed.wait()
        process.kill()
        await told
    assert vendor.asked == [], "listing models costs nothing"


async def test_a_driver_does_not_load_the_vendors_sdk(settings: Settings, vendor: Vendor) -> None:
    command = ("worker", "--name", "driver-1", "--queues", "whatsapp-delivery")
    async with started(environment(settings, vendor), *command) as process:
        assert process.stdout is not None and process.stderr is not None
        imports = asyncio.create_task(process.stderr.read())
        while b"worker.started" not in await process.stdout.readline():
            assert not process.stdout.at_eof()
        process.kill()
        loaded = {line.rpartition(b"|")[2].strip() for line in (await imports).splitlines()}
    assert b"project_one.bootstrap" in loaded
    assert b"openai" not in loaded
    assert not vendor.listed.is_set()
