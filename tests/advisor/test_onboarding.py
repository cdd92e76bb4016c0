"""Registering herself, her profile and her documents; nobody else's are ever seen."""

import asyncio
import io
import zipfile
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from project_one.auth.domain import Role
from project_one.bootstrap import House
from project_one.entrypoints.seed import seed_demo_advisors
from project_one.kernel.scope import Scope

from .conftest import JPEG, PDF, PNG, Door, application


async def test_a_person_registers_herself_and_owns_a_firm(door: Door, house: House) -> None:
    made = await door.register()
    assert (made["registration_number"], made["registration_status"]) == ("ARN-12345", "format-ok")
    assert (made["languages"], made["tier"], made["entitlements"]["languages"]) == (["hi", "en"], "trial", 3)
    assert made["missing_documents"] == ["address-proof", "certificate", "pan"]
    assert [str(firm) for _, firm in door.members] == [made["firm_id"]]
    assert not {"phone", "email"} & set(made)
    async with house.database.readings() as session:
        row = (await session.execute(text("SELECT phone_sealed, email_sealed FROM advisors"))).one()
        trail = (await session.execute(text("SELECT action, data::text FROM audit_events"))).one()
    assert b"9800000001" not in row.phone_sealed and b"asha" not in row.email_sealed
    assert trail.action == "advisor.registered" and "98000" not in trail.data
    status, again = await door.ask("POST", "/v1/advisors", "asha", json=application())
    assert (status, again["code"]) == (409, "advisor.firm-exists")


async def test_what_does_not_fit_is_refused_with_a_stable_code(door: Door) -> None:
    await door.register()
    door.person("ravi")
    for changes, status, code in (
        ({"phone": "+919800000002"}, 409, "advisor.registration-number-taken"),
        ({"registration_number": "ARN-777"}, 409, "advisor.phone-taken"),
        ({"registration_number": "INA000000001"}, 422, "advisor.registration-number-invalid"),
        ({"capacity": "IA", "registration_number": "ARN-777"}, 422, "advisor.registration-number-invalid"),
        ({"phone": "+1 202 555 0100"}, 422, "advisor.phone-invalid"),
        ({"website": "http://asha.example"}, 422, "request.invalid"),
        ({"website": "https://user:pass@asha.example"}, 422, "request.invalid"),
        ({"website": "https://asha.example/" + "a" * 60}, 422, "request.invalid"),
        ({"website": "https://asha.example/{{7*7}}"}, 422, "request.invalid"),
        ({"registered_name": "Asha {{7*7}}"}, 422, "request.invalid"),
        ({"registered_name": "A" * 101}, 422, "request.invalid"),
        ({"languages": ["hi", "hi"]}, 422, "request.invalid"),
        ({"slot": "25:00"}, 422, "request.invalid"),
        ({"registered_name": "Asha\u0000Rao"}, 422, "request.invalid"),
        ({"tier": "pro"}, 422, "request.invalid"),
    ):
        answer = await door.ask("POST", "/v1/advisors", "ravi", json=application(**changes))
        assert (answer[0], answer[1]["code"]) == (status, code), changes
    assert len(door.members) == 1
    status, answer = await door.ask("POST", "/v1/advisors", door.staff(Role.ADMIN), json=application())
    assert (status, answer["code"]) == (403, "advisor.account-needed")


async def test_two_at_once_get_one_number_once(door: Door) -> None:
    for name in ("one", "two"):
        door.person(name)
    bodies = [application(phone=f"+91980000010{index}") for index in range(2)]
    answers = await asyncio.gather(
        *(door.ask("POST", "/v1/advisors", name, json=body) for name, body in zip(("one", "two"), bodies, strict=True))
    )
    assert sorted(status for status, _ in answers) == [201, 409]


