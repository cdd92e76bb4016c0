"""Where an installation keeps its data, and as whom its servers run.

Postgres refuses to run as root. Started as root, the servers therefore run as an unprivileged account, which must be
able to walk to the data and to the binaries: the first candidate folder whose parents all let it through is taken.
"""

import hashlib
import os
import pwd
import shutil
import stat
from dataclasses import dataclass
from pathlib import Path

_ACCOUNTS = ("postgres", "nobody", "daemon")
_LEAST_FREE_BYTES = 300 * 1024 * 1024


class UpError(Exception):
    """One sentence for the person at the terminal: what is wrong and what to do."""


@dataclass(frozen=True)
class Account:
    """Whom the servers run as. None ids: as ourselves."""

    uid: int | None
    gid: int | None
    name: str


@dataclass(frozen=True)
class Place:
    """The data folder (it exists) and the account that runs the servers in it."""

    root: Path
    account: Account

    @property
    def secrets(self) -> Path:
        return self.root / "secrets.json"

    @property
    def environment(self) -> Path:
        return self.root / "environment.json"

    @property
    def logs(self) -> Path:
        return self.root / "logs"

    def give(self, path: Path) -> None:
        """Hand `path` to the servers' account."""
        if self.account.uid is not None and self.account.gid is not None:
            os.chown(path, self.account.uid, self.account.gid)


def server_account() -> Account:
    if os.geteuid() != 0:
        return Account(uid=None, gid=None, name=pwd.getpwuid(os.geteuid()).pw_name)
    for name in _ACCOUNTS:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(uid=entry.pw_uid, gid=entry.pw_gid, name=name)
    message = "Running as root, and no account postgres, nobody or daemon exists for the servers; set DATABASE_URL and REDIS_URL."
    raise UpError(message)


def closed_parent(path: Path, account: Account) -> Path | None:
    """The first parent of `path` that `account` may not walk through."""
    if account.uid is None:
        return None
    for parent in reversed(path.resolve().parents):
        if not parent.exists():
            return None
        info = parent.stat()
        if info.st_uid == account.uid:
            allowed = info.st_mode & stat.S_IXUSR
        elif info.st_gid == account.gid:
            allowed = info.st_mode & stat.S_IXGRP
        else:
            allowed = info.st_mode & stat.S_IXOTH
        if not allowed:
            return parent
    return None


def candidates() -> list[Path]:
    """Folders to try, best first. PROJECT_ONE_DATA, when set, is the only one."""
    named = os.environ.get("PROJECT_ONE_DATA")
    if named:
        return [Path(named).absolute()]
    here = Path.cwd()
    tag = hashlib.sha256(str(here).encode()).hexdigest()[:8]
    return [
        here / ".data",
        Path("/var/lib/project-one") / tag,
        Path("/var/tmp/project-one") / tag,
    ]  # noqa: S108  last resort, mode 0711


def find_place() -> Path:
    """The data folder of this installation, without making anything. Raises UpError."""
    account = server_account()
    blocked: Path | None = None
    for path in candidates():
        blocked = closed_parent(path, account)
        if blocked is None:
            return path
    message = (
        f"The account {account.name}, which runs the servers, may not enter {blocked}; "
        "open that folder, name another with PROJECT_ONE_DATA, or set DATABASE_URL and REDIS_URL."
    )
    raise UpError(message)


def open_place(*, fresh: bool) -> Place:
    """Make the data folder ready. Raises UpError when the disk is full, the folder unusable or another `up` holds it."""
    root = find_place()
    try:
        root.mkdir(parents=True, exist_ok=True)
        root.chmod(0o711)
        (root / "logs").mkdir(exist_ok=True, mode=0o700)
        probe = root / ".probe"
        probe.write_bytes(b"\0" * 65536)
        probe.unlink()
    except OSError as error:
        message = f"Cannot write to the data folder {root}: {error.strerror}; free space or name another with PROJECT_ONE_DATA."
        raise UpError(message) from error
    free = shutil.disk_usage(root).free
    if free < _LEAST_FREE_BYTES:
        message = f"Only {free // 1024**2} MB are free under {root}, {_LEAST_FREE_BYTES // 1024**2} MB are needed; free some or name another folder with PROJECT_ONE_DATA."
        raise UpError(message)
    if fresh:
        for name in (
            "postgres",
            "postgres.making",
            "valkey",
            "secrets.json",
            "certificates",
            "documents",
        ):
            _remove(root / name)
    return Place(root=root, account=server_account())


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
