"""A POST that is sent again does its work once: `Idempotency-Key` gives the answer of the first time.

claimed() ── first time ──► the handler runs ──► answered() keeps status and body for a day
          └─ again ───────► Replayed: the kept answer; a twin still running: waits, then 409
"""

import asyncio
import hashlib
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from fastapi import FastAPI, Request, Response
from sqlalchemy import LargeBinary, delete, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, mapped_column
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Send

from project_one.kernel.clock import Clock
from project_one.kernel.db import Base, Transactions, text_enum
from project_one.kernel.errors import DomainError, Kind

HEADER = "Idempotency-Key"
MOST_CHARACTERS = 200
_KEPT_FOR = timedelta(hours=24)
_RUNS_AT_MOST = timedelta(seconds=60)
_TWIN_WAITS_S, _LOOK_EVERY_S = 2.0, 0.05


class IdempotencyKeyInvalidError(DomainError):
    code = "idempotency.key-invalid"
    kind = Kind.INVALID
    title = "Idempotency key not valid"


class OtherBodyError(DomainError):
    code = "idempotency.other-body"
    kind = Kind.INVALID
    title = "Same key, other request"


class StillRunningError(DomainError):
    code = "idempotency.still-running"
    kind = Kind.CONFLICT
    title = "The first request is still running"
    retry_after_s = 2


class KeyState(StrEnum):
    RUNNING = "running"
    DONE = "done"


class IdempotencyKeyRow(Base):
    """`key_sha256`: of caller, method, path and key. A running row that expired belonged to a process that died."""

    __tablename__ = "idempotency_keys"

    key_sha256: Mapped[str] = mapped_column(primary_key=True)
    request_sha256: Mapped[str]
    state: Mapped[KeyState] = mapped_column(text_enum(KeyState, "state"))
    status: Mapped[int | None]
    media_type: Mapped[str | None]
    body: Mapped[bytes | None] = mapped_column(LargeBinary)
    expires_at: Mapped[datetime] = mapped_column(index=True)


class Replayed(Exception):
    """Not a refusal: the answer of the first time."""

    def __init__(self, response: Response) -> None:
        super().__init__("replayed")
        self.response = response


@dataclass(frozen=True)
class Keys:
    """The store. Every statement commits at once, so that twins on other processes see it."""

    transactions: Transactions
    clock: Clock

    async def claimed(self, request: Request, *, caller: str) -> None:
        """Let the first request with its key go on. Raises Replayed for a later one, OtherBodyError, StillRunningError."""
        key = request.headers.get(HEADER)
        if key is None or request.method != "POST":
            return
        if not 1 <= len(key) <= MOST_CHARACTERS:
            message = f"{HEADER} has 1 to {MOST_CHARACTERS} characters; a fresh UUID is a good one."
            raise IdempotencyKeyInvalidError(message)
        key_sha256 = _digest(caller, request.method, request.url.path, key)
        request_sha256 = _digest(request.url.query, (await request.body()).hex())
        end = time.monotonic() + _TWIN_WAITS_S
        while not await self._claim(key_sha256, request_sha256):
            await self._replay(key_sha256, request_sha256)
            if time.monotonic() > end:
                message = "A request with this key is being worked on; send it again in two seconds for its answer."
                raise StillRunningError(message)
            await asyncio.sleep(_LOOK_EVERY_S)
        request.state.idempotency = key_sha256

    async def _claim(self, key_sha256: str, request_sha256: str) -> bool:
        now = self.clock()
        fresh = {
            "request_sha256": request_sha256,
            "state": KeyState.RUNNING,
            "status": None,
            "media_type": None,
            "body": None,
            "expires_at": now + _RUNS_AT_MOST,
        }
        statement = insert(IdempotencyKeyRow).values(key_sha256=key_sha256, **fresh)
        taken = statement.on_conflict_do_update(
            index_elements=["key_sha256"], set_=fresh, where=IdempotencyKeyRow.expires_at <= now
        ).returning(IdempotencyKeyRow.key_sha256)
        async with self.transactions() as session:
            return await session.scalar(taken) is not None

    async def _replay(self, key_sha256: str, request_sha256: str) -> None:
        async with self.transactions() as session:
            row = await session.scalar(select(IdempotencyKeyRow).where(IdempotencyKeyRow.key_sha256 == key_sha256))
        if row is None:
            return
        if row.request_sha256 != request_sha256:
            message = f"This {HEADER} came with another request before; take a fresh key for a new one."
            raise OtherBodyError(message)
        if row.state is KeyState.DONE:
            headers = {"Idempotency-Replayed": "true"}
            raise Replayed(Response(row.body, row.status or 200, headers, row.media_type))

    async def answered(self, request: Request, app: ASGIApp, receive: Receive, send: Send) -> None:
        """Run the rest of the application and keep its answer; of an unexpected failure nothing is kept."""
        held: list[Message] = []

        async def keeping(message: Message) -> None:
            if getattr(request.state, "idempotency", None) is None:
                await send(message)
                return
            held.append(message)
            if message["type"] == "http.response.start" or message.get("more_body", False):
                return
            await self._keep(request, held)
            for item in held:
                await send(item)

        try:
            await app(request.scope, receive, keeping)
        except BaseException:
            await self._forget(request)
            raise

    async def _keep(self, request: Request, messages: Sequence[Message]) -> None:
        """`messages`: the answer, whole."""
        status = messages[0]["status"]
        if status >= 500:
            await self._forget(request)
            return
        done = {
            "state": KeyState.DONE,
            "status": status,
            "media_type": Headers(raw=messages[0]["headers"]).get("content-type"),
            "body": b"".join(item.get("body", b"") for item in messages[1:]),
            "expires_at": self.clock() + _KEPT_FOR,
        }
        async with self.transactions() as session:
            await session.execute(
                update(IdempotencyKeyRow).where(IdempotencyKeyRow.key_sha256 == request.state.idempotency).values(done)
            )
            await session.execute(delete(IdempotencyKeyRow).where(IdempotencyKeyRow.expires_at < self.clock()))

    async def _forget(self, request: Request) -> None:
        key_sha256 = getattr(request.state, "idempotency", None)
        if key_sha256 is not None:
            async with self.transactions() as session:
                await session.execute(delete(IdempotencyKeyRow).where(IdempotencyKeyRow.key_sha256 == key_sha256))


def _digest(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()


def install(app: FastAPI) -> None:
    """Turn a replay into its answer."""

    @app.exception_handler(Replayed)
    async def replayed(_request: Request, found: Replayed) -> Response:  # pyright: ignore[reportUnusedFunction]
        return found.response
