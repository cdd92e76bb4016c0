"""The packs' doors over a real database, served; callers are named by headers."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import aiohttp
import uvicorn
from fastapi import FastAPI, Request
from sqlalchemy import select

from project_one.advisor.models import AdvisorRow
from project_one.auth.domain import Principal, Role
from project_one.auth.errors import NotAuthenticatedError
from project_one.auth.policy import principal_of
from project_one.bootstrap import House, handlers
from project_one.content.ai_routes import ai_router
from project_one.content.history_routes import history_router
from project_one.content.pack_routes import pack_router
from project_one.content.review_routes import review_router
from project_one.content.template_routes import template_router
from project_one.kernel import problems
from project_one.kernel.db import ReadSession
from project_one.kernel.ids import new_id
from project_one.kernel.outbox import OutboxRow
from project_one.vocabulary.domain import Capacity

from ..delivery.morning import furnish

EN = {
    "topic": "Start early",
    "caption": "Small regular sums over 15 years have more time to grow. No return is assured.",
}
HI = {
    "topic": "जल्दी शुरू करें",
    "caption": "15 साल तक की छोटी नियमित बचत को बढ़ने का अधिक समय मिलता है। कोई रिटर्न निश्चित नहीं है।",
}
MR = {
    "topic": "लवकर सुरुवात करा",
    "caption": "15 वर्षांच्या लहान नियमित बचतीला वाढायला जास्त वेळ मिळतो. कोणताही परतावा निश्चित नाही.",
}
ALL = {"en": EN, "hi": HI, "mr": MR}


@dataclass
class Api:
    """`memberships`: firms by staff person."""

    client: aiohttp.ClientSession
    house: House
    api_house: House
    memberships: dict[UUID, frozenset[UUID]]

    async def call(
        self, who: dict[str, str], method: str, path: str, body: Any = None, **headers: str
    ) -> tuple[int, Any, Any]:
        """Status, body, headers."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        async with self.client.request(method, f"/v1{path}", json=body, headers=who | named) as response:
            raw = await response.read()
            is_json = "json" in response.headers.get("content-type", "")
            return response.status, (await response.json() if is_json and raw else raw.decode()), response.headers

    async def drafted(self, who: dict[str, str], **body: Any) -> dict[str, Any]:
        status, pack, _ = await self.call(who, "POST", "/content-packs", {"variants": ALL} | body)
        assert status == 201, pack
        return pack

    async def submitted(self, who: dict[str, str], **body: Any) -> dict[str, Any]:
        """A pack in review, its check run."""
        pack = await self.drafted(who, **body)
        status, pack, _ = await self.call(who, "POST", f"/content-packs/{pack['id']}/submit")
        assert status == 202, pack
        await self.run_jobs()
        return (await self.call(who, "GET", f"/content-packs/{pack['id']}"))[1]

    async def run_jobs(self) -> int:
        """What the outbox promised to the content-processing queue, run by the workers' handlers; how many."""
        sender = self.house.whatsapp()
        table = handlers(self.house, sender)["content-processing"]
        async with self.house.database.readings() as session:
            jobs = (await session.scalars(select(OutboxRow).where(OutboxRow.queue == "content-processing"))).all()
        for job in jobs:
            await table[job.name](job.payload)
        await sender.close()
        return len(jobs)

    async def approved(self, who: dict[str, str], reviewer: dict[str, str], **body: Any) -> dict[str, Any]:
        pack = await self.submitted(who, **body)
        status, pack, _ = await self.call(
            reviewer, "POST", f"/content-packs/{pack['id']}/approve", {"hashes": hashes(pack)}
        )
        assert status == 200, pack
        return pack


def hashes(pack: dict[str, Any]) -> dict[str, str]:
    return {item["language"]: item["sha256"] for item in pack["variants"]}


def member(firm_id: UUID, user_id: UUID | None = None) -> dict[str, str]:
    return {"X-User": str(user_id or new_id()), "X-Role": "advisor", "X-Tenant": str(firm_id)}


def staff(role: str = "reviewer", user_id: UUID | None = None) -> dict[str, str]:
    return {"X-User": str(user_id or new_id()), "X-Role": role}


def principal(request: Request) -> Principal:
    if "x-user" not in request.headers:
        message = "Say who you are."
        raise NotAuthenticatedError(message)
    tenant = request.headers.get("x-tenant")
    roles = [Role(request.headers["x-role"])]
    return principal_of(UUID(request.headers["x-user"]), roles, tenant=UUID(tenant) if tenant else None)


@asynccontextmanager
async def serving(house: House, api_house: House) -> AsyncGenerator[Api]:
    memberships: dict[UUID, frozenset[UUID]] = {}

    async def firms_of(_session: ReadSession, person: UUID) -> frozenset[UUID]:
        return memberships.get(person, frozenset())

    app = FastAPI()
    problems.install(app)
    database, clock = api_house.database, api_house.clock
    for router in (
        pack_router(database, api_house.shelf, clock, principal),
        history_router(database, principal),
        ai_router(database, api_house.run_tools, principal),
        template_router(database, clock, principal),
        review_router(database, clock, principal, firms_of),
    ):
        app.include_router(router, prefix="/v1")
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_config=None, http="httptools"))
    task = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    async with aiohttp.ClientSession(f"http://127.0.0.1:{port}") as client:
        yield Api(client, house, api_house, memberships)
    server.should_exit = True
    await task


async def firms(house: House, count: int = 2) -> list[UUID]:
    """Firms of one distributor each, with library, frames and a number; the first delivers in English."""
    await furnish(house, advisors=count)
    async with house.database.readings() as session:
        rows = await session.execute(
            select(AdvisorRow.firm_id, AdvisorRow.capacity).order_by(AdvisorRow.registration_number)
        )
        found = list(rows)
    assert {capacity for _, capacity in found} == {Capacity.MFD}
    return [firm_id for firm_id, _ in found]
