"""What every command needs: settings, options, a loop, output."""

import asyncio
import json
from collections.abc import Coroutine
from datetime import date
from typing import Annotated, Any, TypeVar

import typer
import uvloop
from pydantic import ValidationError

from project_one.entrypoints.memory import spare_what_is_built
from project_one.entrypoints.up import installation
from project_one.entrypoints.up.places import UpError
from project_one.settings import Settings

T = TypeVar("T")

Day = Annotated[str, typer.Option("--date", help="Business date (IST), YYYY-MM-DD.")]
SlotOption = Annotated[str, typer.Option("--slot", help="Indian time of day.")]
Json = Annotated[bool, typer.Option("--json", help="One JSON object on the last line.")]


def settings() -> Settings:
    installation.adopt_running_environment()
    try:
        return Settings()  # pyright: ignore[reportCallIssue]  from the environment
    except ValidationError as error:
        problems = "; ".join(
            f"{'.'.join(str(part) for part in item['loc']).upper() or 'settings'}: {item['msg']}"
            for item in error.errors()
        )
        message = f"The environment is not complete: {problems}. Start an installation with `make run`, or set these; `.env.example` lists all."
        raise UpError(message) from None


def run(work: Coroutine[Any, Any, T]) -> T:
    return asyncio.run(work)


def serve(work: Coroutine[Any, Any, None]) -> None:
    """Run a service for as long as it lives, on the faster loop."""
    spare_what_is_built()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(work)


def show(data: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(data))
    else:
        for name, value in data.items():
            typer.echo(f"{name:<12} {json.dumps(value) if isinstance(value, dict | list) else value}")


def parse_day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        message = f"{text!r} is not a date; write it as YYYY-MM-DD."
        raise UpError(message) from None
