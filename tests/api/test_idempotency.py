"""A POST sent twice: the answer of the first time, whoever is quicker."""

import asyncio
from datetime import timedelta
from typing import Annotated, Any

from fastapi import Depends, FastAPI, Request
from sqlalchemy import func, select
from starlette.types import ASGIApp, Receive, Scope, Send

from project_one.bootstrap import House
from project_one.kernel import idempotency, problems
from project_one.kernel.idempotency import Keys

from .doors import Client, served


def application(house: House, ran: list[Any], gate: asyncio.Event, *, caller: str = "me") -> FastAPI:
    app = FastAPI()
    problems.install(app)
    idempotency.install(app)
    keys = Keys(house.database.transactions, house.clock)

    async def once(request: Request) -> None:
        await keys.claimed(request, caller=request.headers.get("x-caller", caller))

    @app.post("/things", status_code=201)
    async def make(body: dict[str, Any], _once: Annotated[None, Depends(once)]) -> dict[str, Any]:
        await gate.wait()
        ran.append(body)
        if body.get("fails") and len(ran) == 1:
            raise RuntimeError
        return {"made": len(ran)}

    app.add_middleware(Framed, keys=keys)
    return app


class Framed:
    def __init__(self, app: ASGIApp, keys: Keys) -> None:
        self.app, self.keys = app, keys

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await self.keys.answered(Request(scope, receive), self.app, receive, send)
        else:
            await self.app(scope, receive, send)


def post(client: Client, key: str, body: dict[str, Any], **headers: str) -> Any:
    return client.post("/things", json=body, headers={"Idempotency-Key": key, **headers})


async def test_again_gives_the_kept_answer_and_other_words_a_refusal(api_house: House) -> None:
    ran: list[Any] = []
    gate = asyncio.Event()
    gate.set()
    async with served(application(api_house, ran, gate)) as client:
        first, second = [await post(client, "k", {"a": 1}) for _ in range(2)]
        assert (first.status, second.status, first.content) == (201, 201, second.content)
        assert ("idempotency-replayed" in first.headers, second.headers["idempotency-replayed"]) == (False, "true")
        other = await post(client, "k", {"a": 2})
        assert (other.status, other.code) == (422, "idempotency.other-body")
        assert (await post(client, "k", {"a": 1}, **{"x-caller": "you"})).json() == {"made": 2}
        assert (await post(client, "l", {"a": 1})).json() == {"made": 3}
        assert (await client.post("/things", json={"a": 1})).json() == {"made": 4}
        assert (await post(client, "k" * 201, {})).code == "idempotency.key-invalid"


async def test_a_refused_request_is_kept_and_a_failed_one_is_not(api_house: House) -> None:
    ran: list[Any] = []
    gate = asyncio.Event()
    gate.set()
    async with served(application(api_house, ran, gate)) as client:
        assert (await post(client, "f", {"fails": True})).status == 500
        assert (await post(client, "f", {"fails": True})).json() == {"made": 2}


async def test_twins_run_once_and_the_second_waits(api_house: House) -> None:
    ran: list[Any] = []
    gate = asyncio.Event()
    async with served(application(api_house, ran, gate)) as client:
        twins = [asyncio.create_task(post(client, "t", {})) for _ in range(5)]
        done, waiting = await asyncio.wait(twins, timeout=4)
        assert {(task.result().status, task.result().headers["Retry-After"]) for task in done} == {(409, "2")}
        assert len(waiting) == 1
        gate.set()
        assert (await waiting.pop()).json() == {"made": 1}
        assert (await post(client, "t", {})).json() == {"made": 1}
        assert len(ran) == 1


async def test_a_key_of_a_dead_process_is_taken_over_after_a_minute(api_house: House) -> None:
    ran: list[Any] = []
    gate = asyncio.Event()
    async with served(application(api_house, ran, gate)) as client:
        stuck = asyncio.create_task(post(client, "d", {}))
        while not await running(api_house):
            await asyncio.sleep(0.01)
        later = Keys(api_house.database.transactions, lambda: api_house.clock() + timedelta(seconds=61))
        async with api_house.database.readings() as session:
            row = (await session.scalars(select(idempotency.IdempotencyKeyRow))).one()
        assert await later._claim(row.key_sha256, row.request_sha256)
        gate.set()
        await stuck


async def running(house: House) -> bool:
    async with house.database.readings() as session:
        return (await session.scalar(select(func.count()).select_from(idempotency.IdempotencyKeyRow))) == 1
