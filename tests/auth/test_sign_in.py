"""Signing in through the api: who she is, what she may do, and how her session ends."""

from datetime import timedelta
from uuid import UUID

import pytest
from redis.asyncio import Redis
from sqlalchemy import func, select, text, update

from project_one.advisor.firms import open_firm
from project_one.advisor.models import AdvisorRow
from project_one.advisor.service import enrol
from project_one.auth import organisations, people, revocation
from project_one.auth.domain import Role
from project_one.auth.errors import StaffRoleInvalidError, UserClosedError
from project_one.auth.people import MembershipReport
from project_one.auth.revocation import Revocations
from project_one.bootstrap import House
from project_one.entrypoints.demo_people import DEMO_PEOPLE, seed_demo_people
from project_one.entrypoints.seed import demo_advisor
from project_one.kernel.db import WriteSession
from project_one.kernel.scope import Scope
from project_one.kernel.statements import watched
from project_one.vocabulary.domain import Tier

from .conftest import Rig


async def member(house: House, user: str, org: str, *, tier: Tier = Tier.PRO) -> UUID:
    """A firm of this organisation with one advisor and the user in it."""
    now = house.clock()
    async with house.database.transactions() as session:
        firm_id = await people.firm_of(session, org) or await open_firm(session, org, now=now)
        await people.link_organisation(session, org, firm_id, now=now)
        report = MembershipReport(f"mem_{user}_{org}", user, firm_id, "member", now)
        await people.record_membership(session, report, now=now)
        if await session.scalar(select(AdvisorRow.id).where(AdvisorRow.firm_id == firm_id)) is None:
            count = await session.scalar(select(func.count()).select_from(AdvisorRow)) or 0
            enrolled = await enrol(session, house.keyring, [demo_advisor(count)], opted_in=False, now=now)
            await session.execute(
                update(AdvisorRow).where(AdvisorRow.id.in_(enrolled)).values(firm_id=firm_id, tier=tier)
            )
    return firm_id


async def test_a_newcomer_is_known_from_her_first_request_and_may_do_nothing(rig: Rig) -> None:
    for _ in range(2):
        status, me = await rig.ask("GET", "/v1/me", await rig.bearer("user_new"))
        assert (status, me["roles"], me["permissions"], me["firm_id"]) == (200, ["advisor"], [], None)
    assert me["actor"] == f"user:{me['user_id']}"
    status, problem = await rig.ask("GET", "/v1/content-packs", await rig.bearer("user_new"))
    assert (status, problem["code"]) == (403, "auth.not-permitted")
    assert "POST /v1/advisors" in problem["detail"]
    async with rig.house.database.readings() as session:
        assert (await session.scalars(text("SELECT count(*) FROM users"))).one() == 1


async def test_the_firm_is_that_of_the_token_else_the_only_one(rig: Rig, house: House) -> None:
    first, second = await member(house, "user_1", "org_1"), await member(house, "user_2", "org_2")
    await member(house, "user_2", "org_1")

    async def firm(user: str, org: str | None) -> str | None:
        return (await rig.ask("GET", "/v1/me", await rig.bearer(user, org=org)))[1]["firm_id"]

    assert await firm("user_1", None) == str(first)
    assert await firm("user_2", None) is None  # she has two
    assert await firm("user_2", "org_2") == str(second)
    assert await firm("user_1", "org_unknown") is None


async def test_whoever_left_and_whose_organisation_ended_acts_for_no_firm(rig: Rig, house: House) -> None:
    left = await member(house, "user_1", "org_1")
    await member(house, "user_2", "org_2")
    later = house.clock() + timedelta(seconds=1)
    async with house.database.transactions() as session:
        report = MembershipReport("mem_user_1_org_1", "user_1", left, "member", later)
        await people.end_membership(session, report, now=later)
        await organisations.end_organisation(session, "org_2", now=later)
    for user, org, firm in (
        ("user_1", "org_1", None),
        ("user_1", None, None),
        ("user_2", "org_2", None),
        ("user_3", "org_1", str(left)),  # her membership may be reported later
    ):
        me = (await rig.ask("GET", "/v1/me", await rig.bearer(user, org=org)))[1]
        assert me["firm_id"] == firm, (user, org)


async def test_who_she_is_costs_one_statement_a_minute(rig: Rig, house: House) -> None:
    await member(house, "user_1", "org_1")
    header = await rig.bearer("user_1", org="org_1")
    counts: list[int] = []
    for _ in range(2):
        with watched(rig.house.database.engine) as ran:
            assert (await rig.ask("GET", "/v1/me", header))[0] == 200
        counts.append(len([statement for statement, _ in ran if "FROM users" in statement]))
    assert counts == [1, 0]


