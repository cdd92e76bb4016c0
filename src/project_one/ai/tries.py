"""One call to a model and, where that pays, a second try beside it. Every try has a reservation of its own, settled whatever happens.

reserved ──► left ──► answered: by usage          never left: nothing
                 └──► lost, cut off, unknown: at the worst case
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

import structlog

from project_one.ai.domain import Usage
from project_one.ai.ports import (
    Bill,
    ModelClient,
    ModelReply,
    ModelRequest,
    Purse,
    Scope,
    Spending,
    Trouble,
    VendorError,
)
from project_one.kernel.clock import Clock
from project_one.kernel.ids import new_id

log = structlog.get_logger()

_T = TypeVar("_T")
NOTHING = Usage(0, 0)
NOT_SENT = "not-sent"
_LEAST_SHARE = 0.05
_LONGEST_END_S = 5.0
_WORTH_A_SECOND = frozenset({Trouble.SERVER, Trouble.CONNECTION})


class Background:
    """Work that outlives the call it belongs to: settling, giving back. Nothing in it may raise."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[Any]] = set()

    def spawn(self, work: Coroutine[Any, Any, _T]) -> "asyncio.Task[_T]":
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def close(self) -> None:
        """Wait for the rest, but not for a ledger that hangs: what it did not hear of it books at the worst case."""
        ends_at = time.monotonic() + _LONGEST_END_S
        while self._tasks and time.monotonic() < ends_at:
            await asyncio.wait(self._tasks, timeout=ends_at - time.monotonic())
        for task in self._tasks:
            task.cancel()


@dataclass
class Try:
    """One request to the vendor, from its reservation to its bill."""

    spending: Spending
    began: float = field(default_factory=time.monotonic)
    has_left: bool = False
    bill: Bill | None = None

    def ended(self, outcome: str, usage: Usage | None) -> None:
        self.bill = Bill(outcome, usage, (time.monotonic() - self.began) * 1000)


@dataclass(frozen=True)
class Till:
    """The purse, on whose word everything waits and whose failures are known here."""

    purse: Purse
    clock: Clock
    background: Background
    trouble: tuple[type[BaseException], ...]

    async def uninterrupted(self, work: Coroutine[Any, Any, _T], undo: Callable[[_T], Awaitable[object]]) -> _T:
        """Await work that commits; when the caller is gone by then, what was done is undone."""
        task = self.background.spawn(work)
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            self.background.spawn(self._undone(task, undo))
            raise

    async def reserve(self, one: Try) -> Scope | None:
        async def release(empty: Scope | None) -> None:
            if empty is None:
                await self.settle(one)

        return await self.uninterrupted(self.purse.reserve(one.spending, now=self.clock()), release)

    async def settle(self, one: Try) -> int:
        """Micro-rupees; the worst case where the purse does not answer: it books that by itself later."""
        bill = one.bill or Bill("unknown", None, (time.monotonic() - one.began) * 1000)
        if not one.has_left:
            bill = Bill(NOT_SENT, NOTHING, bill.took_ms)
        try:
            return await self.purse.settle(one.spending.call_id, bill, now=self.clock())
        except (LookupError, *self.trouble) as error:
            log.error("ai.settle.failed", call_id=str(one.spending.call_id), error=type(error).__name__)
            return one.spending.worst_micro_rupees

    async def _undone(self, task: "asyncio.Task[_T]", undo: Callable[[_T], Awaitable[object]]) -> None:
        try:
            await undo(await task)
        except self.trouble as error:
            log.error("ai.undo.failed", error=type(error).__name__)


class Race:
    """A first try that is reserved already, and perhaps a second. Settles every try when it ends, however it ends.

    The answer does not wait for that: what a crash leaves unsettled stays at the worst case.
    """

    def __init__(
        self, client: ModelClient, till: Till, first: Try, request: ModelRequest, may_hedge: Callable[[], bool]
    ) -> None:
        self._client = client
        self._till = till
        self._request = request
        self._may_hedge = may_hedge
        self._tries = [first]
        self._tasks: list[asyncio.Task[ModelReply | None]] = []

    @property
    def has_left(self) -> bool:
        return any(one.has_left for one in self._tries)

    @property
    def winner(self) -> Try:
        return next((one for one in self._tries if one.bill and one.bill.outcome == "answered"), self._tries[0])

    async def run(self, hedge_after_s: float | None) -> ModelReply:
        """The first answer. Raises VendorError when no try brings one."""
        try:
            self._tasks.append(asyncio.create_task(self._sent(self._tries[0])))
            return await self._first_answer(hedge_after_s)
        finally:
            for task in self._tasks:
                task.cancel()
                task.add_done_callback(_forget)
            for one in self._tries:
                if one.bill is None:
                    one.ended("cut-off", None)
            self._till.background.spawn(self._settled())

    async def _first_answer(self, hedge_after_s: float | None) -> ModelReply:
        done, _ = await asyncio.wait(self._tasks, timeout=hedge_after_s)
        if hedge_after_s is not None and _is_worth_a_second(done) and self._may_hedge():
            self._tasks.append(asyncio.create_task(self._second()))
        pending = set(self._tasks)
        error: BaseException | None = None
        while pending:
            done, pending = await asyncio.wait(pending, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                error = task.exception() or error
                if task.exception() is None and (reply := task.result()) is not None:
                    return reply
        raise error or VendorError(Trouble.CONNECTION, "No try was answered.")

    async def _second(self) -> ModelReply | None:
        """The hedge: None when there is no money to spare for it."""
        spending = replace(self._tries[0].spending, call_id=new_id(), is_hedge=True)
        one = Try(spending)
        try:
            if await self._till.purse.share_left(now=self._till.clock()) < _LEAST_SHARE:
                return None
            if await self._till.reserve(one) is not None:
                return None
        except self._till.trouble:
            return None
        self._tries.append(one)
        return await self._sent(one)

    async def _sent(self, one: Try) -> ModelReply:
        one.has_left = True
        try:
            reply = await self._client.respond(self._request)
        except VendorError as error:
            one.ended(error.trouble, error.usage)
            raise
        one.ended("answered", reply.usage)
        return reply

    async def _settled(self) -> list[int]:
        return list(await asyncio.gather(*map(self._till.settle, self._tries)))


def _is_worth_a_second(done: "set[asyncio.Task[ModelReply | None]]") -> bool:
    """Nothing came yet, or a failure that another try may not meet; never after a refusal of the request."""
    errors = [task.exception() for task in done]
    return all(isinstance(error, VendorError) and error.trouble in _WORTH_A_SECOND for error in errors)


def _forget(task: "asyncio.Task[Any]") -> None:
    if not task.cancelled():
        task.exception()
