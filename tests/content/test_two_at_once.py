"""Two who want the same at once: one has it, the other is told so."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select, text

from project_one.compliance import policies
from project_one.compliance.rulebook import shipped
from project_one.content.models import ScheduleRow
from project_one.kernel.clock import business_date
from project_one.kernel.db import Database
from project_one.kernel.scope import Scope

from .packs_api import EN, Api, firms, member, staff

_WAITING = "SELECT count(*) FROM pg_locks WHERE NOT granted"


async def somebody_waits(database: Database) -> None:
    """Returns once a session of another waits for a lock."""
    waiting = 0
    while not waiting:
        await asyncio.sleep(0.01)
        async with database.readings() as session:
            waiting = await session.scalar(text(_WAITING)) or 0


async def test_of_two_renames_to_one_name_the_second_is_told(api: Api) -> None:
    firm, _ = await firms(api.house)
    asha = member(firm)
    body: dict[str, Any] = {"content_class": "EDUCATION", "variants": {"en": EN}}
    ids = [(await api.call(asha, "POST", "/pack-templates", body | {"name": name}))[1]["id"] for name in ("One", "Two")]
    async with api.api_house.database.scoped(Scope(tenant=firm)).transactions() as session:
        first = {"id": UUID(ids[0])}
        await session.execute(text("UPDATE pack_templates SET name = 'Monday' WHERE id = :id"), first)
        second = asyncio.create_task(
            api.call(asha, "PUT", f"/pack-templates/{ids[1]}", body | {"name": "Monday"}, If_Match='"1"')
        )
        await somebody_waits(api.house.database)
    status, problem, _ = await second
    assert (status, problem["code"]) == (409, "content.template-taken")
    assert (await api.call(asha, "GET", f"/pack-templates/{ids[1]}"))[1]["name"] == "Two"


async def test_two_packs_do_not_take_one_day(api: Api) -> None:
    firm, _ = await firms(api.house)
    asha, reviewer = member(firm), staff()
    packs = [await api.approved(asha, reviewer, variants={"en": EN}) for _ in range(3)]
    day = {"business_date": (business_date(api.house.clock()) + timedelta(days=1)).isoformat()}
    answers = await asyncio.gather(
        *(api.call(asha, "POST", f"/content-packs/{pack['id']}/schedule", day) for pack in packs)
    )
    assert sorted(status for status, _, _ in answers) == [200, 409, 409], answers
    (scheduled,) = [body["id"] for status, body, _ in answers if status == 200]
    assert {body["code"] for status, body, _ in answers if status == 409} == {"content.day-taken"}
    async with api.house.database.readings() as session:
        assert [str(item) for item in await session.scalars(select(ScheduleRow.pack_id))] == [scheduled]


async def test_the_same_policy_drafted_twice_at_once_is_one_draft(api: Api) -> None:
    files = shipped()

    async def draft() -> bool:
        async with api.house.database.transactions() as session:
            made = await policies.draft(session, files, author="asha", note="Same.", now=api.house.clock())
            return made.created

    assert sorted(await asyncio.gather(*(draft() for _ in range(4)))) == [False, False, False, True]
