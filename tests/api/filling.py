"""Rows for every list, so that pages and paths meet something."""

from datetime import timedelta
from typing import Any

from sqlalchemy import insert, select, update

from project_one.advisor.evidence_models import SnapshotRow
from project_one.advisor.matching import Register
from project_one.advisor.models import AdvisorRow
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
from project_one.delivery.models import MessageRow, MorningRow
from project_one.kernel.clock import business_date
from project_one.kernel.ids import new_id
from project_one.vocabulary.domain import DEFAULT_SLOT, ContentClass, Language

from .callers import Everybody

MANY = 55


async def filled(house: House, everybody: Everybody) -> dict[str, list[str]]:
    """Rows in every list; real values by name of a path's parameter. The first pack has many revisions, the last is a draft."""
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
        await session.execute(update(PackRow).where(PackRow.id.in_(ids[:-1])).values(**waiting, copied_from=ids[0]))
        text: dict[str, Any] = {"en": {"topic": "Topic", "caption": "Caption", "sha256": texts[0].sha256}}
        revisions = [
            {"firm_id": firm_id, "pack_id": ids[0], "number": number, "author_id": writer.user_id, "content": text}
            for number in range(2, MANY)
        ]
        await session.execute(insert(PackRevisionRow), [{"id": new_id(), "at": now, **row} for row in revisions])
        review = {"firm_id": firm_id, "revision": 1, "decision": Decision.APPROVED, "reasons": [], "suggestions": []}
        said = {"note": "", "reviewer_id": new_id(), "policy_version": "p", "hashes": {}, "bulk_id": None, "at": now}
        await session.execute(
            insert(ReviewRow), [{"id": new_id(), "pack_id": pack} | review | said for pack in ids[:-1]]
        )
    await _settings_of_a_firm(house, everybody, text)
    await _staff_lists(house)
    found: dict[str, list[Any]] = {
        "register": [Register.AMFI],
        "pack_id": [ids[0], ids[1], ids[-1]],
        "number": [1, 2],
        "business_date": [business_date(now)],
    }
    tables = {
        "advisor_id": AdvisorRow.id,
        "key_id": ApiKeyRow.id,
        "message_id": MessageRow.id,
        "override_id": OverrideRow.id,
        "template_id": PackTemplateRow.id,
    }
    async with house.database.readings() as session:
        for name, column in tables.items():
            found[name] = list(await session.scalars(select(column).order_by(column).limit(3)))
    return {name: [str(value) for value in values] for name, values in found.items()}


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
        report = {"lost": 0, "forced": False, "duplicates": 0, "unreadable": 0}
        snapshot = {"register": Register.AMFI, "rows": 1, "report": report, "imported_by": "test", "imported_at": now}
        await session.execute(
            insert(SnapshotRow), [{"id": new_id(), "as_of": day, "file_sha256": f"{day}"} | snapshot for day in days]
        )
        override = {"policy_version": "p", "fingerprints": [], "reason": "r", "author": "a", "first_reviewer": "b"}
        state = {"asked_at": now, "second_reviewer": None, "granted_at": None, "revoked_at": None}
        overrides = [{"id": new_id(), "content_sha256": f"{at:064}", **override, **state} for at in range(MANY)]
        await session.execute(insert(OverrideRow), overrides)
        reports = [NumberReport(str(100 + at), True, Quality.GREEN, 1000) for at in range(MANY)]
        await channel.record_numbers(session, reports, now=now)
