"""What a process has to commit goes together: one statement, one transaction, one commit for all that wait.

one ──┐            ┌── under way ──► its result, or what the database raised
one ──┼─ waiting ──┤
one ──┘            └── next: when that is committed
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

_In = TypeVar("_In")
_Out = TypeVar("_Out")

_MOST = 100


class Grouped(Generic[_In, _Out]):
    """`send`: commits a group; a result for each, in order. `collect_s`: how long the first may wait for company."""

    def __init__(self, send: Callable[[Sequence[_In]], Awaitable[Sequence[_Out]]], *, collect_s: float = 0.0) -> None:
        self._send = send
        self._collect_s = collect_s
        self._waiting: list[tuple[_In, asyncio.Future[_Out]]] = []
        self._sending: asyncio.Task[None] | None = None

    async def one(self, item: _In) -> _Out:
        """Its result once that is durable. Raises what `send` raises. A caller who goes away takes nothing back."""
        done: asyncio.Future[_Out] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, done))
        if self._sending is None or self._sending.done():
            self._sending = asyncio.create_task(self._send_on())
        return await done

    async def _send_on(self) -> None:
        while self._waiting:
            await asyncio.sleep(self._collect_s)
            group, self._waiting = self._waiting[:_MOST], self._waiting[_MOST:]
            try:
                results = await self._send([item for item, _ in group])
            except Exception as error:  # noqa: BLE001  each of those who wait reports it
                for _, done in group:
                    if not done.done():
                        done.set_exception(error)
            else:
                for (_, done), result in zip(group, results, strict=True):
                    if not done.done():
                        done.set_result(result)
