"""`project-one`: every process and every task of an operator."""

import asyncio
import gc
import json
import os
import sys
from collections.abc import Coroutine
from datetime import date
from pathlib import Path
from typing import Annotated, Any, TypeVar
from uuid import UUID

import typer
import uvloop
from pydantic import ValidationError

from project_one.bootstrap import QUEUES, House, open_house
from project_one.content import service as content
from project_one.content.domain import Subject
from project_one.content.library import read_library
from project_one.delivery.certificate import (
    CertificateInvalidError,
    ExportDamagedError,
    as_text,
    certificate_body,
    key_id,
    verify,
)
from project_one.delivery.service.certify import certificate_of
from project_one.delivery.service.plan import plan_morning
from project_one.delivery.service.release import (
    find_morning,
    release_morning,
    resume_morning,
    status_counts,
)
from project_one.delivery.times import times_of_slot
from project_one.entrypoints import api as api_process
from project_one.entrypoints import clock as clock_process
from project_one.entrypoints import database, seed
from project_one.entrypoints import worker as worker_process
from project_one.entrypoints.up import bench as bench_run
from project_one.entrypoints.up import chaos as chaos_run
from project_one.entrypoints.up import demo as demo_run
from project_one.entrypoints.up import installation
from project_one.entrypoints.up.installed import Options
from project_one.entrypoints.up.places import UpError
from project_one.kernel.errors import DomainError
from project_one.settings import Settings
from project_one.vocabulary.domain import DEFAULT_SLOT, parse_slot

T = TypeVar("T")

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
morning = typer.Typer(no_args_is_help=True, help="Plan, release and look at a morning.")
certificate = typer.Typer(no_args_is_help=True, help="Check SLA certificates, offline.")
library = typer.Typer(no_args_is_help=True, help="The content library.")
app.add_typer(morning, name="morning")
app.add_typer(certificate, name="certificate")
app.add_typer(library, name="content")

Day = Annotated[str, typer.Option("--date", help="Business date (IST), YYYY-MM-DD.")]
SlotOption = Annotated[str, typer.Option("--slot", help="Indian time of day.")]
Json = Annotated[bool, typer.Option("--json", help="One JSON object on the last line.")]


def _settings() -> Settings:
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


def _run(work: Coroutine[Any, Any, T]) -> T:
    return asyncio.run(work)


def _serve(work: Coroutine[Any, Any, None]) -> None:
    """Run a service for as long as it lives, on the faster loop; what was imported is not garbage-collected again and again."""
    gc.collect()
    gc.freeze()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(work)


def main() -> None:
    """The console script: a refusal is one sentence on standard error and exit code 1."""
    try:
        app()
    except (UpError, database.DatabaseSetupError) as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(1)
    except DomainError as error:
        sys.stderr.write(f"{error.code}: {error.detail}\n")
        sys.exit(1)
    except OSError as error:
        sys.stderr.write(f"{error.strerror or error}{f': {error.filename}' if error.filename else ''}\n")
        sys.exit(1)


@app.command()
def demo(
    advisors: Annotated[int, typer.Option(min=1, max=100_000, help="How many demo advisors.")] = 1000,
    *,
    once: Annotated[bool, typer.Option("--once", help="Stop after the certificate.")] = False,
    fresh: Annotated[bool, typer.Option("--fresh", help="Throw the data away first.")] = False,
    as_json: Json = False,
    port: Annotated[int, typer.Option(min=0, max=65535)] = 8000,
) -> None:
    """Everything on this machine: start, release a morning now, show it, certify it, keep serving."""
    options = demo_run.DemoOptions(advisors=advisors, once=once, as_json=as_json)
    raise typer.Exit(_run(demo_run.demo(Options(api_port=port, fresh=fresh), options)))


@app.command()
def chaos(
    trials: Annotated[int, typer.Option("-n", "--trials", min=1)] = 3,
    seed: int = 1,
    *,
    as_json: Json = False,
) -> None:
    """Seeded mornings with faults, kills, pauses and wipes, judged by the sandbox's oracle log."""
    raise typer.Exit(_run(chaos_run.chaos(trials, seed, as_json=as_json)))


@app.command()
def bench(
    group: Annotated[str, typer.Argument(help="Which group of figures; there is `delivery`.")] = "delivery",
    *,
    as_json: Json = False,
) -> None:
    """Measure whole mornings at full speed on this machine."""
    if group != "delivery":
        message = f"There is no group {group!r} yet; there is: delivery."
        raise UpError(message)
    raise typer.Exit(_run(bench_run.bench(as_json=as_json)))


@app.command()
def api() -> None:
    """The HTTP API process."""
    _serve(api_process.serve(_settings()))


@app.command()
def worker(
    queues: Annotated[str, typer.Option(help="Comma-separated queue names.")] = ",".join(QUEUES),
    name: str = "worker",
) -> None:
    """A worker process."""
    wanted = queues.split(",")
    unknown = sorted(set(wanted) - set(QUEUES))
    if unknown:
        message = f"No queue is called {', '.join(unknown)}; there are {', '.join(QUEUES)}."
        raise UpError(message)
    _serve(worker_process.work(_settings(), wanted, name=name))


@app.command()
def clock() -> None:
    """The clock and relay process."""
    _serve(clock_process.run_clock(_settings()))


@app.command()
def sandbox(port: Annotated[int, typer.Option(min=0, max=65535)] = 8090) -> None:
    """The WhatsApp sandbox alone."""
    os.execv(
        sys.executable,
        [sys.executable, "-m", "project_one_sandbox", "--port", str(port)],
    )  # noqa: S606


