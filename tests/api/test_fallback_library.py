"""The fallback library: added through the rules, approved by two people who did not write it, and tried for a day."""

from copy import deepcopy
from datetime import timedelta
from typing import Any

from sqlalchemy import select, update

from project_one.advisor.domain import OptInState
from project_one.advisor.models import AdvisorRow
from project_one.auth.domain import Role
from project_one.bootstrap import House
from project_one.content.fallback_routes import fallback_router
from project_one.content.fallback_schemas import FallbackPackIn
from project_one.delivery.models import MessageRow
from project_one.delivery.planning import NO_REPEAT
from project_one.delivery.service.plan import plan_morning
from project_one.delivery.simulate_routes import simulate_router
from project_one.delivery.times import times_of_slot
from project_one.kernel.clock import business_date
from project_one.kernel.statements import watched
from project_one.vocabulary.domain import DEFAULT_SLOT

from ..delivery.morning import furnish
from .doors import Caller, Client, advisor_of, door, firms, staff

EXAMPLE: dict[str, Any] = FallbackPackIn.model_config["json_schema_extra"]["examples"][0]  # type: ignore[index]


def at_the_library(house: House, caller: Caller) -> Any:
    return door(
        caller,
        fallback_router(house.database, house.shelf, house.clock, caller),
        simulate_router(house.database, house.guards, house.delivery, house.clock, caller),
    )


async def hashes_of(client: Client, pack_id: str) -> dict[str, str]:
    pack = next(item for item in await everything(client) if item["id"] == pack_id)
    return {text["language"]: text["content_sha256"] for text in pack["texts"]}


async def everything(client: Client, **query: str) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = []
    cursor: str | None = None
    while True:
        params = {"limit": "20", **query} | ({"cursor": cursor} if cursor else {})
        page = (await client.get("/v1/fallback/packs", params=params)).json()
        items += page["items"]
        cursor = page["next_cursor"]
        if cursor is None:
            return items


async def test_a_pack_is_used_once_two_others_approve_it(house: House, api_house: House) -> None:
    await furnish(house, advisors=1)
    ((firm, _),) = await firms(house)
    author, second, third = (staff(Role.REVIEWER) for _ in range(3))
    caller = Caller(author)
    async with at_the_library(api_house, caller) as client:
        made = await client.post("/v1/fallback/packs", json=EXAMPLE)
        assert (made.status, made.json()["is_approved"], made.json()["added_by"]) == (201, False, author.actor)
        pack_id = made.json()["id"]
        assert pack_id not in {item["id"] for item in await everything(client, approved="true")}
        assert [item["id"] for item in await everything(client, approved="false")] == [pack_id]
        path, hashes = f"/v1/fallback/packs/{pack_id}/approve", await hashes_of(client, pack_id)
        assert (await client.post(path, json={"hashes": hashes})).code == "library.four-eyes"
        caller.principal = staff(Role.OPERATOR)
        assert (await client.post(path, json={"hashes": hashes})).code == "auth.not-permitted"
        caller.principal = advisor_of(firm)
        assert (await client.post(path, json={"hashes": hashes})).code == "auth.not-permitted"
        assert pack_id not in {item["id"] for item in await everything(client, approved="false")}
        caller.principal = second
        stale = hashes | {"en": "0" * 64}
        assert (await client.post(path, json={"hashes": stale})).code == "library.text-changed"
        for _ in range(2):
            assert (await client.post(path, json={"hashes": hashes})).json()["is_approved"] is False
        caller.principal = third
        assert (await client.post(path, json={"hashes": hashes})).json()["is_approved"] is True
        caller.principal = advisor_of(firm)
        assert pack_id in {item["id"] for item in await everything(client)}
        assert (await client.post("/v1/fallback/packs", json=EXAMPLE)).code == "auth.not-permitted"


