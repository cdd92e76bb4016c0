"""docs/walkthrough.md through HTTP only: from the registration of an advisor to the post on her phone next morning."""

import asyncio
import json
import os
import signal
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from project_one.entrypoints.commands.staff import demo_token
from project_one.entrypoints.up.chaos import throwaway_place
from project_one.entrypoints.up.servers import free_port
from project_one.kernel.ids import new_id
from tests.scenarios.walkthrough import Walkthrough, as_written

pytestmark = pytest.mark.timeout(240)

_PATIENCE_S = 120
_DAY_S = 86_400
_HANDED_OVER = ("delivered", "read")


class Walk:
    """Callers by their names in the document; `calls`: what was asked, written as the document writes it."""

    def __init__(self, client: aiohttp.ClientSession, document: Walkthrough, calls: set[str]) -> None:
        self._client = client
        self.document = document
        self.calls = calls
        self.environment: dict[str, str] = json.loads(_environment_file().read_text())
        self._tokens: dict[str, str] = {}

    async def ask(
        self,
        who: str,
        call: str,
        *,
        body: Any = None,
        form: aiohttp.FormData | None = None,
        version: int | None = None,
        expect: int = 200,
    ) -> Any:
        """`call`: method and path. The answer: JSON, or text of a stream of events."""
        method, path = call.split(" ", 1)
        if who not in self._tokens:
            self._tokens[who] = await demo_token(self.environment["CLERK_ISSUER"], who, ttl=_DAY_S)
        headers = {"Authorization": f"Bearer {self._tokens[who]}"}
        if method == "POST" and form is None:
            headers["Idempotency-Key"] = str(new_id())
        if version is not None:
            headers["If-Match"] = f'"{version}"'
        self.calls.add(as_written(method, path))
        url = f"http://127.0.0.1:{self.environment['API_PORT']}/v1{path}"
        async with self._client.request(method, url, json=body, data=form, headers=headers) as response:
            text = await response.text()
            assert response.status == expect, text
            return json.loads(text) if "json" in response.content_type else text