@app.command()
def migrate() -> None:
    """Bring the database schema to this release."""
    settings = _settings()
    database.migrate((settings.database_owner_url or settings.database_url).get_secret_value())


@app.command(name="seed")
def seed_command() -> None:
    """Load the shipped library; outside production its reviewers are entered as approvers."""
    _run(_seed())


async def _seed() -> None:
    settings = _settings()
    async with open_house(settings, process="seed") as house:
        loaded = await seed.seed_library(house, approve=settings.environment == "local")
    typer.echo(f"{len(loaded.packs)} packs and {len(loaded.frames)} frames loaded.")


@library.command()
def approve(reviewer: Annotated[UUID, typer.Option(help="Your reviewer id.")]) -> None:
    """Approve the whole shipped library by its hashes, as one of the two people it needs."""
    _run(_approve(reviewer))


async def _approve(reviewer: UUID) -> None:
    loaded = read_library()
    async with (
        open_house(_settings(), process="approve") as house,
        house.database.transactions() as session,
    ):
        for subject in Subject:
            hashes = [item.sha256 for item in loaded.reviews if item.subject is subject]
            count = await content.approve(session, subject, hashes, reviewer_id=reviewer, now=house.clock())
            typer.echo(f"{subject}: {count} approved, {len(hashes) - count} had your approval.")


def _print(data: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(data))
    else:
        for name, value in data.items():
            typer.echo(f"{name:<12} {json.dumps(value) if isinstance(value, dict | list) else value}")


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        message = f"{text!r} is not a date; write it as YYYY-MM-DD."
        raise UpError(message) from None


@morning.command()
def plan(day: Day, slot: SlotOption = DEFAULT_SLOT, *, as_json: Json = False) -> None:
    """Plan a morning; lists who has nothing to send or no plan B."""
    _run(_plan(_day(day), slot, as_json=as_json))


async def _plan(day: date, slot_text: str, *, as_json: bool) -> None:
    slot = parse_slot(slot_text)
    async with (
        open_house(_settings(), process="plan") as house,
        house.database.transactions() as session,
    ):
        result = await plan_morning(
            session,
            business_date=day,
            slot=slot,
            times=times_of_slot(day, slot, house.delivery),
            now=house.clock(),
        )
    _print(
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

    async def show() -> None:
        async with open_house(_settings(), process="status") as house:
            _print(await _status(house, _day(day), slot), as_json=as_json)

    _run(show())


@morning.command()
def release(
    day: Day,
    slot: Annotated[str | None, typer.Option()] = None,
    *,
    as_json: Json = False,
) -> None:
    """Release a planned morning now; once."""

    async def let_go() -> None:
        async with open_house(_settings(), process="release") as house:
            async with house.database.transactions() as session:
                row = await find_morning(session, _day(day), parse_slot(slot) if slot else None)
                await release_morning(session, row.id, actor="operator", now=house.clock())
            _print(await _status(house, _day(day), slot), as_json=as_json)

    _run(let_go())


@morning.command()
def resume(day: Day, slot: Annotated[str | None, typer.Option()] = None) -> None:
    """Go on with a morning that a refusal of the whole account has stopped."""

    async def go_on() -> None:
        async with (
            open_house(_settings(), process="resume") as house,
            house.database.transactions() as session,
        ):
            row = await find_morning(session, _day(day), parse_slot(slot) if slot else None)
            await resume_morning(session, row.id, actor="operator", now=house.clock())

    _run(go_on())


@morning.command(name="certificate")
def morning_certificate(
    day: Day,
    slot: Annotated[str | None, typer.Option()] = None,
    export: Annotated[Path | None, typer.Option(help="Also write the ledger export here.")] = None,
    *,
    as_json: Json = False,
) -> None:
    """The newest certificate of a morning: for people, or the signed file with --json."""

    async def show() -> None:
        async with (
            open_house(_settings(), process="certificate") as house,
            house.database.readings() as session,
        ):
            row = await find_morning(session, _day(day), parse_slot(slot) if slot else None)
            signed, exported = await certificate_of(session, row.id)
        if export is not None:
            export.write_bytes(exported)
        typer.echo(signed.to_file().decode() if as_json else as_text(signed.body))

    _run(show())


@certificate.command(name="verify")
def certificate_verify(
    file: Path,
    key: Annotated[str | None, typer.Option(help="The public key (hex) you trust.")] = None,
) -> None:
    """Check the signature of a certificate file. Needs no installation and no network."""
    try:
        signed = verify(file.read_bytes())
    except CertificateInvalidError as error:
        raise UpError(str(error)) from error
    if key is not None and signed.public_key.hex() != key.lower():
        message = f"The signature is good, but by the key {key_id(signed.public_key)}, not by the one you trust."
        raise UpError(message)
    trust = "" if key else "; compare this key with the published one"
    typer.echo(f"Signature good, by key {key_id(signed.public_key)}{trust}.")
    typer.echo(as_text(signed.body))


@certificate.command(name="recompute")
def certificate_recompute(file: Path) -> None:
    """Compute the certificate's body again from a ledger export; the same export gives the same bytes."""
    try:
        body = certificate_body(file.read_bytes())
    except ExportDamagedError as error:
        message = f"{file}: {error}."
        raise UpError(message) from error
    sys.stdout.buffer.write(body + b"\n")


if __name__ == "__main__":
    main()
