"""The advisors' door as several callers meet it, over the api's own login."""

import asyncio
import io
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

import aiohttp
import pytest
import uvicorn
from fastapi import FastAPI, Request

from project_one.advisor.routes import advisor_router
from project_one.auth.domain import Principal, Role
from project_one.auth.errors import NotAuthenticatedError
from project_one.auth.policy import principal_of
from project_one.bootstrap import House
from project_one.content.scores import judged_packs
from project_one.kernel import problems
from project_one.kernel.db import WriteSession
from project_one.kernel.ids import new_id
from project_one.vendors.storage.local import LocalStorage

PDF = b"%PDF-1.7\n1 0 obj <<>> endobj\ntrailer <<>>\n%%EOF\n"
JPEG = b"\xff\xd8\xff\xe0JFIF\xff\xd9"
PNG = b"\x89PNG\r\n\x1a\n....IEND\xaeB`\x82"


def application(**changes: Any) -> dict[str, Any]:
    return {
        "capacity": "MFD",
        "registered_name": "Asha Rao",
        "registration_number": "arn 12345",
        "phone": "+91 98000 00001",
        "email": "Asha@Example.in",
        "languages": ["hi", "en"],
        "slot": "06:00",
        "website": "https://asha-rao.example",
        **changes,
    }


@dataclass
class Door:
    """`callers`: by bearer token. Registering makes the caller a member of the new firm, as the access part does."""

    client: aiohttp.ClientSession
    house: House
    folder: Path
    callers: dict[str, Principal] = field(default_factory=dict[str, Principal])
    members: list[tuple[UUID, UUID]] = field(default_factory=list[tuple[UUID, UUID]])

    def person(self, token: str) -> str:
        self.callers[token] = principal_of(new_id(), (), tenant=None)
        return token

    def staff(self, role: Role) -> str:
        self.callers[role.value] = principal_of(new_id(), [role], tenant=None)
        return role.value

    async def ask(self, method: str, path: str, token: str, **options: Any) -> tuple[int, Any]:
        headers = {"Authorization": f"Bearer {token}", **options.pop("headers", {})}
        async with self.client.request(method, path, headers=headers, **options) as response:
            kind = response.content_type
            return response.status, await response.json() if kind.endswith("json") else await response.read()

    async def register(self, token: str = "asha", **changes: Any) -> dict[str, Any]:
        self.person(token)
        status, made = await self.ask("POST", "/v1/advisors", token, json=application(**changes))
        assert status == 201, made
        user_id, firm_id = self.members[-1]
        self.callers[token] = principal_of(user_id, [Role.ADVISOR], tenant=firm_id)
        return made

    async def upload(self, advisor: str, kind: str, data: bytes, token: str = "asha") -> tuple[int, Any]:
        form = aiohttp.FormData()
        form.add_field("kind", kind)
        form.add_field("file", io.BytesIO(data), filename="proof.pdf", content_type="application/pdf")
        return await self.ask("POST", f"/v1/advisors/{advisor}/documents", token, data=form)

    async def import_register(
        self, data: bytes | str, as_of: str = "2026-11-20", register: str = "amfi", token: str = "", **fields: str
    ) -> tuple[int, Any]:
        form = aiohttp.FormData()
        form.add_field("as_of", as_of)
        for name, value in fields.items():
            form.add_field(name, value)
        form.add_field("file", data.encode() if isinstance(data, str) else data, filename="register.csv")
        caller = token or self.staff(Role.ADMIN)
        return await self.ask("POST", f"/v1/registers/{register}/snapshots", caller, data=form)

    async def verified(self, until: str = "31-12-2030", **changes: Any) -> str:
        """An advisor approved on documents and a register line."""
        made = await self.register(**changes)
        for kind in ("certificate", "pan", "address-proof"):
            assert (await self.upload(made["id"], kind, PDF))[0] == 201
        status, answer = await self.import_register(amfi(("ARN-12345", "Asha Rao", until)))
        assert status == 201, answer
        status, answer = await self.ask(
            "POST", f"/v1/advisors/{made['id']}/approve", self.staff(Role.ADMIN), json={"reason": "Compared."}
        )
        assert (status, answer["registration_status"]) == (200, "verified"), answer
        return made["id"]


def amfi(*lines: tuple[str, str, str]) -> str:
    head = "ARN,ARN Holder's Name,City,ARN Valid From,ARN Valid Till\n"
    return head + "".join(f'{number},"{name}",Pune,01-01-2024,{until}\n' for number, name, until in lines)


@pytest.fixture
async def door(api_house: House, tmp_path: Path) -> AsyncIterator[Door]:
    app = FastAPI()
    problems.install(app)
    opened: list[Door] = []

    def principal(request: Request) -> Principal:
        token = (request.headers.get("authorization") or "").removeprefix("Bearer ")
        caller = opened[0].callers.get(token)
        if caller is None:
            raise NotAuthenticatedError("Send a token.")
        return caller

    async def memberships(_session: WriteSession, user_id: UUID, firm_id: UUID) -> None:
        opened[0].members.append((user_id, firm_id))

    found: Callable[..., Principal] = principal
    app.include_router(
        advisor_router(
            api_house.database,
            api_house.keyring,
            LocalStorage(tmp_path / "documents"),
            lambda: api_house.clock(),
            found,
            memberships,
            judged_packs,
        ),
        prefix="/v1",
    )
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_config=None, http="httptools"))
    serving = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    async with aiohttp.ClientSession(f"http://127.0.0.1:{port}") as client:
        opened.append(Door(client, api_house, tmp_path / "documents"))
        yield opened[0]
    server.should_exit = True
    await serving
