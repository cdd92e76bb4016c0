"""`project-one registers`: the public registers that registrations are checked against."""

from pathlib import Path
from typing import Annotated, Any

import typer

from project_one.advisor import registers as imports
from project_one.advisor.matching import Register
from project_one.advisor.register_files import read_mapping, read_register
from project_one.bootstrap import open_house
from project_one.entrypoints.commands.common import Json, parse_day, run, settings, show
from project_one.kernel.clock import business_date

registers = typer.Typer(no_args_is_help=True, help="The public registers of SEBI and AMFI.")


@registers.callback()
def about() -> None:
    """The public registers of SEBI and AMFI."""


@registers.command(name="import")
def import_file(
    file: Annotated[Path, typer.Argument(help="CSV in UTF-8 or XLSX, as downloaded.", dir_okay=False, exists=True)],
    register: Annotated[Register, typer.Option(help="Which register it is.")],
    as_of: Annotated[str, typer.Option("--as-of", help="The day it was downloaded, YYYY-MM-DD.")],
    mapping: Annotated[
        Path | None, typer.Option(help="YAML of our field to the file's column.", dir_okay=False, exists=True)
    ] = None,
    *,
    force: Annotated[bool, typer.Option("--force", help="Also when more than 5 % of the numbers are gone.")] = False,
    as_json: Json = False,
) -> None:
    """Keep a snapshot; the daily check compares every advisor with the newest."""
    columns = read_mapping(mapping.read_text(encoding="utf-8")) if mapping else None
    show(run(_import(file, register, as_of, columns, force=force)), as_json=as_json)


async def _import(
    file: Path, register: Register, as_of: str, columns: dict[str, str] | None, *, force: bool
) -> dict[str, Any]:
    found, day = read_register(file.read_bytes(), register, columns), parse_day(as_of)
    async with open_house(settings(), process="registers") as house, house.database.transactions() as session:
        now = house.clock()
        made = await imports.import_register(
            session,
            found,
            register=register,
            as_of=day,
            force=force,
            actor="operator",
            now=now,
            today=business_date(now),
        )
    return {
        "snapshot": str(made.snapshot_id),
        "register": register.value,
        "as_of": as_of,
        **imports.report(made, found),
    }
