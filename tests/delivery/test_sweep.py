"""What the clock mends: messages of stopped numbers, mornings that owe a certificate, a morning stopped and resumed."""

import json
from datetime import timedelta

import pytest
from sqlalchemy import select, text

from project_one.bootstrap import House
from project_one.channel import service as channel
from project_one.channel.domain import NumberReport, Quality
from project_one.channel.errors import NumberNotStoppedError, NumberUnknownError
from project_one.delivery.domain import Action, Cause, MessageStatus
from project_one.delivery.drive import drive_number
from project_one.delivery.models import MessageRow, MorningRow
from project_one.delivery.ports import Refused
from project_one.delivery.service import lease as leases
from project_one.delivery.service import sweep
from project_one.delivery.service.certify import close_morning, mornings_to_close
from project_one.delivery.service.claim import claim
from project_one.delivery.service.release import resume_morning
from project_one.kernel.clock import business_date

from .morning import Vendor, released
from .test_ledger import counts, the_number, tools


async def test_messages_of_a_red_number_move_to_another(house: House) -> None:
    await released(house)
    number = await the_number(house)
    async with house.database.transactions() as session:
        reports = [NumberReport("100", True, Quality.RED), NumberReport("200", True, Quality.GREEN)]
        await channel.record_numbers(session, reports, now=house.clock())
        assert await sweep.move_from_stopped(session) == 6
    async with house.database.readings() as session:
        assert number not in set(await session.scalars(select(MessageRow.number_id)))


async def test_a_weak_number_rests_only_if_another_can_take_over(house: House) -> None:
    plan = await released(house, advisors=60)
    refusals = [Refused(131026, Action.GIVE_UP, Cause.RECIPIENT, house.clock())] * 10
    await drive_number(tools(house, Vendor(answers=refusals)), await the_number(house))
    assert (await counts(house, plan.morning_id))[MessageStatus.FAILED] == 10
    for others, expected in ((False, 0), (True, 1)):
        async with house.database.transactions() as session:
            if others:
                await channel.record_numbers(session, [NumberReport("200", True, Quality.GREEN)], now=house.clock())
            await sweep.rest_weak_numbers(session, now=house.clock())
            stopped = [number for number in await channel.numbers(session) if not number.may_send]
            assert len(stopped) == expected


async def test_a_number_is_not_blamed_for_claims_that_ran_out_with_their_driver(house: House) -> None:
    await released(house, advisors=60)
    number = await the_number(house)
    async with house.database.transactions() as session:
        await channel.record_numbers(session, [NumberReport("200", True, Quality.GREEN)], now=house.clock())
        lease = await leases.acquire(session, number, driver="d", lasts=timedelta(seconds=4))
        assert lease is not None
        policy = house.delivery.retry
        guard = await house.guards.of(business_date(house.clock()))
        await claim(
            session, house.keyring, lease, guard, most=60, is_loopback=True, policy=policy, now=house.clock()
        )  # and the driver dies
        later = house.clock() + policy.claim_lasts + timedelta(seconds=1)
        assert await sweep.expire_claims(session, policy=policy, now=later) == 60
        await sweep.rest_weak_numbers(session, now=later)
        assert all(item.may_send for item in await channel.numbers(session))


async def test_a_stopped_number_is_resumed_by_a_person(house: House) -> None:
    await released(house)
    async with house.database.transactions() as session:
        await channel.stop_number(session, await the_number(house), reason="accept-rate", now=house.clock())
        await channel.resume_number(session, "100", actor="operator", now=house.clock())
        assert [item.may_send for item in await channel.numbers(session)] == [True]
        with pytest.raises(NumberNotStoppedError):
            await channel.resume_number(session, "100", actor="operator", now=house.clock())
        with pytest.raises(NumberUnknownError, match="known are: 100"):
            await channel.resume_number(session, "999", actor="operator", now=house.clock())


async def test_an_invalid_token_stops_the_morning_until_a_person_resumes_it(house: House) -> None:
    plan = await released(house)
    refusal = Refused(190, Action.STOP_MORNING, Cause.NUMBER, house.clock())
    await drive_number(tools(house, Vendor(answers=[refusal] * 6)), await the_number(house))
    assert MessageStatus.FAILED not in await counts(house, plan.morning_id)
    async with house.database.transactions() as session:
        assert (await session.scalars(text("SELECT state FROM mornings"))).one() == "stopped"
        await resume_morning(session, plan.morning_id, actor="operator", now=house.clock())
        await session.execute(text("UPDATE messages SET next_at = :now"), {"now": house.clock()})
    await drive_number(tools(house, Vendor()), await the_number(house))
    assert await counts(house, plan.morning_id) == {MessageStatus.ACCEPTED: 6}


async def test_a_morning_owes_a_preliminary_and_a_final_certificate(house: House) -> None:
    plan = await released(house)
    async with house.database.readings() as session:
        morning = await session.get_one(MorningRow, plan.morning_id)
    kinds = []
    for moment in (
        morning.deadline_at,
        morning.deadline_at + timedelta(seconds=1),
        morning.closes_at,
        morning.closes_at,
    ):
        async with house.database.transactions() as session:
            owed = await mornings_to_close(session, now=moment)
            signed = await close_morning(session, plan.morning_id, private_key=house.certificate_key, now=moment)
            assert bool(owed) is (signed is not None)
            kinds.append(json.loads(signed.body)["kind"] if signed else None)
    assert kinds == ["preliminary", None, "final", None]
    assert await counts(house, plan.morning_id) == {MessageStatus.FAILED: 6}