async def test_approvals_are_taken_back_and_given_anew(house: House, api_house: House) -> None:
    await furnish(house, advisors=1)
    ((firm, _),) = await firms(house)
    caller = Caller(staff(Role.REVIEWER))
    reason = {"reason": "The limit it names has changed."}
    async with at_the_library(api_house, caller) as client:
        first, *others = await everything(client, approved="true")
        path = f"/v1/fallback/packs/{first['id']}"
        assert (await client.get(path)).json() == first
        caller.principal = advisor_of(firm)
        assert (await client.get(path)).status == 200
        assert (await client.post(f"{path}/take-back", json=reason)).code == "auth.not-permitted"
        caller.principal = staff(Role.REVIEWER)
        assert (await client.post(f"{path}/take-back", json={"reason": " "})).code == "request.invalid"
        for _ in range(2):
            back = (await client.post(f"{path}/take-back", json=reason)).json()
            assert (back["is_approved"], {text["approvals"] for text in back["texts"]}) == (False, {0})
        assert {item["id"] for item in await everything(client, approved="true")} == {item["id"] for item in others}
        caller.principal = advisor_of(firm)
        assert (await client.get(path)).code == "library.pack-unknown"
        for _ in range(2):
            caller.principal = staff(Role.REVIEWER)
            hashes = {text["language"]: text["content_sha256"] for text in first["texts"]}
            again = await client.post(f"{path}/approve", json={"hashes": hashes})
        assert again.json()["is_approved"] is True
        unknown = path[:-12] + "0" * 12
        for answer in (await client.get(unknown), await client.post(f"{unknown}/take-back", json=reason)):
            assert (answer.status, answer.code) == (404, "library.pack-unknown")


async def test_a_blocked_text_is_refused_with_its_findings(house: House, api_house: House) -> None:
    caller = Caller(staff(Role.REVIEWER))
    body = deepcopy(EXAMPLE)
    body["texts"]["hi"]["caption"] = "हर साल 15% पक्का रिटर्न मिलेगा।"
    async with at_the_library(api_house, caller) as client:
        refused = await client.post("/v1/fallback/packs", json=body)
        assert (refused.status, refused.code) == (422, "library.text-blocked")
        findings = refused.json()["findings"]
        assert {item["language"] for item in findings} == {"hi"}
        assert {item["advisor_type"] for item in findings} == {"MFD", "IA"}
        assert any("रिटर्न" in item["message"] for item in findings)
        assert await everything(client) == []
        body["texts"]["hi"]["caption"] = "अ" * 490
        assert (await client.post("/v1/fallback/packs", json=body)).code == "library.text-unfit"
        for wrong in ({"months": [13]}, {"capacities": []}, {"topic_family": "A b"}, {"surprise": 1}):
            assert (await client.post("/v1/fallback/packs", json=EXAMPLE | wrong)).code == "request.invalid"


async def test_what_the_languages_do_not_say_alike_is_shown_to_who_approves(house: House, api_house: House) -> None:
    caller = Caller(staff(Role.REVIEWER))
    body = deepcopy(EXAMPLE)
    for language, caption in {
        "en": "Keep 6 months of expenses apart by 31 March 2027. It does not grow, and that is fine.",
        "hi": "31 मार्च 2027 तक 9 महीनों का खर्च अलग रखें। यह बढ़ता नहीं, और यह ठीक है।",
        "mr": "31 मार्च 2027 पर्यंत 6 महिन्यांचा खर्च वेगळा ठेवा. तो वाढत नाही, आणि ते ठीक आहे.",
    }.items():
        body["texts"][language]["caption"] = caption
    async with at_the_library(api_house, caller) as client:
        made = await client.post("/v1/fallback/packs", json=body)
        assert made.status == 201, made.text
        (listed,) = await everything(client)
        for pack in (made.json(), listed):
            found = {text["language"]: text["findings"] for text in pack["texts"]}
            assert (found["en"], found["mr"]) == ([], [])
            (odd,) = found["hi"]
            assert (odd["rule_id"], odd["severity"]) == ("HOUSE-PARITY", "review")
            assert "6" in odd["quote"]
            assert "9" in odd["quote"]
            assert odd["message"].startswith("अलग-अलग भाषाओं")


