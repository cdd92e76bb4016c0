"""No sealed bytes stay that no row names."""

import os
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy.exc import DBAPIError

from project_one.advisor import papers
from project_one.advisor.documents import DocumentKind
from project_one.bootstrap import House
from project_one.kernel.ids import new_id
from project_one.vendors.storage.local import LocalStorage

from .conftest import PDF, Door


def files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


async def test_bytes_whose_row_cannot_be_written_are_deleted(door: Door, house: House) -> None:
    made = await door.register()
    storage = LocalStorage(door.folder)
    actor = "user:\x00"  # what no text column holds
    with pytest.raises(DBAPIError):
        await papers.keep(
            house.database,
            storage,
            house.keyring,
            UUID(made["id"]),
            kind=DocumentKind.PAN,
            data=PDF,
            actor=actor,
            clock=house.clock,
        )
    assert files(door.folder) == []


async def test_the_sweep_takes_what_a_crash_left_and_nothing_else(door: Door, house: House) -> None:
    made = await door.register()
    assert (await door.upload(made["id"], "pan", PDF))[0] == 201
    (kept,) = files(door.folder)
    storage = LocalStorage(door.folder)
    orphan, fresh = (f"advisors/{made['id']}/{new_id()}" for _ in range(2))
    for key in (orphan, fresh, "advisors/notes"):
        await storage.put(key, b"sealed")
    two_days_ago = (house.clock() - timedelta(days=2)).timestamp()
    for path in (kept, door.folder / orphan, door.folder / "advisors/notes"):
        os.utime(path, (two_days_ago, two_days_ago))
    for expected in (1, 0):
        assert await papers.sweep_documents(house.database.readings, storage, now=house.clock()) == expected
    assert set(files(door.folder)) == {kept, door.folder / fresh, door.folder / "advisors/notes"}