@asynccontextmanager
async def started(at: str, document: Walkthrough, calls: set[str], *options: str) -> AsyncIterator[Walk]:
    """`project-one up` from that time on, stopped as by Ctrl-C."""
    command = [sys.executable, "-m", "project_one.entrypoints.cli", "up", "--port", str(free_port())]
    process = await asyncio.create_subprocess_exec(
        *command, "--at", at, "--advisors", "2", *options, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    try:
        said = await asyncio.wait_for(process.stdout.readuntil(b"Ctrl-C stops everything."), _PATIENCE_S)
        assert at[:10] in said.decode()
        async with aiohttp.ClientSession() as client:
            yield Walk(client, document, calls)
    finally:
        process.send_signal(signal.SIGINT)
        await process.communicate()
    assert process.returncode == 0


def _environment_file() -> Path:
    return Path(os.environ["PROJECT_ONE_DATA"]) / "environment.json"


def upload(data: bytes, **fields: str) -> aiohttp.FormData:
    form = aiohttp.FormData(fields)
    form.add_field("file", data, filename="file")
    return form


def hashes(pack: dict[str, Any]) -> dict[str, str]:
    return {item["language"]: item["sha256"] for item in pack["variants"]}


async def onboard(walk: Walk) -> None:
    body = walk.document.body("asha.json")
    advisor = (await walk.ask("newcomer", "POST /advisors", body=body, expect=201))["id"]
    for kind in ("certificate", "pan", "address-proof"):
        paper = upload(f"%PDF-1.4\n% {kind} of Asha Rao\n%%EOF\n".encode(), kind=kind)
        await walk.ask("newcomer", f"POST /advisors/{advisor}/documents", form=paper, expect=201)
    shown = await walk.ask("newcomer", f"GET /advisors/{advisor}")
    assert (shown["registration_status"], shown["missing_documents"]) == ("evidence-uploaded", [])
    agreed = walk.document.body("opt-in.json")
    assert (await walk.ask("newcomer", f"POST /advisors/{advisor}/whatsapp/opt-in", body=agreed))[
        "opt_in_state"
    ] == "in"

    register = upload(walk.document.file("amfi.csv"), as_of="2026-12-01")
    snapshot = await walk.ask("admin", "POST /registers/amfi/snapshots", form=register, expect=201)
    assert (snapshot["rows"], snapshot["unreadable"]) == (2, 0)
    reason = walk.document.body("verified.json")
    verified = await walk.ask("admin", f"POST /advisors/{advisor}/approve", body=reason)
    assert (verified["registration_status"], verified["valid_until"]) == ("verified", "2028-12-31")
    checks = await walk.ask("admin", f"GET /advisors/{advisor}/checks")
    assert [item["result"] for item in checks["items"]] == ["matched"]


async def draft_and_mend(walk: Walk) -> str:
    draft = walk.document.body("draft.json")
    pack = await walk.ask("newcomer", "POST /content-packs", body=draft, expect=201)
    verdict = await walk.ask("newcomer", "POST /ai/lint?stages=rules", body=walk.document.body("lint.json"))
    assert verdict["verdict"] == "block"
    assert {item["category"] for item in verdict["findings"]} == {"guaranteed_return"}
    path = f"/content-packs/{pack['id']}"
    refused = await walk.ask("newcomer", f"POST {path}/submit", expect=409)
    assert refused["code"] == "content.pack-blocked"
    assert set(refused["findings"]) == {"en", "hi", "mr"}
    mended = walk.document.body("mended.json")
    await walk.ask("newcomer", f"PATCH {path}", body=mended, version=pack["version"])
    stale = await walk.ask("newcomer", f"PATCH {path}", body=mended, version=pack["version"], expect=412)
    assert stale["code"] == "request.version-stale"
    await submit(walk, path)
    return path


async def submit(walk: Walk, path: str) -> None:
    assert (await walk.ask("newcomer", f"POST {path}/submit", expect=202))["state"] == "checking"
    events = await walk.ask("newcomer", f"GET {path}/progress")
    last = json.loads(events.strip().splitlines()[-1].removeprefix("data: "))
    assert (last["state"], last["done"]) == ("in-review", True)


async def review(walk: Walk, path: str) -> None:
    queue = await walk.ask("reviewer", "GET /review-queue")
    assert [item["pack"]["id"] for item in queue["items"]] == [path.split("/")[-1]]
    read = hashes(await walk.ask("reviewer", f"GET {path}"))
    changes = walk.document.body("changes.json", HASHES=read)
    assert (await walk.ask("reviewer", f"POST {path}/request-changes", body=changes))["state"] == "changes-requested"

    reviews = await walk.ask("newcomer", f"GET {path}/reviews")
    assert reviews["items"][0]["reasons"][0]["note"] == changes["reasons"][0]["note"]
    version = (await walk.ask("newcomer", f"GET {path}"))["version"]
    await walk.ask("newcomer", f"PATCH {path}", body=walk.document.body("topic.json"), version=version)
    await submit(walk, path)
    diff = await walk.ask("newcomer", f"GET {path}/revisions/3/diff?against=2")
    assert {item["op"] for item in diff["languages"]["en"]["topic"]} > {"equal"}

    gone = await walk.ask("reviewer", f"POST {path}/approve", body={"hashes": read}, expect=409)
    assert gone["code"] == "content.pack-changed"
    approved = {"hashes": hashes(await walk.ask("reviewer", f"GET {path}")), "note": "Read in all three languages."}
    await walk.ask("newcomer", f"POST {path}/approve", body=approved, expect=403)
    assert (await walk.ask("reviewer", f"POST {path}/approve", body=approved))["state"] == "approved"


async def until_answered(walk: Walk, who: str, call: str, *, item: str, among: tuple[str, ...]) -> Any:
    """Ask until `item` of the answer, or of its first item, is one of these."""
    began = time.monotonic()
    while True:
        answer = await walk.ask(who, call)
        first = next(iter(answer.get("items", [answer])), {})
        if first.get(item) in among:
            return first
        assert time.monotonic() - began < _PATIENCE_S, answer
        await asyncio.sleep(0.25)


async def see_it_delivered(walk: Walk, path: str) -> None:
    message = await until_answered(walk, "newcomer", "GET /deliveries", item="status", among=_HANDED_OVER)
    pack = await walk.ask("newcomer", f"GET {path}")
    assert message["content_sha256"] == hashes(pack)["mr"]
    assert not message["on_plan_b"]
    attempt = message["attempts"][-1]
    assert attempt["delivered_at"] >= attempt["sent_at"] > "2026-12-02T00:29"
    one = await walk.ask("newcomer", f"GET /deliveries/{message['id']}")
    assert one["attempts"][-1]["vendor_message_id"] == attempt["vendor_message_id"]
    await told_by_the_sandbox(walk, attempt["vendor_message_id"])

    await until_answered(walk, "newcomer", f"GET {path}", item="state", among=("sent",))
    morning = await walk.ask("operator", "GET /mornings/2026-12-02")
    assert (morning["slot"], morning["planned_at_release"], morning["unplanned"]) == ("06:00", 3, [])
    signed = await walk.ask("operator", "GET /mornings/2026-12-02/certificate")
    assert (signed["certificate"]["denominator"], signed["certificate"]["slot"]) == (3, "06:00")


async def told_by_the_sandbox(walk: Walk, wamid: str) -> None:
    """Its own log has the Marathi text, once, to her phone."""
    url = f"{walk.environment['WHATSAPP_BASE_URL']}/_sandbox/oracle"
    async with aiohttp.ClientSession() as client, client.get(url) as response:
        records = (await response.json())["records"]
    (record,) = (item for item in records if item["wamid"] == wamid)
    assert (record["outcome"], record["to"].lstrip("+")) == ("accepted", "919800000001")
    assert walk.document.body("mended.json")["variants"]["mr"]["caption"] in record["text"]


async def test_the_walkthrough_as_written(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DATABASE_URL", "REDIS_URL"):
        monkeypatch.delenv(name, raising=False)
    document, calls = Walkthrough(), set[str]()
    with throwaway_place():
        async with started("2026-12-01 18:00", document, calls) as walk:
            await onboard(walk)
            path = await draft_and_mend(walk)
            await review(walk, path)
            schedule = document.body("schedule.json")
            assert (await walk.ask("newcomer", f"POST {path}/schedule", body=schedule))["state"] == "scheduled"
        async with started("2026-12-02 05:59:57", document, calls, "--time-scale", "10") as walk:
            await see_it_delivered(walk, path)
    assert calls == document.calls
