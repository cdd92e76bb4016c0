"""Starting a whole installation: servers, schema, sandbox and the product's processes, in this order; stopping in reverse."""

import asyncio
import json
import os
import socket
import sys
from collections.abc import AsyncGenerator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from fcntl import LOCK_EX, LOCK_NB, flock

import aiohttp
import asyncpg
from redis.asyncio import Redis
from redis.exceptions import RedisError
from sqlalchemy.engine import make_url
from sqlalchemy.exc import SQLAlchemyError

from project_one.content.domain import Frame
from project_one.entrypoints import database
from project_one.entrypoints.seed import as_vendor_template
from project_one.entrypoints.up import places, servers
from project_one.entrypoints.up.children import Command, Family, last_words
from project_one.entrypoints.up.installation import load_secrets, write_private
from project_one.entrypoints.up.places import Place, UpError

SANDBOX_WABA = "100000000000001"
_READY_S = 60


@dataclass(frozen=True)
class Options:
    """What `up` may be told. Ports: 0 picks a free one. `environment`: extra variables for every process."""

    api_port: int = 8000
    fresh: bool = False
    drivers: int = 2
    numbers: int = 1
    number_limit: int = 80
    sandbox_config: Mapping[str, object] = field(default_factory=dict[str, object])
    environment: Mapping[str, str] = field(default_factory=dict[str, str])


_DEMO_PARTY = "http://localhost:3000"  # where a front-end of the demo would be served


@dataclass
class Installation:
    """A running installation. `environment`: what its processes run with."""

    place: Place
    environment: dict[str, str]
    family: Family
    sandbox_url: str
    postgres: servers.Server | None
    valkey: servers.Server | None


@asynccontextmanager
async def running(options: Options) -> AsyncGenerator[Installation]:
    """Start everything; stop everything at the end, whatever ended it. Raises UpError in one sentence."""
    place = places.open_place(fresh=False)
    async with AsyncExitStack() as stack:
        lock = stack.enter_context((place.root / "lock").open("w"))
        try:
            flock(lock, LOCK_EX | LOCK_NB)
        except OSError:
            message = f"Another project-one runs on the data in {place.root}; stop it, or name another folder with PROJECT_ONE_DATA."
            raise UpError(message) from None
        if options.fresh:
            place = places.open_place(fresh=True)
        _check_port_free(options.api_port)
        secrets = load_secrets(place)
        owner_url, postgres = await _postgres(stack, place, secrets)
        redis_url, valkey = await _valkey(stack, place, secrets)
        app_url, api_url = await _schema(owner_url, secrets["app_password"])
        sandbox_port = servers.free_port()
        sandbox_url = f"http://127.0.0.1:{sandbox_port}"
        environment = _environment(options, secrets, app_url, api_url, owner_url, redis_url, sandbox_url)
        environment["DOCUMENTS_FOLDER"] = str(place.root / "documents")
        family = Family()
        stack.push_async_callback(family.stop)
        write_private(place.environment, json.dumps(environment, indent=1))
        stack.callback(place.environment.unlink, missing_ok=True)
        installation = Installation(place, environment, family, sandbox_url, postgres, valkey)
        await _start_sandbox(installation, options, secrets, sandbox_port)
        yield installation


async def start_product(installation: Installation, *, drivers: int, apis: int = 1) -> None:
    """The product's own processes; returns when the API answers. `apis`: how many share its port."""
    cli = [sys.executable, "-m", "project_one.entrypoints.cli"]
    commands = {
        "clock": ["clock"],
        "api": ["api", *(["--share-port"] if apis > 1 else [])],
        "worker": ["worker", "--name", "worker", "--queues", "webhooks,content-processing,maintenance"],
    }
    for index in range(2, apis + 1):
        commands[f"api-{index}"] = ["api", "--share-port"]
    for index in range(1, drivers + 1):
        commands[f"driver-{index}"] = ["worker", "--name", f"driver-{index}", "--queues", "whatsapp-delivery"]
    for name, arguments in commands.items():
        await installation.family.add(
            Command(
                name,
                [*cli, *arguments],
                {**os.environ, **installation.environment},
                installation.place.logs / f"{name}.log",
            )
        )
    port = installation.environment["API_PORT"]
    await _await_http(installation, "api", f"http://127.0.0.1:{port}/healthz")


