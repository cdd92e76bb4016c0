"""Clerk's reports: refused unless genuine and recent, kept once, applied in whatever order they come."""

import itertools
from typing import Any

import pytest
from sqlalchemy import text

from project_one.bootstrap import House
from project_one.kernel.inbox import backlog
from project_one.vendors.clerk.tasks import ClerkInboxTools, apply, work_clerk_inbox
from project_one.vendors.clerk.webhook import PayloadUnreadableError, parse

from .conftest import Rig

USER: dict[str, Any] = {"id": "user_1", "object": "user", "email_addresses": [{"email_address": "a@b.example"}]}


def user(updated_at: int) -> dict[str, Any]:
    return USER | {"updated_at": updated_at}


def membership(number: int, updated_at: int) -> dict[str, Any]:
    return {
        "id": f"orgmem_{number}",
        "role": "org:admin",
        "organization": {"id": "org_1", "name": "Acme Wealth"},
        "public_user_data": {"user_id": "user_1", "identifier": "a@b.example"},
        "updated_at": updated_at,
    }


def tools(house: House) -> ClerkInboxTools:
    return ClerkInboxTools(house.database.transactions, house.keyring, house.clock, house.publish_revoked)


async def rows(house: House, query: str) -> list[tuple[Any, ...]]:
    async with house.database.readings() as session:
        return [tuple(row) for row in await session.execute(text(query))]


async def test_a_report_is_kept_once_sealed_and_applied(rig: Rig, house: House) -> None:
    for _ in range(3):
        told = await rig.clerk("webhook", type="user.created", data=user(1_795_500_000_000), svix_id="msg_1")
        assert told["status"] == 200
    assert (await rows(house, "SELECT count(*) FROM inbox")) == [(1,)]
    assert (await rows(house, "SELECT queue, name FROM outbox")) == [("webhooks", "clerk")]
    assert await work_clerk_inbox(tools(house)) == 1
    assert await work_clerk_inbox(tools(house)) == 0
    assert (await rows(house, "SELECT clerk_id, status FROM users")) == [("user_1", "active")]
    kept = str(await rows(house, "SELECT * FROM users, audit_events, outbox, inbox"))
    assert "a@b.example" not in kept


async def test_what_is_not_genuine_or_not_recent_is_refused_and_not_kept(rig: Rig, house: House) -> None:
    for age in (301, -301):
        told = await rig.clerk("webhook", type="user.created", data=user(1), age_s=age)
        assert (told["status"], "clerk.webhook-stale" in told["answer"]) == (401, True)
    good = {"svix-id": "m", "svix-timestamp": str(int(house.clock().timestamp())), "svix-signature": "v1,AAAA"}
    for headers in ({}, good, good | {"svix-signature": "v1a,AAAA v1,"}, good | {"svix-timestamp": "now"}):
        status, problem = await rig.ask("POST", "/webhooks/clerk", headers, data=b"{}")
        assert (status, problem["code"]) == (401, "clerk.signature-wrong")
    assert (await rows(house, "SELECT count(*) FROM inbox")) == [(0,)]


async def test_genuine_nonsense_is_set_aside_and_the_rest_goes_on(rig: Rig, house: House) -> None:
    await rig.clerk("webhook", type="user.created", data={"id": 7})
    await rig.clerk("webhook", type="session.created", data={"id": "sess_1"})
    await rig.clerk("webhook", type="organization.created", data={"id": "org_1", "name": "Acme Wealth"})
    assert await work_clerk_inbox(tools(house)) == 3
    async with house.database.readings() as session:
        assert list((await backlog(session)).values()) == [0, 1]
    assert len(await rows(house, "SELECT firm_id FROM organisations")) == 1


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
async def test_a_deleted_user_stays_deleted_in_every_order(house: House, order: tuple[int, ...]) -> None:
    reports = [("user.created", user(1_000)), ("user.updated", user(2_000)), ("user.deleted", {"id": "user_1"})]
    await told(house, [reports[index] for index in order])
    assert (await rows(house, "SELECT status FROM users")) == [("deleted",)]


MEMBERS = [
    ("organizationMembership.created", membership(1, 1_000)),
    ("organizationMembership.deleted", membership(1, 1_000)),
    ("organizationMembership.created", membership(2, 2_000)),
]


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
async def test_who_left_and_came_back_is_a_member_in_every_order(house: House, order: tuple[int, ...]) -> None:
    await told(house, [MEMBERS[index] for index in (*order, *order)])
    assert (await rows(house, "SELECT role, vendor_id, ended_at FROM memberships")) == [("admin", "orgmem_2", None)]


@pytest.mark.parametrize("order", [(0, 1), (1, 0), (1, 0, 1, 0)])
async def test_who_left_is_no_member_in_every_order(house: House, order: tuple[int, ...]) -> None:
    await told(house, [MEMBERS[index] for index in order])
    assert (await rows(house, "SELECT ended_at IS NULL FROM memberships")) == [(False,)]


async def test_an_organisation_has_one_firm_whoever_reports_it_first(house: House) -> None:
    opened = ("organization.created", {"id": "org_1", "name": "Acme Wealth"})
    await told(house, [MEMBERS[0], opened, opened])
    assert (await rows(house, "SELECT name FROM firms")) == [("Acme Wealth",)]


async def told(house: House, reports: list[tuple[str, dict[str, Any]]]) -> None:
    import orjson

    for kind, data in reports:
        change = parse(orjson.dumps({"type": kind, "data": data}))
        assert change is not None
        async with house.database.transactions() as session:
            await apply(session, change, now=house.clock())


async def test_a_deleted_user_signs_in_no_more(rig: Rig, house: House) -> None:
    await told(house, [("user.deleted", {"id": "user_1"})])
    status, problem = await rig.ask("GET", "/v1/me", await rig.bearer())
    assert (status, problem["code"]) == (401, "auth.account-closed")


@pytest.mark.parametrize("raw", [b"", b"[]", b'{"type":"user.created"}', b'{"type":"user.deleted","data":{"id":""}}'])
def test_nonsense_is_unreadable(raw: bytes) -> None:
    with pytest.raises(PayloadUnreadableError):
        parse(raw)
