"""An API key's life: made, shown once, used, seen by its firm only, ended."""

from datetime import timedelta
from typing import Any

from sqlalchemy import text, update

from project_one.auth import people
from project_one.auth.models import ApiKeyRow
from project_one.auth.people import MembershipReport
from project_one.auth.policy import STAFF
from project_one.bootstrap import House
from project_one.kernel.scope import Scope

from .conftest import Rig
from .test_sign_in import member


def key_body(house: House, **over: Any) -> dict[str, Any]:
    ends = house.clock() + timedelta(days=30)
    return {"name": "Reports", "scopes": ["export:own"], "expires_at": ends.isoformat(), **over}


async def test_a_key_is_shown_once_and_gives_what_it_was_made_for(rig: Rig, house: House) -> None:
    firm_id = await member(house, "user_1", "org_1")
    asha = await rig.bearer()
    status, made = await rig.ask("POST", "/v1/api-keys", asha, json=key_body(house, scopes=["content:pack:read"]))
    assert (status, made["key"].startswith(made["prefix"])) == (201, True)
    me = (await rig.ask("GET", "/v1/me", {"X-API-Key": made["key"]}))[1]
    assert (me["actor"], me["firm_id"], me["permissions"]) == (
        f"api-key:{made['id']}",
        str(firm_id),
        ["content:pack:read"],
    )
    assert me["user_id"] is None
    [listed] = (await rig.ask("GET", "/v1/api-keys", asha))[1]["items"]
    assert (listed["id"], "key" in listed, listed["last_used_at"] is not None) == (made["id"], False, True)
    async with house.database.readings() as session:
        stored = str((await session.execute(text("SELECT * FROM api_keys"))).all())
        trail = str((await session.execute(text("SELECT * FROM audit_events"))).all())
    assert made["key"] not in stored + trail
    assert (await rig.ask("POST", "/v1/api-keys", {"X-API-Key": made["key"]}, json=key_body(house)))[0] == 403
    for _ in range(2):
        assert (await rig.ask("DELETE", f"/v1/api-keys/{made['id']}", asha))[0] == 204
    status, problem = await rig.ask("GET", "/v1/me", {"X-API-Key": made["key"]})
    assert (status, problem["code"]) == (401, "auth.key-invalid")


async def test_a_key_ends_with_its_time_and_with_its_makers_membership(rig: Rig, house: House) -> None:
    firm_id = await member(house, "user_1", "org_1")
    keys = [(await rig.ask("POST", "/v1/api-keys", await rig.bearer(), json=key_body(house)))[1] for _ in range(2)]
    async with house.database.transactions() as session:
        ended = house.clock() - timedelta(seconds=1)
        await session.execute(update(ApiKeyRow).where(ApiKeyRow.id == keys[0]["id"]).values(expires_at=ended))
    assert (await rig.ask("GET", "/v1/me", {"X-API-Key": keys[0]["key"]}))[1]["code"] == "auth.key-expired"
    assert (await rig.ask("GET", "/v1/me", {"X-API-Key": keys[1]["key"]}))[0] == 200
    async with house.database.transactions() as session:
        left = MembershipReport("mem_user_1_org_1", "user_1", firm_id, "member", house.clock())
        await people.end_membership(session, left, now=house.clock())
    assert (await rig.ask("GET", "/v1/me", {"X-API-Key": keys[1]["key"]}))[1]["code"] == "auth.key-invalid"
    assert (await rig.ask("GET", "/v1/me", {"X-API-Key": "p1_guess"}))[1]["code"] == "auth.key-invalid"


async def test_what_a_key_may_not_be(rig: Rig, house: House) -> None:
    await member(house, "user_1", "org_1")
    asha, now = await rig.bearer(), house.clock()
    for over, code in (
        ({"expires_at": (now + timedelta(days=366)).isoformat()}, "auth.key-lifetime"),
        ({"expires_at": (now - timedelta(days=1)).isoformat()}, "auth.key-lifetime"),
        ({"scopes": ["content:pack:write"]}, "request.invalid"),
        ({"scopes": []}, "request.invalid"),
        ({"name": "a\x00b"}, "request.invalid"),
        ({"firm_id": "x"}, "request.invalid"),
    ):
        status, problem = await rig.ask("POST", "/v1/api-keys", asha, json=key_body(house, **over))
        assert (status, problem["code"]) == (422, code), over
    for role in STAFF:
        status, problem = await rig.ask("POST", "/v1/api-keys", await rig.staff(role), json=key_body(house))
        assert (status, problem["code"]) == (403, "auth.not-permitted")


async def test_another_firm_sees_no_key_not_even_by_sql(rig: Rig, house: House, api_house: House) -> None:
    await member(house, "user_1", "org_1")
    other = await member(house, "user_2", "org_2")
    made = (await rig.ask("POST", "/v1/api-keys", await rig.bearer(), json=key_body(house)))[1]
    ravi = await rig.bearer("user_2")
    assert (await rig.ask("GET", "/v1/api-keys", ravi))[1] == {"items": [], "next_cursor": None}
    status, problem = await rig.ask("DELETE", f"/v1/api-keys/{made['id']}", ravi)
    assert (status, problem["code"]) == (404, "auth.key-unknown")
    async with api_house.database.readings() as session:
        assert (await session.execute(text("SELECT id FROM api_keys"))).all() == []
    async with api_house.database.scoped(Scope(tenant=other)).transactions() as session:
        assert (await session.execute(text("SELECT id FROM api_keys"))).all() == []
        changed = await session.execute(text("UPDATE api_keys SET revoked_at = now() RETURNING id"))
        assert changed.all() == []


async def test_pages_of_keys(rig: Rig, house: House) -> None:
    await member(house, "user_1", "org_1")
    asha = await rig.bearer()
    made = [(await rig.ask("POST", "/v1/api-keys", asha, json=key_body(house)))[1]["id"] for _ in range(5)]
    seen: list[str] = []
    query: dict[str, str] = {"limit": "2"}
    while True:
        page = (await rig.ask("GET", "/v1/api-keys", asha, params=query))[1]
        seen += [item["id"] for item in page["items"]]
        if page["next_cursor"] is None:
            break
        query["cursor"] = page["next_cursor"]
    assert seen == made[::-1]
    for wrong in ("x", "W10", "WyJhIiwiYiJd"):
        status, problem = await rig.ask("GET", "/v1/api-keys", asha, params={"cursor": wrong})
        assert (status, problem["code"]) == (422, "page.cursor-invalid")
