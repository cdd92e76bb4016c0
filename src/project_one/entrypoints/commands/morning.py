"""`project-one morning`."""

from datetime import date
from pathlib import Path
from typing import Annotated, Any

import typer

from project_one.bootstrap import House, open_house
from project_one.delivery.certificate import as_text
from project_one.delivery.service.certify import certificate_of
from project_one.delivery.service.plan import plan_morning
from project_one.delivery.service.release import (
    find_morning,
    release_morning,
    resume_morning,
    status_counts,
)
from project_one.delivery.times import times_of_slot
from project_one.entrypoints.commands.common import Day, Json, SlotOption, parse_day, run, settings, show
from project_one.vocabulary.domain import DEFAULT_SLOT, parse_slot

morning = typer.Typer(no_args_is_help=True, help="Plan, release and look at a morning.")


@morning.command()
def plan(day: Day, slot: SlotOption = DEFAULT_SLOT, *, as_json: Json = False) -> None:
    """Plan a morning; lists who has nothing to send or no plan B."""
    run(_plan(parse_day(day), slot, as_json=as_json))


async def _plan(day: date, slot_text: str, *, as_json: bool) -> None:
    slot = parse_slot(slot_text)
    async with (
        open_house(settings(), process="plan") as house,
        house.database.transactions() as session,
    ):
        result = await plan_morning(
            session,
            await house.guards.of(day),
            slot=slot,
            times=times_of_slot(day, slot, house.delivery),
            now=house.clock(),
        )
    show(
        {name: getattr(result, name) for name in ("planned", "added", "rebound", "withdrawn", "unplanned")},
        as_json=as_json,
    )


async def _status(house: House, day: date, slot: str | None) -> dict[str, Any]:
    async with house.database.readings() as session:
        row = await find_morning(session, day, parse_slot(slot) if slot else None)
        counts = await status_counts(session, row.id)
    return {
        "date": str(row.business_date),
        "slot": row.slot,
        "state": row.state.value,
        "planned": row.planned_at_release if row.planned_at_release is not None else sum(counts.values()),
        "statuses": {status.value: count for status, count in counts.items()},
        "unplanned": row.unplanned,
    }


@morning.command()
def status(
    day: Day,
    slot: Annotated[str | None, typer.Option()] = None,
    *,
    as_json: Json = False,
) -> None:
    """How far a morning is."""

    async def answer() -> None:
        async with open_house(settings(), process="status") as house:
            show(await _status(house, parse_day(day), slot), as_json=as_json)

    run(answer())


@morning.command()
def release(
    day: Day,
    slot: Annotated[str | None, typer.Option()] = None,
    *,
    as_json: Json = False,
) -> None:
    """Release a planned morning now; once."""

    async def let_go() -> None:
        async with open_house(settings(), process="release") as house:
            async with house.database.transactions() as session:
                row = await find_morning(session, parse_day(day), parse_slot(slot) if slot else None)
                await release_morning(session, row.id, actor="operator", now=house.clock())
            show(await _status(house, parse_day(day), slot), as_json=as_json)

    run(let_go())


@morning.command()
def resume(day: Day, slot: Annotated[str | None, typer.Option()] = None) -> None:
    """Go on with a morning that a refusal of the whole account has stopped."""

    async def go_on() -> None:
        async with (
            open_house(settings(), process="resume") as house,
            house.database.transactions() as session,
        ):
            row = await find_morning(session, parse_day(day), parse_slot(slot) if slot else None)
            await resume_morning(session, row.id, actor="operator", now=house.clock())

    run(go_on())


@morning.command(name="certificate")
def morning_certificate(
    day: Day,
    slot: Annotated[str | None, typer.Option()] = None,
    export: Annotated[Path | None, typer.Option(help="Also write the ledger export here.")] = None,
    *,
    as_json: Json = False,
) -> None:
    """The newest certificate of a morning: for people, or the signed file with --json."""

    async def answer() -> None:
        async with (
            open_house(settings(), process="certificate") as house,
            house.database.readings() as session,
        ):
            row = await find_morning(session, parse_day(day), parse_slot(slot) if slot else None)
            signed, exported = await certificate_of(session, row.id)
        if export is not None:
            export.write_bytes(exported)
        typer.echo(signed.to_file().decode() if as_json else as_text(signed.body))

    run(answer())
