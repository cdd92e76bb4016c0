"""`project-one openapi`."""

import asyncio
import sys
from typing import Annotated

import typer

from project_one.bootstrap import open_house
from project_one.entrypoints.api import build_app
from project_one.entrypoints.openapi import FILE, as_text, settings_for_drawing
from project_one.kernel.queue import JobProducer
from project_one.settings import Settings


def openapi(
    *, check: Annotated[bool, typer.Option("--check", help="Only say whether the file is up to date.")] = False
) -> None:
    """Write docs/openapi.json from the routes."""
    text = asyncio.run(_drawn())
    if not check:
        FILE.write_text(text, encoding="utf-8")
        typer.echo(f"{FILE} written.")
    elif not FILE.exists() or FILE.read_text(encoding="utf-8") != text:
        sys.stderr.write("docs/openapi.json is not what the routes say; run: project-one openapi\n")
        raise typer.Exit(1)


async def _drawn() -> str:
    settings = Settings.model_validate(settings_for_drawing())
    producer = JobProducer(settings.redis_url.get_secret_value())
    async with open_house(settings, process="openapi") as house:
        document = build_app(house, producer).openapi()
    await producer.close()
    return as_text(document)
