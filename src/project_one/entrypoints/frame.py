"""What stands around every request: its id, the count of strangers, the limit of its body, headers of the answer.

Plain ASGI: a middleware of the framework's own kind puts a task and a queue between the application and the wire.
"""

import asyncio
from collections.abc import Callable, Collection
from contextlib import suppress
from uuid import uuid4

from fastapi import Request, Response
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from project_one.entrypoints.doorkeeper import Doorkeeper
from project_one.kernel import problems
from project_one.kernel.idempotency import Keys

_BODY_LIMIT = 4 * 1024 * 1024  # Meta posts at most 3 MB
_MOST_SWEPT = 32 * 1024 * 1024
_SWEEP_S = 10
_AT_ONCE, _WAITING_AT_ONCE = 12, 100
"""Requests a process works on at a time, and those beside them that wait for a model. The others wait their turn.

A process that works on a hundred at once does it with cold caches, its own and Postgres', and comes round too late for its
timeouts: at 200 callers twelve at once are answered at p95 in 0.5 s, a hundred in 1.7 s.
"""
_WAITS_FOR_A_MODEL = "/v1/ai/"


class Frame:
    """`uncounted`: paths where strangers are not counted; `limit_of`: bytes a path may get, None for the usual."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        doorkeeper: Doorkeeper,
        keys: Keys,
        uncounted: Collection[str],
        limit_of: Callable[[str], int | None],
    ) -> None:
        self._app = app
        self._doorkeeper = doorkeeper
        self._keys = keys
        self._uncounted = uncounted
        self._limit_of = limit_of
        self._turns = asyncio.Semaphore(_AT_ONCE)
        self._long_turns = asyncio.Semaphore(_WAITING_AT_ONCE)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if scope["path"] in self._uncounted:
            await self._work(scope, receive, send)
            return
        turns = self._long_turns if scope["path"].startswith(_WAITS_FOR_A_MODEL) else self._turns
        turn = Turn(turns)

        async def until_read() -> Message:
            message = await receive()
            if message["type"] == "http.request" and not message.get("more_body", False):
                await turn.take()
            return message

        async def until_answered(message: Message) -> None:
            if message["type"] == "http.response.start":
                turn.give_up()  # a stream of events may last for minutes
            await send(message)

        if not _has_body(scope):
            await turn.take()
        try:
            await self._work(scope, until_read, until_answered)
        finally:
            turn.give_up()

    async def _work(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        request.state.request_id = uuid4().hex

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.update(self._doorkeeper.rate_headers(request))
                headers["X-Request-Id"] = request.state.request_id
                headers["X-Content-Type-Options"] = "nosniff"
                headers["Cache-Control"] = "no-store"
            await send(message)

        refusal = None
        if request.url.path not in self._uncounted:
            refusal = await self._doorkeeper.count_stranger(request)
        if refusal is None:
            limit = self._limit_of(request.url.path) or _BODY_LIMIT
            if int(request.headers.get("content-length") or 0) > limit:
                refusal = _too_large(request, limit)
                if "expect" not in request.headers:
                    await _sweep(receive)
            elif "transfer-encoding" in request.headers:
                body = await _read(receive, limit)
                if body is None:
                    refusal = _too_large(request, limit)
                    await _sweep(receive)
                receive = _replaying(body or b"", receive)
        if refusal is not None:
            await refusal(scope, receive, with_headers)
            return
        await self._keys.answered(request, self._app, receive, with_headers)


class Turn:
    """A request's own. Whoever sends a body has it only when that is there: a slow sender holds up nobody."""

    def __init__(self, turns: asyncio.Semaphore) -> None:
        self._turns = turns
        self._is_held = self._is_over = False

    async def take(self) -> None:
        """Again, or after it was given up: nothing."""
        if self._is_held or self._is_over:
            return
        await self._turns.acquire()
        self._is_held = True

    def give_up(self) -> None:
        self._is_over = True
        if self._is_held:
            self._is_held = False
            self._turns.release()


def _has_body(scope: Scope) -> bool:
    return any(name in {b"content-length", b"transfer-encoding"} and value != b"0" for name, value in scope["headers"])


async def _read(receive: Receive, limit: int) -> bytes | None:
    """A body that comes in pieces, without a length; None when it is longer than the limit."""
    body = bytearray()
    while True:
        message = await receive()
        body += message.get("body", b"")
        if len(body) > limit:
            return None
        if not message.get("more_body", False):
            return bytes(body)


async def _sweep(receive: Receive) -> None:
    """Take in and forget the rest of a body that is too long: its sender may read no answer before she has sent it all."""
    seen = 0
    with suppress(TimeoutError):
        async with asyncio.timeout(_SWEEP_S):
            while seen < _MOST_SWEPT:
                message = await receive()
                seen += len(message.get("body", b""))
                if not message.get("more_body", False):
                    return


def _replaying(body: bytes, receive: Receive) -> Receive:
    """What was read, once; then whatever comes."""
    messages: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def again() -> Message:
        return messages.pop() if messages else await receive()

    return again


def _too_large(request: Request, limit: int) -> Response:
    return problems.bare("request.too-large", f"Send at most {limit} bytes.", request)