async def test_a_disagreement_that_adds_up_to_a_block_is_refused(house: House, api_house: House) -> None:
    """Three kinds of doubt are one too many, as they are for a firm's pack."""
    caller = Caller(staff(Role.REVIEWER))
    body = deepcopy(EXAMPLE)
    for language, caption in {
        "en": "The best team in the city. This fund gave 14% in the last 5 years.",
        "hi": "शहर की सबसे अच्छी टीम। पिछले 5 साल में फंड ने 14% दिया।",
        "mr": "शहरातील सर्वोत्तम टीम. गेल्या 5 वर्षांत फंडाने 14% परतावा दिला.",
    }.items():
        body["texts"][language] = {"topic": {"en": "Team", "hi": "टीम", "mr": "टीम"}[language], "caption": caption}
    async with at_the_library(api_house, caller) as client:
        assert (await client.post("/v1/fallback/packs", json=body)).status == 201
        body["texts"]["hi"]["caption"] = "शहर की सबसे अच्छी टीम। पिछले 5 साल में फंड ने 41% दिया।"
        refused = await client.post("/v1/fallback/packs", json=body)
        assert (refused.status, refused.code) == (422, "library.text-blocked")
        found = {item["rule_id"]: item for item in refused.json()["findings"]}
        assert {item["language"] for item in found.values()} == {"hi"}
        assert len(found) == 3
        assert "41" in found["HOUSE-PARITY"]["message"]


async def test_what_only_the_finished_message_shows_is_refused(house: House, api_house: House) -> None:
    """An advertisement of an adviser without its papers; a Hindi post that is written in Marathi."""
    await furnish(house, advisors=1)
    caller = Caller(staff(Role.REVIEWER))
    advertisement = EXAMPLE | {"content_class": "ADVERTISEMENT"}
    exchanged = deepcopy(EXAMPLE)
    exchanged["texts"]["hi"] = EXAMPLE["texts"]["mr"]
    async with at_the_library(api_house, caller) as client:
        for body, rule, languages, types in (
            (advertisement, "SEBI-IA-APPROVAL-REF", {"en", "hi", "mr"}, {"IA"}),
            (exchanged, "SEBI-IA-WARNING-LANGUAGE", {"hi"}, {"IA", "MFD"}),
        ):
            refused = await client.post("/v1/fallback/packs", json=body)
            assert (refused.status, refused.code) == (422, "library.text-blocked")
            found = [item for item in refused.json()["findings"] if item["rule_id"] == rule]
            assert {(item["stage"], item["severity"]) for item in found} == {("rendered", "block")}
            assert ({item["language"] for item in found}, {item["advisor_type"] for item in found}) == (
                languages,
                types,
            )
        assert (await client.post("/v1/fallback/packs", json=advertisement | {"capacities": ["MFD"]})).status == 201


async def test_what_the_stages_say_is_kept_and_shown_as_on_a_pack_of_a_firm(house: House, api_house: House) -> None:
    await furnish(house, advisors=1)
    caller = Caller(staff(Role.REVIEWER))
    doubtful = deepcopy(EXAMPLE)
    doubtful["texts"]["en"]["caption"] = "The best team in the city keeps a reserve for a bad month."
    async with at_the_library(api_house, caller) as client:
        for body, band in ((EXAMPLE, "pass"), (doubtful, "review")):
            made = (await client.post("/v1/fallback/packs", json=body)).json()
            listed = next(item for item in await everything(client, approved="false") if item["id"] == made["id"])
            assert listed["checked"] == made["checked"]
            checked = made["checked"]
            assert (checked["band"], checked["degraded"], set(checked["languages"])) == (
                band,
                False,
                {"en", "hi", "mr"},
            )
            for said in checked["languages"].values():
                assert [item["stage"] for item in said["stages"]] == ["rules", "rendered"]
            stages = {item["stage"] for item in checked["languages"]["en"]["findings"]}
            assert stages == ({"rules"} if band == "review" else set())  # each finding once, where it was first seen
        shipped = await everything(client, approved="true")
        assert {item["checked"] for item in shipped} == {None}


