"""Identical questions in flight share one call: within this process by a future, between processes by a lock in Redis."""

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import Any

import orjson

from project_one.ai.cache import RENEW_S, AnswerCache, Held, Kept, Mine
from project_one.ai.domain import Answer, Reason, Refused, Result

_SHARED = frozenset({Reason.VENDOR, Reason.RESTING, Reason.REFUSED, Reason.UNREADABLE, Reason.TOO_SLOW})
"""Refusals that another asker would get as well; an empty purse or quota is its owner's own."""
_KEPT, _AGAIN = "kept", "again"

Ask = Callable[[], Awaitable[Result]]
IsSound = Callable[[Mapping[str, Any]], bool]


class Flights:
    """Who asks what in this process. A turn whose asker is cancelled, or dies, passes to one of the waiters."""

    def __init__(self, cache: AnswerCache) -> None:
        self._cache = cache
        self._here: dict[str, asyncio.Future[Result | None]] = {}
        self._held: dict[str, str] = {}
        self._renewing: asyncio.Task[None] | None = None
        self._endings: dict[str, asyncio.Task[None]] = {}

    async def shared(self, key: str, ask: Ask, is_sound: IsSound) -> Result:
        """The known answer, that of the same question under way, or what `ask` brings. Waits as long as the caller lets it."""
        while (under_way := self._here.get(key)) is not None:
            result = await asyncio.shield(under_way)
            if isinstance(result, Answer):
                return _again(result)
            if isinstance(result, Refused) and result.reason in _SHARED:
                return result
        outcome: asyncio.Future[Result | None] = asyncio.get_running_loop().create_future()
        self._here[key] = outcome
        try:
            result = await self._across(key, ask, is_sound)
            outcome.set_result(result)
            return result
        finally:
            del self._here[key]
            if not outcome.done():
                outcome.set_result(None)

    async def close(self) -> None:
        """Let the endings be told."""
        await asyncio.gather(*self._endings.values())
        if self._renewing is not None:
            self._renewing.cancel()
            with suppress(asyncio.CancelledError):
                await self._renewing

    async def _across(self, key: str, ask: Ask, is_sound: IsSound) -> Result:
        if (ending := self._endings.get(key)) is not None:
            await asyncio.wait({ending})  # what ended before we asked is not in flight
        token = secrets.token_hex(16)
        while True:
            found = await self._cache.look(key, token)
            match found:
                case Kept() if is_sound(found.data):
                    return Answer(found.call_id, found.data, found.model, is_cached=True)
                case Kept():
                    await self._cache.forget(key)
                case Held():
                    word = await self._cache.word(found.token)
                    if word not in {None, _KEPT, _AGAIN} and (refused := _refusal(word)) is not None:
                        return refused
                case Mine(is_shared=False):
                    return await ask()
                case Mine():
                    return await self._asked(key, token, ask)

    async def _asked(self, key: str, token: str, ask: Ask) -> Result:
        self._held[key] = token
        if self._renewing is None or self._renewing.done():
            self._renewing = asyncio.create_task(self._renew())
        answer, word = None, _AGAIN
        try:
            result = await ask()
            match result:
                case Answer():
                    answer, word = Kept(result.call_id, result.model, result.data), _KEPT
                case Refused(reason=reason) if reason in _SHARED:
                    word = orjson.dumps([reason, result.detail, result.retry_after_s]).decode()
                case Refused():
                    pass
            return result
        finally:
            del self._held[key]
            ending = asyncio.create_task(self._cache.finish(key, token, answer=answer, word=word))
            self._endings[key] = ending
            ending.add_done_callback(lambda _: self._endings.pop(key))

    async def _renew(self) -> None:
        while self._held:
            await asyncio.sleep(RENEW_S)
            await self._cache.renew(dict(self._held))


def _again(answer: Answer) -> Answer:
    return Answer(answer.call_id, answer.data, answer.model, is_cached=True)


def _refusal(word: str | None) -> Refused | None:
    try:
        reason, detail, retry_after_s = orjson.loads(word or "")
        return Refused(Reason(reason), detail, retry_after_s)
    except (ValueError, TypeError):
        return None
