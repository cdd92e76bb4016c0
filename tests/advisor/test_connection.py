"""The opt-in, its end, another number; what the score says; and that a stop is felt at the next claim."""

from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import select, text, update

from project_one.advisor.domain import RegistrationStatus
from project_one.advisor.evidence_models import ComplianceScoreRow
from project_one.advisor.jobs import RecheckRegistrations
from project_one.advisor.models import AdvisorRow
from project_one.bootstrap import House, handlers
from project_one.compliance import verdicts
from project_one.compliance.domain import Context
from project_one.compliance.rulebook import load
from project_one.content import service as content
from project_one.content.domain import Content
from project_one.delivery.domain import MessageStatus
from project_one.delivery.drive import drive_number
from project_one.entrypoints.clock import recheck_moment
from project_one.kernel.clock import business_date
from project_one.privacy import service as privacy
from project_one.vocabulary.domain import Capacity, Language

from ..delivery.morning import Vendor, released
from ..delivery.test_ledger import counts, the_number, tools
from .conftest import Door, amfi

PROOF = {"proof_text_version": "2026-11-24/hi", "method": "dashboard", "evidence": "click 1"}
OLD, NEW = "+919800000001", "+919800000002"


async def suppressed(house: House, phone: str) -> bool:
    async with house.database.readings() as session:
        return bool(await privacy.suppressed(session, [house.keyring.lookup_hash(phone)]))


async def test_another_number_needs_an_opt_in_of_its_own(door: Door, house: House) -> None:
    path = f"/v1/advisors/{(await door.register())['id']}/whatsapp"
    status, answer = await door.ask("POST", f"{path}/opt-in", "asha", json={"phone": OLD, **PROOF})
    assert (status, answer["opt_in_state"]) == (200, "in")
    status, answer = await door.ask("PUT", f"{path}/phone", "asha", json={"phone": NEW})
    assert (status, answer["opt_in_state"]) == (200, "none")
    assert await suppressed(house, OLD)
    status, answer = await door.ask("POST", f"{path}/opt-in", "asha", json={"phone": NEW, **PROOF})
    assert (answer["opt_in_state"], await suppressed(house, NEW)) == ("in", False)
    for _ in range(2):
        status, answer = await door.ask("DELETE", f"{path}/opt-in", "asha")
        assert (status, answer["opt_in_state"], await suppressed(house, NEW)) == (200, "out", True)
    async with house.database.readings() as session:
        kept = await session.scalars(text("SELECT action || ' ' || channel FROM consents ORDER BY at, id"))
        assert list(kept) == [
            "given dashboard",
            "withdrawn number-change",
            "given dashboard",
            "withdrawn dashboard",
        ]
    await door.register("ravi", registration_number="ARN-222", phone="+919800000003")
    status, answer = await door.ask("PUT", f"{path}/phone", "asha", json={"phone": "+919800000003"})
    assert (status, answer["code"]) == (409, "advisor.phone-taken")


@pytest.mark.parametrize("status", set(RegistrationStatus) - {RegistrationStatus.VERIFIED, RegistrationStatus.EXPIRING})
async def test_who_may_not_send_is_left_out_from_the_next_claim_on(house: House, status: RegistrationStatus) -> None:
    plan = await released(house, advisors=3)
    async with house.database.transactions() as session:
        first = (await session.scalars(select(AdvisorRow.id).order_by(AdvisorRow.id).limit(1))).one()
        await session.execute(update(AdvisorRow).where(AdvisorRow.id == first).values(registration_status=status))
    vendor = Vendor()
    await drive_number(tools(house, vendor), await the_number(house))
    assert len(vendor.seen) == 2
    assert await counts(house, plan.morning_id) == {MessageStatus.ACCEPTED: 2, MessageStatus.FAILED: 1}
    async with house.database.readings() as session:
        causes = await session.scalars(text("SELECT cause FROM messages WHERE status = 'failed'"))
        assert list(causes) == ["registration"]


async def test_the_daily_check_moves_states_and_keeps_scores(door: Door, house: House) -> None:
    soon = business_date(house.clock()) + timedelta(days=91)
    advisor_id = await door.verified(until=soon.strftime("%d-%m-%Y"))
    async with house.database.transactions() as session:
        firm_id = await session.scalar(select(AdvisorRow.firm_id).where(AdvisorRow.id == UUID(advisor_id)))
        for slug, caption in (("good", "Write your goal down tonight."), ("bad", "Guaranteed 15% returns every year")):
            own = Content(topic="A word", caption=caption, language=Language.EN)
            await content.add_pack(
                session, slug=slug, firm_id=firm_id, topic_family="own", capacities=[Capacity.MFD], contents=[own],
                now=house.clock(),
            )  # fmt: skip
            subject = verdicts.Subject(own.sha256, caption, Context(Capacity.MFD))
            await verdicts.keep(
                session, [subject], load(), on=business_date(house.clock()), now=house.clock(), firm_id=firm_id
            )
    earlier = (soon - timedelta(days=1)).strftime("%d-%m-%Y")
    await door.import_register(amfi(("ARN-12345", "Asha Rao", earlier)), "2026-11-21")
    check = handlers(house, Vendor())["maintenance"][RecheckRegistrations.name]  # pyright: ignore[reportArgumentType]
    for _ in range(2):
        await check({})
    _, answer = await door.ask("GET", f"/v1/advisors/{advisor_id}", "asha")
    assert answer["registration_status"] == "expiring"
    _, score = await door.ask("GET", f"/v1/advisors/{advisor_id}/compliance-score", "asha")
    risks = [item["risk_score"] for item in score["verdicts"]]
    assert (len(risks), max(risks) >= 70) == (2, True)
    assert float(score["current"]) == 100 - sum(risks) / 2
    assert [item["score"] for item in score["history"]] == [score["current"]]
    assert score["history"][0]["verdict_ids"] == [item["verdict_id"] for item in score["verdicts"]]
    async with house.database.readings() as session:
        assert len((await session.scalars(select(ComplianceScoreRow.score))).all()) == 1


def test_the_check_is_due_at_two_in_the_morning(house: House) -> None:
    now = house.clock()
    moment = recheck_moment(now)
    assert timedelta(0) <= now - moment < timedelta(days=1)
    assert (moment.hour, moment.minute) == (20, 30)  # UTC
