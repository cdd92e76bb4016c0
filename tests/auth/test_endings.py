"""What ends at Clerk ends here: sessions at once, organisations with everybody in them; and names follow."""

import itertools
from datetime import timedelta
from typing import Any

import pytest
from redis.asyncio import Redis
from sqlalchemy import text

from project_one.auth.models import RevokedSessionRow
from project_one.auth.revocation import Revocations
from project_one.bootstrap import House
from project_one.kernel.ids import new_id
from project_one.vendors.clerk.tasks import work_clerk_inbox

from .conftest import Rig
from .test_sign_in import member
from .test_webhooks import MEMBERS, rows, told, tools

DELETED: tuple[str, dict[str, Any]] = (
    "organization.deleted",
    {"id": "org_1", "object": "organization", "deleted": True},
)


def named(kind: str, name: str, updated_at: int) -> tuple[str, dict[str, Any]]:
    return f"organization.{kind}", {"id": "org_1", "name": name, "created_at": 1_000, "updated_at": updated_at}


@pytest.mark.parametrize("kind", ["session.ended", "session.removed", "session.revoked"])
async def test_a_session_that_ends_at_clerk_is_over_at_once(rig: Rig, house: House, kind: str) -> None:
    ending = f"sess_{new_id().hex}"
    headers, other = await rig.bearer(sid=ending), await rig.bearer(sid="sess_going_on")
    assert (await rig.ask("GET", "/v1/me", headers))[0] == 200
    data = {"id": ending, "user_id": "user_1", "status": kind.removeprefix("session.")}
    for message in ("msg_1", "msg_1", "msg_2"):
        assert (await rig.clerk("webhook", type=kind, data=data, svix_id=message))["status"] == 200
    assert await work_clerk_inbox(tools(house)) == 2
    status, problem = await rig.ask("GET", "/v1/me", headers)
    assert (status, problem["code"]) == (401, "auth.session-revoked")
    assert (await rig.ask("GET", "/v1/me", other))[0] == 200
    trail = "SELECT actor, data->>'reason' FROM audit_events WHERE action = 'session.revoked'"
    assert await rows(house, trail) == [("vendor:clerk", kind)]


async def test_sessions_that_clerk_ended_long_ago_are_not_copied_for_ever(house: House) -> None:
    ago = house.clock() - timedelta(days=2)
    async with house.database.transactions() as session:
        for session_id, actor in (("sess_old", "vendor:clerk"), ("sess_stolen", "operator")):
            session.add(RevokedSessionRow(session_id=session_id, actor=actor, reason="test", revoked_at=ago))
    url = house.settings.redis_url.get_secret_value()
    async with Redis.from_url(url, decode_responses=True) as client:
        await client.flushall()
        ours = Revocations.connected(url, house.database.readings)
        assert await ours.is_revoked("sess_stolen")
        assert await client.keys("auth:revoked:*") == ["auth:revoked:sess_stolen"]
        assert await client.ttl("auth:revoked:sess_stolen") > 0
        await ours.close()


async def test_nobody_is_a_member_of_an_organisation_that_was_deleted(rig: Rig, house: House) -> None:
    for user in ("user_1", "user_2"):
        await member(house, user, "org_1")
    await member(house, "user_2", "org_2")
    await told(house, [DELETED, DELETED])
    for user in ("user_1", "user_2", "user_never_seen"):
        me = (await rig.ask("GET", "/v1/me", await rig.bearer(user, org="org_1")))[1]
        assert (me["firm_id"], me["permissions"]) == (None, [])
    assert (await rig.ask("GET", "/v1/me", await rig.bearer("user_2", org="org_2")))[1]["firm_id"]
    trail = "SELECT action FROM audit_events WHERE action ~ 'ended' ORDER BY position"
    assert await rows(house, trail) == [("organisation.ended",), ("membership.ended",), ("membership.ended",)]


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
async def test_a_deleted_organisation_stays_deleted_in_every_order(house: House, order: tuple[int, ...]) -> None:
    reports = [named("created", "Acme", 1_000), MEMBERS[0], DELETED]
    await told(house, [reports[index] for index in (*order, *order)])
    live = "SELECT count(*) FROM memberships WHERE ended_at IS NULL"
    assert await rows(house, live) == [(0,)]
    assert len(await rows(house, "SELECT 1 FROM firms")) == (0 if order[0] == 2 else 1)


@pytest.mark.parametrize("order", list(itertools.permutations(range(4))))
async def test_a_firm_has_the_newest_name_of_its_organisation_in_every_order(
    house: House, order: tuple[int, ...]
) -> None:
    reports = [named("created", "Acme", 1_000), named("updated", "Acme Two", 2_000), named("updated", "Three", 3_000)]
    reports.append(MEMBERS[0])
    await told(house, [reports[index] for index in (*order, *order)])
    assert await rows(house, "SELECT name FROM firms") == [("Three",)]
    async with house.database.readings() as session:
        kept = str((await session.execute(text("SELECT data FROM audit_events"))).all())
    assert "Three" not in kept
