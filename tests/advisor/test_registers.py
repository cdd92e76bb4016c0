"""Public registers: read as they come, refused when cut off, and what they say moves a registration."""

import asyncio
import io
import zipfile
from datetime import date, timedelta
from pathlib import Path
from xml.sax.saxutils import escape

import pytest
from sqlalchemy import text
from typer.testing import CliRunner

from project_one.advisor.checks import recheck
from project_one.advisor.errors import RegisterUnreadableError
from project_one.advisor.matching import Entry, MatchResult, Register, match
from project_one.advisor.register_files import read_mapping, read_register
from project_one.auth.domain import Role
from project_one.bootstrap import House
from project_one.entrypoints.cli import app
from project_one.entrypoints.commands import registers as command
from project_one.kernel.clock import business_date
from project_one.settings import Settings

from .conftest import Door, amfi

SEBI = """Investment Adviser List,,,,,,
Name,Trade Name,Registration No.,Address,Contact Person,Validity
"ASHA  RAO",Rao Wealth,INA000012345,"1, Fort, Mumbai",A,"Apr 05, 2021 - Perpetual"
Ravi Kumar,,ina 000 012 346,Pune,R,05/04/2021 to 04/04/2026
Nobody,,INA12,Pune,N,Perpetual
Ravi Kumar,,INA000012346,Pune,R,05/04/2021 to 04/04/2031
"""


def test_a_sebi_list_is_read_with_its_title_validity_and_doubles() -> None:
    found = read_register(SEBI.encode(), Register.SEBI_IA)
    lines = {entry.number: entry for entry in found.entries}
    assert (lines["INA000012345"].name, lines["INA000012345"].valid_until) == ("ASHA RAO", None)
    assert lines["INA000012345"].valid_from == date(2021, 4, 5)
    assert lines["INA000012346"].valid_until == date(2031, 4, 4)
    assert found.duplicates == ("line 6: INA000012346 stands there twice",)
    assert found.unreadable == ("line 5: no registration number",)
    assert len({entry.row_hash for entry in found.entries}) == 2


def workbook(lines: list[list[str | int]]) -> bytes:
    """The smallest XLSX with one sheet: text inline, numbers as numbers."""
    cells = "".join(
        "<row>"
        + "".join(
            f"<c><v>{cell}</v></c>" if isinstance(cell, int) else f'<c t="inlineStr"><is><t>{escape(cell)}</t></is></c>'
            for cell in line
        )
        + "</row>"
        for line in lines
    )
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    packages = "http://schemas.openxmlformats.org/package/2006"
    sheet = '<sheet name="a" sheetId="1" r:id="r1"/>'
    parts = {
        "[Content_Types].xml": f'<Types xmlns="{packages}/content-types"/>',
        "_rels/.rels": (
            f'<Relationships xmlns="{packages}/relationships">'
            f'<Relationship Id="r1" Type="{office}/officeDocument" Target="xl/workbook.xml"/></Relationships>'
        ),
        "xl/workbook.xml": f'<workbook xmlns="{main}" xmlns:r="{office}"><sheets>{sheet}</sheets></workbook>',
        "xl/_rels/workbook.xml.rels": (
            f'<Relationships xmlns="{packages}/relationships">'
            f'<Relationship Id="r1" Type="{office}/worksheet" Target="worksheets/sheet1.xml"/></Relationships>'
        ),
        "xl/worksheets/sheet1.xml": f'<worksheet xmlns="{main}"><sheetData>{cells}</sheetData></worksheet>',
    }
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return made.getvalue()


def test_a_workbook_is_read_like_its_csv() -> None:
    lines: list[list[str | int]] = [
        ["ARN", "ARN Holder's Name", "City", "ARN Valid From", "ARN Valid Till"],
        [12345, "Asha Rao", "Pune", "2028-01-01", "2030-12-31"],
        ["ARN-12346", "Ravi Kumar", "Pune", "01-Feb-2024", "31-Jan-2027"],
    ]
    found = read_register(workbook(lines), Register.AMFI)
    assert [(entry.number, entry.name, entry.valid_until) for entry in found.entries] == [
        ("ARN-12345", "Asha Rao", date(2030, 12, 31)),
        ("ARN-12346", "Ravi Kumar", date(2027, 1, 31)),
    ]


