"""A pack from the first word to the morning it is delivered, over HTTP; and everything that takes it back."""

import asyncio
from datetime import timedelta

from sqlalchemy import select, text

from project_one.content.models import ApprovalRow, ScheduleRow
from project_one.content.submitting import CHECK_AGAIN, overdue_checks
from project_one.delivery.domain import MessageStatus
from project_one.delivery.models import MessageRow
from project_one.delivery.service.packs import settle_packs
from project_one.kernel.clock import business_date
from project_one.kernel.ids import new_id
from project_one.kernel.statements import watched

from ..delivery.test_binding import go, plan_it
from .packs_api import ALL, EN, Api, firms, hashes, member, staff


def tomorrow(api: Api) -> str:
    return (business_date(api.house.clock()) + timedelta(days=1)).isoformat()


async def test_a_pack_is_written_checked_approved_scheduled_delivered_and_sent(api: Api) -> None:
    firm, _ = await firms(api.house)
    asha, reviewer = member(firm), staff()
    pack = await api.drafted(asha, variants={"en": EN}, wanted_on=tomorrow(api))
    path = f"/content-packs/{pack['id']}"
    status, pack, headers = await api.call(asha, "PATCH", path, {"variants": ALL}, If_Match='"1"')
    assert (status, pack["version"], headers["ETag"]) == (200, 2, '"2"')
    status, pack, _ = await api.call(asha, "POST", f"{path}/submit")
    assert (status, pack["state"]) == (202, "checking"), pack
    assert await api.run_jobs() == 1
    await api.run_jobs()  # a job runs at least once
    pack = (await api.call(asha, "GET", path))[1]
    checked = pack["checked"]
    assert (pack["state"], checked["band"], checked["degraded"]) == ("in-review", "review", True)
    assert [item["findings"] for item in checked["languages"].values()] == [[], [], []]
    status, waiting, _ = await api.call(reviewer, "GET", "/review-queue")
    assert [item["pack"]["id"] for item in waiting["items"]] == [pack["id"]]
    assert waiting["items"][0]["since_approved"] is None
    status, pack, _ = await api.call(reviewer, "POST", f"{path}/approve", {"hashes": hashes(pack)})
    assert (status, pack["state"]) == (200, "approved")
    status, pack, _ = await api.call(asha, "POST", f"{path}/schedule", {"business_date": tomorrow(api)})
    assert (status, pack["state"], pack["scheduled_on"]) == (200, "scheduled", tomorrow(api))

    plan = await plan_it(api.house)
    async with api.house.database.readings() as session:
        bound = set(await session.scalars(select(MessageRow.content_sha256)))
    assert hashes(pack)["en"] in bound
    vendor = await go(api.house, plan.morning_id)
    assert f"{EN['topic']}: {EN['caption']}" in {item.parameters["caption"] for item in vendor.seen}
    for expected in (1, 0):
        async with api.house.database.transactions() as session:
            assert await settle_packs(session, plan.morning_id, now=api.house.clock()) == expected
    assert (await api.call(asha, "GET", path))[1]["state"] == "sent"
    assert (await api.call(asha, "PATCH", path, {"variants": {"mr": None}}, If_Match='"8"'))[0] in {409, 412}
    async with api.house.database.readings() as session:
        trail = await session.execute(
            text("SELECT action, actor, data FROM audit_events WHERE object_id = :id ORDER BY position"),
            {"id": pack["id"]},
        )
        steps = [(action, actor, data) for action, actor, data in trail]
    assert [action for action, _, _ in steps] == [
        "pack.created",
        "pack.edited",
        "pack.submitted",
        "pack.checked",
        "pack.approved",
        "pack.scheduled",
        "pack.sent",
    ]
    assert steps[4][1] == f"user:{reviewer['X-User']}"
    assert all(data["policy"] for action, _, data in steps if action in {"pack.submitted", "pack.approved"})


