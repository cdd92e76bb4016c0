"""What reviewers may and may not decide, one at a time and at once."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select

from project_one.content.models import ApprovalRow, ReviewRow, ScheduleRow
from project_one.content.own_approvals import approved_own
from project_one.content.service import fallback_library
from project_one.kernel.clock import business_date
from project_one.kernel.ids import new_id
from project_one.kernel.statements import watched

from .packs_api import ALL, EN, Api, firms, hashes, member, staff

REASON = {"note": "Say why time matters.", "rule_id": "SEBI-ALL-URGENCY", "category": "urgency", "language": "en"}
BLOCKED = {"topic": "Our view", "caption": "Buy shares of Reliance Industries now, the stock will double soon."}


async def test_two_reviewers_at_once_one_wins_and_the_other_sees_the_state(api: Api) -> None:
    firm, _ = await firms(api.house)
    pack = await api.submitted(member(firm))
    path, body = f"/content-packs/{pack['id']}", {"hashes": hashes(pack)}
    answers = await asyncio.gather(
        api.call(staff(), "POST", f"{path}/approve", body),
        api.call(staff(), "POST", f"{path}/reject", body | {"reasons": [REASON]}),
    )
    (won,) = [answer for status, answer, _ in answers if status == 200]
    (lost,) = [answer for status, answer, _ in answers if status == 409]
    assert won["state"] in {"approved", "rejected"}
    assert (lost["code"], lost["state"]) == ("content.pack-state", won["state"])
    async with api.house.database.readings() as session:
        assert len((await session.scalars(select(ReviewRow))).all()) == 1


async def test_an_approval_binds_the_texts_that_were_read(api: Api) -> None:
    firm, _ = await firms(api.house)
    reviewer = staff()
    pack = await api.submitted(member(firm))
    path = f"/content-packs/{pack['id']}/approve"
    for wrong in ({"en": hashes(pack)["en"]}, hashes(pack) | {"en": "0" * 64}):
        status, refusal, _ = await api.call(reviewer, "POST", path, {"hashes": wrong})
        assert (status, refusal["code"]) == (409, "content.pack-changed")
    assert (await api.call(reviewer, "POST", path, {"hashes": hashes(pack)}))[0] == 200
    async with api.house.database.readings() as session:
        rows = (await session.scalars(select(ApprovalRow).where(ApprovalRow.pack_id == UUID(pack["id"])))).all()
    assert {row.sha256 for row in rows} == set(hashes(pack).values())
    assert {str(row.reviewer_id) for row in rows} == {reviewer["X-User"]}


async def test_neither_author_nor_member_nor_a_bare_token_nor_an_advisor_reviews(api: Api) -> None:
    firm, _ = await firms(api.house)
    person, insider = new_id(), new_id()
    pack = await api.submitted(member(firm, person))
    api.memberships[insider] = frozenset({firm})
    path, body = f"/content-packs/{pack['id']}/approve", {"hashes": hashes(pack)}
    for who in (staff(user_id=person), staff(user_id=insider)):
        status, refusal, _ = await api.call(who, "POST", path, body)
        assert (status, refusal["code"]) == (403, "content.reviewer-not-allowed")
    assert (await api.call(staff(user_id=insider), "GET", "/review-queue"))[1]["items"] == []
    for who in (member(firm), staff("admin"), staff("operator"), staff("dpo")):
        assert (await api.call(who, "POST", path, body))[1]["code"] == "auth.not-permitted"
    assert (await api.call({}, "POST", path, body))[0] == 401
    assert (await api.call(staff(), "POST", "/content-packs", {"variants": ALL}))[0] == 403


async def test_a_refusal_tells_why_and_what_instead(api: Api) -> None:
    firm, _ = await firms(api.house)
    asha, reviewer = member(firm), staff()
    pack = await api.submitted(asha)
    path = f"/content-packs/{pack['id']}"
    assert (await api.call(reviewer, "POST", f"{path}/reject", {"hashes": hashes(pack), "reasons": []}))[0] == 422
    body = {
        "hashes": hashes(pack),
        "reasons": [REASON],
        "suggestions": [{"language": "en", "text": "Start this month."}],
    }
    status, back, _ = await api.call(reviewer, "POST", f"{path}/request-changes", body)
    assert (status, back["state"]) == (200, "changes-requested")
    _, said, _ = await api.call(asha, "GET", f"{path}/reviews")
    (review,) = said["items"]
    assert (review["reasons"], review["decision"], review["revision"]) == ([REASON], "changes-requested", 1)
    assert review["hashes"] == hashes(pack) and review["policy_version"]
    _, edited, _ = await api.call(asha, "PATCH", path, {"variants": {"mr": None}}, If_Match=f'"{back["version"]}"')
    assert edited["state"] == "draft"


@pytest.mark.parametrize("is_scheduled", [False, True])
async def test_an_approval_is_taken_back_until_the_pack_is_sent(api: Api, is_scheduled: bool) -> None:
    firm, _ = await firms(api.house)
    asha, reviewer, other = member(firm), staff(), staff()
    pack = await api.approved(asha, reviewer)
    path = f"/content-packs/{pack['id']}"
    if is_scheduled:
        day = {"business_date": str(business_date(api.house.clock()) + timedelta(days=2))}
        status, scheduled, _ = await api.call(asha, "POST", f"{path}/schedule", day)
        assert (status, scheduled["state"]) == (200, "scheduled")
    body = {"hashes": hashes(pack), "reasons": [REASON]}
    stale = body | {"hashes": hashes(pack) | {"en": "0" * 64}}
    for who, sent, code in (
        (asha, body, "auth.not-permitted"),
        (other, stale, "content.pack-changed"),
        (staff(user_id=UUID(asha["X-User"])), body, "content.reviewer-not-allowed"),
    ):
        assert (await api.call(who, "POST", f"{path}/take-back", sent))[1]["code"] == code
    status, back, headers = await api.call(other, "POST", f"{path}/take-back", body)
    assert (status, back["state"], back["scheduled_on"]) == (200, "changes-requested", None)
    assert headers["ETag"] == f'"{back["version"]}"'
    async with api.house.database.readings() as session:
        assert not await approved_own(session, hashes(pack).values())
        assert (await session.scalars(select(ScheduleRow))).all() == []
    _, said, _ = await api.call(asha, "GET", f"{path}/reviews")
    assert sorted(item["decision"] for item in said["items"]) == ["approved", "changes-requested"]
    status, refusal, _ = await api.call(other, "POST", f"{path}/take-back", body)
    assert (status, refusal["code"]) == (409, "content.pack-state")


async def test_bulk_approval_is_one_decision_over_listed_texts_or_none(api: Api) -> None:
    one, two = await firms(api.house)
    reviewer = staff()
    packs = [await api.submitted(member(one)), await api.submitted(member(two), variants={"en": EN})]
    listed = [sha256 for pack in packs for sha256 in hashes(pack).values()]
    name = "Evening queue, read one by one"
    for wrong in ([*listed, "0" * 64], [hashes(packs[0])["hi"]]):
        status, refusal, _ = await api.call(reviewer, "POST", "/reviews/bulk-approve", {"name": name, "hashes": wrong})
        assert (status, refusal["code"]) == (409, "content.pack-changed")
    states = [(await api.call(reviewer, "GET", f"/content-packs/{pack['id']}"))[1]["state"] for pack in packs]
    assert states == ["in-review", "in-review"]
    status, done, _ = await api.call(reviewer, "POST", "/reviews/bulk-approve", {"name": name, "hashes": listed})
    assert (status, set(done["pack_ids"])) == (200, {pack["id"] for pack in packs})
    async with api.house.database.readings() as session:
        rows = (await session.scalars(select(ReviewRow))).all()
    assert {(row.note, row.bulk_id is not None) for row in rows} == {(name, True)}
    assert len({row.bulk_id for row in rows}) == 1


async def test_one_firms_approval_is_not_the_others_nor_the_librarys(api: Api) -> None:
    """The same words in two firms: each has an approval of its own, and taking one back leaves the other."""
    one, two = await firms(api.house)
    reviewer = staff()
    first = await api.approved(member(one), reviewer)
    second = await api.approved(member(two), reviewer)
    assert hashes(first) == hashes(second)
    await api.call(member(one), "POST", f"/content-packs/{first['id']}/withdraw", {"reason": "No longer wanted."})
    async with api.house.database.readings() as session:
        live = await session.scalars(select(ApprovalRow.pack_id).where(ApprovalRow.voided_at.is_(None)).distinct())
        assert {item for item in live if item} == {UUID(second["id"])}
        library = await fallback_library(session)
    assert not set(hashes(first).values()) & {sha for pack in library for sha in pack.contents.values()}


async def _blocked(api: Api, asha: dict[str, str]) -> dict[str, Any]:
    pack = await api.submitted(asha, variants={"en": BLOCKED})
    assert (pack["state"], pack["checked"]["band"]) == ("in-review", "block")
    return pack


async def test_a_blocked_text_passes_only_under_an_override_of_two(api: Api) -> None:
    firm, _ = await firms(api.house)
    author, first, second = new_id(), staff(), staff()
    pack = await _blocked(api, member(firm, author))
    approve = f"/content-packs/{pack['id']}/approve", {"hashes": hashes(pack)}
    assert (await api.call(first, "POST", *approve))[1]["code"] == "content.pack-blocked"
    body = {"pack_id": pack["id"], "language": "en", "reason": "Quoted from a warning of the exchange itself."}
    assert (await api.call(staff(user_id=author), "POST", "/overrides", body))[0] == 403
    assert (await api.call(member(firm), "POST", "/overrides", body))[0] == 403
    assert (await api.call(first, "POST", "/overrides", body | {"language": "hi"}))[0] == 404
    status, asked, _ = await api.call(first, "POST", "/overrides", body)
    assert (status, asked["granted_at"]) == (201, None)
    assert len((await api.call(first, "GET", "/overrides?state=asked"))[1]["items"]) == 1
    grant = f"/overrides/{asked['id']}/grant"
    assert (await api.call(first, "POST", grant))[1]["code"] == "compliance.four-eyes"
    assert (await api.call(staff(user_id=author), "POST", grant))[0] == 403
    assert (await api.call(first, "POST", *approve))[0] == 409
    assert (await api.call(second, "POST", grant))[0] == 200
    assert (await api.call(first, "POST", *approve))[0] == 200
    status, revoked, _ = await api.call(
        second, "POST", f"/overrides/{asked['id']}/revoke", {"reason": "It is not a quotation."}
    )
    assert (status, revoked["revoked_at"] is not None) == (200, True)
    asha = member(firm, author)
    assert (await api.call(asha, "GET", f"/content-packs/{pack['id']}"))[1]["state"] == "changes-requested"
    _, said, _ = await api.call(asha, "GET", f"/content-packs/{pack['id']}/reviews")
    assert any("It is not a quotation." in item["note"] for review in said["items"] for item in review["reasons"])
    async with api.house.database.readings() as session:
        assert not await approved_own(session, hashes(pack).values())
    own = f"content_sha256={asked['content_sha256']}"
    for query, expected in (
        ("limit=1", [asked["id"]]),
        (f"state=revoked&{own}", [asked["id"]]),
        ("state=asked", []),
        ("state=granted", []),
        (f"content_sha256={'0' * 64}", []),
    ):
        _, found, _ = await api.call(first, "GET", f"/overrides?{query}")
        assert [item["id"] for item in found["items"]] == expected, query
    assert (await api.call(first, "GET", "/overrides?content_sha256=x"))[0] == 422
    assert (await api.call(second, "POST", f"/overrides/{new_id()}/grant"))[0] == 404


async def test_an_approval_stands_while_another_override_covers_it(api: Api) -> None:
    firm, _ = await firms(api.house)
    first, second = staff(), staff()
    pack = await _blocked(api, member(firm))
    body = {"pack_id": pack["id"], "language": "en", "reason": "Quoted from a warning of the exchange itself."}
    asked = [(await api.call(first, "POST", "/overrides", body))[1]["id"] for _ in range(2)]
    for override in asked:
        assert (await api.call(second, "POST", f"/overrides/{override}/grant"))[0] == 200
    approve = f"/content-packs/{pack['id']}/approve", {"hashes": hashes(pack)}
    assert (await api.call(first, "POST", *approve))[0] == 200
    for override, state in zip(asked, ("approved", "changes-requested"), strict=True):
        why = {"reason": "It is not a quotation."}
        assert (await api.call(second, "POST", f"/overrides/{override}/revoke", why))[0] == 200
        assert (await api.call(first, "GET", f"/content-packs/{pack['id']}"))[1]["state"] == state


async def test_the_queue_shows_the_riskiest_first_then_the_nearest_deadline(api: Api) -> None:
    firm, other = await firms(api.house)
    asha, ravi, reviewer = member(firm), member(other), staff()
    late = await api.submitted(asha, variants={"en": EN | {"topic": "Tax papers to keep"}}, wanted_on="2027-03-01")
    soon = await api.submitted(ravi, variants={"en": EN}, wanted_on="2027-01-05")
    twin = await api.submitted(asha, variants={"en": EN | {"topic": "Start earlier"}})
    risky = await _blocked(api, asha)
    expected = [risky["id"], soon["id"], late["id"], twin["id"]]
    seen: list[dict[str, Any]] = []
    cursor = ""
    while len(seen) < len(expected):
        _, page, _ = await api.call(reviewer, "GET", f"/review-queue?limit=1{cursor}")
        seen += page["items"]
        cursor = f"&cursor={page['next_cursor']}"
    assert [item["pack"]["id"] for item in seen] == expected
    for query, count in (
        ("language=en", 4),
        ("language=mr", 0),
        ("content_class=EDUCATION", 4),
        ("content_class=SERVICE", 0),
    ):
        _, page_of, _ = await api.call(reviewer, "GET", f"/review-queue?{query}")
        assert len(page_of["items"]) == count, query
    assert page["next_cursor"] is None
    groups = {item["pack"]["id"]: (item["likeness_group"], item["alike"]) for item in seen}
    assert groups[soon["id"]][0] == groups[twin["id"]][0]
    assert groups[risky["id"]][1] == 1
    counts: list[int] = []
    for limit in (1, 4):
        with watched(api.api_house.database.engine) as ran:
            await api.call(reviewer, "GET", f"/review-queue?limit={limit}")
        counts.append(len(ran))
    assert counts[0] == counts[1]


@pytest.mark.parametrize("cursor", ["x", "WyJhIl0", "WyIxIiwiMjAyNi0xMS0yNCIsIngiLCJ5Il0"])
async def test_a_broken_cursor_is_told_so(api: Api, cursor: str) -> None:
    for path in ("/review-queue", "/content-packs", "/overrides"):
        status, refusal, _ = await api.call(staff(), "GET", f"{path}?cursor={cursor}")
        assert (status, refusal["code"]) == (422, "page.cursor-invalid")
