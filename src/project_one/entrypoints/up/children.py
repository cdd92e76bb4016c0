"""Child processes: each in a session of its own, each tied to this process, none left behind.

On Linux the kernel signals a child when its parent dies, however it dies; elsewhere the next start finds the leftovers.
"""

import asyncio
import ctypes
import os
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import BinaryIO

from project_one.entrypoints.up.places import Account, UpError

_PR_SET_PDEATHSIG = 1
_RESTART_PAUSE_S = 0.5


@dataclass(frozen=True)
class Command:
    """What to start. `stop_signal` asks for an orderly end; `account` is whom it runs as."""

    name: str
    argv: Sequence[str]
    environment: Mapping[str, str]
    log: Path
    stop_signal: signal.Signals = signal.SIGTERM
    account: Account | None = None


def _tied(death_signal: int) -> Callable[[], None] | None:
    if sys.platform != "linux":
        return None
    libc = ctypes.CDLL(None, use_errno=True)
    parent = os.getpid()

    def tie() -> None:
        libc.prctl(_PR_SET_PDEATHSIG, death_signal)
        if os.getppid() != parent:
            os._exit(1)

    return tie


async def start(command: Command) -> asyncio.subprocess.Process:
    """Start it with its output appended to its log. Raises UpError when it cannot be started at all."""
    account = command.account
    try:
        with _open_log(command.log) as log:
            return await asyncio.create_subprocess_exec(
                *command.argv,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=dict(command.environment),
                cwd="/" if account is not None else None,
                start_new_session=True,
                preexec_fn=_tied(command.stop_signal),
                user=account.uid if account else None,
                group=account.gid if account else None,
                extra_groups=[] if account and account.uid is not None else None,
            )
    except OSError as error:
        message = f"Cannot start {command.name}: {error.strerror} ({command.argv[0]})."
        raise UpError(message) from error


def _open_log(path: Path) -> BinaryIO:
    return path.open("ab")


async def stop(
    process: asyncio.subprocess.Process,
    stop_signal: signal.Signals,
    *,
    patience_s: float,
) -> None:
    """Ask it to end; after `patience_s` kill it. Returns when it is gone."""
    if process.returncode is not None:
        return
    process.send_signal(stop_signal)
    try:
        await asyncio.wait_for(process.wait(), patience_s)
    except TimeoutError:
        process.kill()
        await process.wait()


def last_words(path: Path, *, lines: int = 5) -> str:
    """The end of a log, to show a person why something did not start."""
    if not path.exists():
        return ""
    return "\n".join(path.read_text(errors="replace").splitlines()[-lines:])


@dataclass
class Family:
    """Processes that are started again when they die, until `stop`."""

    patience_s: float = 15
    restarts: dict[str, int] = field(default_factory=dict[str, int])
    _running: dict[str, tuple[Command, asyncio.subprocess.Process]] = field(
        default_factory=dict[str, tuple[Command, asyncio.subprocess.Process]]
    )
    _keepers: list[asyncio.Task[None]] = field(default_factory=list[asyncio.Task[None]])

    async def add(self, command: Command) -> None:
        self._running[command.name] = (command, await start(command))
        self._keepers.append(asyncio.create_task(self._keep(command.name)))

    @property
    def names(self) -> list[str]:
        return list(self._running)

    def pid(self, name: str) -> int:
        return self._running[name][1].pid

    def set_environment(self, name: str, **variables: str) -> None:
        """For its next life."""
        command, process = self._running[name]
        changed = replace(command, environment={**command.environment, **variables})
        self._running[name] = (changed, process)

    async def _keep(self, name: str) -> None:
        while True:
            await self._running[name][1].wait()
            self.restarts[name] = self.restarts.get(name, 0) + 1
            await asyncio.sleep(_RESTART_PAUSE_S)
            command = self._running[name][0]
            self._running[name] = (command, await start(command))

    async def stop(self) -> None:
        """Stop all, the last started first; those that share a rank stop together."""
        for keeper in self._keepers:
            keeper.cancel()
        await asyncio.gather(*self._keepers, return_exceptions=True)
        await asyncio.gather(
            *(
                stop(process, command.stop_signal, patience_s=self.patience_s)
                for command, process in self._running.values()
            )
        )
