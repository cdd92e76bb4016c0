"""`python -m project_one_sandbox`: arguments, one line when ready, stop on SIGTERM or SIGINT."""

import argparse
import asyncio
import os
import signal
import sys
from pathlib import Path

import uvloop

from project_one_sandbox import config as settings
from project_one_sandbox import wall
from project_one_sandbox.clerk import ClerkConfig
from project_one_sandbox.config import Config, ConfigError
from project_one_sandbox.server import start
from project_one_sandbox.shapes import as_object, loads
from project_one_sandbox.state import Secrets

_MAX_PORT = 65_535
_MAX_SCALE = 100_000.0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="project_one_sandbox", description="A local WhatsApp Business Cloud API, with Clerk and OpenAI."
    )
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8_090, help="0 takes a free one")
    parser.add_argument(
        "--time-scale",
        type=float,
        default=1.0,
        help="divides every delay, multiplies every rate",
    )
    parser.add_argument("--clock-offset", type=float, default=0.0, help="seconds it lives ahead of the host")
    parser.add_argument("--config", type=Path, help="JSON file, merged into the defaults")
    return parser.parse_args()


def _load(path: Path | None) -> Config:
    if path is None:
        return settings.first({})
    try:
        given = as_object(loads(path.read_bytes()))
    except OSError as error:
        raise ConfigError(f"--config {path} cannot be read: {error.strerror}.") from None
    except ValueError:
        given = None
    if given is None:
        raise ConfigError(f"--config {path} must hold a JSON object.")
    return settings.first(given)


def _secrets() -> Secrets:
    default = Secrets()
    return Secrets(
        access_token=os.environ.get("SANDBOX_ACCESS_TOKEN") or default.access_token,
        app_secret=os.environ.get("SANDBOX_APP_SECRET") or default.app_secret,
        verify_token=os.environ.get("SANDBOX_VERIFY_TOKEN") or default.verify_token,
        clerk=ClerkConfig(
            party=os.environ.get("SANDBOX_CLERK_PARTY") or default.clerk.party,
            webhook_secret=os.environ.get("SANDBOX_CLERK_WEBHOOK_SECRET") or default.clerk.webhook_secret,
            webhook_url=os.environ.get("SANDBOX_CLERK_WEBHOOK_URL") or None,
        ),
        openai_keys=_keys(os.environ.get("SANDBOX_OPENAI_KEY")) or default.openai_keys,
    )


def _keys(given: str | None) -> tuple[str, ...]:
    return tuple(key.strip() for key in (given or "").split(",") if key.strip())


def _check(port: int, scale: float) -> None:
    if not 0 <= port <= _MAX_PORT:
        raise ConfigError(f"--port must be from 0 to {_MAX_PORT}.")
    if not 0 < scale <= _MAX_SCALE:
        raise ConfigError(f"--time-scale must be above 0 and at most {_MAX_SCALE:g}.")


async def _serve(config: Config, *, host: str, port: int, scale: float) -> None:
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    running = await start(config, _secrets(), host=host, port=port, scale=scale)
    sys.stdout.write(f"sandbox listening on {running.url}\n")
    sys.stdout.flush()
    await stopping.wait()
    await running.stop()


def main() -> int:
    arguments = _arguments()
    host: str = arguments.host
    port: int = arguments.port
    scale: float = arguments.time_scale
    try:
        _check(port, scale)
        wall.move(arguments.clock_offset)
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(_serve(_load(arguments.config), host=host, port=port, scale=scale))
    except ConfigError as error:
        sys.stderr.write(f"sandbox: {error}\n")
        return 1
    except OSError as error:
        sys.stderr.write(f"sandbox: cannot listen on {host}:{port}: {os.strerror(error.errno or 0)}.\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
