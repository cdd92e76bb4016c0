"""`project-one numbers`."""

import typer

from project_one.bootstrap import open_house
from project_one.channel import service as channel
from project_one.entrypoints.commands.common import Json, run, settings, show

numbers = typer.Typer(no_args_is_help=True, help="The numbers that send.")


@numbers.command(name="list")
def list_numbers(*, as_json: Json = False) -> None:
    """Every number with its state, quality and limit."""

    async def answer() -> None:
        async with open_house(settings(), process="numbers") as house, house.database.readings() as session:
            for item in await channel.numbers(session):
                state = item.state.value if item.stop_reason is None else f"{item.state.value} ({item.stop_reason})"
                rate = {"limit_per_s": item.limit_per_s, "quality": item.quality.value, "is_spare": item.is_spare}
                show({"number": item.vendor_id, "state": state, **rate}, as_json=as_json)

    run(answer())


@numbers.command()
def resume(number: str) -> None:
    """Let a number send again that a refusal or a low accept rate has stopped. NUMBER: its id at the vendor."""

    async def answer() -> None:
        async with open_house(settings(), process="numbers") as house, house.database.transactions() as session:
            await channel.resume_number(session, number, actor="operator", now=house.clock())

    run(answer())