def _check_port_free(port: int) -> None:
    if port == 0:
        return
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            message = f"Port {port} is in use; stop what listens there or choose another with --port {port + 1} (of make run: ARGS='--port {port + 1}')."
            raise UpError(message) from None


async def _postgres(stack: AsyncExitStack, place: Place, secrets: dict[str, str]) -> tuple[str, servers.Server | None]:
    url = os.environ.get("DATABASE_URL")
    if url is None:
        server = await servers.start_postgres(place, password=secrets["postgres_password"])
        stack.push_async_callback(server.stop)
        return server.url, server
    try:
        plain = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
        connection = await asyncpg.connect(plain, timeout=5)
        await connection.close()
    except (
        OSError,
        asyncpg.PostgresError,
        asyncpg.InterfaceError,
        SQLAlchemyError,
        ValueError,
        TimeoutError,
    ) as error:
        message = f"The database of DATABASE_URL cannot be reached ({type(error).__name__}: {str(error).splitlines()[0] if str(error) else 'no answer'}); check the address and that the server runs."
        raise UpError(message) from error
    return plain, None


async def _valkey(stack: AsyncExitStack, place: Place, secrets: dict[str, str]) -> tuple[str, servers.Server | None]:
    url = os.environ.get("REDIS_URL")
    if url is None:
        server = await servers.start_valkey(place, password=secrets["valkey_password"])
        stack.push_async_callback(server.stop)
        return server.url, server
    try:
        async with Redis.from_url(url, socket_connect_timeout=5) as client:
            await client.ping()
    except (RedisError, OSError, ValueError) as error:
        message = (
            f"The server of REDIS_URL cannot be reached ({type(error).__name__}); check the address and that it runs."
        )
        raise UpError(message) from error
    return url, None


async def _schema(owner_url: str, app_password: str) -> tuple[str, str]:
    """Migrate; the addresses of the workers and of the api. With DATABASE_OWNER_URL set, DATABASE_URL and
    API_DATABASE_URL are taken to be those logins already."""
    migrator = os.environ.get("DATABASE_OWNER_URL", owner_url)
    try:
        await asyncio.to_thread(database.migrate, migrator)
        if "DATABASE_OWNER_URL" in os.environ:
            return owner_url, os.environ.get("API_DATABASE_URL", owner_url)
        workers = await database.ensure_login(owner_url, password=app_password)
        return workers, await database.ensure_login(owner_url, database.API_ROLE, password=app_password)
    except database.DatabaseSetupError as error:
        raise UpError(str(error)) from error
    except (SQLAlchemyError, asyncpg.PostgresError, OSError) as error:
        message = f"The database could not be migrated: {str(error).splitlines()[0]}"
        raise UpError(message) from error


def _environment(
    options: Options,
    secrets: dict[str, str],
    app_url: str,
    api_url: str,
    owner_url: str,
    redis_url: str,
    sandbox_url: str,
) -> dict[str, str]:
    return {
        "DATABASE_URL": app_url,
        "API_DATABASE_URL": api_url,
        "DATABASE_OWNER_URL": owner_url,
        "REDIS_URL": redis_url,
        "API_PORT": str(options.api_port or servers.free_port()),
        "CLERK_ISSUER": f"{sandbox_url}/clerk",
        "CLERK_WEBHOOK_SECRET": f"whsec_{secrets['clerk_webhook_key']}",
        "CLERK_AUTHORIZED_PARTIES": _DEMO_PARTY,
        "CORS_ORIGINS": _DEMO_PARTY,
        "VAULT_KEY": secrets["vault_key"],
        "LOOKUP_KEY": secrets["lookup_key"],
        "CERTIFICATE_KEY": secrets["certificate_key"],
        "WHATSAPP_BASE_URL": sandbox_url,
        "WHATSAPP_ACCESS_TOKEN": secrets["access_token"],
        "WHATSAPP_APP_SECRET": secrets["app_secret"],
        "WHATSAPP_VERIFY_TOKEN": secrets["verify_token"],
        "WHATSAPP_WABA_ID": SANDBOX_WABA,
        "OPENAI_BASE_URL": f"{sandbox_url}/openai/v1",
        "OPENAI_API_KEY": secrets["openai_key"],
        **options.environment,
    }


