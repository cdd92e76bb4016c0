"""docs/problems.md lists every code that can be answered, once, with its status and title, and no other."""

import re
from pathlib import Path

from project_one.entrypoints import api, cli
from project_one.kernel.errors import documented_errors
from project_one.kernel.problems import BARE, STATUS

ROOT = Path(__file__).parents[2]
LOADED = (api, cli)  # every room is imported by one of them, so that its refusals are known
_CODE = re.compile(r'"((?:request\.[a-z0-9-]+)|(?:http\.[0-9]+))"')


def lines() -> list[str]:
    refusals = [error for error in documented_errors() if error.__module__.startswith("project_one.")]
    codes = [error.code for error in refusals]
    assert len(codes) == len(set(codes)), "two refusals share a code"
    known = {error.code: (STATUS[error.kind], error.title) for error in refusals} | BARE
    assert len(known) == len(refusals) + len(BARE)
    return [f"| `{code}` | {status} | {title} |" for code, (status, title) in sorted(known.items())]


def test_the_list_is_that_of_the_code() -> None:
    written = [line for line in (ROOT / "docs" / "problems.md").read_text().splitlines() if line.startswith("| `")]
    assert written == lines()


def test_no_file_answers_with_a_code_that_nobody_declared() -> None:
    classes = {error.code for error in documented_errors()}
    used = {code for path in (ROOT / "src" / "project_one").rglob("*.py") for code in _CODE.findall(path.read_text())}
    assert used - classes == BARE.keys()
