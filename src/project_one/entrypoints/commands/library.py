"""`project-one library`."""

from typing import Annotated
from uuid import UUID

import typer

from project_one.bootstrap import open_house
from project_one.content import service as content
from project_one.content.domain import Subject
from project_one.content.library import read_library
from project_one.entrypoints.commands.common import run, settings
from project_one.entrypoints.seed import judge_library

library = typer.Typer(no_args_is_help=True, help="The content library.")


@library.command()
def approve(reviewer: Annotated[UUID, typer.Option(help="Your reviewer id.")]) -> None:
    """Approve the whole shipped library by its hashes, as one of the two people it needs."""
    run(_approve(reviewer))


async def _approve(reviewer: UUID) -> None:
    loaded = read_library()
    async with open_house(settings(), process="approve") as house:
        await judge_library(house, loaded)
        async with house.database.transactions() as session:
            for subject in Subject:
                hashes = [item.sha256 for item in loaded.reviews if item.subject is subject]
                count = await content.approve(session, subject, hashes, reviewer_id=reviewer, now=house.clock())
                typer.echo(f"{subject}: {count} approved, {len(hashes) - count} had your approval.")