async def test_another_firm_is_not_there(door: Door, api_house: House) -> None:
    hers = await door.register()
    await door.upload(hers["id"], "pan", PDF)
    other = await door.register("ravi", registration_number="ARN-222", phone="+919800000002")
    for method, path, options in (
        ("GET", "", {}),
        ("PATCH", "", {"json": {"tone": "warm"}, "headers": {"If-Match": '"1"'}}),
        ("GET", "/documents", {}),
        ("GET", "/checks", {}),
        ("GET", "/compliance-score", {}),
        ("DELETE", "/whatsapp/opt-in", {}),
        ("PUT", "/whatsapp/phone", {"json": {"phone": "+919800000009"}}),
    ):
        status, answer = await door.ask(method, f"/v1/advisors/{hers['id']}{path}", "ravi", **options)
        assert (status, answer["code"]) == (404, "advisor.unknown"), path
    assert (await door.upload(hers["id"], "pan", PDF, "ravi"))[0] == 404
    _, listed = await door.ask("GET", "/v1/advisors", "ravi")
    assert [item["id"] for item in listed["items"]] == [other["id"]]
    tables = ("advisors", "advisor_documents", "registration_checks", "compliance_scores", "register_snapshots")
    for scope in (Scope(), Scope(tenant=UUID(other["firm_id"]))):
        async with api_house.database.scoped(scope).readings() as session:
            for table in tables:
                found = await session.scalar(text(f"SELECT count(*) FROM {table}"))
                assert found == (1 if scope.tenant and table == "advisors" else 0)


async def test_who_never_set_a_brand_is_shown_as_everybody_else(door: Door, house: House) -> None:
    await seed_demo_advisors(house, count=1)
    _, page = await door.ask("GET", "/v1/advisors", door.staff(Role.ADMIN))
    assert page["items"][0]["brand"] == {"name": None, "colour": None, "logo_url": None}


async def test_the_list_pages_and_filters(door: Door) -> None:
    names = {f"person-{index}": f"ARN-{100 + index}" for index in range(5)}
    for index, (token, number) in enumerate(names.items()):
        language = "mr" if index == 4 else "hi"
        await door.register(token, registration_number=number, phone=f"+91980000000{index}", languages=[language])
    admin, seen, cursor = door.staff(Role.ADMIN), [], ""
    while True:
        status, page = await door.ask("GET", f"/v1/advisors?limit=2{cursor}", admin)
        assert status == 200
        seen += [item["registration_number"] for item in page["items"]]
        if page["next_cursor"] is None:
            break
        cursor = f"&cursor={page['next_cursor']}"
    assert seen == list(names.values())
    _, found = await door.ask("GET", "/v1/advisors?language=mr&capacity=MFD&status=format-ok", admin)
    assert [item["registration_number"] for item in found["items"]] == ["ARN-104"]
    for query in ("q=arn-102", "q=%25", "q=nobody"):
        _, found = await door.ask("GET", f"/v1/advisors?{query}", admin)
        expected = ["ARN-102"] if query == "q=arn-102" else []
        assert [item["registration_number"] for item in found["items"]] == expected, query
    for sort in ("-created_at", "registered_name", "-registered_name"):
        _, whole = await door.ask("GET", f"/v1/advisors?sort={sort}", admin)
        keys = [(item[sort.removeprefix("-")], item["id"]) for item in whole["items"]]
        assert len(keys) == 5
        assert keys == sorted(keys, reverse=sort.startswith("-"))
        by_page, cursor = [], ""
        while len(by_page) < 5:
            _, page = await door.ask("GET", f"/v1/advisors?sort={sort}&q=ARN&limit=2{cursor}", admin)
            by_page += page["items"]
            cursor = f"&cursor={page['next_cursor']}"
        assert by_page == whole["items"]
    status, answer = await door.ask("GET", "/v1/advisors?cursor=nonsense", admin)
    assert (status, answer["code"]) == (422, "page.cursor-invalid")


async def test_an_edit_names_the_version_it_was_made_on(door: Door) -> None:
    made = await door.register()
    path = f"/v1/advisors/{made['id']}"
    change = {"tone": "warm", "languages": ["mr", "en", "hi"], "brand": {"name": "Rao & Co", "colour": "#0B5FFF"}}
    status, answer = await door.ask("PATCH", path, "asha", json=change)
    assert (status, answer["code"]) == (428, "request.if-match-missing")
    status, answer = await door.ask("PATCH", path, "asha", json=change, headers={"If-Match": '"1"'})
    assert (status, answer["version"], answer["languages"]) == (200, 2, ["mr", "en", "hi"])
    status, answer = await door.ask("PATCH", path, "asha", json=change, headers={"If-Match": '"1"'})
    assert (status, answer["code"]) == (412, "request.version-stale")
    status, answer = await door.ask("PATCH", path, "asha", json=change, headers={"If-Match": '"2"'})
    assert (status, answer["version"]) == (200, 2)
    wrong = {"registration_status": "verified"}
    status, answer = await door.ask("PATCH", path, "asha", json=wrong, headers={"If-Match": '"2"'})
    assert (status, answer["code"]) == (422, "request.invalid")


