"""The API's doors: closed by default, honest about what is wrong, and durable before it says ok."""

import asyncio
import hashlib
import hmac
import json
from collections.abc import AsyncIterator
from uuid import uuid4

import aiohttp
import pytest
import uvicorn
from sqlalchemy import text

from project_one.auth.domain import Role
from project_one.bootstrap import House
from project_one.entrypoints.api import PUBLIC_ROUTES, build_app
from project_one.kernel import inbox, outbox
from project_one.kernel.clock import business_date
from project_one.kernel.inbox import InboxState
from project_one.kernel.queue import JobProducer
from project_one.vendors.whatsapp.tasks import InboxTools, work_inbox

from ..delivery.morning import released
from ..signing import Headers, staff_headers


@pytest.fixture
async def api(api_house: House) -> AsyncIterator[aiohttp.ClientSession]:
    producer = JobProducer(api_house.settings.redis_url.get_secret_value())
    app = build_app(api_house, producer)
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_config=None, http="httptools"))
    serving = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    async with aiohttp.ClientSession(f"http://127.0.0.1:{port}") as client:
        yield client
    server.should_exit = True
    await serving
    await producer.close()


@pytest.fixture
async def operator(house: House) -> Headers:
    return await staff_headers(house, Role.OPERATOR)


def signed(raw: bytes, secret: str = "app-secret") -> dict[str, str]:
    return {"X-Hub-Signature-256": "sha256=" + hmac.new(secret.encode(), raw, hashlib.sha256).hexdigest()}


WARNING = "Mutual Fund investments are subject to market risks, read all scheme related documents carefully."


async def backlog(house: House) -> dict[InboxState, int]:
    async with house.database.readings() as session:
        return await inbox.backlog(session)


async def test_a_webhook_without_a_good_signature_is_refused_and_not_kept(
    api: aiohttp.ClientSession, house: House
) -> None:
    raw = b'{"entry":[]}'
    for headers in ({}, signed(raw, "other-secret"), {"X-Hub-Signature-256": "sha256="}):
        async with api.post("/webhooks/whatsapp", data=raw, headers=headers) as response:
            assert response.status == 401
            assert (await response.json())["code"] == "whatsapp.signature-wrong"
    assert await backlog(house) == {InboxState.WAITING: 0, InboxState.SET_ASIDE: 0}


async def test_genuine_nonsense_is_kept_sealed_and_set_aside(api: aiohttp.ClientSession, house: House) -> None:
    raw = b'{"entry": [{"changes": "no"'
    async with api.post("/webhooks/whatsapp", data=raw, headers=signed(raw)) as response:
        assert response.status == 200
    tools = InboxTools(house.database.transactions, house.keyring, house.delivery.retry, house.clock)
    assert await work_inbox(tools) == 1
    assert await backlog(house) == {InboxState.WAITING: 0, InboxState.SET_ASIDE: 1}
    async with house.database.readings() as session:
        stored = (await session.scalars(text("SELECT sealed_body FROM inbox"))).one()
    assert b"changes" not in stored


async def test_posts_at_once_share_a_commit_and_a_wake_up(api: aiohttp.ClientSession, house: House) -> None:
    raw = b'{"entry":[]}'

    async def post() -> int:
        async with api.post("/webhooks/whatsapp", data=raw, headers=signed(raw)) as response:
            return response.status

    assert set(await asyncio.gather(*(post() for _ in range(30)))) == {200}
    assert (await backlog(house))[InboxState.WAITING] == 30
    async with house.database.readings() as session:
        assert 1 <= len((await session.scalars(text("SELECT id FROM outbox"))).all()) < 30


async def test_a_stop_reply_withdraws_what_is_planned(api: aiohttp.ClientSession, house: House) -> None:
    await released(house, advisors=2)
    value = {
        "metadata": {"phone_number_id": "100"},
        "messages": [{"from": "911000000001", "id": "wamid.in", "type": "button", "button": {"text": "बंद करें"}}],
    }
    raw = json.dumps({"entry": [{"changes": [{"field": "messages", "value": value}]}]}).encode()
    async with api.post("/webhooks/whatsapp", data=raw, headers=signed(raw)) as response:
        assert response.status == 200
    await work_inbox(InboxTools(house.database.transactions, house.keyring, house.delivery.retry, house.clock))
    async with house.database.readings() as session:
        states = await session.scalars(text("SELECT status FROM messages ORDER BY status"))
        assert list(states) == ["planned", "withdrawn"]


async def test_the_handshake_echoes_the_challenge(api: aiohttp.ClientSession) -> None:
    query = {"hub.mode": "subscribe", "hub.verify_token": "verify", "hub.challenge": "1158201444"}
    async with api.get("/webhooks/whatsapp", params=query) as response:
        assert (response.status, await response.text()) == (200, "1158201444")
    async with api.get("/webhooks/whatsapp", params=query | {"hub.verify_token": "no"}) as response:
        assert response.status == 403


