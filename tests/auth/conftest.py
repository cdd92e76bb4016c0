"""The api over the sandbox's Clerk, on ephemeral loopback ports."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import aiohttp
import pytest
import uvicorn

from project_one.auth import people
from project_one.auth.domain import Role
from project_one.bootstrap import House, open_house
from project_one.entrypoints.api import build_app
from project_one.kernel.queue import JobProducer
from project_one.settings import Settings
from project_one_sandbox import config as sandbox_config
from project_one_sandbox.clerk import ClerkConfig
from project_one_sandbox.server import start
from project_one_sandbox.state import Secrets

from ..signing import PARTY


@dataclass(frozen=True)
class Rig:
    """`api`: a client of our API; `sandbox`: one of the sandbox; `house`: as the api sees it; `home`: as it is."""

    house: House
    home: House
    api: aiohttp.ClientSession
    sandbox: aiohttp.ClientSession
    issuer: str

    async def clerk(self, action: str, **body: Any) -> dict[str, Any]:
        async with self.sandbox.post(f"/_sandbox/clerk/{action}", json=body) as response:
            assert response.status == 200, await response.text()
            return await response.json()

    async def bearer(self, sub: str = "user_1", **body: Any) -> dict[str, str]:
        """Headers with a session token. `sid` is the user's own unless given."""
        answer = await self.clerk("token", **({"sub": sub, "sid": f"sess_{sub}"} | body))
        return {"Authorization": f"Bearer {answer['jwt']}"}

    async def staff(self, role: Role) -> dict[str, str]:
        """Headers of somebody with this role."""
        clerk_id = f"user_{role}"
        async with self.home.database.transactions() as session:
            await people.grant_role(session, clerk_id, role, actor="test", now=self.home.clock())
        return await self.bearer(clerk_id)

    async def ask(self, method: str, path: str, headers: dict[str, str] | None = None, **more: Any) -> tuple[int, Any]:
        async with self.api.request(method, path, headers=headers, **more) as response:
            return response.status, await response.json() if response.content_type.endswith("json") else None


@pytest.fixture
async def changed_settings() -> dict[str, Any]:
    """What a test wants otherwise; override it in the module."""
    return {}


@pytest.fixture
async def rig(settings: Settings, house: House, changed_settings: dict[str, Any]) -> AsyncIterator[Rig]:
    clerk = ClerkConfig(party=PARTY, webhook_secret=settings.clerk_webhook_secret.get_secret_value())
    running = await start(sandbox_config.first({}), Secrets(clerk=clerk), host="127.0.0.1", port=0, scale=1)
    issuer = f"{running.url}/clerk"
    changes = {"clerk_issuer": issuer, "clerk_jwt_key": ""} | changed_settings
    ours = settings.model_copy(update=changes)
    async with open_house(ours, process="test-api", database_url=ours.api_database_url) as served:
        producer = JobProducer(settings.redis_url.get_secret_value())
        config = uvicorn.Config(
            build_app(served, producer), host="127.0.0.1", port=0, log_config=None, http="httptools"
        )
        server = uvicorn.Server(config)
        serving = asyncio.create_task(server.serve())
        while not server.started:
            await asyncio.sleep(0.01)
        port = server.servers[0].sockets[0].getsockname()[1]
        root = f"http://127.0.0.1:{port}"
        running.world.clerk.config.webhook_url = f"{root}/webhooks/clerk"
        async with aiohttp.ClientSession(root) as api, aiohttp.ClientSession(running.url) as sandbox:
            yield Rig(served, house, api, sandbox, issuer)
        server.should_exit = True
        await serving
        await producer.close()
    await running.stop()
