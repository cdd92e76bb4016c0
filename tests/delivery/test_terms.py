"""What is sent is judged under the terms of its pack: class, papers of an advertisement, figures and their age."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlalchemy import select, update

from project_one.advisor.domain import Identity
from project_one.advisor.models import AdvisorRow
from project_one.bootstrap import House
from project_one.compliance.domain import AdRecord, Figure
from project_one.compliance.rulebook import Rulebook, load
from project_one.content import service as content
from project_one.content.domain import Content, Subject, compose
from project_one.content.models import PackRow, ScheduleRow
from project_one.content.terms import PLAIN, Terms
from project_one.delivery.domain import MessageStatus
from project_one.delivery.guard import Guard, Guards
from project_one.delivery.models import MessageRow
from project_one.delivery.service.plan import PlanResult
from project_one.kernel.ids import new_id
from project_one.vocabulary.domain import DEFAULT_SLOT, Capacity, ContentClass, Language

from .morning import furnish
from .test_binding import OWN, go, plan_it, tomorrow
from .test_guard import MEERA, a_frame

TODAY = date(2026, 11, 24)
NOW = datetime(2026, 11, 24, tzinfo=UTC)
BOOK = load()
LEVEL = Content(
    "A number to look at", "The index closed at 24,318. A number alone says nothing about your goal.", Language.EN
)
PAPERS = "SEBI-IA-APPROVAL-REF"
PRICE = "SEBI-EDU-PRICE-LAG-30D"


def quoting(as_of: date | None) -> Terms:
    return Terms(figures=(Figure("24,318", as_of),))


def advertising(reference: str, until: date | None) -> Terms:
    return Terms(ContentClass.ADVERTISEMENT, AdRecord(reference, until))


def asked(guard: Guard, own: Content, *terms: Terms, identity: Identity = MEERA) -> tuple[str, ...]:
    frame = a_frame(identity.capacity)
    text = compose(frame, own, identity).text
    return guard.refused_by(frame, own, identity, text, terms=terms, now=NOW)


def test_one_text_is_read_under_the_terms_of_each_pack() -> None:
    guard = Guard(BOOK, TODAY)
    assert asked(guard, OWN, PLAIN) == ()
    assert asked(guard, OWN, advertising("", None)) == (PAPERS,)
    assert asked(guard, OWN, advertising("BSE-1", TODAY)) == ()
    assert asked(guard, OWN, advertising("BSE-1", TODAY - timedelta(days=1))) == (PAPERS,)
    assert asked(guard, OWN, PLAIN, advertising("", None)) == (PAPERS,), "each of several must let it leave"
    distributor = replace(MEERA, capacity=Capacity.MFD, registration_number="ARN-123456")
    assert asked(guard, OWN, advertising("", None), identity=distributor) == ()


def test_a_figure_younger_than_thirty_days_is_held_until_it_is_old_enough() -> None:
    guard = Guard(BOOK, TODAY)
    assert asked(guard, LEVEL, quoting(TODAY - timedelta(days=30))) == ()
    assert asked(guard, LEVEL, quoting(TODAY - timedelta(days=29))) == (PRICE,)
    assert asked(guard, LEVEL, quoting(None)) == (PRICE,)


class Always:
    async def in_force(self, on: date) -> Rulebook:
        return BOOK


async def test_what_ends_or_ages_is_read_anew_each_day() -> None:
    guards, yesterday = Guards(Always()), TODAY - timedelta(days=1)
    aging, ending = quoting(TODAY - timedelta(days=30)), advertising("BSE-1", yesterday)
    for on, figure, paper in (
        (TODAY, (), (PAPERS,)),
        (yesterday, (PRICE,), ()),
        (TODAY, (), (PAPERS,)),
    ):
        guard = await guards.of(on)
        assert (asked(guard, LEVEL, aging), asked(guard, OWN, ending)) == (figure, paper)


async def scheduled_for(house: House, own: Content, *, capacity: Capacity, **declared: Any) -> None:
    """One advisor of that capacity with an approved pack of her own, and the same text in a pack that declares nothing."""
    await furnish(house, advisors=10)
    now = house.clock()
    async with house.database.transactions() as session:
        packs = [
            await content.add_pack(
                session,
                slug=slug,
                firm_id=None,
                topic_family="own",
                capacities=list(Capacity),
                contents=[own],
                now=now,
            )
            for slug in ("hers", "another")
        ]
        if declared:
            await session.execute(update(PackRow).where(PackRow.id == packs[0]).values(**declared))
        mine = select(AdvisorRow.id).where(AdvisorRow.capacity == capacity).order_by(AdvisorRow.id).limit(1)
        advisor_id = (await session.scalars(mine)).one()
        await session.execute(
            update(AdvisorRow).where(AdvisorRow.id == advisor_id).values(language=Language.EN, slot=DEFAULT_SLOT)
        )
        await content.schedule(
            session,
            pack_id=packs[0],
            advisor_ids=[advisor_id],
            business_date=tomorrow(house),
            slot=DEFAULT_SLOT,
        )
        for reviewer in (new_id(), new_id()):
            await content.approve(session, Subject.CONTENT, [own.sha256], reviewer_id=reviewer, now=now)


def refused(plan: PlanResult) -> list[str]:
    return [item["reason"] for item in plan.unplanned]


async def hers(house: House) -> MessageRow:
    async with house.database.readings() as session:
        hers = select(MessageRow).join(ScheduleRow, ScheduleRow.advisor_id == MessageRow.advisor_id)
        return (await session.scalars(hers)).one()


async def test_an_advertisement_without_papers_is_not_planned_though_its_text_is_approved_elsewhere(
    house: House,
) -> None:
    await scheduled_for(house, OWN, capacity=Capacity.IA, content_class=ContentClass.ADVERTISEMENT)
    assert refused(await plan_it(house)) == ["rules-refuse"]
    assert (await hers(house)).content_sha256 != OWN.sha256
    async with house.database.transactions() as session:
        papers = {"ad_reference": "BSE-IA-2026-1", "ad_valid_until": tomorrow(house)}
        await session.execute(update(PackRow).where(PackRow.slug == "hers").values(**papers))
    plan = await plan_it(house)
    assert (refused(plan), (await hers(house)).content_sha256) == ([], OWN.sha256)
    await go(house, plan.morning_id)
    sent = await hers(house)
    assert (sent.status, sent.on_plan_b) == (MessageStatus.ACCEPTED, False)


async def test_papers_that_ended_after_the_plan_hold_it_at_the_gate(house: House) -> None:
    papers = {"ad_reference": "BSE-IA-2026-1", "ad_valid_until": tomorrow(house)}
    await scheduled_for(house, OWN, capacity=Capacity.IA, content_class=ContentClass.ADVERTISEMENT, **papers)
    plan = await plan_it(house)
    assert (await hers(house)).content_sha256 == OWN.sha256
    async with house.database.transactions() as session:
        over = house.clock().date() - timedelta(days=2)
        await session.execute(update(PackRow).where(PackRow.slug == "hers").values(ad_valid_until=over))
    vendor = await go(house, plan.morning_id)
    assert OWN.paragraph not in {message.parameters["caption"] for message in vendor.seen}
    sent = await hers(house)
    assert (sent.status, sent.on_plan_b, sent.plan_b_cause) == (MessageStatus.ACCEPTED, True, "content")


async def test_a_price_of_this_month_is_not_planned_and_an_older_one_is(house: House) -> None:
    fresh = {"quote": "24,318", "as_of": (tomorrow(house) - timedelta(days=29)).isoformat()}
    await scheduled_for(house, LEVEL, capacity=Capacity.MFD, figures=[fresh])
    assert refused(await plan_it(house)) == ["rules-refuse"]
    async with house.database.transactions() as session:
        old = fresh | {"as_of": (tomorrow(house) - timedelta(days=30)).isoformat()}
        await session.execute(update(PackRow).where(PackRow.slug == "hers").values(figures=[old]))
    assert refused(await plan_it(house)) == []
    assert (await hers(house)).content_sha256 == LEVEL.sha256


async def test_a_text_taken_off_her_day_does_not_leave_because_another_pack_has_it(house: House) -> None:
    await scheduled_for(house, OWN, capacity=Capacity.MFD)
    plan = await plan_it(house)
    bound = await hers(house)
    assert bound.content_sha256 == OWN.sha256
    async with house.database.transactions() as session:
        await session.execute(update(ScheduleRow).values(business_date=tomorrow(house) + timedelta(days=1)))
    vendor = await go(house, plan.morning_id)
    assert len(vendor.seen) == 10
    assert OWN.paragraph not in {message.parameters["caption"] for message in vendor.seen}