async def test_unknown_dates_and_advisors_are_problems_with_stable_codes(
    api: aiohttp.ClientSession, house: House, operator: Headers
) -> None:
    async with api.get("/v1/mornings/2020-01-01", headers=operator) as response:
        assert response.status == 404
        assert response.content_type == "application/problem+json"
        assert (await response.json())["code"] == "delivery.morning-unknown"
    plan = await released(house, advisors=1)
    async with house.database.readings() as session:
        day = (await session.scalars(text("SELECT business_date FROM mornings"))).one()
    async with api.get(f"/v1/mornings/{day}/messages/{uuid4()}", headers=operator) as response:
        assert (response.status, (await response.json())["code"]) == (404, "advisor.unknown")
    async with api.get(f"/v1/mornings/{day}", headers=operator) as response:
        assert (await response.json())["id"] == str(plan.morning_id)
    async with api.get("/v1/mornings/tomorrow", headers=operator) as response:
        assert (response.status, (await response.json())["code"]) == (422, "request.invalid")


async def test_everything_not_listed_as_public_demands_a_caller(api: aiohttp.ClientSession, house: House) -> None:
    producer = JobProducer(house.settings.redis_url.get_secret_value())
    async with api.get("/openapi.json") as response:
        paths = (await response.json())["paths"]
    await producer.close()
    assert paths
    for path in set(paths) - PUBLIC_ROUTES:
        filled = path.replace("{business_date}", "2026-11-24").replace("{advisor_id}", str(uuid4()))
        for method in paths[path]:
            async with api.request(method, filled) as response:
                assert response.status == 401, path
            async with api.request(method, filled, headers={"Authorization": "Bearer wrong"}) as response:
                assert response.status == 401, path


async def test_health_and_metrics(api: aiohttp.ClientSession, house: House) -> None:
    await released(house, advisors=2)
    async with api.get("/healthz") as response:
        assert response.status == 200
    async with api.get("/readyz") as response:
        assert (response.status, (await response.json())["checks"]) == (
            503,
            {"database": "ok", "queue": "ok", "clock": "silent"},
        )
    async with api.get("/metrics") as response:
        assert 'project_one_messages{status="planned"} 2.0' in await response.text()


async def test_the_relay_carries_each_job_once(house: House) -> None:
    await released(house, advisors=1)
    carried: list[str] = []

    class Sink:
        async def add(self, queue: str, name: str, payload: dict[str, object], *, job_id: str) -> None:
            carried.append(f"{queue}/{name}")

    for _ in range(2):
        async with house.database.transactions() as session:
            await outbox.relay_once(session, Sink(), now=house.clock())
    assert carried == ["whatsapp-delivery/drive-number"]


async def test_lint(api: aiohttp.ClientSession, operator: Headers) -> None:
    body = {"text": "हर साल 15% पक्का रिटर्न", "advisor_type": "MFD"}
    async with api.post("/v1/ai/lint", json=body, headers=operator) as response:
        answer = await response.json()
        assert (response.status, answer["verdict"], answer["language"]) == (200, "block", "HI")
        assert any("रिटर्न" in (finding["message"] or "") for finding in answer["findings"])
        assert (answer["degraded"], answer["stages_done"][1]["trouble"]) == (True, "no model is configured")
    mendable = {"text": "Save first.\nAsha Rao, ARN-12345", "advisor_type": "MFD"}
    async with api.post("/v1/ai/lint?stages=rules", json=mendable, headers=operator) as response:
        proposed = (await response.json())["rewrite"]
        assert (proposed["verdict"], proposed["text"].endswith(WARNING)) == ("pass", True)
    clean = {"text": "Save first.\nAsha Rao, ARN-12345\n" + WARNING, "advisor_type": "MFD"}
    for stages, verdict in (("rules", "pass"), ("rules,model", "review")):
        async with api.post(f"/v1/ai/lint?stages={stages}", json=clean, headers=operator) as response:
            assert (response.status, (await response.json())["verdict"]) == (200, verdict)
    async with api.post("/v1/ai/lint?stages=rules,rendered", json=body, headers=operator) as response:
        assert (response.status, (await response.json())["code"]) == (422, "compliance.stage-unavailable")
    async with api.post("/v1/ai/lint", json=body | {"policy_version": "0" * 64}, headers=operator) as response:
        assert (response.status, (await response.json())["code"]) == (422, "compliance.policy-version-invalid")
    for wrong in (
        {"text": "a", "advisor_type": "BANK"},
        {"text": "a", "advisor_type": "RA", "language": "Klingon"},
        {"text": "a" * 20_001, "advisor_type": "RA"},
        {"text": "\ud83d", "advisor_type": "RA"},
    ):
        async with api.post("/v1/ai/lint", json=wrong, headers=operator) as response:
            assert (response.status, (await response.json())["code"]) == (422, "request.invalid")