async def test_a_tier_holds_so_many_languages(door: Door) -> None:
    made = await door.register()
    path = f"/v1/advisors/{made['id']}"
    status, answer = await door.ask("PUT", f"{path}/tier", "asha", json={"tier": "pro", "reason": "Please."})
    assert status == 403
    booked = {"tier": "basic", "reason": "Booked on 24 November."}
    status, answer = await door.ask("PUT", f"{path}/tier", door.staff(Role.ADMIN), json=booked)
    assert (status, answer["languages"], answer["entitlements"]["price_paise"]) == (200, ["hi"], 299_900)
    two = {"languages": ["hi", "mr"]}
    status, answer = await door.ask("PATCH", path, "asha", json=two, headers={"If-Match": '"2"'})
    assert (status, answer["code"]) == (403, "advisor.not-in-tier")
    trial = {"tier": "trial", "reason": "Again."}
    status, answer = await door.ask("PUT", f"{path}/tier", door.staff(Role.ADMIN), json=trial)
    assert (status, answer["code"]) == (403, "advisor.not-in-tier")


async def test_documents_are_sealed_and_complete_her_evidence(door: Door, house: House) -> None:
    made = await door.register()
    path = f"/v1/advisors/{made['id']}"
    for kind, data, media in (
        ("certificate", PDF, "application/pdf"),
        ("pan", JPEG, "image/jpeg"),
        ("address-proof", PNG, "image/png"),
    ):
        status, answer = await door.upload(made["id"], kind, data)
        assert (status, answer["media_type"], answer["size"]) == (201, media, len(data))
    _, now = await door.ask("GET", path, "asha")
    assert (now["registration_status"], now["missing_documents"]) == ("evidence-uploaded", [])
    _, listed = await door.ask("GET", f"{path}/documents", "asha")
    assert len(listed["items"]) == 3 and listed["missing"] == []
    files = [item.read_bytes() for item in door.folder.rglob("*") if item.is_file()]
    assert len(files) == 3 and not any(b"PDF" in data or b"JFIF" in data for data in files)
    document = next(item for item in listed["items"] if item["kind"] == "certificate")
    status, _ = await door.ask("GET", f"{path}/documents/{document['id']}", "asha")
    assert status == 403
    status, data = await door.ask("GET", f"{path}/documents/{document['id']}", door.staff(Role.ADMIN))
    assert (status, data) == (200, PDF)
    async with house.database.readings() as session:
        query = text("SELECT count(*) FROM audit_events WHERE action = 'document.read'")
        assert await session.scalar(query) == 1
    status, answer = await door.ask("GET", f"{path}/documents/{uuid4()}", "admin")
    assert (status, answer["code"]) == (404, "advisor.document-unknown")
    for stored in door.folder.rglob("*"):
        if stored.is_file():
            stored.write_bytes(b"\x01" + bytes(40))
    status, answer = await door.ask("GET", f"{path}/documents/{document['id']}", "admin")
    assert (status, answer["code"]) == (503, "advisor.document-gone")


def _zip(comment: bytes = b"") -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr("a.txt", "a")
        archive.comment = comment
    return made.getvalue()


@pytest.mark.parametrize(
    ("data", "status", "code"),
    [
        (_zip(), 422, "advisor.document-invalid"),
        (b"%PDF-1.7\n" + _zip(b"%%EOF"), 422, "advisor.document-invalid"),
        (b"%PDF-1.7 cut off", 422, "advisor.document-invalid"),
        (b"<html></html>", 422, "advisor.document-invalid"),
        (b"", 422, "advisor.document-invalid"),
        (PDF + bytes(5 * 1024 * 1024), 413, "advisor.document-too-large"),
    ],
    ids=["zip", "zip in a PDF", "cut off", "page", "empty", "large"],
)
async def test_only_real_documents_are_taken(door: Door, data: bytes, status: int, code: str) -> None:
    made = await door.register()
    got, answer = await door.upload(made["id"], "certificate", data)
    assert (got, answer["code"]) == (status, code)
    assert not door.folder.exists()
