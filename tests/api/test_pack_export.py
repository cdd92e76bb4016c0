"""The export of a firm's packs: hers alone, behind a link that ends."""

import io
import json
import zipfile
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from project_one.auth.domain import Role
from project_one.bootstrap import House
from project_one.content import service as content
from project_one.content.domain import Content, Subject
from project_one.content.export_routes import PATH, export_download_router, export_router
from project_one.content.exports import LINK_LASTS, Signer
from project_one.kernel.ids import new_id
from project_one.kernel.tables import as_csv
from project_one.vocabulary.domain import Capacity, Language

from ..delivery.morning import furnish
from .doors import Caller, advisor_of, door, firms, staff

SIGNER = Signer.derived(b"k" * 32)
NOW = datetime(2026, 11, 24, tzinfo=UTC)


async def pack_of(house: House, firm_id: UUID, topic: str) -> str:
    text = Content(topic, "Save first, spend after.", Language.EN)
    async with house.database.transactions() as session:
        await content.add_pack(
            session,
            slug=f"own-{new_id()}",
            firm_id=firm_id,
            topic_family="own",
            capacities=[Capacity.MFD],
            contents=[text],
            now=house.clock(),
        )
        await content.approve(session, Subject.CONTENT, [text.sha256], reviewer_id=new_id(), now=house.clock())
    return text.sha256


async def test_a_firm_takes_its_own_packs_and_no_other(house: House, api_house: House) -> None:
    await furnish(house, advisors=2)
    (mine, _), (other, _) = await firms(house)
    sha256 = await pack_of(house, mine, "Mine")
    await pack_of(house, other, "Not mine")
    caller = Caller(advisor_of(mine))
    routers = (
        export_router(api_house.database, SIGNER, house.clock, caller),
        export_download_router(api_house.database, SIGNER, house.clock),
    )
    async with door(caller, *routers) as client:
        link = await client.post("/v1/export/packs")
        assert link.status == 201
        answer = await client.get(link.json()["url"])
        assert (answer.status, answer.headers["content-type"]) == (200, "application/zip")
        archive = zipfile.ZipFile(io.BytesIO(answer.content))
        assert archive.testzip() is None
        assert json.loads(archive.read("about.json"))["packs"] == 1
        (name,) = (item for item in archive.namelist() if item.startswith("packs/") and item.endswith(".json"))
        (text,) = json.loads(archive.read(name))["texts"]
        assert (text["topic"], text["content_sha256"], len(text["approvals"])) == ("Mine", sha256, 1)
        assert "Save first" in archive.read(name.replace(".json", ".txt")).decode()
        caller.principal = staff(Role.REVIEWER)
        assert (await client.post("/v1/export/packs")).code == "auth.not-permitted"


async def test_a_link_ends_and_cannot_be_changed(house: House, api_house: House) -> None:
    firm = new_id()
    caller = Caller(advisor_of(firm))
    async with door(caller, export_download_router(api_house.database, SIGNER, lambda: NOW)) as client:
        old = SIGNER.token(PATH, firm, expires_at=NOW)
        assert ((await client.get(f"{PATH}/{old}")).status, (await client.get(f"{PATH}/{old}")).code) == (
            410,
            "export.link-expired",
        )
        good = SIGNER.token(PATH, firm, expires_at=NOW + LINK_LASTS)
        assert (await client.get(f"{PATH}/{good}")).status == 200
        foreign = Signer.derived(b"x" * 32).token(PATH, firm, expires_at=NOW + LINK_LASTS)
        elsewhere = SIGNER.token("/v1/export/other", firm, expires_at=NOW + timedelta(days=9))
        for bad in (foreign, elsewhere, "B" + good[1:], good[:-4], "x", "%00", "é"):
            answer = await client.get(f"{PATH}/{bad}")
            assert (answer.status, answer.code) == (404, "export.link-invalid")


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "  =1"])
def test_no_cell_is_run_as_a_formula(text: str) -> None:
    cell = as_csv(["name"], [[text]]).split("\r\n", 1)[1].strip('"')
    assert cell.startswith("'")


def test_numbers_and_plain_text_stay_as_they_are() -> None:
    assert as_csv(["a", "b", "c"], [[-1, "x", None]]) == "a,b,c\r\n-1,x,\r\n"