async def test_lint_as_a_stream_gives_the_rules_first(api: aiohttp.ClientSession, operator: Headers) -> None:
    body = {"text": "Guaranteed 15% returns 🔥 every year", "advisor_type": "MFD"}
    headers = operator | {"Accept": "text/event-stream"}
    async with api.post("/v1/ai/lint", json=body, headers=headers) as response:
        assert response.headers["content-type"].startswith("text/event-stream")
        blocks = [block for block in (await response.text()).split("\n\n") if block.startswith("event")]
    names = [block.split("\n")[0] for block in blocks]
    first, last = (json.loads(block.split("data: ", 1)[1]) for block in blocks)
    assert names == ["event: rules", "event: verdict"]
    assert (first["degraded"], first["verdict"], first["stages_due"]) == (False, "block", ["rules"])
    assert (last["degraded"], last["verdict"], last["stages_due"]) == (True, "block", ["model", "rules"])


async def test_a_policy_takes_two_people_over_http(api: aiohttp.ClientSession, house: House) -> None:
    asha = await staff_headers(house, Role.REVIEWER)
    ravi = await staff_headers(house, Role.REVIEWER, name="ravi")
    async with api.get("/v1/me", headers=ravi) as response:
        actor = (await response.json())["actor"]
    today = business_date(house.clock()).isoformat()
    async with api.get("/v1/policies", headers=asha) as response:
        listed = await response.json()
        assert (listed["in_force"], listed["policies"]) == (listed["shipped"], [])
    rule = (
        "- {id: HOUSE-ZEBRA, category: exaggeration, basis: house, from: 2026-01-01, message: {en: a, hi: b, mr: c},"
        " remedy: {en: a, hi: b, mr: c}, patterns: ['\"zebra\"']}"
    )
    draft = {"base": listed["shipped"], "files": {"rules/house.yaml": rule}, "note": "No zebras in captions."}
    async with api.post("/v1/policies", json=draft, headers=asha) as response:
        made = await response.json()
        assert (response.status, made["state"]) == (201, "draft")
    path = f"/v1/policies/{made['version']}"
    async with api.post(f"{path}/regression", headers=asha) as response:
        tested = await response.json()
        assert (tested["state"], tested["regression"]["failed"] > 0) == ("draft", True)
        assert any("HOUSE-ZEBRA has 0 hits" in line for line in tested["regression"]["failures"])
    async with api.get(f"/v1/policies/{listed['shipped']}/files", headers=asha) as response:
        files = await response.json()
    examples = "\nHOUSE-ZEBRA:\n" + "".join(
        f"  {kind}:\n" + "".join(f'    - "{text} {number}."\n' for number in "ABCDE")
        for kind, text in (("hits", "A zebra runs"), ("near", "A horse runs"))
    )
    registers = [name for name in files if name.startswith("examples/")]
    draft["files"] |= {name: files[name] + examples for name in registers}
    async with api.post("/v1/policies", json=draft, headers=asha) as response:
        path = f"/v1/policies/{(await response.json())['version']}"
    async with api.post(f"{path}/regression", headers=asha) as response:
        assert (await response.json())["state"] == "tested"
    approval = {"effective_from": today}
    async with api.post(f"{path}/approve", json=approval, headers=asha) as response:
        assert (response.status, (await response.json())["code"]) == (403, "compliance.four-eyes")
    async with api.post(f"{path}/approve", json=approval, headers=ravi) as response:
        answer = await response.json()
        assert (answer["state"], answer["approver"], answer["is_in_force"]) == ("approved", actor, True)
    body = {"text": "A zebra saves.", "advisor_type": "MFD"}
    async with api.post("/v1/ai/lint?stages=rules", json=body, headers=asha) as response:
        assert "HOUSE-ZEBRA" in {finding["rule_id"] for finding in (await response.json())["findings"]}
    async with api.post(f"{path}/replay", headers=ravi) as response:
        assert await response.json() == {"version": path[-64:], "replayed": 0, "differing": 0, "flips": []}
    async with api.post(f"{path}/withdraw", json={"reason": "Zebras are fine."}, headers=ravi) as response:
        assert (await response.json())["is_in_force"] is False
    async with api.get("/v1/policies/nothing", headers=ravi) as response:
        assert (response.status, (await response.json())["code"]) == (404, "compliance.policy-unknown")


async def test_a_start_reply_brings_the_posts_back(api: aiohttp.ClientSession, house: House) -> None:
    await released(house, advisors=2)
    for reply, expected in (("START", ["in", "in"]), ("stop", ["in", "out"]), ("शुरू करें", ["in", "in"])):
        value = {
            "metadata": {"phone_number_id": "100"},
            "messages": [{"from": "911000000001", "id": f"wamid.{reply}", "type": "text", "text": {"body": reply}}],
        }
        raw = json.dumps({"entry": [{"changes": [{"field": "messages", "value": value}]}]}).encode()
        async with api.post("/webhooks/whatsapp", data=raw, headers=signed(raw)) as response:
            assert response.status == 200
        await work_inbox(InboxTools(house.database.transactions, house.keyring, house.delivery.retry, house.clock))
        async with house.database.readings() as session:
            states = await session.scalars(text("SELECT opt_in_state FROM advisors ORDER BY opt_in_state"))
            assert list(states) == expected