async def test_any_edit_voids_the_approval_and_takes_it_off_the_schedule(api: Api) -> None:
    firm, _ = await firms(api.house)
    asha = member(firm)
    pack = await api.approved(asha, staff())
    path = f"/content-packs/{pack['id']}"
    _, pack, _ = await api.call(asha, "POST", f"{path}/schedule", {"business_date": tomorrow(api)})
    changed = {"variants": {"en": EN | {"caption": EN["caption"] + " Ask us."}}}
    status, edited, _ = await api.call(asha, "PATCH", path, changed, If_Match=f'"{pack["version"]}"')
    assert (status, edited["state"], edited["checked"], edited["scheduled_on"]) == (200, "draft", None, None)
    async with api.house.database.readings() as session:
        assert set(await session.scalars(select(ApprovalRow.voided_at).where(ApprovalRow.pack_id.is_not(None)))) != {
            None
        }
        assert (await session.scalars(select(ScheduleRow))).all() == []
    assert (await api.call(asha, "POST", f"{path}/schedule", {"business_date": tomorrow(api)}))[0] == 409
    assert (await api.call(asha, "DELETE", path))[1]["code"] == "content.pack-state"


async def test_a_text_withdrawn_after_the_plan_leaves_as_plan_b(api: Api) -> None:
    firm, _ = await firms(api.house)
    asha = member(firm)
    pack = await api.approved(asha, staff())
    path = f"/content-packs/{pack['id']}"
    await api.call(asha, "POST", f"{path}/schedule", {"business_date": tomorrow(api)})
    plan = await plan_it(api.house)
    status, gone, _ = await api.call(asha, "POST", f"{path}/withdraw", {"reason": "The figure is wrong."})
    assert (status, gone["state"]) == (200, "withdrawn")
    vendor = await go(api.house, plan.morning_id)
    assert all(EN["caption"] not in item.parameters["caption"] for item in vendor.seen)
    async with api.house.database.transactions() as session:
        row = (await session.scalars(select(MessageRow).where(MessageRow.on_plan_b))).one()
        assert (row.status, row.plan_b_cause) == (MessageStatus.ACCEPTED, "content")
        assert await settle_packs(session, plan.morning_id, now=api.house.clock()) == 0


async def test_a_stale_version_is_refused_and_a_missing_one_too(api: Api) -> None:
    firm, _ = await firms(api.house)
    asha = member(firm)
    pack = await api.drafted(asha)
    path, body = f"/content-packs/{pack['id']}", {"variants": {"mr": None}}
    assert (await api.call(asha, "PATCH", path, body))[1]["code"] == "request.if-match-missing"
    saves = [api.call(asha, "PATCH", path, {"wanted_on": f"2026-12-0{day}"}, If_Match='"1"') for day in (1, 2)]
    assert sorted([status for status, _, _ in await asyncio.gather(*saves)]) == [200, 412]
    status, same, headers = await api.call(asha, "PATCH", path, {"topic_family": "own"}, If_Match='"2"')
    assert (status, same["version"], headers["ETag"]) == (200, 2, '"2"')  # nothing changed, nothing is counted


async def test_autosaves_cost_a_handful_of_queries_and_few_revisions(api: Api) -> None:
    firm, _ = await firms(api.house)
    asha = member(firm)
    pack = await api.drafted(asha)
    path = f"/content-packs/{pack['id']}"
    for number in range(1, 21):
        body = {"variants": {"en": EN | {"caption": f"{EN['caption']} {number}"}}}
        with watched(api.api_house.database.engine) as ran:
            status, _, _ = await api.call(asha, "PATCH", path, body, If_Match=f'"{number}"')
        assert status == 200
        assert len(ran) <= 9
    _, revisions, _ = await api.call(asha, "GET", f"{path}/revisions")
    assert [item["number"] for item in revisions["items"]] == [1]
    await api.call(asha, "POST", f"{path}/submit")
    _, revisions, _ = await api.call(asha, "GET", f"{path}/revisions")
    assert [item["number"] for item in revisions["items"]] == [2, 1]
    status, diff, _ = await api.call(asha, "GET", f"{path}/revisions/2/diff?against=1")
    changes = diff["languages"]["en"]["caption"]
    assert "".join(item["text"] for item in changes if item["op"] != "delete").endswith("assured. 20")
    assert {item["op"] for item in diff["languages"]["hi"]["caption"]} == {"equal"}
    assert (await api.call(asha, "GET", f"{path}/revisions/3"))[1]["code"] == "content.revision-unknown"
    refused, _, _ = await api.call(asha, "GET", f"{path}/revisions?cursor=WyJ4Il0")
    assert refused == 422


