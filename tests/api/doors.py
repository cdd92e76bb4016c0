"""Routers over the api's own login, called as a given person."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import aiohttp
import uvicorn
from fastapi import APIRouter, Depends, FastAPI
from sqlalchemy import select

from project_one.advisor.models import AdvisorRow
from project_one.auth.domain import Principal, Role
from project_one.auth.policy import principal_of
from project_one.bootstrap import House
from project_one.kernel import problems
from project_one.kernel.ids import new_id


@dataclass(eq=False)
class Caller:
    """Who is at the door; a test changes it between calls."""

    principal: Principal

    def __call__(self) -> Principal:
        return self.principal


def staff(role: Role) -> Principal:
    return principal_of(new_id(), {role}, tenant=None)


def advisor_of(firm_id: UUID) -> Principal:
    return principal_of(new_id(), {Role.ADVISOR}, tenant=firm_id)


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    content: bytes

    @property
    def text(self) -> str:
        return self.content.decode()

    def json(self) -> Any:
        return json.loads(self.content)

    @property
    def code(self) -> str:
        return self.json()["code"]


@dataclass(frozen=True)
class Client:
    session: aiohttp.ClientSession

    async def get(self, path: str, **options: Any) -> Answer:
        return await self.request("GET", path, **options)

    async def post(self, path: str, **options: Any) -> Answer:
        return await self.request("POST", path, **options)

    async def request(self, method: str, path: str, **options: Any) -> Answer:
        async with self.session.request(method, path, **options) as response:
            return Answer(response.status, response.headers, await response.read())


@asynccontextmanager
async def door(caller: Caller, *routers: APIRouter) -> AsyncIterator[Client]:
    """An application of these routers alone, served on a port of its own."""
    app = FastAPI()
    problems.install(app)
    for router in routers:
        app.include_router(router, prefix="/v1", dependencies=[Depends(caller)])
    async with served(app) as client:
        yield client


@asynccontextmanager
async def served(app: FastAPI) -> AsyncIterator[Client]:
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_config=None, http="httptools"))
    serving = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        async with aiohttp.ClientSession(
            f"http://127.0.0.1:{port}", connector=aiohttp.TCPConnector(force_close=True)
        ) as session:
            yield Client(session)
    finally:
        server.should_exit = True
        await serving


async def firms(house: House) -> list[tuple[UUID, UUID]]:
    """Firm and advisor of everybody there, in the order of enrolment."""
    async with house.database.readings() as session:
        rows = await session.execute(select(AdvisorRow.firm_id, AdvisorRow.id).order_by(AdvisorRow.id))
        return [(firm_id, advisor_id) for firm_id, advisor_id in rows]