async def test_without_an_approved_frame_the_check_is_not_whole(api_house: House) -> None:
    caller = Caller(staff(Role.REVIEWER))
    async with at_the_library(api_house, caller) as client:
        checked = (await client.post("/v1/fallback/packs", json=EXAMPLE)).json()["checked"]
        assert (checked["band"], checked["degraded"]) == ("review", True)
        assert checked["languages"]["mr"]["stages"][1]["trouble"] == "no approved frame for this language"


async def test_filters_and_a_fixed_number_of_statements(house: House, api_house: House) -> None:
    await furnish(house, advisors=1)
    caller = Caller(staff(Role.OPERATOR))
    async with at_the_library(api_house, caller) as client:
        packs = await everything(client)
        assert len(packs) == len({item["id"] for item in packs}) >= 32
        july = await everything(client, month="7", capacity="RA", language="mr")
        expected = [item for item in packs if "RA" in item["capacities"] and 7 in (item["months"] or [7])]
        assert [item["id"] for item in july] == [item["id"] for item in expected]
        counts: set[int] = set()
        for limit in (1, 100):
            with watched(api_house.database.engine) as statements:
                await client.get(f"/v1/fallback/packs?limit={limit}")
            counts.add(len(statements))
        assert counts == {3}


async def test_the_simulation_says_what_the_plan_then_does(house: House, api_house: House) -> None:
    await furnish(house, advisors=5)
    (firm, _), *_ = await firms(house)
    on = business_date(house.clock()) + timedelta(days=1)
    caller = Caller(staff(Role.OPERATOR))
    async with at_the_library(api_house, caller) as client:
        rules = (await client.get("/v1/fallback/policies")).json()
        assert rules["no_repeat_days"] == NO_REPEAT.days == 30
        first = (await client.get("/v1/fallback/simulate", params={"date": str(on), "limit": "3"})).json()
        assert (first["planned"], first["unplanned"], len(first["items"])) == (5, 0, 3)
        query = {"date": str(on), "limit": "3", "cursor": first["next_cursor"]}
        rest = (await client.get("/v1/fallback/simulate", params=query)).json()
        assert (len(rest["items"]), rest["next_cursor"]) == (2, None)
        async with house.database.transactions() as session:
            times = times_of_slot(on, DEFAULT_SLOT, house.delivery)
            guard = await house.guards.of(on)
            await plan_morning(session, guard, slot=DEFAULT_SLOT, times=times, now=house.clock())
        async with house.database.readings() as session:
            query_rows = select(MessageRow.advisor_id, MessageRow.content_sha256, MessageRow.plan_b_sha256)
            planned = {str(row[0]): (row[1], row[2]) for row in await session.execute(query_rows)}
        told = {
            item["advisor_id"]: (item["gets"]["content_sha256"], item["plan_b"]["content_sha256"])
            for item in [*first["items"], *rest["items"]]
        }
        assert told == planned
        assert all(item["candidates"] >= 30 for item in first["items"])
        caller.principal = advisor_of(firm)
        assert (await client.get("/v1/fallback/simulate")).code == "auth.not-permitted"


async def test_the_simulation_gives_reasons_and_refuses_far_days(house: House, api_house: House) -> None:
    await furnish(house, advisors=1)
    async with house.database.transactions() as session:
        await session.execute(update(AdvisorRow).values(opt_in_state=OptInState.OUT))
    caller = Caller(staff(Role.REVIEWER))
    async with at_the_library(api_house, caller) as client:
        told = (await client.get("/v1/fallback/simulate")).json()
        assert (told["planned"], told["unplanned"], told["items"][0]["reasons"]) == (0, 1, ["no-consent"])
        for day in ("0001-01-01", "9999-12-31"):
            answer = await client.get("/v1/fallback/simulate", params={"date": day})
            assert answer.code == "delivery.range-invalid"
        assert (await client.get("/v1/fallback/simulate?slot=25:00")).code == "request.invalid"
