"""The whole application with a caller of every role, each signed in with a genuine token of the sandbox's Clerk."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

import aiohttp

from project_one.auth.policy import KEY_SCOPES
from project_one.bootstrap import House, open_house
from project_one.entrypoints.api import build_app
from project_one.entrypoints.demo_people import DEMO_PEOPLE, seed_demo_people
from project_one.kernel.queue import JobProducer
from project_one_sandbox import config as sandbox_config
from project_one_sandbox.clerk import ClerkConfig
from project_one_sandbox.server import start
from project_one_sandbox.state import Secrets

from ..delivery.morning import released
from .doors import Client, served

ROLES = ("advisor", "reviewer", "admin", "dpo", "operator", "api-key", "nobody")
_TOKEN_LASTS_S = 7_200


@dataclass(frozen=True)
class Everybody:
    """`api`: the process that answers; `headers`: of each of `ROLES`; `me`: the advisor; `firm_id`: hers."""

    client: Client
    api: House
    document: dict[str, Any]
    headers: dict[str, dict[str, str]]
    me: UUID
    firm_id: UUID


@asynccontextmanager
async def everybody(house: House, *, advisors: int) -> AsyncIterator[Everybody]:
    """A released morning and its people; the advisor's firm is that of the first demo advisor."""
    await released(house, advisors=advisors)
    await seed_demo_people(house)
    settings = house.settings
    clerk = ClerkConfig(party=sorted(settings.parties)[0])
    running = await start(sandbox_config.first({}), Secrets(clerk=clerk), host="127.0.0.1", port=0, scale=1)
    ours = settings.model_copy(update={"clerk_issuer": f"{running.url}/clerk", "clerk_jwt_key": ""})
    producer = JobProducer(settings.redis_url.get_secret_value())
    try:
        async with open_house(ours, process="test-api", database_url=ours.api_database_url) as api:
            app = build_app(api, producer)
            async with served(app) as client, aiohttp.ClientSession(running.url) as sandbox:
                headers = {"nobody": await _bearer(sandbox, "user_nobody", None)}
                for name, person in DEMO_PEOPLE.items():
                    headers[name] = await _bearer(sandbox, person.clerk_id, person.organisation)
                me = (await client.get("/v1/me", headers=headers["advisor"])).json()
                headers["api-key"] = await _key(client, headers["advisor"], api)
                yield Everybody(client, api, app.openapi(), headers, UUID(me["user_id"]), UUID(me["firm_id"]))
    finally:
        await producer.close()
        await running.stop()


async def _bearer(sandbox: aiohttp.ClientSession, clerk_id: str, organisation: str | None) -> dict[str, str]:
    body = {"sub": clerk_id, "org": organisation, "ttl": _TOKEN_LASTS_S}
    async with sandbox.post("/_sandbox/clerk/token", json=body) as response:
        return {"Authorization": f"Bearer {(await response.json())['jwt']}"}


async def _key(client: Client, advisor: dict[str, str], api: House) -> dict[str, str]:
    ends = (api.clock() + timedelta(days=30)).isoformat()
    body = {"name": "Reports", "scopes": sorted(KEY_SCOPES), "expires_at": ends}
    made = await client.post("/v1/api-keys", json=body, headers=advisor)
    return {"X-API-Key": made.json()["key"]}
