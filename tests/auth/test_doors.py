"""Closed by default, limited, and open to the pages of our own origins."""

import asyncio
import re
from collections.abc import Iterator
from typing import Any

import pytest
from fastapi.routing import iter_route_contexts

from project_one.auth.domain import Role
from project_one.bootstrap import House
from project_one.entrypoints.api import PUBLIC_ROUTES, build_app
from project_one.kernel.queue import JobProducer
from project_one.kernel.rates import Rates

from ..signing import PARTY
from .conftest import Rig


@pytest.fixture
async def changed_settings() -> dict[str, Any]:
    return {"rate_per_principal": 3, "rate_per_address": 200}


@pytest.fixture(autouse=True)
async def forgotten_rates(house: House) -> None:
    from redis.asyncio import Redis

    async with Redis.from_url(house.settings.redis_url.get_secret_value()) as client:
        await client.flushall()


def doors(house: House) -> Iterator[tuple[str, str]]:
    app = build_app(house, JobProducer(house.settings.redis_url.get_secret_value()))
    for route in iter_route_contexts(app.routes):
        path = route.path
        assert path is not None
        if path not in PUBLIC_ROUTES and path != "/docs/oauth2-redirect":
            for method in route.methods or ():
                yield method, re.sub(r"\{[^}]+\}", "1", path)


async def test_every_door_is_closed_to_strangers(rig: Rig, house: House) -> None:
    found = list(doors(house))
    assert ("GET", "/v1/me") in found
    for method, path in found:
        status, _ = await rig.ask(method, path)
        assert status == 401, (method, path)


async def test_a_caller_is_told_her_limit_and_stopped_at_it(rig: Rig) -> None:
    operator = await rig.staff(Role.OPERATOR)
    for remaining in ("2", "1", "0"):
        async with rig.api.get("/v1/me", headers=operator) as response:
            assert response.status == 200
            assert (response.headers["RateLimit-Limit"], response.headers["RateLimit-Remaining"]) == ("3", remaining)
            assert 1 <= int(response.headers["RateLimit-Reset"]) <= 60
    async with rig.api.get("/v1/me", headers=operator) as response:
        assert (response.status, (await response.json())["code"]) == (429, "rate.exceeded")
        assert int(response.headers["Retry-After"]) >= 1
    assert (await rig.ask("GET", "/v1/me", await rig.staff(Role.REVIEWER)))[0] == 200


async def test_an_address_that_guesses_is_stopped_and_its_good_callers_are_not(rig: Rig) -> None:
    statuses = [(await rig.ask("GET", "/v1/me", {"X-API-Key": f"p1_{n}"}))[0] for n in range(201)]
    assert (statuses[0], statuses[-1]) == (401, 429)
    assert (await rig.ask("GET", "/nowhere"))[0] == 429
    assert (await rig.ask("GET", "/v1/me", await rig.staff(Role.OPERATOR)))[0] == 200
    for _ in range(2):
        assert (await rig.ask("GET", "/healthz"))[0] == 200
        assert (await rig.ask("POST", "/webhooks/clerk", data=b"{}"))[0] == 401


async def test_limits_hold_while_redis_is_away() -> None:
    rates = Rates("redis://127.0.0.1:9/0")
    try:
        hits = [await rates.hit("principal:x", per_minute=2, beside=["any"]) for _ in range(3)]
    finally:
        await rates.close()
    assert [standing.is_within for standing, _ in hits] == [True, True, False]
    assert "Retry-After" in hits[-1][0].headers()
    assert {read for _, read in hits} == {None}


async def test_pages_of_our_own_origins_may_call(rig: Rig) -> None:
    asked = {"Access-Control-Request-Method": "PATCH", "Access-Control-Request-Headers": "authorization,if-match"}
    async with rig.api.options("/v1/me", headers={"Origin": PARTY, **asked}) as response:
        assert (response.status, response.headers["Access-Control-Allow-Origin"]) == (200, PARTY)
    async with rig.api.options("/v1/me", headers={"Origin": "https://evil.test", **asked}) as response:
        assert "Access-Control-Allow-Origin" not in response.headers
    async with rig.api.get("/v1/me", headers={"Origin": PARTY}) as response:
        assert (response.status, response.headers["Access-Control-Allow-Origin"]) == (401, PARTY)
        assert "RateLimit-Limit" in response.headers["Access-Control-Expose-Headers"]


async def test_who_sends_her_body_slowly_keeps_nobody_waiting(rig: Rig) -> None:
    address = rig.api._base_url  # noqa: SLF001
    assert address is not None
    opened = [await asyncio.open_connection(address.host, address.port) for _ in range(40)]
    for _, writer in opened:
        writer.write(
            b"POST /v1/advisors HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 99\r\n\r\n{"
        )
        await writer.drain()
    assert (await rig.ask("GET", "/v1/me"))[0] == 401
    for _, writer in opened:
        writer.close()
        await writer.wait_closed()
