"""The whole line: a door of the served application, the gate, a vendor over HTTP, the ledger, and the doors that show it."""

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date
from typing import Any

import aiohttp
import pytest
import uvicorn
from pydantic import SecretStr
from redis.asyncio import Redis
from sqlalchemy import func, select
from structlog.testing import capture_logs

from project_one.ai import watch
from project_one.ai.gate import Gate
from project_one.ai.models import CallRow, PromptRow
from project_one.ai.ports import Trouble, VendorError
from project_one.ai.prices import shipped
from project_one.ai.watch import KEY_REFUSED, NO_KEY, WatchedClient
from project_one.auth.domain import Role
from project_one.bootstrap import House, open_house
from project_one.entrypoints.api import build_app
from project_one.entrypoints.worker import _announce_model  # pyright: ignore[reportPrivateUsage]
from project_one.kernel.queue import JobProducer
from project_one.settings import Settings

from ..signing import Headers, staff_headers
from .vendor import Vendor, bad, good

CLEAN = json.dumps({"findings": []})
ODD = json.dumps({"findings": [{"category": "urgency", "quote": "Only today", "reason": "presses", "confidence": 0.9}]})


@dataclass
class Line:
    """`admin`, `reviewer`: their headers."""

    client: aiohttp.ClientSession
    house: House
    admin: Headers
    reviewer: Headers

    async def lint(self, text: str, who: Headers | None = None, stages: str = "rules,model") -> dict[str, Any]:
        body = {"text": text, "advisor_type": "MFD"}
        async with self.client.post(f"/v1/ai/lint?stages={stages}", json=body, headers=who or self.admin) as response:
            assert response.status == 200
            return await response.json()

    async def read(self, path: str) -> Any:
        async with self.client.get(path, headers=self.admin) as response:
            return await response.json()


@asynccontextmanager
async def served(settings: Settings) -> AsyncGenerator[Line]:
    redis: Redis = Redis.from_url(settings.redis_url.get_secret_value())
    await redis.flushall()
    await redis.aclose()
    producer = JobProducer(settings.redis_url.get_secret_value())
    async with open_house(settings, process="test") as home:
        admin = await staff_headers(home, Role.ADMIN)
        reviewer = await staff_headers(home, Role.REVIEWER, name="ravi")
    async with open_house(
        settings, process="test-api", database_url=settings.api_database_url, asks_models=True
    ) as house:
        server = uvicorn.Server(
            uvicorn.Config(build_app(house, producer), host="127.0.0.1", port=0, log_config=None, http="httptools")
        )
        serving = asyncio.create_task(server.serve())
        while not server.started:
            await asyncio.sleep(0.01)
        port = server.servers[0].sockets[0].getsockname()[1]
        async with aiohttp.ClientSession(f"http://127.0.0.1:{port}") as client:
            yield Line(client, house, admin, reviewer)
        server.should_exit = True
        await serving
    await producer.close()


@pytest.fixture
def with_model(settings: Settings, vendor: Vendor) -> Settings:
    return settings.model_copy(update={"openai_api_key": SecretStr("sk-test"), "openai_base_url": vendor.url})


@pytest.fixture
async def line(with_model: Settings) -> AsyncIterator[Line]:
    async with served(with_model) as opened:
        yield opened


async def test_lint_asks_the_model_and_the_ledger_knows(line: Line, vendor: Vendor, house: House) -> None:
    vendor.behave = [good(ODD)]
    text = "Only today we look at budgets.\nAsha Rao, ARN-123456"
    said = await line.lint(text)
    assert not said["degraded"]
    assert "MODEL-URGENCY" in {item["rule_id"] for item in said["findings"]}
    sent = vendor.asked[0]
    assert (sent["model"], sent["store"], sent["text"]["format"]["name"]) == ("gpt-4o-mini", False, "suspicions")
    assert "ARN-123456" not in json.dumps(sent)
    assert isinstance(line.house.asker, Gate)
    await line.house.asker.close()  # until the call is booked
    used = await line.read("/v1/ai/usage")
    lint = next(item for item in used["quotas"] if item["purpose"] == "lint")
    assert (lint["taken"], lint["left"]) == (1, 19)
    assert 0 < used["month"]["spent_rupees"] < 1
    assert (used["packs"], used["rupees_per_pack"]) == (0, None)
    budget = await line.read("/v1/ai/budget")
    assert budget["month"]["spent_rupees"] == used["month"]["spent_rupees"]
    assert budget["month"]["cap_rupees"] == 20_000
    assert [item["name"] for item in budget["by_model"]] == ["gpt-4o-mini"]
    assert any("gpt-4o-mini" in item for item in budget["warnings"])
    async with house.database.readings() as session:
        assert await session.scalar(select(func.count()).select_from(CallRow)) == 1


