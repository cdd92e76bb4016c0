"""Sealed documents in a folder of this machine."""

import asyncio
import os
from datetime import UTC, datetime
from pathlib import Path

from project_one.kernel.ids import new_id
from project_one.vendors.storage.keys import checked, is_key


class LocalStorage:
    """A file per key, readable by this account alone; a crash leaves the whole file or none."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def put(self, key: str, data: bytes) -> None:
        await asyncio.to_thread(self._put, self._path(key), data)

    async def get(self, key: str) -> bytes | None:
        return await asyncio.to_thread(self._get, self._path(key))

    async def delete(self, key: str) -> None:
        await asyncio.to_thread(self._path(key).unlink, missing_ok=True)

    async def kept_under(self, folder: str, *, before: datetime) -> list[str]:
        return await asyncio.to_thread(self._older, self._path(folder), before)

    def _path(self, key: str) -> Path:
        return self._folder / checked(key)

    def _put(self, path: Path, data: bytes) -> None:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        fresh = path.with_name(f".{new_id().hex}")
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)

    def _get(self, path: Path) -> bytes | None:
        try:
            return path.read_bytes()
        except (FileNotFoundError, IsADirectoryError, NotADirectoryError):
            return None

    def _older(self, folder: Path, before: datetime) -> list[str]:
        files = [path for path in folder.rglob("*") if path.is_file()]
        old = [path for path in files if datetime.fromtimestamp(path.stat().st_mtime, UTC) < before]
        return sorted(key for path in old if is_key(key := path.relative_to(self._folder).as_posix()))
