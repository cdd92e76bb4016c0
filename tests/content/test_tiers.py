"""What a firm's tier holds, when it is written: languages of a pack, packs of a day."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text, update

from project_one.advisor.models import AdvisorRow
from project_one.vocabulary.domain import Tier

from .packs_api import ALL, EN, HI, MR, Api, firms, member, staff


async def book(api: Api, of_firm: UUID, tier: Tier, **values: Any) -> None:
    async with api.house.database.transactions() as session:
        await session.execute(update(AdvisorRow).where(AdvisorRow.firm_id == of_firm).values(tier=tier, **values))


async def refused(api: Api, who: dict[str, str], method: str, path: str, body: Any = None, **headers: str) -> str:
    """The code of the refusal, which must be a 403 that names the tier to book."""
    status, problem, _ = await api.call(who, method, path, body, **headers)
    assert status == 403, problem
    assert problem["needed"] in {"standard", "pro"}
    assert "/v1/advisors/{advisor_id}/tier" in problem["detail"]
    return problem["code"]


async def test_basic_writes_in_one_language(api: Api) -> None:
    firm, _ = await firms(api.house)
    await book(api, firm, Tier.BASIC)
    asha = member(firm)
    assert await refused(api, asha, "POST", "/content-packs", {"variants": ALL}) == "advisor.tier-needed"
    pack = await api.drafted(asha, variants={"hi": HI})
    path = f"/content-packs/{pack['id']}"
    code = await refused(api, asha, "PATCH", path, {"variants": {"mr": MR}}, If_Match='"1"')
    assert code == "advisor.tier-needed"
    status, pack, _ = await api.call(asha, "PATCH", path, {"variants": {"mr": MR, "hi": None}}, If_Match='"1"')
    assert (status, [item["language"] for item in pack["variants"]]) == (200, ["mr"])
    body = {"name": "Two", "content_class": "EDUCATION", "variants": {"en": EN, "hi": HI}}
    assert await refused(api, asha, "POST", "/pack-templates", body) == "advisor.tier-needed"


async def test_what_was_written_in_a_larger_tier_may_be_edited_and_shortened_but_not_submitted(api: Api) -> None:
    firm, _ = await firms(api.house)
    asha = member(firm)
    pack = await api.drafted(asha)
    path = f"/content-packs/{pack['id']}"
    past = api.house.clock() - timedelta(seconds=1)
    await book(api, firm, Tier.TRIAL, trial_ends_at=past)  # run out, so it is Basic that counts
    changed = {"variants": {"en": EN | {"caption": EN["caption"] + " Ask us."}}}
    assert (await api.call(asha, "PATCH", path, changed, If_Match='"1"'))[0] == 200
    assert await refused(api, asha, "POST", f"{path}/submit") == "advisor.tier-needed"
    assert await refused(api, asha, "POST", f"{path}/duplicate") == "advisor.tier-needed"
    shorter = {"variants": {"hi": None, "mr": None}}
    assert (await api.call(asha, "PATCH", path, shorter, If_Match='"2"'))[0] == 200
    assert (await api.call(asha, "POST", f"{path}/submit"))[0] == 202


async def test_the_best_tier_of_the_firms_advisors_counts(api: Api) -> None:
    firm, other = await firms(api.house)
    await book(api, firm, Tier.BASIC)
    await book(api, other, Tier.STANDARD, firm_id=firm)
    assert len((await api.drafted(member(firm)))["variants"]) == 3


@pytest.mark.parametrize(("tier", "most"), [(Tier.BASIC, 1), (Tier.STANDARD, 3)])
async def test_as_many_packs_are_submitted_a_day_as_the_tier_holds(api: Api, tier: Tier, most: int) -> None:
    firm, _ = await firms(api.house)
    await book(api, firm, tier)
    asha, reviewer = member(firm), staff()
    packs = [await api.drafted(asha, variants={"en": EN}) for _ in range(most + 1)]
    paths = [f"/content-packs/{pack['id']}" for pack in packs]
    answers = await asyncio.gather(*(api.call(asha, "POST", f"{path}/submit") for path in paths))
    assert sorted(status for status, _, _ in answers) == [202] * most + [403]
    ((refusal, left),) = [(body, path) for (status, body, _), path in zip(answers, paths, strict=True) if status == 403]
    assert (refusal["code"], refusal["packs_per_day"]) == ("content.day-quota", most)
    assert (await api.call(asha, "GET", left))[1]["state"] == "draft"
    done = next(path for path in paths if path != left)
    await api.run_jobs()
    note = {"note": "Say it shorter.", "hashes": {}, "reasons": [{"note": "Too long."}]}
    pack = (await api.call(asha, "GET", done))[1]
    note["hashes"] = {item["language"]: item["sha256"] for item in pack["variants"]}
    assert (await api.call(reviewer, "POST", f"{done}/request-changes", note))[0] == 200
    again = {"variants": {"en": EN | {"caption": EN["caption"] + " Ask us."}}}
    version = (await api.call(asha, "GET", done))[1]["version"]
    assert (await api.call(asha, "PATCH", done, again, If_Match=f'"{version}"'))[0] == 200
    assert (await api.call(asha, "POST", f"{done}/submit"))[0] == 202  # the same pack counts once
    async with api.house.database.transactions() as session:
        await session.execute(text("UPDATE packs SET submitted_at = submitted_at - interval '1 day'"))
    assert (await api.call(asha, "POST", f"{left}/submit"))[0] == 202
