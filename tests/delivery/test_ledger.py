"""The ledger on a real database: planned once, released once, never sent to whom it must not be."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from project_one.advisor import service as advisors
from project_one.bootstrap import House
from project_one.content import service as content
from project_one.content.domain import Subject
from project_one.delivery.domain import Action, Cause, Facts, MessageStatus, Report
from project_one.delivery.domain import AttemptStatus as A
from project_one.delivery.drive import Tools, drive_number
from project_one.delivery.errors import MorningAlreadyReleasedError
from project_one.delivery.models import AttemptRow, MessageRow, MorningRow
from project_one.delivery.ports import NotWritten, Refused, Unclear
from project_one.delivery.service import lease as leases
from project_one.delivery.service import sweep
from project_one.delivery.service.certify import certificate_of, issue_certificate
from project_one.delivery.service.claim import claim
from project_one.delivery.service.plan import plan_morning
from project_one.delivery.service.receipts import Post, orphan_count, record_receipts
from project_one.delivery.service.release import find_morning, release_morning, status_counts
from project_one.delivery.service.stop import stop_advisors
from project_one.delivery.times import times_of_slot
from project_one.kernel.clock import business_date
from project_one.vocabulary.domain import DEFAULT_SLOT

from .morning import Vendor, furnish, released


def tools(house: House, vendor: Vendor) -> Tools:
    return Tools(house.database.transactions, vendor, house.keyring, house.guards, house.delivery, house.clock, "test")


async def the_number(house: House) -> UUID:
    async with house.database.readings() as session:
        return (await session.scalars(text("SELECT id FROM numbers"))).one()


async def counts(house: House, morning_id: UUID) -> dict[MessageStatus, int]:
    async with house.database.readings() as session:
        found = await status_counts(session, morning_id)
    return {status: count for status, count in found.items() if count}


async def attempts(house: House) -> list[AttemptRow]:
    async with house.database.readings() as session:
        return list(await session.scalars(select(AttemptRow).order_by(AttemptRow.id)))


async def test_every_advisor_is_sent_her_approved_text_once(house: House) -> None:
    plan = await released(house)
    vendor = Vendor()
    assert await drive_number(tools(house, vendor), await the_number(house)) == 6
    assert await counts(house, plan.morning_id) == {MessageStatus.ACCEPTED: 6}
    assert len({message.to for message in vendor.seen}) == 6
    assert await drive_number(tools(house, vendor), await the_number(house)) == 0


async def test_planning_the_same_snapshot_again_changes_nothing(house: House) -> None:
    await furnish(house)
    day = business_date(house.clock()) + timedelta(days=1)
    results = []
    for _ in range(2):
        async with house.database.transactions() as session:
            times = times_of_slot(day, DEFAULT_SLOT, house.delivery)
            results.append(
                await plan_morning(
                    session,
                    await house.guards.of(day),
                    slot=DEFAULT_SLOT,
                    times=times,
                    now=house.clock(),
                )
            )
    assert (results[0].added, results[1].added, results[1].rebound, results[1].withdrawn) == (6, 0, 0, 0)


async def test_two_releases_at_once_make_one(house: House) -> None:
    await furnish(house)
    day = business_date(house.clock()) + timedelta(days=1)
    async with house.database.transactions() as session:
        times = times_of_slot(day, DEFAULT_SLOT, house.delivery)
        plan = await plan_morning(
            session, await house.guards.of(day), slot=DEFAULT_SLOT, times=times, now=house.clock()
        )

    async def let_go() -> int:
        async with house.database.transactions() as session:
            return await release_morning(session, plan.morning_id, actor="test", now=house.clock())

    outcomes = await asyncio.gather(let_go(), let_go(), return_exceptions=True)
    assert sorted(type(item) for item in outcomes if not isinstance(item, int)) == [MorningAlreadyReleasedError]
    assert [item for item in outcomes if isinstance(item, int)] == [6]


async def test_an_opted_out_advisor_is_never_messaged(house: House) -> None:
    plan = await released(house)
    async with house.database.transactions() as session:
        phone_hash = house.keyring.lookup_hash("+911000000002")
        assert (
            await stop_advisors(session, phone_hash=phone_hash, channel="reply", evidence="x", now=house.clock()) == 1
        )
    vendor = Vendor()
    await drive_number(tools(house, vendor), await the_number(house))
    assert "+911000000002" not in {message.to for message in vendor.seen}
    assert await counts(house, plan.morning_id) == {MessageStatus.ACCEPTED: 5, MessageStatus.WITHDRAWN: 1}


async def test_a_suppressed_phone_is_refused_at_the_last_gate(house: House) -> None:
    await released(house)
    async with house.database.transactions() as session:
        hashed = house.keyring.lookup_hash("+911000000003")
        await session.execute(
            text("INSERT INTO suppressions (phone_hash, since, reason) VALUES (:h, now(), 'test')"), {"h": hashed}
        )
    vendor = Vendor()
    await drive_number(tools(house, vendor), await the_number(house))
    assert "+911000000003" not in {message.to for message in vendor.seen}


async def test_an_expired_registration_is_not_sent(house: House) -> None:
    plan = await released(house)
    async with house.database.transactions() as session:
        found = await advisors.for_slot(session, None)
        await session.execute(
            text("UPDATE advisors SET registration_status = 'expired' WHERE id = :id"), {"id": found[0].advisor_id}
        )
    vendor = Vendor()
    await drive_number(tools(house, vendor), await the_number(house))
    assert await counts(house, plan.morning_id) == {MessageStatus.ACCEPTED: 5, MessageStatus.FAILED: 1}


async def test_a_voided_approval_sends_plan_b(house: House) -> None:
    plan = await released(house)
    async with house.database.readings() as session:
        row = (await session.scalars(select(MessageRow).order_by(MessageRow.id).limit(1))).one()
    async with house.database.transactions() as session:
        await content.void_approvals(
            session, Subject.CONTENT, row.content_sha256, reason="wrong", actor="test", now=house.clock()
        )
    await drive_number(tools(house, Vendor()), await the_number(house))
    async with house.database.readings() as session:
        after = await session.get_one(MessageRow, row.id)
    assert after.on_plan_b
    assert after.plan_b_cause == Cause.CONTENT
    assert MessageStatus.ACCEPTED in await counts(house, plan.morning_id)


async def test_a_text_changed_behind_its_approval_does_not_leave(house: House) -> None:
    await released(house)
    async with house.database.transactions() as session:
        await session.execute(text("UPDATE variants SET caption = caption || ' Buy now.'"))
    vendor = Vendor()
    await drive_number(tools(house, vendor), await the_number(house))
    assert vendor.seen == []


async def test_demo_messages_do_not_leave_for_a_real_vendor(house: House) -> None:
    plan = await released(house)
    vendor = Vendor(is_loopback=False)
    await drive_number(tools(house, vendor), await the_number(house))
    assert vendor.seen == []
    assert await counts(house, plan.morning_id) == {MessageStatus.FAILED: 6}


async def test_a_lost_lease_claims_nothing(house: House) -> None:
    await released(house)
    number = await the_number(house)
    lasts = house.delivery.lease_lasts
    async with house.database.transactions() as session:
        old = await leases.acquire(session, number, driver="old", lasts=timedelta())
        new = await leases.acquire(session, number, driver="new", lasts=lasts)
    assert old is not None
    assert new is not None
    async with house.database.transactions() as session:
        assert await leases.acquire(session, number, driver="third", lasts=lasts) is None
        guard = await house.guards.of(business_date(house.clock()))
        kept = {"most": 5, "is_loopback": True, "policy": house.delivery.retry, "now": house.clock()}
        assert await claim(session, house.keyring, old, guard, **kept) == []
        assert len(await claim(session, house.keyring, new, guard, **kept)) == 5


@pytest.mark.parametrize("off", [timedelta(seconds=40), timedelta(seconds=-40)])
async def test_a_driver_whose_clock_is_off_leaves_the_number_to_the_next_and_robs_nobody(
    house: House, off: timedelta
) -> None:
    await released(house)
    number = await the_number(house)
    lasts = house.delivery.lease_lasts
    skewed = replace(tools(house, Vendor()), clock=lambda: house.clock() + off)
    await drive_number(skewed, number)
    async with house.database.transactions() as session:
        next_one = await leases.acquire(session, number, driver="next", lasts=lasts)
    assert next_one is not None
    assert await drive_number(skewed, number) == 0
    async with house.database.transactions() as session:
        assert await leases.renew(session, next_one, lasts=lasts)


async def test_an_unclear_answer_waits_for_its_receipt(house: House) -> None:
    plan = await released(house, advisors=1)
    vendor = Vendor(answers=[Unclear("timeout", house.clock())])
    await drive_number(tools(house, vendor), await the_number(house))
    assert await counts(house, plan.morning_id) == {MessageStatus.UNKNOWN: 1}
    policy = house.delivery.retry
    async with house.database.transactions() as session:
        assert await sweep.resend_unknowns(session, policy=policy, now=house.clock()) == 0
    [attempt] = await attempts(house)
    await receive(house, Facts(sent_at=house.clock()), correlation=attempt.id)
    assert await counts(house, plan.morning_id) == {MessageStatus.SENT: 1}
    async with house.database.transactions() as session:
        later = house.clock() + policy.unknown_wait * 2
        assert await sweep.resend_unknowns(session, policy=policy, now=later) == 0


async def test_an_unknown_without_receipt_is_sent_again_and_counted(house: House) -> None:
    plan = await released(house, advisors=1)
    vendor = Vendor(answers=[Unclear("timeout", house.clock())])
    await drive_number(tools(house, vendor), await the_number(house))
    policy = house.delivery.retry
    async with house.database.transactions() as session:
        later = house.clock() + policy.unknown_wait * 2
        assert await sweep.resend_unknowns(session, policy=policy, now=later) == 1
        await session.execute(text("UPDATE messages SET next_at = :now"), {"now": house.clock()})
    await drive_number(tools(house, vendor), await the_number(house))
    assert await counts(house, plan.morning_id) == {MessageStatus.ACCEPTED: 1}
    async with house.database.readings() as session:
        assert (await session.scalars(select(MessageRow.resends_after_unknown))).one() == 1


async def test_a_claim_that_ran_out_is_unknown_never_planned(house: House) -> None:
    plan = await released(house, advisors=2)
    number = await the_number(house)
    policy = house.delivery.retry
    async with house.database.transactions() as session:
        lease = await leases.acquire(session, number, driver="dies", lasts=policy.claim_lasts)
        assert lease is not None
        guard = await house.guards.of(business_date(house.clock()))
        await claim(session, house.keyring, lease, guard, most=5, is_loopback=True, policy=policy, now=house.clock())
    async with house.database.transactions() as session:
        later = house.clock() + policy.claim_lasts * 2
        assert await sweep.expire_claims(session, policy=policy, now=later) == 2
    assert await counts(house, plan.morning_id) == {MessageStatus.UNKNOWN: 2}


async def test_a_morning_read_before_somebody_else_released_it_is_not_released_again(house: House) -> None:
    await furnish(house, advisors=1)
    day = business_date(house.clock()) + timedelta(days=1)
    async with house.database.transactions() as session:
        times = times_of_slot(day, DEFAULT_SLOT, house.delivery)
        plan = await plan_morning(
            session, await house.guards.of(day), slot=DEFAULT_SLOT, times=times, now=house.clock()
        )
    async with house.database.transactions() as late:
        morning = await find_morning(late, day)
        async with house.database.transactions() as early:
            await release_morning(early, plan.morning_id, actor="one", now=house.clock())
        with pytest.raises(MorningAlreadyReleasedError):
            await release_morning(late, morning.id, actor="two", now=house.clock())


async def test_what_was_never_written_is_planned_again(house: House) -> None:
    plan = await released(house, advisors=1)
    vendor = Vendor(answers=[NotWritten("refused", house.clock())])
    await drive_number(tools(house, vendor), await the_number(house))
    assert len(vendor.seen) == 2
    assert await counts(house, plan.morning_id) == {MessageStatus.ACCEPTED: 1}


async def test_a_permanent_refusal_is_final_and_has_an_owner(house: House) -> None:
    plan = await released(house, advisors=1)
    refusal = Refused(131026, Action.GIVE_UP, Cause.RECIPIENT, house.clock())
    await drive_number(tools(house, Vendor(answers=[refusal])), await the_number(house))
    assert await counts(house, plan.morning_id) == {MessageStatus.FAILED: 1}


async def receive(house: House, facts: Facts, **over: Any) -> None:
    fields: dict[str, Any] = {
        "vendor_message_id": "wamid.early",
        "correlation": None,
        "status": facts.status,
        "at": house.clock(),
        "number_vendor_id": "100",
        "recipient": "+911000000000",
    }
    async with house.database.transactions() as session:
        post = Post("0" * 64, [Report(facts=facts, **(fields | over))])
        await record_receipts(session, house.keyring, [post], policy=house.delivery.retry, now=house.clock())


async def test_a_receipt_without_correlation_finds_the_only_open_attempt(house: House) -> None:
    plan = await released(house, advisors=1)
    vendor = Vendor(answers=[Unclear("timeout", house.clock())])
    await drive_number(tools(house, vendor), await the_number(house))
    await receive(house, Facts(delivered_at=house.clock()))
    assert await counts(house, plan.morning_id) == {MessageStatus.DELIVERED: 1}


async def test_a_receipt_of_nobody_is_an_orphan_and_counted(house: House) -> None:
    await released(house, advisors=1)
    for _ in range(2):
        await receive(house, Facts(sent_at=house.clock()), recipient="+919999999999")
    async with house.database.readings() as session:
        assert await orphan_count(session) == 1


@pytest.mark.parametrize("status", [A.SENT, A.DELIVERED, A.READ])
async def test_a_late_receipt_never_moves_a_message_back(house: House, status: A) -> None:
    plan = await released(house, advisors=1)
    await drive_number(tools(house, Vendor()), await the_number(house))
    [attempt] = await attempts(house)
    await receive(house, Facts(read_at=house.clock()), correlation=attempt.id)
    await receive(house, Facts(**{f"{status.value}_at": house.clock()}), correlation=attempt.id)
    assert await counts(house, plan.morning_id) == {MessageStatus.READ: 1}


async def test_certificates_are_versions_that_supersede_each_other(house: House) -> None:
    plan = await released(house)
    await drive_number(tools(house, Vendor()), await the_number(house))
    for kind in ("preliminary", "final"):
        async with house.database.transactions() as session:
            await issue_certificate(
                session, plan.morning_id, kind=kind, private_key=house.certificate_key, now=house.clock()
            )
    async with house.database.readings() as session:
        newest, _ = await certificate_of(session, plan.morning_id)
        first, _ = await certificate_of(session, plan.morning_id, version=1)
    assert b'"version":2' in newest.body
    assert b'"supersedes":null' in first.body


@pytest.mark.parametrize("verb", ["UPDATE {} SET actor = 'x'", "DELETE FROM {}", "TRUNCATE {}"])
async def test_the_services_cannot_alter_the_trail(house: House, verb: str) -> None:
    await released(house, advisors=1)
    with pytest.raises(DBAPIError, match="permission denied"):
        async with house.database.transactions() as session:
            await session.execute(text(verb.format("audit_events")))


async def test_the_trail_tells_the_morning(house: House) -> None:
    await released(house, advisors=2)
    await drive_number(tools(house, Vendor()), await the_number(house))
    async with house.database.readings() as session:
        actions = list(await session.scalars(text("SELECT action FROM audit_events ORDER BY position")))
        assert (await session.scalars(select(MorningRow.planned_at_release))).one() == 2
    assert actions.count("message.sent") == 2
    assert {"content.approved", "frame.approved", "morning.planned", "morning.released"} <= set(actions)
