"""What a firm has booked decides: API keys and exports with Pro alone, and as many members at work as it has seats."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID

import orjson
import pytest
from sqlalchemy import text, update

from project_one.advisor.models import AdvisorRow
from project_one.auth.domain import Role
from project_one.bootstrap import House
from project_one.vendors.clerk.tasks import apply
from project_one.vendors.clerk.webhook import parse
from project_one.vocabulary.domain import Tier

from .conftest import Rig
from .test_api_keys import key_body
from .test_sign_in import member


async def book(house: House, firm_id: UUID, tier: Tier, **values: Any) -> None:
    async with house.database.transactions() as session:
        await session.execute(update(AdvisorRow).where(AdvisorRow.firm_id == firm_id).values(tier=tier, **values))


async def told(house: House, number: int, kind: str) -> None:
    """Clerk's report of the membership of `user_<number>` in org_1."""
    data = {
        "id": f"orgmem_{number}",
        "role": "org:member",
        "organization": {"id": "org_1", "name": "Acme Wealth"},
        "public_user_data": {"user_id": f"user_{number}"},
        "updated_at": 1_795_500_000_000 + number,
    }
    change = parse(orjson.dumps({"type": f"organizationMembership.{kind}", "data": data}))
    assert change is not None
    async with house.database.transactions() as session:
        await apply(session, change, now=house.clock())


async def seated(rig: Rig, *numbers: int) -> list[int]:
    """Which of the members act for the firm."""
    found: list[int] = []
    for number in numbers:
        me = (await rig.ask("GET", "/v1/me", await rig.bearer(f"user_{number}", org="org_1")))[1]
        assert me["waits_for_seat"] is (me["firm_id"] is None)
        found += [number] if me["firm_id"] else []
    return found


async def trail(house: House, *actions: str) -> list[tuple[str, str]]:
    """Action and Clerk id of the person, in order."""
    async with house.database.readings() as session:
        rows = await session.execute(
            text(
                "SELECT e.action, u.clerk_id FROM audit_events e JOIN users u ON u.id::text = e.object_id "
                "WHERE e.action = ANY(:actions) ORDER BY e.position"
            ),
            {"actions": list(actions)},
        )
        return [(action, person) for action, person in rows]


@pytest.mark.parametrize("tier", [Tier.BASIC, Tier.STANDARD, Tier.TRIAL])
async def test_keys_and_exports_need_pro(rig: Rig, house: House, tier: Tier) -> None:
    await member(house, "user_1", "org_1", tier=tier)
    asha = await rig.bearer()
    for method, path, body in (
        ("POST", "/v1/api-keys", key_body(house)),
        ("POST", "/v1/export/packs", None),
        ("GET", "/v1/export/analytics", None),
    ):
        status, problem = await rig.ask(method, path, asha, json=body)
        assert (status, problem["code"], problem["needed"]) == (403, "advisor.tier-needed", "pro"), path
        assert "/v1/advisors/{advisor_id}/tier" in problem["detail"]


async def test_a_key_is_refused_while_its_firm_is_below_pro(rig: Rig, house: House) -> None:
    firm_id = await member(house, "user_1", "org_1")
    made = (await rig.ask("POST", "/v1/api-keys", await rig.bearer(), json=key_body(house)))[1]
    key = {"X-API-Key": made["key"]}
    assert (await rig.ask("GET", "/v1/export/analytics", key))[0] == 200
    await book(house, firm_id, Tier.STANDARD)
    status, problem = await rig.ask("GET", "/v1/export/analytics", key)
    assert (status, problem["code"], problem["tier"]) == (403, "advisor.tier-needed", "standard")
    assert (await rig.ask("DELETE", f"/v1/api-keys/{made['id']}", await rig.bearer()))[0] == 204
    await book(house, firm_id, Tier.PRO)
    assert (await rig.ask("GET", "/v1/me", key))[1]["code"] == "auth.key-invalid"


async def test_a_key_works_again_when_pro_is_booked_again(rig: Rig, house: House) -> None:
    firm_id = await member(house, "user_1", "org_1")
    key = {"X-API-Key": (await rig.ask("POST", "/v1/api-keys", await rig.bearer(), json=key_body(house)))[1]["key"]}
    await book(house, firm_id, Tier.BASIC)
    assert (await rig.ask("GET", "/v1/me", key))[0] == 403
    await book(house, firm_id, Tier.PRO)
    assert (await rig.ask("GET", "/v1/me", key))[0] == 200


async def test_whoever_joins_beyond_the_seats_waits_until_one_comes_free(rig: Rig, house: House) -> None:
    await member(house, "user_0", "org_1", tier=Tier.STANDARD)
    for number in (1, 2):
        await told(house, number, "created")
    assert await seated(rig, 0, 1, 2) == [0]
    status, problem = await rig.ask("GET", "/v1/content-packs", await rig.bearer("user_1", org="org_1"))
    assert (status, problem["code"]) == (403, "auth.seat-needed")
    async with house.database.readings() as session:
        advisor_id = await session.scalar(text("SELECT id FROM advisors"))
    body = {"tier": "pro", "reason": "Booked by letter."}
    status, answer = await rig.ask("PUT", f"/v1/advisors/{advisor_id}/tier", await rig.staff(Role.ADMIN), json=body)
    assert status == 200, answer
    assert await seated(rig, 0, 1, 2) == [0, 1, 2]
    assert await trail(house, "seat.taken", "seat.awaited") == [
        ("seat.awaited", "user_1"),
        ("seat.awaited", "user_2"),
        ("seat.taken", "user_1"),
        ("seat.taken", "user_2"),
    ]


async def test_a_seat_comes_free_when_a_member_leaves_and_goes_to_who_waits_longest(rig: Rig, house: House) -> None:
    await member(house, "user_0", "org_1")
    for number in range(1, 7):
        await told(house, number, "created")
    assert await seated(rig, 5, 6) == []
    await told(house, 2, "deleted")
    assert await seated(rig, 5, 6) == [5]
    await told(house, 2, "created")  # overtaken by its end
    assert await seated(rig, 5, 6) == [5]
    moves = await trail(house, "seat.taken", "seat.awaited")
    assert moves[-1] == ("seat.taken", "user_5")
    assert moves.count(("seat.taken", "user_5")) == 1


async def test_of_a_firm_that_fell_the_oldest_members_keep_their_seats(rig: Rig, house: House) -> None:
    firm_id = await member(house, "user_1", "org_1")
    await told(house, 2, "created")
    await book(house, firm_id, Tier.TRIAL, trial_ends_at=house.clock() - timedelta(days=1))
    assert await seated(rig, 2, 1) == [1]


async def test_two_registrations_of_one_person_at_once_make_one_firm(rig: Rig, house: House) -> None:
    body = {
        "capacity": "MFD",
        "registered_name": "Asha Rao",
        "email": "asha@example.in",
        "languages": ["hi"],
        "slot": "06:00",
        "website": "https://asha-rao.example",
    }
    asha = await rig.bearer("user_new")
    assert (await rig.ask("GET", "/v1/me", asha))[0] == 200
    answers = await asyncio.gather(
        *(
            rig.ask(
                "POST",
                "/v1/advisors",
                asha,
                json=body | {"registration_number": f"ARN-1234{number}", "phone": f"+91 98000 0000{number}"},
            )
            for number in range(3)
        )
    )
    assert sorted(status for status, _ in answers) == [201, 409, 409], answers
    assert {problem["code"] for status, problem in answers if status == 409} == {"auth.member-already"}
    async with house.database.readings() as session:
        assert await session.scalar(text("SELECT count(*) FROM memberships")) == 1
