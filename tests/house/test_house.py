"""Rules of the house that no linter knows."""

import asyncio
from pathlib import Path

import pytest
from alembic.script import ScriptDirectory

from project_one.entrypoints import database
from project_one.settings import Settings

from ..conftest import RealServers

ROOT = Path(__file__).parents[2]


def test_files_are_short() -> None:
    long = [path for path in (ROOT / "src").rglob("*.py") if len(path.read_text().splitlines()) > 400]
    assert long == []


async def test_the_migrations_make_the_tables_of_the_code(test_servers: RealServers) -> None:
    await asyncio.to_thread(database.check, test_servers.owner_url)


def test_there_is_one_migration_head() -> None:
    assert len(ScriptDirectory(str(database.MIGRATIONS)).get_heads()) == 1


def test_every_setting_is_explained() -> None:
    named = {
        line.lstrip("# ").split("=")[0] for line in (ROOT / ".env.example").read_text().splitlines() if "=" in line
    }
    assert named == {name.upper() for name in Settings.model_fields}


@pytest.mark.parametrize("word", ["registry" + ".npmjs", "files." + "pythonhosted", "/" + "work/"])
def test_no_file_names_a_registry_or_this_machine(word: str) -> None:
    names = [*(ROOT / "requirements").glob("*.txt"), ROOT / "pyproject.toml", ROOT / "Makefile"]
    assert [path for path in names if word in path.read_text()] == []
