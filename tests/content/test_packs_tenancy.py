"""Packs of a firm are nobody else's, also for raw SQL; and hostile bodies are refused, never an error of ours."""

import io
import json
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from project_one.kernel.ids import new_id
from project_one.kernel.scope import Scope
from project_one.kernel.statements import watched

from .packs_api import EN, Api, firms, member, staff

TABLES = ("packs", "variants", "pack_revisions", "reviews", "pack_templates", "approvals", "verdicts", "overrides")


async def test_another_firms_pack_is_not_there(api: Api) -> None:
    one, two = await firms(api.house)
    pack = await api.approved(member(one), staff())
    stranger, path = member(two), f"/content-packs/{pack['id']}"
    day = {"business_date": "2027-01-05"}
    for method, tail, body in (
        ("GET", "", None),
        ("PATCH", "", {"variants": {}}),
        ("DELETE", "", None),
        ("POST", "/duplicate", None),
        ("POST", "/submit", None),
        ("POST", "/withdraw", {"reason": "Not mine."}),
        ("POST", "/schedule", day),
        ("GET", "/revisions", None),
        ("GET", "/revisions/1", None),
        ("GET", "/revisions/1/diff?against=1", None),
        ("GET", "/reviews", None),
        ("GET", "/progress", None),
    ):
        status, refusal, _ = await api.call(stranger, method, path + tail, body, If_Match='"1"')
        assert (status, refusal["code"]) == (404, "content.pack-unknown"), (method, tail)
    assert (await api.call(stranger, "GET", "/content-packs"))[1]["items"] == []
    assert (await api.call(stranger, "GET", f"/content-packs/{new_id()}"))[0] == 404


async def test_raw_sql_through_the_api_login_sees_and_changes_one_firm_alone(api: Api) -> None:
    one, two = await firms(api.house)
    asha = member(one)
    pack = await api.approved(asha, staff())
    await api.call(asha, "POST", "/pack-templates", {"name": "Monday", "variants": {"en": EN}})
    own = {
        "packs": "firm_id IS NOT NULL",
        "variants": f"pack_id = '{pack['id']}'",
        "approvals": "pack_id IS NOT NULL",
        "verdicts": "firm_id IS NOT NULL",
    }
    for scope, sees in ((Scope(two), False), (Scope(), False), (Scope(one), True), (Scope(is_staff=True), True)):
        async with api.api_house.database.scoped(scope).readings() as session:
            for table in TABLES[:-1]:
                query = f"SELECT count(*) FROM {table} WHERE {own.get(table, 'true')}"  # noqa: S608  our own names
                count = await session.scalar(text(query))
                assert bool(count) is sees, (table, scope)
    async with api.api_house.database.scoped(Scope(two)).transactions() as session:
        changed = await session.execute(text("UPDATE packs SET state = 'approved', topic_family = 'x'"))
        assert changed.rowcount == 0  # pyright: ignore[reportAttributeAccessIssue]


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE pack_revisions SET number = 9",
        "DELETE FROM reviews",
        "INSERT INTO approvals (id, subject, sha256, reviewer_id, approved_at, pack_id) "
        "VALUES (gen_random_uuid(), 'content', 'x', gen_random_uuid(), now(), '{pack}')",
        "UPDATE approvals SET reviewer_id = gen_random_uuid() WHERE pack_id IS NOT NULL",
        "INSERT INTO pack_templates (id, firm_id, name, content_class, content, version, created_at, updated_at) "
        "VALUES (gen_random_uuid(), '{other}', 'x', 'SERVICE', '{{}}', 1, now(), now())",
    ],
)
async def test_a_firm_cannot_write_what_is_not_its_own(api: Api, statement: str) -> None:
    one, two = await firms(api.house)
    pack = await api.approved(member(one), staff())
    with pytest.raises(DBAPIError, match=r"permission denied|row-level security"):
        async with api.api_house.database.scoped(Scope(one)).transactions() as session:
            await session.execute(text(statement.format(pack=pack["id"], other=two)))


async def test_the_list_filters_sorts_and_pages_with_a_fixed_number_of_queries(api: Api) -> None:
    one, _ = await firms(api.house)
    asha = member(one)
    made = [
        await api.drafted(asha, variants={"en": EN | {"topic": f"100% sure_{number}"}, "hi": EN}) for number in range(3)
    ]
    await api.drafted(asha, variants={"mr": EN})
    for query, count in (
        ("language=hi", 3),
        ("language=mr", 1),
        ("state=draft", 4),
        ("state=sent", 0),
        ("q=100%25+SURE_", 3),
        ("q=%25", 3),
        ("q=_", 3),
        ("q=%00", 0),
        ("q='%3B+DROP+TABLE+packs%3B--", 0),
    ):
        status, page, _ = await api.call(asha, "GET", f"/content-packs?{query}")
        assert (status, len(page["items"])) == (200, count), query
    for sort, expected in (("created_at", made[0]), ("-created_at", None)):
        seen: list[str] = []
        cursor = ""
        for _ in range(4):
            _, page, _ = await api.call(asha, "GET", f"/content-packs?limit=1&sort={sort}{cursor}")
            seen += [item["id"] for item in page["items"]]
            cursor = f"&cursor={page['next_cursor']}"
        assert len(set(seen)) == 4
        assert expected is None or seen[0] == expected["id"]
    counts: list[int] = []
    for limit in (1, 4):
        with watched(api.api_house.database.engine) as ran:
            await api.call(asha, "GET", f"/content-packs?limit={limit}")
        counts.append(len(ran))
    assert counts[0] == counts[1]
    assert (await api.call(asha, "GET", "/content-packs?sort=risk"))[0] == 422


async def test_hostile_bodies_are_refused_or_kept_as_they_are(api: Api) -> None:
    one, _ = await firms(api.house)
    asha = member(one)
    odd = "'; DROP TABLE packs; -- {{7*7}} ${x} %s <script>\\ \N{PILE OF POO}"
    pack = await api.drafted(asha, variants={"en": {"topic": odd, "caption": odd}})
    assert pack["variants"][0]["caption"] == odd
    status, refusal, _ = await api.call(asha, "POST", f"/content-packs/{pack['id']}/submit")
    assert (status, refusal["code"]) == (409, "content.pack-incomplete")  # a brace never reaches the template
    bodies = [
        '{"variants": {"en": {"topic": "a", "caption": "\\ud800"}}}',
        '{"variants": {"en": {"topic": "a", "caption": "\\u0000"}}}',
        json.dumps({"variants": {"en": {"topic": "a", "caption": "x" * 5_000_000}}}),
        json.dumps({"variants": {"fr": EN}}),
        json.dumps({"variants": {"en": EN}, "state": "approved"}),
        json.dumps({"variants": {"en": EN}, "author_id": str(new_id())}),
        "[" * 100_000,
        "nonsense",
    ]
    for body in bodies:
        headers = asha | {"Content-Type": "application/json"}
        async with api.client.post("/v1/content-packs", data=io.BytesIO(body.encode()), headers=headers) as response:
            assert response.status in {400, 422}, body[:60]
            assert "json" in response.headers["content-type"]
    for method, path in (("GET", "/content-packs/not-an-id"), ("GET", f"/content-packs/{pack['id']}/revisions/0")):
        assert (await api.call(asha, method, path))[0] == 422
    assert UUID((await api.call(asha, "GET", f"/content-packs/{pack['id']}"))[1]["id"])