def test_renamed_columns_are_named_in_a_mapping_file() -> None:
    data = b"Regn,Person,Ends\nARN-1,Asha,31-12-2030\n"
    with pytest.raises(RegisterUnreadableError, match="begins with: Regn, Person, Ends"):
        read_register(data, Register.AMFI)
    mapping = read_mapping("number: Regn\nname: Person\nvalid_until: Ends\n")
    assert read_register(data, Register.AMFI, mapping).entries[0].number == "ARN-1"
    for wrong in ("- a", "phone: x", "number: [", "number: 1"):
        with pytest.raises(RegisterUnreadableError):
            read_mapping(wrong)


@pytest.mark.parametrize("data", [b"", b"PK\x03\x04broken", b"\xff\xfe\x00", b"a,b\n1,2\n", amfi().encode()])
def test_a_file_that_is_no_register_is_refused(data: bytes) -> None:
    with pytest.raises(RegisterUnreadableError):
        read_register(data, Register.AMFI)


TODAY = date(2026, 11, 24)


@pytest.mark.parametrize(
    ("registered", "shown", "until", "result"),
    [
        ("Asha Rao", "RAO, ASHA (Ms.)", None, MatchResult.MATCHED),
        ("Rao Wealth Pvt. Ltd.", "RAO WEALTH PRIVATE LIMITED", TODAY, MatchResult.MATCHED),
        ("आशा राव", "आशा  राव", TODAY, MatchResult.MATCHED),
        ("Asha Rao", "Asha Rao Kulkarni", None, MatchResult.NAME_DIFFERS),
        ("Asha Rao", "Asha Rao", TODAY - timedelta(days=1), MatchResult.EXPIRED),
    ],
)
def test_names_match_by_their_words(registered: str, shown: str, until: date | None, result: MatchResult) -> None:
    assert match(registered, Entry("ARN-1", shown, "Asha Rao", "", None, until, ""), TODAY) is result


async def test_a_snapshot_is_kept_once_and_a_cut_off_one_refused(door: Door, house: House) -> None:
    lines = [(f"ARN-{index}", f"Person {index}", "31-12-2030") for index in range(1, 41)]
    status, first = await door.import_register(amfi(*lines, lines[0]))
    assert (status, first["rows"], first["is_new"], first["duplicates"]) == (201, 40, True, 1)
    _, again = await door.import_register(amfi(*lines, lines[0]))
    assert (again["id"], again["is_new"]) == (first["id"], False)
    replaced = amfi(*lines[:37], *[(f"ARN-9{index}", "New", "31-12-2030") for index in range(10)])
    status, answer = await door.import_register(replaced, "2026-11-21")
    assert (status, answer["code"], answer["lost"]) == (409, "advisor.register-shrunk", 3)
    status, answer = await door.import_register(replaced, "2026-11-21", force="true")
    assert (status, answer["lost"]) == (201, 3)
    status, answer = await door.import_register(amfi(*lines), "2999-01-01")
    assert (status, answer["code"]) == (422, "advisor.register-unreadable")
    async with house.database.readings() as session:
        trail = await session.scalars(
            text("SELECT data FROM audit_events WHERE action = 'register.imported' ORDER BY position")
        )
        assert [item["forced"] for item in trail] == [False, True]
    await door.register()
    status, answer = await door.import_register(amfi(*lines), token="asha")
    assert (status, answer["code"]) == (403, "auth.not-permitted")