async def test_the_same_text_costs_nothing_and_rules_cost_nothing(line: Line, vendor: Vendor, house: House) -> None:
    vendor.behave = [good(CLEAN)]
    assert await line.lint("Save early.") | {"stages_done": []} == await line.lint("Save early.") | {"stages_done": []}
    await line.lint("Save early.", stages="rules")
    assert len(vendor.asked) == 1


async def test_quota_ends_in_a_review_and_never_in_an_error(line: Line, vendor: Vendor) -> None:
    vendor.behave = [good(CLEAN)]
    for number in range(20):
        assert not (await line.lint(f"Save early, part {number + 100}."))["degraded"]
    said = await line.lint("Save early, the twenty-first.")
    assert (said["degraded"], said["verdict"]) == (True, "review")
    assert not (await line.lint("Save early, says another.", line.reviewer))["degraded"]


@pytest.mark.parametrize("behaviour", [bad(500, "server_error"), bad(429, "insufficient_quota"), good("{nonsense")])
async def test_a_vendor_in_trouble_leaves_the_rules(line: Line, vendor: Vendor, behaviour: Any) -> None:
    vendor.behave = [behaviour]
    said = await line.lint("Save early.")
    assert said["degraded"]
    assert said["verdict"] in {"review", "block"}


async def test_a_very_long_caption_is_not_sent(line: Line, vendor: Vendor) -> None:
    said = await line.lint("Save early. " * 1_660)
    assert said["degraded"]
    assert vendor.asked == []


async def test_a_wrong_key_is_one_sentence_and_no_reason_to_be_unready(line: Line, vendor: Vendor) -> None:
    vendor.behave = [bad(401, "invalid_api_key"), good(CLEAN)]
    said = await line.lint("Save early.")
    assert said["degraded"]
    ready = await line.read("/readyz")
    assert KEY_REFUSED in ready["warnings"]
    assert set(ready["checks"]) == {"database", "queue", "clock"}


async def test_without_a_key_the_platform_says_so_and_works(settings: Settings) -> None:
    async with served(settings) as line:
        said = await line.lint("Save early.")
        assert (said["degraded"], said["verdict"] in {"review", "block"}) == (True, True)
        assert (await line.read("/readyz"))["warnings"] == [NO_KEY]
        assert (await line.read("/v1/ai/usage"))["month"]["spent_rupees"] == 0


async def test_staff_without_the_permission_sees_no_budget(line: Line) -> None:
    async with line.client.get("/v1/ai/budget", headers=line.reviewer) as response:
        assert (response.status, (await response.json())["code"]) == (403, "auth.not-permitted")


@pytest.mark.parametrize(
    ("refused", "spoken"), [(Trouble.KEY, ["ai.key-refused"]), (Trouble.CONNECTION, ["ai.vendor-not-reached"])]
)
async def test_the_key_is_tried_at_the_start_and_told_of_once(refused: Trouble, spoken: list[str]) -> None:
    async def listing() -> object:
        raise VendorError(refused, "no")

    class Nobody:
        async def respond(self, request: Any) -> Any:
            raise VendorError(refused, "no")

    client = WatchedClient(Nobody(), listing)
    with capture_logs() as logs:
        await client.try_key()
        with pytest.raises(VendorError):
            await client.respond(None)  # pyright: ignore[reportArgumentType]
    assert [item["event"] for item in logs] == spoken
    assert client.is_key_refused is (refused is Trouble.KEY)


def test_readiness_warns_sixty_days_before_a_model_ends(vendor: Vendor) -> None:
    class Nobody:
        async def respond(self, request: Any) -> Any:
            raise VendorError(Trouble.SERVER, "no")

    async def listing() -> object:
        return []

    client = WatchedClient(Nobody(), listing)
    late = watch.warnings(client, shipped(), on=date(2026, 11, 24))
    assert any("gpt-4o-mini" in item and "2027-01-14" in item for item in late)
    assert not any("gpt-4o-mini" in item for item in watch.warnings(client, shipped(), on=date(2026, 11, 1)))


@pytest.mark.parametrize("name", ["ai_budget_rupees", "ai_owner_rupees"])
def test_a_negative_budget_is_refused_at_start(settings: Settings, name: str) -> None:
    with pytest.raises(ValueError, match=name):
        Settings.model_validate(settings.model_dump() | {name: -5})


async def test_the_prompts_of_the_release_are_registered_once(with_model: Settings) -> None:
    async with open_house(with_model, process="test", asks_models=True) as house:
        for _ in range(2):
            await _announce_model(house)
        async with house.database.readings() as session:
            names = (await session.scalars(select(PromptRow.name).order_by(PromptRow.name))).all()
    assert names == ["captions", "repair", "suspicions", "translation"]
