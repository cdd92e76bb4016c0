"""`project-one`: every process and every task of an operator."""

import os
import sys
from typing import Annotated

import typer
from sqlalchemy.exc import DBAPIError

from project_one.bootstrap import QUEUES, open_house
from project_one.entrypoints import api as api_process
from project_one.entrypoints import clock as clock_process
from project_one.entrypoints import database, evaluation, lint_bench, seed, weights
from project_one.entrypoints import worker as worker_process
from project_one.entrypoints.commands.ai import ai
from project_one.entrypoints.commands.certificates import certificate
from project_one.entrypoints.commands.common import Json, run, serve, settings
from project_one.entrypoints.commands.library import library
from project_one.entrypoints.commands.lint import lint
from project_one.entrypoints.commands.morning import morning
from project_one.entrypoints.commands.numbers import numbers
from project_one.entrypoints.commands.openapi import openapi
from project_one.entrypoints.commands.policies import policies
from project_one.entrypoints.commands.registers import registers
from project_one.entrypoints.commands.staff import staff, token
from project_one.entrypoints.up import ai_bench, api_bench, staying
from project_one.entrypoints.up import bench as bench_run
from project_one.entrypoints.up import chaos as chaos_run
from project_one.entrypoints.up import demo as demo_run
from project_one.entrypoints.up.installed import Options
from project_one.entrypoints.up.places import UpError
from project_one.kernel.errors import DomainError

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
for name, commands in (
    ("ai", ai),
    ("morning", morning),
    ("certificate", certificate),
    ("library", library),
    ("numbers", numbers),
    ("policies", policies),
    ("registers", registers),
    ("staff", staff),
):
    app.add_typer(commands, name=name)
app.command()(lint)
app.command()(token)
app.command()(openapi)

# SQLSTATE classes: disk_full and io_error; connection exception and operator intervention
_DISK_FULL = frozenset({"53100", "58030"})
_SERVER_GONE = frozenset({"08", "57"})


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
    except DBAPIError as error:
        sentence = database_trouble(error)
        if sentence is None:
            raise
        sys.stderr.write(f"{sentence}\n")
        sys.exit(1)
    except OSError as error:
        sys.stderr.write(f"{error.strerror or error}{f': {error.filename}' if error.filename else ''}\n")
        sys.exit(1)


def database_trouble(error: DBAPIError) -> str | None:
    """What happened to the server under a running command, as one sentence; None if it is our own mistake."""
    code: str = getattr(error.orig, "sqlstate", None) or ""
    if code in _DISK_FULL:
        return "The database's disk is full; free space and start again. What was committed is kept."
    if error.connection_invalidated or code[:2] in _SERVER_GONE:
        return "The database went away in the middle of the work; see that it runs and start again. What was committed is kept."
    return None


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
    raise typer.Exit(run(demo_run.demo(Options(api_port=port, fresh=fresh), options)))


@app.command()
def up(
    advisors: Annotated[int, typer.Option(min=0, max=100_000, help="How many demo advisors.")] = 10,
    *,
    fresh: Annotated[bool, typer.Option("--fresh", help="Throw the data away first.")] = False,
    port: Annotated[int, typer.Option(min=0, max=65535)] = 8000,
    at: Annotated[
        str | None, typer.Option(help="Rehearse another time: '2026-12-01 18:00', Indian time. Left out: now.")
    ] = None,
    time_scale: Annotated[
        float, typer.Option(min=1, max=100, help="Deadlines and pauses of a morning are this many times shorter.")
    ] = 1,
) -> None:
    """Everything on this machine, until Ctrl-C: the servers, the sandbox, the API, the workers and the clock."""
    rehearsal = staying.Rehearsal(at, time_scale)
    run(staying.stay(port=port, fresh=fresh, advisors=advisors, rehearsal=rehearsal))


@app.command()
def chaos(
    trials: Annotated[int, typer.Option("-n", "--trials", min=1)] = 3,
    seed: int = 1,
    *,
    as_json: Json = False,
) -> None:
    """Seeded mornings with faults, kills, pauses and wipes, judged by the sandbox's oracle log."""
    raise typer.Exit(run(chaos_run.chaos(trials, seed, as_json=as_json)))


@app.command()
def bench(
    group: Annotated[str, typer.Argument(help="Which group of figures: delivery, api, ai or lint.")] = "delivery",
    *,
    as_json: Json = False,
) -> None:
    """Measure at full speed on this machine: whole mornings, dashboards or the rules."""
    if group == "lint":
        raise typer.Exit(lint_bench.bench())
    if group == "ai":
        raise typer.Exit(run(ai_bench.bench(as_json=as_json)))
    if group == "api":
        raise typer.Exit(run(api_bench.bench(as_json=as_json)))
    if group != "delivery":
        message = f"There is no group {group!r} yet; there are: delivery, api, ai, lint."
        raise UpError(message)
    raise typer.Exit(run(bench_run.bench(as_json=as_json)))


@app.command(name="eval")
def evaluate_engine(*, as_json: Json = False) -> None:
    """Measure the compliance engine on the labelled corpus of the repository."""
    raise typer.Exit(evaluation.run(as_json=as_json))


@app.command(name="weights")
def train_weights(
    *, check: Annotated[bool, typer.Option("--check", help="Only say whether the file is up to date.")] = False
) -> None:
    """Train the weigher from the labelled texts of the repository; run it after a change of word lists or texts."""
    raise typer.Exit(weights.run(check=check))


@app.command()
def api(
    *,
    share_port: Annotated[
        bool, typer.Option("--share-port", help="Others of this kind may listen on the port too: one for each core.")
    ] = False,
) -> None:
    """The HTTP API process."""
    serve(api_process.serve(settings(), share_port=share_port))


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
    serve(worker_process.work(settings(), wanted, name=name))


@app.command()
def clock() -> None:
    """The clock and relay process."""
    serve(clock_process.run_clock(settings()))


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
    config = settings()
    database.migrate((config.database_owner_url or config.database_url).get_secret_value())


@app.command(name="seed")
def seed_command() -> None:
    """Load the shipped library; outside production its reviewers are entered as approvers."""
    run(_seed())


async def _seed() -> None:
    config = settings()
    async with open_house(config, process="seed") as house:
        loaded = await seed.seed_library(house, approve=config.environment == "local")
    typer.echo(f"{len(loaded.packs)} packs and {len(loaded.frames)} frames loaded.")


if __name__ == "__main__":
    main()