async def test_staff_belongs_to_no_firm(rig: Rig, house: House) -> None:
    await member(house, "user_1", "org_1")
    async with house.database.transactions() as session:
        await people.grant_role(session, "user_1", "reviewer", actor="operator", now=house.clock())
    me = (await rig.ask("GET", "/v1/me", await rig.bearer(org="org_1")))[1]
    assert (me["roles"], me["is_staff"], me["firm_id"]) == (["reviewer"], True, None)
    assert "compliance:override" in me["permissions"]


async def test_who_acts_as_somebody_else_may_look_but_not_decide(rig: Rig, house: House) -> None:
    async with house.database.transactions() as session:
        await people.grant_role(session, "user_1", "reviewer", actor="operator", now=house.clock())
    headers = await rig.bearer(claims={"act": {"iss": "x", "sid": "sess_9", "sub": "user_9"}})
    permissions = set((await rig.ask("GET", "/v1/me", headers))[1]["permissions"])
    assert "content:pack:read" in permissions
    assert not {"compliance:override", "content:pack:review", "compliance:policy:approve"} & permissions


async def test_tokens_are_refused_with_their_codes(rig: Rig) -> None:
    cases = {
        "auth.token-expired": {"ttl": -60},
        "auth.token-early": {"claims": {"nbf": 4_000_000_000}},
        "auth.token-pending": {"claims": {"sts": "pending"}},
        "auth.token-party": {"claims": {"azp": "https://evil.test"}},
        "auth.token-version": {"claims": {"v": 1}},
        "auth.token-forged": {"claims": {"iss": "https://evil.test"}},
    }
    for code, body in cases.items():
        status, problem = await rig.ask("GET", "/v1/me", await rig.bearer(**body))
        assert (status, problem["code"]) == (401, code)
    for headers in (
        {},
        {"Authorization": "Basic operator"},
        {"Authorization": "Bearer"},
        {"Authorization": "Bearer x"},
        {"Authorization": "Bearer operator"},
    ):
        assert (await rig.ask("GET", "/v1/me", headers))[1]["code"] == "auth.not-authenticated"


async def revoke(rig: Rig, session_id: str, admin: dict[str, str]) -> None:
    body = {"reason": "Laptop was stolen."}
    status, answer = await rig.ask("POST", f"/v1/sessions/{session_id}/revoke", admin, json=body)
    assert (status, answer) == (200, {"session_id": session_id, "is_revoked": True})


async def test_a_revoked_session_is_over_at_once_and_stays_so_when_redis_forgets(rig: Rig) -> None:
    headers, other = await rig.bearer(), await rig.bearer(sid="sess_other")
    assert (await rig.ask("GET", "/v1/me", headers))[0] == 200
    admin = await rig.staff(Role.ADMIN)
    me = (await rig.ask("GET", "/v1/me", admin))[1]
    for _ in range(2):
        await revoke(rig, "sess_user_1", admin)
    for _ in range(2):
        status, problem = await rig.ask("GET", "/v1/me", headers)
        assert (status, problem["code"]) == (401, "auth.session-revoked")
        assert (await rig.ask("GET", "/v1/me", other))[0] == 200
        async with Redis.from_url(rig.house.settings.redis_url.get_secret_value()) as client:
            await client.flushall()
    async with rig.house.database.readings() as session:
        actors = await session.scalars(text("SELECT actor FROM audit_events WHERE action = 'session.revoked'"))
        assert list(actors) == [f"user:{me['user_id']}"]


async def test_only_admins_revoke_and_only_what_looks_like_a_session(rig: Rig) -> None:
    reviewer, admin = await rig.staff(Role.REVIEWER), await rig.staff(Role.ADMIN)
    body = {"reason": "Laptop was stolen."}
    assert (await rig.ask("POST", "/v1/sessions/sess_1/revoke", reviewer, json=body))[0] == 403
    assert (await rig.ask("POST", "/v1/sessions/a%20b/revoke", admin, json=body))[0] == 422
    assert (await rig.ask("POST", "/v1/sessions/sess_1/revoke", admin, json={"reason": " "}))[0] == 422


class Flaky:
    """A Redis that can be away."""

    def __init__(self, url: str) -> None:
        self.client: Redis = Redis.from_url(url, decode_responses=True)
        self.is_away = False

    def __getattr__(self, name: str) -> object:
        if self.is_away:
            raise OSError
        return getattr(self.client, name)