async def test_what_was_imported_is_listed_the_last_first(door: Door) -> None:
    admin, path = door.staff(Role.ADMIN), "/v1/registers/amfi/snapshots"
    assert await door.ask("GET", path, admin) == (200, {"items": [], "next_cursor": None})
    line = ("ARN-1", "Asha Rao", "31-12-2030")
    for day in ("2026-11-20", "2026-11-21"):
        assert (await door.import_register(amfi(line, line), day, token=admin))[0] == 201
    _, first = await door.ask("GET", path, admin, params={"limit": "1"})
    (newest,) = first["items"]
    told = {name: newest[name] for name in ("source", "as_of", "rows", "lost", "forced", "duplicates", "unreadable")}
    assert told == {
        "source": "amfi",
        "as_of": "2026-11-21",
        "rows": 1,
        "lost": 0,
        "forced": False,
        "duplicates": 1,
        "unreadable": 0,
    }
    _, rest = await door.ask("GET", path, admin, params={"cursor": first["next_cursor"]})
    assert ([item["as_of"] for item in rest["items"]], rest["next_cursor"]) == (["2026-11-20"], None)
    assert (await door.ask("GET", "/v1/registers/sebi-ia/snapshots", admin))[1]["items"] == []
    assert (await door.ask("GET", path, door.staff(Role.REVIEWER)))[1]["code"] == "auth.not-permitted"
    assert (await door.ask("GET", path, admin, params={"cursor": "x"}))[1]["code"] == "page.cursor-invalid"


async def run_check(house: House, *, days: int = 0) -> int:
    now = house.clock() + timedelta(days=days)
    async with house.database.transactions() as session:
        return (await recheck(session, after=None, now=now, today=business_date(now))).moved


async def test_registers_and_dates_move_a_registration(door: Door, house: House) -> None:
    soon = (business_date(house.clock()) + timedelta(days=100)).strftime("%d-%m-%Y")
    advisor = await door.verified(until=soon)
    path = f"/v1/advisors/{advisor}"

    async def status() -> str:
        return (await door.ask("GET", path, "asha"))[1]["registration_status"]

    assert (await run_check(house), await status()) == (0, "verified")
    assert (await run_check(house, days=11), await status()) == (1, "expiring")
    assert (await run_check(house, days=101), await status()) == (1, "expired")
    await door.import_register(amfi(("ARN-12345", "Asha Rao", "31-12-2035")), "2026-11-21")
    assert (await run_check(house, days=101), await status()) == (1, "verified")
    assert (await run_check(house, days=102), await status()) == (0, "verified")
    await door.import_register(amfi(("ARN-9", "Somebody Else", "31-12-2035")), "2026-11-22", force="true")
    assert (await run_check(house, days=102), await status()) == (1, "suspended")
    admin = door.staff(Role.ADMIN)
    code, answer = await door.ask("POST", f"{path}/reinstate", admin, json={"reason": "She called."})
    assert (code, answer["code"], answer["missing"]) == (409, "advisor.evidence-missing", "register entry")
    await door.import_register(amfi(("ARN-12345", "Asha Rao", "31-12-2035")), "2026-11-23", force="true")
    code, answer = await door.ask("POST", f"{path}/reinstate", admin, json={"reason": "Listed again."})
    assert (code, answer["registration_status"], answer["valid_until"]) == (200, "verified", "2035-12-31")
    _, checks = await door.ask("GET", f"{path}/checks", "asha")
    moves = [(item["result"], item["status_before"], item["status_after"]) for item in checks["items"]]
    assert moves.count(("not-found", "verified", "suspended")) == 1
    assert ("matched", "suspended", "verified") in moves and len(moves) == 6
    assert all(item["row_hash"] for item in checks["items"] if item["result"] == "matched")


async def test_the_terminal_imports_too(
    house: House, settings: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(command, "settings", lambda: settings)
    file = tmp_path / "amfi.csv"
    file.write_text(amfi(("ARN-1", "Asha", "31-12-2030")))
    arguments = ["registers", "import", str(file), "--register", "amfi", "--as-of", "2026-11-20", "--json"]
    shown = await asyncio.to_thread(CliRunner().invoke, app, arguments)
    assert '"rows": 1' in shown.output, shown.output
