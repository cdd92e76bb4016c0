"""What an advisor is bound to: her own pack once it is approved, a fallback otherwise, plan B at the last moment."""

from datetime import date, timedelta
from uuid import UUID

import pytest
from sqlalchemy import select, update

from project_one.advisor.models import AdvisorRow
from project_one.bootstrap import House
from project_one.channel import service as channel
from project_one.channel.domain import NumberReport, Quality
from project_one.content import service as content
from project_one.content.domain import Content, Subject
from project_one.delivery.domain import MessageStatus
from project_one.delivery.drive import drive_number
from project_one.delivery.models import MessageRow
from project_one.delivery.service.plan import PlanResult, plan_morning
from project_one.delivery.service.release import release_morning
from project_one.delivery.times import times_of_slot
from project_one.kernel.clock import business_date
from project_one.kernel.ids import new_id
from project_one.vocabulary.domain import DEFAULT_SLOT, Capacity, Language

from .morning import Vendor, furnish
from .test_ledger import the_number, tools

OWN = Content(
    topic="Before the school fees",
    caption=(
        "School fees come every June, so they are no surprise. Put a twelfth of them aside each month in a separate "
        "account, and the fee month feels like any other. The habit matters more than the amount: begin with what is "
        "comfortable, and write the date of the next fee where you see it."
    ),
    language=Language.EN,
)


def tomorrow(house: House) -> date:
    return business_date(house.clock()) + timedelta(days=1)


async def plan_it(house: House) -> PlanResult:
    day = tomorrow(house)
    async with house.database.transactions() as session:
        times = times_of_slot(day, DEFAULT_SLOT, house.delivery)
        return await plan_morning(
            session, await house.guards.of(day), slot=DEFAULT_SLOT, times=times, now=house.clock()
        )


async def with_own_pack(house: House) -> None:
    """One advisor with a pack of her own, scheduled and not approved."""
    await furnish(house, advisors=1)
    async with house.database.transactions() as session:
        advisor_id = (await session.scalars(select(AdvisorRow.id))).one()
        pack_id = await content.add_pack(
            session,
            slug="own",
            firm_id=None,
            topic_family="own",
            capacities=list(Capacity),
            contents=[OWN],
            now=house.clock(),
        )
        await content.schedule(
            session, pack_id=pack_id, advisor_ids=[advisor_id], business_date=tomorrow(house), slot=DEFAULT_SLOT
        )


async def approve(house: House) -> None:
    async with house.database.transactions() as session:
        for reviewer in (new_id(), new_id()):
            await content.approve(session, Subject.CONTENT, [OWN.sha256], reviewer_id=reviewer, now=house.clock())


async def row(house: House) -> MessageRow:
    async with house.database.readings() as session:
        return (await session.scalars(select(MessageRow))).one()


async def go(house: House, morning_id: UUID) -> Vendor:
    vendor = Vendor()
    async with house.database.transactions() as session:
        await release_morning(session, morning_id, actor="test", now=house.clock())
        await session.execute(update(MessageRow).values(next_at=house.clock() - timedelta(seconds=1)))
    await drive_number(tools(house, vendor), await the_number(house))
    return vendor


async def test_an_unapproved_pack_is_not_planned_and_an_approval_rebinds(house: House) -> None:
    await with_own_pack(house)
    first = await plan_it(house)
    assert (await row(house)).content_sha256 != OWN.sha256
    await approve(house)
    second = await plan_it(house)
    assert (first.added, second.added, second.rebound) == (1, 0, 1)
    bound = await row(house)
    assert bound.content_sha256 == OWN.sha256
    assert bound.plan_b_sha256 not in {None, OWN.sha256}
    vendor = await go(house, second.morning_id)
    assert vendor.seen[0].parameters["caption"] == OWN.paragraph


async def test_an_approval_voided_after_the_plan_leaves_plan_b(house: House) -> None:
    await with_own_pack(house)
    await approve(house)
    plan = await plan_it(house)
    async with house.database.transactions() as session:
        await content.void_approvals(
            session, Subject.CONTENT, OWN.sha256, reason="wrong figure", actor="reviewer", now=house.clock()
        )
    vendor = await go(house, plan.morning_id)
    assert vendor.seen[0].parameters["caption"] != OWN.paragraph
    sent = await row(house)
    assert (sent.status, sent.on_plan_b, sent.plan_b_cause) == (MessageStatus.ACCEPTED, True, "content")


@pytest.mark.parametrize(("quality", "rate"), [(Quality.GREEN, 72), (Quality.YELLOW, 36)])
async def test_yellow_halves_the_rate(house: House, quality: Quality, rate: float) -> None:
    async with house.database.transactions() as session:
        await channel.record_numbers(session, [NumberReport("100", True, quality, 80)], now=house.clock())
        assert [item.rate_per_s for item in await channel.numbers(session)] == [rate]


async def test_a_spare_is_planned_for_nobody_until_the_others_are_gone(house: House) -> None:
    await furnish(house, advisors=2)
    async with house.database.transactions() as session:
        reports = [NumberReport("100", is_connected=True), NumberReport("900", is_connected=True)]
        await channel.record_numbers(session, reports, spares=frozenset({"900"}), now=house.clock())
    await plan_it(house)
    async with house.database.readings() as session:
        vendor_ids = {item.id: item.vendor_id for item in await channel.numbers(session)}
        assert {vendor_ids[item] for item in await session.scalars(select(MessageRow.number_id))} == {"100"}