async def test_submitting_again_changes_nothing_and_two_at_once_make_one_job(api: Api) -> None:
    firm, _ = await firms(api.house)
    asha = member(firm)
    pack = await api.drafted(asha)
    path = f"/content-packs/{pack['id']}/submit"
    answers = await asyncio.gather(*(api.call(asha, "POST", path) for _ in range(3)))
    assert {(status, body["state"], body["version"]) for status, body, _ in answers} == {(202, "checking", 2)}
    assert await api.run_jobs() == 1
    assert (await api.call(asha, "POST", path))[1]["state"] == "in-review"
    assert await api.run_jobs() == 1


async def test_a_job_of_an_older_text_does_nothing(api: Api) -> None:
    firm, _ = await firms(api.house)
    asha = member(firm)
    pack = await api.drafted(asha)
    path = f"/content-packs/{pack['id']}"
    await api.call(asha, "POST", f"{path}/submit")
    await api.call(asha, "PATCH", path, {"variants": {"mr": None}}, If_Match='"2"')
    await api.run_jobs()
    assert (await api.call(asha, "GET", path))[1]["state"] == "draft"


async def test_a_check_lost_with_the_queue_is_asked_for_again(api: Api) -> None:
    firm, _ = await firms(api.house)
    pack = await api.drafted(member(firm))
    await api.call(member(firm), "POST", f"/content-packs/{pack['id']}/submit")
    now = api.house.clock()
    async with api.house.database.readings() as session:
        assert await overdue_checks(session, now=now) == []
        (again,) = await overdue_checks(session, now=now + CHECK_AGAIN)
    assert (str(again.pack_id), again.version) == (pack["id"], 2)
    await api.run_jobs()
    async with api.house.database.readings() as session:
        assert await overdue_checks(session, now=now + CHECK_AGAIN) == []


async def test_what_nobody_may_let_pass_is_refused_with_its_findings(api: Api) -> None:
    firm, _ = await firms(api.house)
    asha = member(firm)
    promise = {"topic": "Sure gain", "caption": "This fund gives a guaranteed return of 12% every year."}
    pack = await api.drafted(asha, variants={"en": promise})
    path = f"/content-packs/{pack['id']}"
    status, refusal, _ = await api.call(asha, "POST", f"{path}/submit")
    assert (status, refusal["code"]) == (409, "content.pack-blocked")
    finding = refusal["findings"]["en"][0]
    assert finding["category"] == "guaranteed_return"
    assert finding["remedy"]
    assert (await api.call(asha, "GET", path))[1]["state"] == "draft"
    for empty in ({}, {"en": {"topic": " ", "caption": "x"}}, {"en": EN | {"caption": "word " * 300}}):
        other = await api.drafted(asha, variants=empty)
        status, refusal, _ = await api.call(asha, "POST", f"/content-packs/{other['id']}/submit")
        assert (status, refusal["code"]) == (409, "content.pack-incomplete")


async def test_one_pack_a_day_and_only_days_that_can_be(api: Api) -> None:
    firm, other_firm = await firms(api.house)
    asha, reviewer = member(firm), staff()
    one = await api.approved(asha, reviewer)
    two = await api.approved(asha, reviewer, variants={"en": EN | {"topic": "Another"}})
    day = tomorrow(api)
    assert (await api.call(asha, "POST", f"/content-packs/{one['id']}/schedule", {"business_date": day}))[0] == 200
    status, refusal, _ = await api.call(asha, "POST", f"/content-packs/{two['id']}/schedule", {"business_date": day})
    assert (status, refusal["code"]) == (409, "content.day-taken")
    for body in (
        {"business_date": "2020-01-01"},
        {"business_date": "2999-01-01"},
        {"business_date": day, "slot": "09:15"},
        {"business_date": day, "advisor_ids": [str(new_id())]},
    ):
        status, refusal, _ = await api.call(asha, "POST", f"/content-packs/{two['id']}/schedule", body)
        assert (status, refusal["code"]) == (422, "content.day-invalid")
    later = (business_date(api.house.clock()) + timedelta(days=3)).isoformat()
    moved = await api.call(asha, "POST", f"/content-packs/{one['id']}/schedule", {"business_date": later})
    assert (moved[0], moved[1]["scheduled_on"]) == (200, later)
    assert (await api.call(asha, "POST", f"/content-packs/{two['id']}/schedule", {"business_date": day}))[0] == 200
    assert other_firm != firm


