"""`project-one policies`: the life of a policy from the command line, for whoever holds the installation."""

from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from project_one.bootstrap import House, open_house
from project_one.compliance import policies as life
from project_one.compliance.rulebook import POLICY_FILES, load
from project_one.compliance.trial import run_examples, what_would_flip
from project_one.content import service as content
from project_one.entrypoints.commands.common import run, settings
from project_one.entrypoints.up.places import UpError
from project_one.kernel.clock import business_date

policies = typer.Typer(no_args_is_help=True, help="The rules: their versions, and what a change would do.")

Version = Annotated[str, typer.Argument(help="A version, or its first characters.")]
Person = Annotated[str, typer.Option("--as", help="Your name as a reviewer.")]


@policies.command(name="list")
def list_all() -> None:
    """All versions, the one in force marked with a star."""
    run(_list())


@policies.command()
def draft(
    folder: Annotated[Path, typer.Argument(help="A folder with rules/, lexicon/, footer/, examples/ … as shipped.")],
    person: Person,
    note: Annotated[str, typer.Option(help="What changes and why.")],
) -> None:
    """Keep the policy files of a folder as a draft."""
    run(_draft(folder, person, note))


@policies.command()
def test(version: Version, person: Person) -> None:
    """Run a draft's examples. Exit code 1 when one fails."""
    raise typer.Exit(run(_test(version, person)))


@policies.command()
def approve(
    version: Version,
    person: Person,
    effective_from: Annotated[str, typer.Option("--from", help="First business date (IST), YYYY-MM-DD.")],
) -> None:
    """Put a tested version in force; not for its author."""
    run(_approve(version, person, effective_from))


@policies.command()
def withdraw(version: Version, person: Person, reason: Annotated[str, typer.Option(help="Why.")]) -> None:
    """Take a version out; what was in force before it is so again."""
    run(_withdraw(version, person, reason))


@policies.command()
def replay(version: Version) -> None:
    """What would flip if this version were in force, and for which days such packs are scheduled."""
    raise typer.Exit(run(_replay(version)))


async def _full(house: House, version: str) -> str:
    """The whole version of a beginning. Raises UpError."""
    async with house.database.readings() as session:
        known = {load().version, *(row.version for row in await life.all_policies(session))}
    found = [item for item in known if item.startswith(version)]
    if len(found) != 1:
        message = f"{len(found)} versions begin with {version!r}; project-one policies list shows all."
        raise UpError(message)
    return found[0]


async def _list() -> None:
    shipped = load().version
    async with open_house(settings(), process="policies") as house, house.database.readings() as session:
        in_force = await life.current_version(session, business_date(house.clock())) or shipped
        rows = await life.all_policies(session)
    if shipped not in {row.version for row in rows}:
        typer.echo(f"{'*' if in_force == shipped else ' '} {shipped[:12]}  shipped with this release")
    for row in rows:
        since = f" from {row.effective_from}" if row.effective_from else ""
        typer.echo(
            f"{'*' if row.version == in_force else ' '} {row.version[:12]}  {row.state}{since}  by {row.author}: {row.note}"
        )


async def _draft(folder: Path, person: str, note: str) -> None:
    found = {
        f"{path.parent.name}/{path.name}": path.read_text(encoding="utf-8")
        for path in sorted(folder.glob("*/*"))
        if path.suffix in POLICY_FILES
    }
    files = life.with_changes({}, found)
    async with open_house(settings(), process="policies") as house, house.database.transactions() as session:
        made = await life.draft(session, files, author=f"reviewer:{person}", note=note, now=house.clock())
    typer.echo(f"{made.version}: {'drafted' if made.created else 'these very files are there already'}.")


async def _test(version: str, person: str) -> int:
    async with open_house(settings(), process="policies") as house:
        version = await _full(house, version)
        result = await run_examples(house.database, version, actor=f"reviewer:{person}", clock=house.clock)
    for line in result.failures:
        typer.echo(line)
    typer.echo(f"{result.checked} examples run, {len(result.failures)} failures.")
    return 0 if result.is_passed else 1


async def _approve(version: str, person: str, effective_from: str) -> None:
    try:
        since = date.fromisoformat(effective_from)
    except ValueError:
        message = f"{effective_from!r} is no date; write YYYY-MM-DD."
        raise UpError(message) from None
    async with open_house(settings(), process="policies") as house:
        version, now = await _full(house, version), house.clock()
        async with house.database.transactions() as session:
            await life.approve(
                session,
                version,
                approver=f"reviewer:{person}",
                effective_from=since,
                now=now,
                today=business_date(now),
            )
    typer.echo(f"{version[:12]} is in force from {since}.")


async def _withdraw(version: str, person: str, reason: str) -> None:
    async with open_house(settings(), process="policies") as house:
        version = await _full(house, version)
        async with house.database.transactions() as session:
            await life.withdraw(session, version, actor=f"reviewer:{person}", reason=reason, now=house.clock())
    typer.echo(f"{version[:12]} is withdrawn.")


async def _replay(version: str) -> int:
    async with open_house(settings(), process="policies") as house:
        version = await _full(house, version)
        today = business_date(house.clock())
        found, dates = await what_would_flip(house.database, version, content.scheduled_dates, today=today)
    for flip in found.flips:
        days = ", ".join(day.isoformat() for day in dates.get(flip.content_sha256, ())) or "not scheduled"
        rules = ", ".join(flip.rules) or "no finding"
        typer.echo(f"{flip.content_sha256[:12]} {flip.capacity}: {flip.before} -> {flip.after} ({rules}); {days}")
    typer.echo(f"{found.replayed} verdicts replayed, {len(found.flips)} flips, {found.differing} not bit-identical.")
    return 1 if found.differing else 0
