"""The rules over the finished message: at the night plan, and once more when it leaves."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import select

from project_one.advisor.domain import Identity
from project_one.advisor.models import AdvisorRow
from project_one.bootstrap import House
from project_one.compliance import overrides
from project_one.compliance.domain import CATEGORIES, Context, Finding
from project_one.compliance.rendered import check_rendered
from project_one.compliance.rulebook import Rulebook, load
from project_one.content import service as content
from project_one.content.domain import Content, Frame, Subject, compose
from project_one.content.library import read_library
from project_one.delivery.domain import MessageStatus
from project_one.delivery.guard import Guard, Guards
from project_one.delivery.service.plan import PlanResult, plan_morning
from project_one.delivery.times import times_of_slot
from project_one.kernel.clock import business_date
from project_one.kernel.ids import new_id
from project_one.vocabulary.domain import DEFAULT_SLOT, Capacity, Language

from .morning import furnish
from .test_binding import go, row, tomorrow

PROMISING = Content(
    topic="A word on income",
    caption="Start today and this plan pays you an assured income of 12% each year, whatever the market does.",
    language=Language.EN,
)
TIMED = Content(
    topic="A word on patience",
    caption="Our team has been called the leading guide of the city. Write your goal and its date on paper tonight.",
    language=Language.EN,
)
NOW = datetime(2026, 11, 24, tzinfo=UTC)
TODAY = NOW.date()
LENIENT = replace(load(), version="lenient", rules=(), weigher=None)


class Lenient:
    """A policy without a single rule over content."""

    async def in_force(self, on: date) -> Rulebook:
        return LENIENT


async def with_own(house: House, own: Content) -> None:
    """One advisor with a pack of her own, approved by two people whatever it says."""
    await furnish(house, advisors=1)
    async with house.database.transactions() as session:
        advisor_id = (await session.scalars(select(AdvisorRow.id))).one()
        pack_id = await content.add_pack(
            session, slug="own", firm_id=None, topic_family="own", capacities=list(Capacity), contents=[own],
            now=house.clock(),
        )  # fmt: skip
        await content.schedule(
            session, pack_id=pack_id, advisor_ids=[advisor_id], business_date=tomorrow(house), slot=DEFAULT_SLOT
        )
        for reviewer in (new_id(), new_id()):
            await content.approve(session, Subject.CONTENT, [own.sha256], reviewer_id=reviewer, now=house.clock())


async def planned(house: House, guards: Guards) -> PlanResult:
    day = tomorrow(house)
    async with house.database.transactions() as session:
        times = times_of_slot(day, DEFAULT_SLOT, house.delivery)
        return await plan_morning(session, await guards.of(day), slot=DEFAULT_SLOT, times=times, now=house.clock())


async def test_a_text_the_rules_block_is_not_planned_though_two_people_approved_it(house: House) -> None:
    await with_own(house, PROMISING)
    plan = await planned(house, house.guards)
    assert (plan.planned, [item["reason"] for item in plan.unplanned]) == (1, ["rules-refuse"])
    assert (await row(house)).content_sha256 != PROMISING.sha256


async def test_what_a_policy_forbids_after_the_plan_leaves_as_plan_b(house: House) -> None:
    await with_own(house, PROMISING)
    plan = await planned(house, Guards(Lenient()))
    assert (await row(house)).content_sha256 == PROMISING.sha256
    vendor = await go(house, plan.morning_id)
    assert [message.parameters["caption"] != PROMISING.paragraph for message in vendor.seen] == [True]
    sent = await row(house)
    assert (sent.status, sent.on_plan_b, sent.plan_b_cause) == (MessageStatus.ACCEPTED, True, "content")


async def test_what_a_person_may_let_pass_is_planned(house: House) -> None:
    """A superlative is for review: who approved it has seen it."""
    await with_own(house, TIMED)
    await planned(house, house.guards)
    assert (await row(house)).content_sha256 == TIMED.sha256


def a_frame(capacity: Capacity, language: Language = Language.EN) -> Frame:
    file = next(item for item in read_library().frames if (item.capacity, item.language) == (capacity, language))
    return Frame(
        new_id(), file.slug, capacity, language, file.wording, file.body, file.warning, file.stop_button
    )  # fmt: skip


THANKFUL = Content(
    "A kind letter", "Our client Ramesh says we doubled his savings and he thanks us each Diwali.", Language.EN
)
MEERA = Identity("Meera Iyer", "INA000012345", Capacity.IA, "https://meera.example/about")


def test_the_library_passes_for_everybody() -> None:
    guard = Guard(load(), TODAY)
    number = {Capacity.MFD: "ARN-123456", Capacity.IA: "INA000012345", Capacity.RA: "INH000012345"}
    library = read_library()
    checked = 0
    for file in library.frames:
        frame = a_frame(file.capacity, file.language)
        identity = Identity("Meera Iyer", number[file.capacity], file.capacity, "https://meera.example/about")
        for pack in library.packs:
            for own in pack.contents:
                if file.capacity in pack.capacities and own.language is file.language:
                    text = compose(frame, own, identity).text
                    assert guard.refused_by(frame, own, identity, text, now=NOW) == (), text
                    checked += 1
    assert checked > 500


@pytest.mark.parametrize(
    ("identity", "rule"),
    [
        (replace(MEERA, registration_number="INA00001234"), "SEBI-ALL-IDENTITY-FIRST-LINE"),
        (replace(MEERA, website="http://meera.example"), "SEBI-IA-OFFICIAL-LINK"),
    ],
)
def test_a_sender_without_number_or_link_is_refused(identity: Identity, rule: str) -> None:
    own = read_library().packs[0].contents[0]
    frame = a_frame(identity.capacity)
    text = compose(frame, own, identity).text
    assert rule in Guard(load(), TODAY).refused_by(frame, own, identity, text, now=NOW)


def test_the_parts_are_read_once_and_the_sender_each_time() -> None:
    guard, frame, own = Guard(load(), TODAY), a_frame(Capacity.IA), read_library().packs[0].contents[0]
    text = compose(frame, own, MEERA).text
    assert guard.refused_by(frame, own, MEERA, text, now=NOW) == ()
    other = replace(MEERA, registered_name="Somebody Else")
    assert guard.refused_by(frame, own, other, text, now=NOW) == ("SEBI-ALL-IDENTITY-FIRST-LINE",)


def test_an_override_lets_pass_what_it_covers_and_nothing_else() -> None:
    guard, frame = Guard(load(), TODAY), a_frame(Capacity.IA)
    context = Context(Capacity.IA, MEERA.registered_name, MEERA.registration_number, MEERA.website, Language.EN)

    def asked(own: Content, granted: list[list[str]]) -> tuple[str, ...]:
        text = compose(frame, own, MEERA).text
        return guard.refused_by(frame, own, MEERA, text, granted=granted, now=NOW)

    def fingerprints(own: Content) -> list[str]:
        found = check_rendered(compose(frame, own, MEERA).text, context, guard.rulebook, on=TODAY, now=NOW)
        return [finding.fingerprint for finding in found.findings]

    assert asked(THANKFUL, []) == asked(THANKFUL, [["another"]]) != ()
    assert asked(THANKFUL, [["another"], fingerprints(THANKFUL)]) == ()
    assert asked(PROMISING, [fingerprints(PROMISING)]) != (), "a guarantee can never be overridden"


async def test_overrides_are_found_by_content_and_policy(house: House) -> None:
    finding = Finding("SEBI-IA-TESTIMONIAL", "testimonial", CATEGORIES["testimonial"][0], 0, 4, "said")
    now = house.clock()
    async with house.database.transactions() as session:
        asked = {"author": "a", "reviewer": "b", "reason": "quoted from the regulator's own circular", "now": now}
        override = await overrides.ask(session, "s", "p", [finding], **asked)
        assert await overrides.granted(session, ["s"], "p") == {}
        await overrides.grant(session, override, reviewer="c", now=now)
        assert await overrides.granted(session, ["s", "t"], "p") == {"s": [[finding.fingerprint]]}
        assert await overrides.granted(session, ["s"], "another policy") == {}


async def test_what_was_read_stays_known_while_the_same_rules_are_in_force(house: House) -> None:
    await house.read_library()
    first = await house.guards.of(business_date(house.clock()))
    later = await house.guards.of(business_date(house.clock()) + timedelta(days=1))
    assert later is first
    assert later.on == business_date(house.clock()) + timedelta(days=1)
    assert await house.guards.of(date(2026, 1, 1)) is not first, "most rules begin later"
