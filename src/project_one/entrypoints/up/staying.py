"""`project-one up`: the whole installation on this machine until Ctrl-C, at any time of day one wants to rehearse."""

from dataclasses import dataclass
from datetime import UTC, datetime

from rich.console import Console

from project_one.bootstrap import open_house
from project_one.entrypoints.signals import stop_requested
from project_one.entrypoints.up.demo import prepare
from project_one.entrypoints.up.installed import Options, running, start_product
from project_one.entrypoints.up.places import UpError
from project_one.kernel.clock import IST
from project_one.settings import Settings


@dataclass(frozen=True)
class Rehearsal:
    """`at`: Indian time at which its clocks start, as typed; None: the host's. `time_scale` divides every duration."""

    at: str | None = None
    time_scale: float = 1

    def environment(self, now: datetime) -> dict[str, str]:
        """What the processes are told. Raises UpError when `at` is no time."""
        told = {"TIME_SCALE": f"{self.time_scale:g}"}
        if self.at is not None:
            told["CLOCK_OFFSET_S"] = f"{(moment_of(self.at) - now).total_seconds():.3f}"
        return told


def moment_of(text: str) -> datetime:
    """`2026-12-01 18:00` or `2026-12-02 05:59:30`, Indian time. Raises UpError."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        message = f"{text!r} is not a day with a time; write it as '2026-12-01 18:00', Indian time."
        raise UpError(message) from None
    return moment if moment.tzinfo else moment.replace(tzinfo=IST)


async def stay(*, port: int, fresh: bool, advisors: int, rehearsal: Rehearsal) -> None:
    """Start, say where the API is, serve until told to stop. Raises UpError in one sentence."""
    console, stop = Console(), stop_requested()
    environment = rehearsal.environment(datetime.now(UTC))
    options = Options(api_port=port, fresh=fresh, environment=environment)
    with console.status("Starting the servers, the sandbox and the product ..."):
        async with running(options) as installation:
            settings = Settings.model_validate({name.lower(): text for name, text in installation.environment.items()})
            async with open_house(settings, process="up", pool_size=2) as house:
                await prepare(installation, house, advisors=advisors)
                await start_product(installation, drivers=options.drivers)
                console.print(f"API: http://127.0.0.1:{settings.api_port}/v1, its description: /docs")
                console.print(
                    f"It is {house.clock().astimezone(IST):%A %Y-%m-%d %H:%M} in India. Ctrl-C stops everything."
                )
                await stop.wait()
                console.print("Stopping every process ...")
