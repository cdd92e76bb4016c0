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
_AT_ONCE = 100
"""Requests a process works on at a time; the others wait their turn before anything of them begins.

A loop that has taken in a thousand at once comes round too late for each of its timeouts, and every timeout makes more work.
"""


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

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if scope["path"] in self._uncounted:
            await self._work(scope, receive, send)
            return
        await self._turns.acquire()
        is_over = False

        def give_up_turn() -> None:
            nonlocal is_over
            if not is_over:
                is_over = True
                self._turns.release()

        async def until_answered(message: Message) -> None:
            if message["type"] == "http.response.start":
                give_up_turn()  # a stream of events may last for minutes
            await send(message)

        try:
            await self._work(scope, receive, until_answered)
        finally:
            give_up_turn()

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
