"""Every list of the document takes the same small number of statements, however long the page."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import insert, update

from project_one.auth.models import ApiKeyRow
from project_one.bootstrap import House
from project_one.channel import service as channel
from project_one.channel.domain import NumberReport, Quality
from project_one.compliance.models import OverrideRow
from project_one.content import drafting
from project_one.content.domain import Content
from project_one.content.drafting import Facts, Writer
from project_one.content.models import PackRevisionRow, PackRow, PackTemplateRow, ReviewRow
from project_one.content.packs import Decision, PackState
from project_one.delivery.domain import MorningState
from project_one.delivery.models import MorningRow
from project_one.kernel.clock import business_date
from project_one.kernel.ids import new_id
from project_one.vocabulary.domain import DEFAULT_SLOT, ContentClass, Language

from .callers import ROLES, Everybody, everybody
from .doors import counted

MANY = 55
FEW = 7  # statements of a list, that which sets the caller's scope included
MORE = {"/v1/fallback/simulate": 13}  # a page of a whole night plan, which looks at everything once
SHORTEST = 10  # rows a list must have here, or the test shows nothing


async def filled(house: House, everybody: Everybody) -> UUID:
    """Rows in every list; a pack with many revisions."""
    now, firm_id = house.clock(), everybody.firm_id
    writer = Writer(new_id(), firm_id, "user:writer")
    texts = [
        Content(f"Topic {at}", f"A caption of its own, number {at}, in one language.", Language.EN)
        for at in range(MANY)
    ]
    async with house.database.transactions() as session:
        packs = [
            (await drafting.create(session, writer, Facts(), {Language.EN: text}, now=now + timedelta(seconds=at))).row
            for at, text in enumerate(texts)
        ]
        ids = [row.id for row in packs]
    async with house.database.transactions() as session:
        waiting = {"state": PackState.IN_REVIEW, "submitted_at": now, "risk_score": 20, "likeness_group": ids[0]}
        await session.execute(update(PackRow).where(PackRow.id.in_(ids)).values(**waiting, copied_from=ids[0]))
        text: dict[str, Any] = {"en": {"topic": "Topic", "caption": "Caption", "sha256": texts[0].sha256}}
        revisions = [
            {"firm_id": firm_id, "pack_id": ids[0], "number": number, "author_id": writer.user_id, "content": text}
            for number in range(2, MANY)
        ]
        await session.execute(insert(PackRevisionRow), [{"id": new_id(), "at": now, **row} for row in revisions])
        review = {"firm_id": firm_id, "revision": 1, "decision": Decision.APPROVED, "reasons": [], "suggestions": []}
        said = {"note": "", "reviewer_id": new_id(), "policy_version": "p", "hashes": {}, "bulk_id": None, "at": now}
        await session.execute(insert(ReviewRow), [{"id": new_id(), "pack_id": pack} | review | said for pack in ids])
    await _settings_of_a_firm(house, everybody, text)
    await _staff_lists(house)
    return ids[0]


async def _settings_of_a_firm(house: House, everybody: Everybody, text: dict[str, Any]) -> None:
    now = house.clock()
    async with house.database.transactions() as session:
        key = {"firm_id": everybody.firm_id, "user_id": everybody.me, "prefix": "p1_", "scopes": ["export:own"]}
        times = {"created_at": now, "expires_at": now + timedelta(days=1), "revoked_at": None, "last_used_at": None}
        keys = [{"id": new_id(), "name": f"Key {at}", "sha256": f"{at:064}", **key, **times} for at in range(MANY)]
        await session.execute(insert(ApiKeyRow), keys)
        template = {"firm_id": everybody.firm_id, "content_class": ContentClass.EDUCATION, "content": text}
        kept = {"version": 1, "created_at": now, "updated_at": now}
        rows = [{"id": new_id(), "name": f"Template {at}", **template, **kept} for at in range(MANY)]
        await session.execute(insert(PackTemplateRow), rows)


async def _staff_lists(house: House) -> None:
    now = house.clock()
    async with house.database.transactions() as session:
        morning = {"slot": DEFAULT_SLOT, "state": MorningState.CLOSED, "is_demo": True, "release_at": now}
        times = {"deadline_at": now, "closes_at": now, "spread_s": 0.0, "planned_at": now, "unplanned": []}
        days = [business_date(now) - timedelta(days=at) for at in range(1, MANY)]
        await session.execute(
            insert(MorningRow), [{"id": new_id(), "business_date": day} | morning | times for day in days]
        )
        override = {"policy_version": "p", "fingerprints": [], "reason": "r", "author": "a", "first_reviewer": "b"}
        state = {"asked_at": now, "second_reviewer": None, "granted_at": None, "revoked_at": None}
        overrides = [{"id": new_id(), "content_sha256": f"{at:064}", **override, **state} for at in range(MANY)]
        await session.execute(insert(OverrideRow), overrides)
        reports = [NumberReport(str(100 + at), True, Quality.GREEN, 1000) for at in range(MANY)]
        await channel.record_numbers(session, reports, now=now)


def lists_of(document: dict[str, Any]) -> list[str]:
    """Paths of every operation that takes a `limit`."""
    return sorted(
        path
        for path, operations in document["paths"].items()
        if any(item["name"] == "limit" for item in operations.get("get", {}).get("parameters", ()))
    )


async def test_no_list_asks_more_of_the_database_for_a_longer_page(house: House) -> None:
    async with everybody(house, advisors=MANY) as people:
        pack_id = await filled(house, people)
        wrong: list[str] = []
        lists = lists_of(people.document)
        assert len(lists) > 10
        for path in lists:
            filled_path = path.replace("{pack_id}", str(pack_id))
            most = 0
            for role in ROLES:
                counts: list[int] = []
                for limit in (1, 1, 50):  # the first signs her in
                    async with counted(people.api) as statements:
                        answer = await people.client.get(f"{filled_path}?limit={limit}", headers=people.headers[role])
                    counts.append(len(statements))
                if answer.status != 200:
                    assert answer.status in {403, 404}, f"{path} for {role}: {answer.text}"
                    continue
                most = max(most, len(answer.json()["items"]))
                if counts[1] != counts[2] or counts[2] > MORE.get(path, FEW):
                    wrong.append(f"{path} for {role}: {counts[1]} statements for one item, {counts[2]} for fifty")
            if most < SHORTEST:
                wrong.append(f"{path}: nobody sees {SHORTEST} items here; fill it in this test")
        assert not wrong, "\n".join(wrong)
