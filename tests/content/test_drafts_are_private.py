"""Staff reads of a pack what was submitted, and nothing of what its author is still writing."""

from typing import Any

import pytest

from .packs_api import ALL, EN, Api, firms, hashes, member, staff

SECRET = EN | {"caption": EN["caption"] + " Not for reviewers yet."}


async def seen(api: Api, who: dict[str, str], pack_id: str) -> dict[str, Any]:
    """What the reads of a pack answer, by door: a status where they refuse."""
    found: dict[str, Any] = {}
    for door in ("", "/revisions", "/revisions/1", "/revisions/2", "/revisions/2/diff?against=1", "/reviews"):
        status, body, _ = await api.call(who, "GET", f"/content-packs/{pack_id}{door}")
        found[door] = body if status == 200 else status
    _, listed, _ = await api.call(who, "GET", "/content-packs")
    found["list"] = [item["id"] for item in listed["items"]]
    return found


@pytest.mark.parametrize("role", ["reviewer", "admin", "dpo"])
async def test_a_draft_is_not_there_for_staff(api: Api, role: str) -> None:
    firm, _ = await firms(api.house)
    asha, them = member(firm), staff(role)
    pack = await api.drafted(asha)
    found = await seen(api, them, pack["id"])
    assert {door: answer for door, answer in found.items() if answer != 404} == {"list": []}
    assert (await api.call(them, "GET", f"/content-packs/{pack['id']}/progress"))[0] == 404
    for query in ("state=draft", "q=money", "language=en"):
        assert (await api.call(them, "GET", f"/content-packs?{query}"))[1]["items"] == []
    assert (await seen(api, asha, pack["id"]))["list"] == [pack["id"]]
    await api.call(asha, "POST", f"/content-packs/{pack['id']}/withdraw", {"reason": "Never mind."})
    assert (await seen(api, them, pack["id"]))[""] == 404


async def test_a_decision_over_a_draft_tells_nothing_of_it(api: Api) -> None:
    firm, _ = await firms(api.house)
    pack = await api.drafted(member(firm))
    body = {"hashes": hashes(pack)}
    status, problem, _ = await api.call(staff(), "POST", f"/content-packs/{pack['id']}/approve", body)
    assert (status, problem["code"]) == (404, "content.pack-unknown")
    override = {"pack_id": pack["id"], "language": "en", "reason": "It quotes a scam to warn of it."}
    status, problem, _ = await api.call(staff(), "POST", "/overrides", override)
    assert (status, problem["code"]) == (404, "content.pack-unknown")


async def test_reviewers_keep_what_was_submitted_while_its_author_changes_it(api: Api) -> None:
    firm, _ = await firms(api.house)
    asha, reviewer = member(firm), staff()
    draft = await api.drafted(asha, variants={"en": EN})
    path = f"/content-packs/{draft['id']}"
    await api.call(asha, "PATCH", path, {"variants": ALL}, If_Match='"1"')
    await api.call(asha, "POST", f"{path}/submit")
    await api.run_jobs()
    found = await seen(api, reviewer, draft["id"])
    assert (found["list"], found[""]["state"]) == ([draft["id"]], "in-review")
    assert [item["number"] for item in found["/revisions"]["items"]] == [2]
    assert (found["/revisions/1"], found["/revisions/2/diff?against=1"]) == (404, 404)
    pack = found[""]
    refusal = {"note": "Say it shorter.", "hashes": hashes(pack), "reasons": [{"note": "Too long."}]}
    status, pack, _ = await api.call(reviewer, "POST", f"{path}/request-changes", refusal)
    assert (status, pack["state"]) == (200, "changes-requested")
    assert (await seen(api, reviewer, draft["id"]))[""]["state"] == "changes-requested"

    edit = {"variants": {"en": SECRET}}
    assert (await api.call(asha, "PATCH", path, edit, If_Match=f'"{pack["version"]}"'))[0] == 200
    found = await seen(api, reviewer, draft["id"])
    assert (found["list"], found[""]) == ([], 404)
    assert [item["number"] for item in found["/revisions"]["items"]] == [2]
    assert [item["decision"] for item in found["/reviews"]["items"]] == ["changes-requested"]
    assert SECRET["caption"] not in str(found)
    assert (await api.call(reviewer, "GET", "/content-packs?q=Not for reviewers"))[1]["items"] == []
    mine = await seen(api, asha, draft["id"])
    assert [item["number"] for item in mine["/revisions"]["items"]] == [2, 1]

    assert (await api.call(asha, "POST", f"{path}/submit"))[0] == 202
    found = await seen(api, reviewer, draft["id"])
    assert [item["number"] for item in found["/revisions"]["items"]] == [3, 2]
    assert (await api.call(reviewer, "GET", f"{path}/revisions/3/diff?against=2"))[0] == 200
