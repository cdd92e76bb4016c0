"""Generation, translation and usage in the whole application, each caller with a genuine token."""

from collections.abc import Mapping

import pytest
from sqlalchemy import func, select

from project_one.bootstrap import House
from project_one.content.models import AiRunRow

from .callers import everybody
from .doors import Answer, Client

WISH = {"topic": "Emergency savings", "language": "hi"}
TRANSLATE = {"topic": "Start", "caption": "Save early.", "from_language": "en", "to_language": "mr"}


async def generate(client: Client, who: Mapping[str, str], key: str | None = None, **wish: object) -> Answer:
    headers = dict(who) | ({"Idempotency-Key": key} if key else {})
    return await client.post("/v1/ai/generate", json=WISH | wish, headers=headers)


async def test_a_key_makes_one_run_of_two_requests(house: House) -> None:
    async with everybody(house, advisors=2) as people:
        me = people.headers["advisor"]
        first, again = [await generate(people.client, me, "k-1") for _ in range(2)]
        assert (first.status, again.status, again.headers["Idempotency-Replayed"]) == (202, 202, "true")
        assert first.json()["id"] == again.json()["id"]
        other = await generate(people.client, me, "k-1", topic="Household budget")
        assert (other.status, other.code) == (422, "idempotency.other-body")
        async with house.database.readings() as session:
            assert await session.scalar(select(func.count()).select_from(AiRunRow)) == 1
        read = await people.client.get(first.headers["Location"], headers=me)
        assert (read.status, read.json()["state"]) == (200, "waiting")


async def test_who_waits_gets_a_reviewed_or_plain_text_without_a_model(house: House) -> None:
    async with everybody(house, advisors=2) as people:
        answer = await people.client.post("/v1/ai/generate?wait=true", json=WISH, headers=people.headers["advisor"])
        run = answer.json()
        assert (answer.status, run["done"], run["reason"]) == (200, True, "not-configured")
        assert [(item["source"], item["language"]) for item in run["variants"]] == [("baseline", "hi")]


@pytest.mark.parametrize("role", ["reviewer", "admin", "dpo", "operator", "api-key", "nobody"])
async def test_nobody_but_a_member_of_a_firm_asks_for_texts(house: House, role: str) -> None:
    async with everybody(house, advisors=2) as people:
        who, client = people.headers[role], people.client
        answers = [await generate(client, who), await client.post("/v1/ai/translate", json=TRANSLATE, headers=who)]
        assert {answer.status for answer in answers} == {403}
        budget = await client.get("/v1/ai/budget", headers=who)
        assert budget.status == (200 if role == "admin" else 403)
