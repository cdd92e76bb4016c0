"""Reading the ledger over HTTP: own firm only, page by page, with the owner of each miss."""

import csv
import io
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import update

from project_one.auth.domain import Role
from project_one.bootstrap import House
from project_one.channel.routes import channel_router
from project_one.delivery.domain import Cause, MessageStatus, Owner
from project_one.delivery.drive import drive_number
from project_one.delivery.models import MessageRow, MorningRow
from project_one.delivery.read_routes import ledger_router
from project_one.kernel.statements import watched

from ..delivery.morning import Vendor, released
from ..delivery.test_ledger import the_number, tools
from .doors import Caller, advisor_of, door, firms, staff


async def sent_morning(house: House, *, advisors: int) -> list[tuple[UUID, UUID]]:
    await released(house, advisors=advisors)
    await drive_number(tools(house, Vendor()), await the_number(house))
    return await firms(house)


async def late(house: House) -> None:
    """The deadline has passed and nobody sent a receipt."""
    async with house.database.transactions() as session:
        await session.execute(update(MorningRow).values(deadline_at=house.clock() - timedelta(seconds=1)))


async def test_an_advisor_sees_her_firm_and_staff_everybody(house: House, api_house: House) -> None:
    (mine, me), (_, other) = await sent_morning(house, advisors=2)
    caller = Caller(advisor_of(mine))
    async with door(caller, ledger_router(api_house.database, house.clock, caller)) as client:
        own = (await client.get("/v1/deliveries")).json()["items"]
        assert [item["advisor_id"] for item in own] == [str(me)]
        assert (own[0]["status"], own[0]["is_on_time"], own[0]["owner"]) == ("accepted", None, None)
        assert own[0]["attempts"][0]["accepted_at"] is not None
        assert (await client.get("/v1/deliveries", params={"advisor_id": str(other)})).json()["items"] == []
        caller.principal = staff(Role.ADMIN)
        every = (await client.get("/v1/deliveries")).json()["items"]
        assert {item["advisor_id"] for item in every} == {str(me), str(other)}
        foreign = next(item["id"] for item in every if item["advisor_id"] == str(other))
        assert (await client.get(f"/v1/deliveries/{foreign}")).json()["id"] == foreign
        caller.principal = advisor_of(mine)
        refused = await client.get(f"/v1/deliveries/{foreign}")
        assert (refused.status, refused.json()["code"]) == (404, "delivery.message-unknown")
        caller.principal = staff(Role.REVIEWER)
        assert (await client.get("/v1/deliveries")).json()["code"] == "auth.not-permitted"


async def test_pages_hold_everything_once_with_the_same_number_of_statements(house: House, api_house: House) -> None:
    await sent_morning(house, advisors=7)
    caller = Caller(staff(Role.ADMIN))
    async with door(caller, ledger_router(api_house.database, house.clock, caller)) as client:
        seen: list[str] = []
        counts: set[int] = set()
        cursor: str | None = None
        while True:
            query = {"limit": "3"} | ({"cursor": cursor} if cursor else {})
            with watched(api_house.database.engine) as statements:
                page = (await client.get("/v1/deliveries", params=query)).json()
            counts.add(len(statements))
            seen += [item["id"] for item in page["items"]]
            cursor = page["next_cursor"]
            if cursor is None:
                break
        with watched(api_house.database.engine) as statements:
            assert len((await client.get("/v1/deliveries?limit=100")).json()["items"]) == 7
        assert counts == {len(statements)} == {2}
        assert len(seen) == len(set(seen)) == 7


@pytest.mark.parametrize("cursor", ["", "x", "WyJhIl0", "WyJhIiwgImIiXQ", "%00", "[" * 400])
async def test_a_made_up_cursor_is_refused(house: House, api_house: House, cursor: str) -> None:
    caller = Caller(staff(Role.ADMIN))
    routers = (ledger_router(api_house.database, house.clock, caller), channel_router(api_house.database, caller))
    async with door(caller, *routers) as client:
        for path in ("deliveries", "mornings"):
            answer = await client.get(f"/v1/{path}", params={"cursor": cursor})
            assert (answer.status, answer.json()["code"]) == (422, "page.cursor-invalid")