async def _start_sandbox(installation: Installation, options: Options, secrets: dict[str, str], port: int) -> None:
    throughput = "HIGH" if options.number_limit > 80 else "STANDARD"  # noqa: PLR2004  Meta's two levels
    config = {
        "callback_url": f"http://127.0.0.1:{installation.environment['API_PORT']}/webhooks/whatsapp",
        "waba_id": SANDBOX_WABA,
        "numbers": [
            {
                "id": str(100_000_000_000_100 + index),
                "display_phone_number": f"+91 19{index:08d}",  # never a demo recipient
                "verified_name": "Project One demo",
                "mps": options.number_limit,
                "throughput": throughput,
            }
            for index in range(options.numbers)
        ],
        **options.sandbox_config,
    }
    path = installation.place.root / "sandbox.json"
    write_private(path, json.dumps(config))
    environment = {
        **os.environ,
        "SANDBOX_ACCESS_TOKEN": secrets["access_token"],
        "SANDBOX_APP_SECRET": secrets["app_secret"],
        "SANDBOX_VERIFY_TOKEN": secrets["verify_token"],
        "SANDBOX_OPENAI_KEY": secrets["openai_key"],
        "SANDBOX_CLERK_PARTY": _DEMO_PARTY,
        "SANDBOX_CLERK_WEBHOOK_SECRET": f"whsec_{secrets['clerk_webhook_key']}",
        "SANDBOX_CLERK_WEBHOOK_URL": f"http://127.0.0.1:{installation.environment['API_PORT']}/webhooks/clerk",
    }
    told = installation.environment
    argv = [
        sys.executable,
        "-m",
        "project_one_sandbox",
        "--port",
        str(port),
        "--config",
        str(path),
        "--time-scale",
        told.get("TIME_SCALE", "1"),
        f"--clock-offset={told.get('CLOCK_OFFSET_S', '0')}",
    ]
    await installation.family.add(Command("sandbox", argv, environment, installation.place.logs / "sandbox.log"))
    await _await_http(installation, "sandbox", f"{installation.sandbox_url}/_sandbox/health")


async def register_templates(installation: Installation, frames: list[Frame]) -> None:
    """Enter our frames at the sandbox as templates that Meta has approved."""
    async with aiohttp.ClientSession() as session:
        url = f"{installation.sandbox_url}/_sandbox/templates"
        async with session.put(url, json=[as_vendor_template(frame) for frame in frames]) as response:
            if not response.ok:
                message = f"The sandbox refuses our templates: {(await response.text())[:300]}"
                raise UpError(message)


async def _await_http(installation: Installation, name: str, url: str) -> None:
    deadline = asyncio.get_running_loop().time() + _READY_S
    log = installation.place.logs / f"{name}.log"
    async with aiohttp.ClientSession() as session:
        while asyncio.get_running_loop().time() < deadline:
            try:
                async with session.get(url) as response:
                    if response.ok:
                        return
            except (aiohttp.ClientError, OSError):
                if installation.family.restarts.get(name, 0) > 2:  # noqa: PLR2004
                    break
            await asyncio.sleep(0.05)
    message = f"{name} did not start: {last_words(log, lines=2) or f'see {log}'}"
    raise UpError(message)