async def test_a_draft_is_deleted_and_a_pack_copied(api: Api) -> None:
    firm, _ = await firms(api.house)
    asha, reviewer = member(firm), staff()
    pack = await api.drafted(asha)
    assert (await api.call(asha, "DELETE", f"/content-packs/{pack['id']}"))[0] == 204
    assert (await api.call(asha, "GET", f"/content-packs/{pack['id']}"))[0] == 404
    first = await api.approved(asha, reviewer)
    status, copy, _ = await api.call(asha, "POST", f"/content-packs/{first['id']}/duplicate")
    assert (status, copy["state"], copy["copied_from"], hashes(copy)) == (201, "draft", first["id"], hashes(first))
    changed = {"variants": {"en": EN | {"caption": EN["caption"].replace("15 years", "20 years")}}}
    await api.call(asha, "PATCH", f"/content-packs/{copy['id']}", changed, If_Match='"1"')
    await api.call(asha, "POST", f"/content-packs/{copy['id']}/submit")
    await api.run_jobs()
    _, waiting, _ = await api.call(reviewer, "GET", "/review-queue")
    (item,) = waiting["items"]
    spoken = [change for change in item["since_approved"]["en"]["caption"] if change["op"] != "equal"]
    assert spoken == [{"op": "delete", "text": "15"}, {"op": "insert", "text": "20"}]
    told = {
        finding["rule_id"] for kept in item["pack"]["checked"]["languages"].values() for finding in kept["findings"]
    }
    assert told == {"HOUSE-PARITY"}


async def test_progress_streams_until_the_check_is_done(api: Api) -> None:
    firm, _ = await firms(api.house)
    asha = member(firm)
    pack = await api.drafted(asha)
    await api.call(asha, "POST", f"/content-packs/{pack['id']}/submit")
    async with api.client.get(f"/v1/content-packs/{pack['id']}/progress", headers=asha) as response:
        assert response.headers["content-type"].startswith("text/event-stream")
        first = await response.content.readuntil(b"\n\n")
        assert b'"state":"checking"' in first and b'"done":false' in first
        await api.run_jobs()
        rest = await response.content.read()
    assert b'"state":"in-review"' in rest and b'"done":true' in rest
    assert (await api.call(asha, "GET", f"/content-packs/{new_id()}/progress"))[0] == 404


async def test_templates_start_packs(api: Api) -> None:
    firm, other = await firms(api.house)
    asha, stranger = member(firm), member(other)
    body = {"name": "Monday", "content_class": "SERVICE", "variants": {"en": EN}}
    status, made, headers = await api.call(asha, "POST", "/pack-templates", body)
    assert (status, headers["ETag"]) == (201, '"1"')
    assert (await api.call(asha, "POST", "/pack-templates", body))[1]["code"] == "content.template-taken"
    path = f"/pack-templates/{made['id']}"
    assert (await api.call(asha, "PUT", path, body))[0] == 428
    status, changed, _ = await api.call(asha, "PUT", path, body | {"name": "Tuesday"}, If_Match='"1"')
    assert (status, changed["name"], changed["version"]) == (200, "Tuesday", 2)
    assert (await api.call(asha, "PUT", path, body, If_Match='"1"'))[0] == 412
    pack = await api.drafted(asha, variants={}, template_id=made["id"])
    assert (pack["content_class"], hashes(pack)) == ("SERVICE", hashes(made))
    assert [(await api.call(stranger, method, path))[0] for method in ("GET", "DELETE")] == [404, 404]
    assert (await api.call(stranger, "POST", "/content-packs", {"template_id": made["id"]}))[0] == 404
    await api.call(asha, "POST", "/pack-templates", body)
    _, page, _ = await api.call(asha, "GET", "/pack-templates?limit=1")
    _, rest, _ = await api.call(asha, "GET", f"/pack-templates?cursor={page['next_cursor']}")
    assert [item["name"] for item in [*page["items"], *rest["items"]]] == ["Monday", "Tuesday"]
    assert (await api.call(asha, "DELETE", path))[0] == 204
