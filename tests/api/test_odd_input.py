"""Input that no form would send: never a 5xx, always a stable code."""

import asyncio
import io
import json
import re
from collections.abc import AsyncIterator
from http.client import HTTPConnection
from typing import Any

import pytest

from project_one.auth.policy import STAFF
from project_one.bootstrap import House
from project_one.entrypoints.api import build_app
from project_one.kernel import pages
from project_one.kernel.queue import JobProducer

from ..signing import Headers, staff_headers
from .doors import Client, served

HUGE = "9" * 400


@pytest.fixture
async def client(api_house: House) -> AsyncIterator[Client]:
    producer = JobProducer(api_house.settings.redis_url.get_secret_value())
    async with served(build_app(api_house, producer)) as opened:
        yield opened
    await producer.close()


@pytest.fixture
async def staff(house: House) -> Headers:
    """Somebody of every role of staff, so that the input alone can be what is wrong."""
    return await staff_headers(house, *STAFF)


@pytest.mark.parametrize(
    "path",
    [
        "/v1/policies/%00",
        "/v1/policies/%00/files",
        "/v1/policies/%ED%A0%80",
        "/v1/policies/'%20OR%201=1--",
        "/v1/mornings/2026-11-24?slot=%00",
        "/v1/mornings/0001-01-01",
        "/v1/mornings/99999-01-01",
        f"/v1/mornings/{HUGE}",
        "/v1/mornings?limit=0",
        f"/v1/mornings?limit={HUGE}",
        f"/v1/mornings?cursor={pages.encode('9999-12-31', chr(0))}",
        f"/v1/mornings?cursor={pages.encode('2026-01-01', chr(0xD800))}",
        f"/v1/numbers?cursor={pages.encode(chr(0))}",
        f"/v1/templates?cursor={pages.encode('{{7*7}}', chr(0))}",
        f"/v1/deliveries?cursor={pages.encode('2026-01-01', 'x')}",
        f"/v1/deliveries/{HUGE}",
        "/v1/deliveries?status=%00&owner=';--",
        f"/v1/fallback/packs?month={HUGE}",
        f"/v1/fallback/packs?cursor={pages.encode('2026-01-01', '0198a5b2-0000-7000-8000-00000000000f')}",
        "/v1/fallback/simulate?date=0000-00-00",
        "/v1/numbers?state=red",
        "/v1/mornings?form=2026-11-01",
        "/v1/export/packs/%00",
        f"/v1/export/packs/{HUGE}",
    ],
)
async def test_odd_paths_and_queries(client: Client, staff: Headers, path: str) -> None:
    answer = await client.get(path, headers=staff)
    assert answer.status in {404, 422}
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.code


async def test_a_filter_that_nobody_knows_is_named_with_those_there_are(client: Client, staff: Headers) -> None:
    answer = await client.get("/v1/advisors?state=verified&limit=1", headers=staff)
    assert (answer.status, answer.code) == (422, "request.invalid")
    (error,) = answer.json()["errors"]
    assert error["pointer"] == "/query/state"
    assert {"capacity", "cursor", "language", "limit", "status"} <= set(re.findall(r"\w+", error["detail"]))
    assert (await client.get("/v1/advisors?state=verified")).code == "auth.not-authenticated"
    assert (await client.get("/v1/me?utm=x", headers=staff)).status == 200


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v1/policies", {"base": "\0", "files": {"a": None}, "note": "A long enough note."}),
        ("/v1/policies", {"base": "\ud800", "files": {"a": None}, "note": "A long enough note."}),
        ("/v1/policies/x/withdraw", {"reason": "\0" * 12}),
        ("/v1/policies/x/approve", {"effective_from": "0001-01-01"}),
        ("/v1/ai/lint", {"text": "\0", "advisor_type": "MFD", "policy_version": "\0"}),
        ("/v1/fallback/packs/0198a5b2-0000-7000-8000-00000000000f/approve", {"hashes": {"en": "\0" * 64}}),
        ("/v1/fallback/packs", {"topic_family": "a", "capacities": ["MFD"], "texts": {"en": {"topic": "\0"}}}),
        ("/v1/fallback/packs", [1e400]),
    ],
)
async def test_odd_bodies(client: Client, staff: Headers, path: str, body: Any) -> None:
    answer = await client.post(path, json=body, headers=staff)
    assert answer.status in {403, 404, 422}, answer.text
    assert answer.code


async def test_a_body_beyond_the_limit(client: Client, staff: Headers) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(6):
            yield b" " * 1_000_000

    for data in (io.BytesIO(b" " * 5_000_000), pieces()):
        answer = await client.post("/v1/ai/lint", data=data, headers=staff)
        assert (answer.status, answer.code) == (413, "request.too-large")


async def test_a_sender_who_reads_only_when_all_is_sent_is_told_too(client: Client, staff: Headers) -> None:
    """An answer before the end of the body would be a broken connection to her."""
    base = client.session._base_url
    assert base is not None

    def post() -> tuple[int, bytes]:
        connection = HTTPConnection(str(base.host), base.port, timeout=20)
        try:
            connection.request("POST", "/v1/ai/lint", b" " * 12_000_000, staff | {"Connection": "close"})
            response = connection.getresponse()
            return response.status, response.read()
        finally:
            connection.close()

    for _ in range(3):
        status, body = await asyncio.to_thread(post)
        assert (status, json.loads(body)["code"]) == (413, "request.too-large")


async def test_a_body_in_pieces_arrives_whole(client: Client, staff: Headers) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        yield b'{"text": "Save first.",'
        yield b'"advisor_type": "MFD"}'

    headers = staff | {"Content-Type": "application/json"}
    assert (await client.post("/v1/ai/lint?stages=rules", data=pieces(), headers=headers)).status == 200