async def test_a_revocation_while_redis_is_away_is_not_forgotten_when_it_is_back(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(revocation, "_REST_S", 0)
    url = house.settings.redis_url.get_secret_value()
    flaky, steady = Flaky(url), Flaky(url)
    await flaky.client.flushall()
    ours = Revocations(flaky, house.database.readings)  # pyright: ignore[reportArgumentType]
    others = Revocations(steady, house.database.readings)  # pyright: ignore[reportArgumentType]
    assert not await ours.is_revoked("sess_1")
    assert await flaky.client.get("auth:revoked-copy") == "whole"
    flaky.is_away = True
    async with house.database.transactions() as session:
        await revoke_in(session, house, "sess_1")
    await ours.publish("sess_1")
    assert await ours.is_revoked("sess_1")
    flaky.is_away = False
    assert await ours.is_revoked("sess_1")
    assert await others.is_revoked("sess_1")
    await ours.close()
    await others.close()


async def revoke_in(session: WriteSession, house: House, session_id: str) -> None:
    from project_one.auth.sessions import revoke_session

    await revoke_session(session, session_id, actor="operator", reason="test", now=house.clock())


async def test_a_wipe_while_the_copy_is_filled_leaves_no_marker(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    flaky = Flaky(house.settings.redis_url.get_secret_value())
    await flaky.client.flushall()
    ours = Revocations(flaky, house.database.readings)  # pyright: ignore[reportArgumentType]
    pipeline = flaky.client.pipeline

    def wiping(**options: bool) -> object:
        made = pipeline(**options)
        made.flushall()
        return made

    monkeypatch.setattr(flaky.client, "pipeline", wiping)
    assert not await ours.is_revoked("sess_1")
    assert await flaky.client.get("auth:revoked-copy") is None
    await ours.close()


async def test_keys_rotate_and_sign_in_outlives_an_outage_of_the_keys(rig: Rig) -> None:
    headers = await rig.bearer()
    assert (await rig.ask("GET", "/v1/me", headers))[0] == 200
    await rig.clerk("jwks", status=503)
    assert (await rig.ask("GET", "/v1/me", await rig.bearer()))[0] == 200
    await rig.clerk("rotate")
    status, problem = await rig.ask("GET", "/v1/me", await rig.bearer())
    assert (status, problem["code"]) == (401, "auth.token-forged")  # asked a moment ago, not again for 30 s
    assert (await rig.ask("GET", "/v1/me", headers))[0] == 200


async def test_without_any_keys_sign_in_is_unavailable_not_refused(rig: Rig) -> None:
    await rig.clerk("jwks", status=500)
    status, problem = await rig.ask("GET", "/v1/me", await rig.bearer())
    assert (status, problem["code"]) == (503, "auth.signing-keys-unavailable")


async def test_the_people_of_a_demo(rig: Rig, house: House) -> None:
    from project_one.entrypoints.seed import seed_demo_advisors

    await seed_demo_advisors(house, count=2)
    await seed_demo_people(house)
    await seed_demo_people(house)
    for person in DEMO_PEOPLE.values():
        me = (await rig.ask("GET", "/v1/me", await rig.bearer(person.clerk_id, org=person.organisation)))[1]
        is_newcomer = person.role is Role.ADVISOR and person.organisation is None
        assert (me["roles"], bool(me["permissions"])) == ([person.role], not is_newcomer)
        assert (me["firm_id"] is None) == (me["is_staff"] or is_newcomer)


async def test_roles_are_given_and_taken_by_name(house: House) -> None:
    async with house.database.transactions() as session:
        for role in ("reviewer", "admin"):
            await people.grant_role(session, "user_1", role, actor="operator", now=house.clock())
        assert await people.revoke_role(session, "user_1", "admin", actor="operator", now=house.clock()) == {"reviewer"}
        for role in ("advisor", "king"):
            with pytest.raises(StaffRoleInvalidError):
                await people.grant_role(session, "user_1", role, actor="operator", now=house.clock())
        await people.delete_user(session, "user_1", now=house.clock())
        with pytest.raises(UserClosedError):
            await people.grant_role(session, "user_1", "admin", actor="operator", now=house.clock())


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO users (id, clerk_id, status, created_at, staff_roles) "
        "VALUES (gen_random_uuid(), 'x', 'active', now(), '[\"admin\"]')",
        "UPDATE users SET staff_roles = '[\"admin\"]'",
        "DELETE FROM revoked_sessions",
        "DELETE FROM memberships",
        "INSERT INTO organisations VALUES ('org_x', gen_random_uuid(), now())",
        "UPDATE api_keys SET sha256 = 'x'",
    ],
)
async def test_the_api_login_can_give_nobody_a_role_or_a_firm(api_house: House, statement: str) -> None:
    with pytest.raises(Exception, match="permission denied"):
        async with api_house.database.scoped(Scope(is_staff=True)).transactions() as session:
            await session.execute(text(statement))