async def test_a_miss_has_the_owner_of_the_certificate(house: House, api_house: House) -> None:
    await sent_morning(house, advisors=6)
    owners = {
        Cause.USER_CAP: Owner.USER_CAP,
        Cause.DEADLINE: Owner.US,
        Cause.TEMPLATE: Owner.META_PACING,
        None: Owner.META,
    }
    caller = Caller(staff(Role.ADMIN))
    async with door(caller, ledger_router(api_house.database, house.clock, caller)) as client:
        ids = [UUID(item["id"]) for item in (await client.get("/v1/deliveries")).json()["items"]]
        async with house.database.transactions() as session:
            for message_id, cause in zip(ids, owners, strict=False):
                if cause is not None:
                    values = {"status": MessageStatus.FAILED, "cause": cause}
                    await session.execute(update(MessageRow).where(MessageRow.id == message_id).values(values))
        await late(house)
        for message_id, owner in zip(ids, owners.values(), strict=False):
            item = (await client.get(f"/v1/deliveries/{message_id}")).json()
            assert (item["is_on_time"], item["owner"]) == (False, owner)
        found = (await client.get("/v1/deliveries", params={"owner": "per-user-cap"})).json()["items"]
        assert [item["id"] for item in found] == [str(ids[0])]
        failed = (await client.get("/v1/deliveries", params={"status": "failed"})).json()["items"]
        assert len(failed) == 3


async def test_figures_of_a_firm_as_json_and_as_csv(house: House, api_house: House) -> None:
    (mine, _), _ = await sent_morning(house, advisors=2)
    await late(house)
    caller = Caller(advisor_of(mine))
    async with door(caller, ledger_router(api_house.database, house.clock, caller)) as client:
        day = (await client.get("/v1/deliveries")).json()["items"][0]["business_date"]
        query = {"from": day, "to": day}
        days = (await client.get("/v1/export/analytics", params=query)).json()["days"]
        assert (days[0]["planned"], days[0]["on_time"], days[0]["missed_by_owner"]["meta"]) == (1, 0, 1)
        answer = await client.get("/v1/export/analytics", params=query | {"format": "csv"})
        assert answer.headers["content-type"].startswith("text/csv")
        (row,) = csv.DictReader(io.StringIO(answer.text))
        assert (row["business_date"], row["planned"], row["missed_meta"]) == (day, "1", "1")
        for wrong in ({"from": "2026-02-01", "to": "2026-01-01"}, {"from": "2020-01-01", "to": "2026-01-01"}):
            answer = await client.get("/v1/export/analytics", params=wrong)
            assert (answer.status, answer.json()["code"]) == (422, "delivery.range-invalid")
        caller.principal = staff(Role.OPERATOR)
        assert (await client.get("/v1/export/analytics")).status == 403


async def test_mornings_numbers_and_templates(house: House, api_house: House) -> None:
    (mine, _), _ = await sent_morning(house, advisors=2)
    caller = Caller(staff(Role.ADMIN))
    routers = (ledger_router(api_house.database, house.clock, caller), channel_router(api_house.database, caller))
    async with door(caller, *routers) as client:
        (morning,) = (await client.get("/v1/mornings")).json()["items"]
        assert morning["statuses"]["accepted"] == morning["planned_at_release"] == 2
        (number,) = (await client.get("/v1/numbers")).json()["items"]
        assert (number["vendor_id"], number["rate_per_s"]) == ("100", 900)
        page = (await client.get("/v1/templates?limit=10")).json()
        rest = (await client.get("/v1/templates", params={"cursor": page["next_cursor"]})).json()
        assert (len(page["items"]), len(rest["items"]), rest["next_cursor"]) == (10, 8, None)
        assert all(item["is_approved"] for item in page["items"])
        day = morning["business_date"]
        slot, other = morning["slot"], "19:30" if morning["slot"] != "19:30" else "06:00"
        for query, count in (
            ("mornings?state=released", 1),
            ("mornings?state=stopped", 0),
            (f"mornings?from={day}&to={day}&slot={slot}", 1),
            (f"mornings?slot={other}", 0),
            ("mornings?from=9999-01-01", 0),
            ("mornings?to=2020-01-01", 0),
            ("numbers?state=connected&quality=GREEN", 1),
            ("numbers?state=stopped", 0),
            ("numbers?quality=RED", 0),
            ("templates?language=mr&state=approved", 6),
            ("templates?state=paused", 0),
        ):
            assert len((await client.get(f"/v1/{query}")).json()["items"]) == count, query
        first = (await client.get("/v1/templates?language=hi&limit=4")).json()
        second = (await client.get(f"/v1/templates?language=hi&limit=4&cursor={first['next_cursor']}")).json()
        assert {item["language"] for item in (*first["items"], *second["items"])} == {"hi"}
        assert (len(second["items"]), second["next_cursor"]) == (2, None)
        refused = await client.get("/v1/mornings?from=2026-02-01&to=2026-01-01")
        assert (refused.status, refused.json()["code"]) == (422, "delivery.range-invalid")
        caller.principal = advisor_of(mine)
        for path in ("mornings", "numbers", "templates"):
            assert (await client.get(f"/v1/{path}")).json()["code"] == "auth.not-permitted"
