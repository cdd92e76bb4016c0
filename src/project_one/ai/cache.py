"""Answers that are known, and who is asking right now, in Redis for all processes. A wipe only costs money.

look ── answer there ──► kept                                     waiter ── XREAD on the holder's token ──► what became of it
  └── SET lock NX token ──► mine: ask, renew, then finish in one script: answer, word to the waiters, lock away
                            (only under the token that still holds the lock: who was away too long says nothing)
"""

import asyncio
import time
import unicodedata
from collections.abc import Awaitable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar, cast
from uuid import UUID

import orjson
import structlog
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from project_one.ai.domain import Prompt, Question
from project_one.kernel.canonical import canonical_json, sha256_hex

log = structlog.get_logger()

_T = TypeVar("_T")
_FORMAT = 1
_KEPT_S = 14 * 86_400
_LOCK_MS, RENEW_S = 450, 0.15
_WAIT_MS = 150
_WORD_KEPT_MS = 5_000
_PATIENCE_S = 0.25
_REST_S = 1.0  # after a failure Redis is not asked for so long
_TROUBLE = (RedisError, OSError, TimeoutError)

_LOOK = """
local answer = redis.call('get', KEYS[1])
if answer then return {'kept', answer} end
if redis.call('set', KEYS[2], ARGV[1], 'NX', 'PX', ARGV[2]) then return {'mine', ''} end
return {'held', redis.call('get', KEYS[2])}
"""
_RENEW = """
for index, lock in ipairs(KEYS) do
  if redis.call('get', lock) == ARGV[index + 1] then redis.call('pexpire', lock, ARGV[1]) end
end
"""
_FINISH = """
if redis.call('get', KEYS[1]) ~= ARGV[1] then return 0 end
if ARGV[2] ~= '' then redis.call('set', KEYS[2], ARGV[2], 'EX', ARGV[3]) end
redis.call('del', KEYS[1])
redis.call('xadd', KEYS[3], '*', 'word', ARGV[4])
redis.call('pexpire', KEYS[3], ARGV[5])
return 1
"""


@dataclass(frozen=True)
class Kept:
    """A known answer. `call_id`: of the call that was paid for."""

    call_id: UUID
    model: str
    data: Mapping[str, Any]


@dataclass(frozen=True)
class Held:
    """Another asks the same at this moment."""

    token: str


@dataclass(frozen=True)
class Mine:
    """The turn is ours. `is_shared`: other processes know of it."""

    token: str
    is_shared: bool


def cache_key(question: Question, prompt: Prompt, model: str, fields: Mapping[str, str]) -> str:
    """The same for questions whose answer is the same: spaces and Unicode forms do not matter, case does."""
    return sha256_hex(
        canonical_json(
            {
                "purpose": question.purpose,
                "prompt": [prompt.name, prompt.version, prompt.sha256],
                "model": model,
                "policy": question.policy_version,
                "fields": {
                    name: " ".join(unicodedata.normalize("NFC", value).split()) for name, value in fields.items()
                },
            }
        )
    )


class AnswerCache:
    """Raises nothing: without Redis nothing is known and every turn is ours."""

    @classmethod
    def connected(cls, redis_url: str) -> "AnswerCache":
        client: Redis = Redis.from_url(
            redis_url,
            decode_responses=True,
            max_connections=500,
            socket_connect_timeout=_PATIENCE_S,
            socket_timeout=_PATIENCE_S + _WAIT_MS / 1000,
            retry=Retry(NoBackoff(), 0),
        )
        return cls(client)

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._look = redis.register_script(_LOOK)
        self._finish = redis.register_script(_FINISH)
        self._renew = redis.register_script(_RENEW)
        self._rests_until = 0.0

    async def look(self, key: str, token: str) -> Kept | Held | Mine:
        """The answer, or the turn to ask for it under `token`, or who has it."""
        asked = self._look(keys=[_answer(key), _lock(key)], args=[token, _LOCK_MS])
        found = await self._tried(cast("Awaitable[list[str]]", asked))
        match found:
            case ["kept", text]:
                known = _read(text)
                if known is None:
                    await self.forget(key)
                return known or await self.look(key, token)
            case ["held", holder] if holder:
                return Held(holder)
            case ["mine", _]:
                return Mine(token, is_shared=True)
            case _:
                return Mine(token, is_shared=False)

    async def forget(self, key: str) -> None:
        """Drop an answer that is of no use."""
        await self._tried(cast("Awaitable[object]", self._redis.delete(_answer(key))))

    async def renew(self, held: Mapping[str, str]) -> None:
        """Keep locks, tokens by key."""
        asked = self._renew(keys=[_lock(key) for key in held], args=[_LOCK_MS, *held.values()])
        await self._tried(cast("Awaitable[object]", asked))

    async def finish(self, key: str, token: str, *, answer: Kept | None, word: str) -> None:
        """End a turn: keep its answer and give the waiters its word. Does nothing when the turn was lost."""
        keys = [_lock(key), _answer(key), _word(token)]
        args = [token, _write(answer) if answer else "", _KEPT_S, word, _WORD_KEPT_MS]
        await self._tried(cast("Awaitable[object]", self._finish(keys=keys, args=args)))

    async def word(self, token: str) -> str | None:
        """What became of another's turn; None when nothing came within a moment: look again."""
        waited = self._redis.xread({_word(token): "0"}, count=1, block=_WAIT_MS)
        found = await self._tried(waited, patience_s=_PATIENCE_S + _WAIT_MS / 1000)
        if not found:
            return None
        streams = cast("list[tuple[str, list[tuple[str, dict[str, str]]]]]", found)
        return streams[0][1][0][1]["word"]

    async def close(self) -> None:
        await self._redis.aclose()

    async def _tried(self, asked: Awaitable[_T], *, patience_s: float = _PATIENCE_S) -> _T | None:
        """None when Redis is away, known or found to be."""
        if time.monotonic() < self._rests_until:
            _drop(asked)
            return None
        try:
            async with asyncio.timeout(patience_s):
                return await asked
        except _TROUBLE as error:
            if time.monotonic() >= self._rests_until:
                log.warning("ai.cache.redis-away", error=type(error).__name__)
            self._rests_until = time.monotonic() + _REST_S
            return None


def _drop(asked: Awaitable[object]) -> None:
    if asyncio.iscoroutine(asked):
        asked.close()


def _answer(key: str) -> str:
    return f"ai:answer:{key}"


def _lock(key: str) -> str:
    return f"ai:asking:{key}"


def _word(token: str) -> str:
    return f"ai:word:{token}"


def _write(answer: Kept) -> str:
    value = {"v": _FORMAT, "call": str(answer.call_id), "model": answer.model, "data": answer.data}
    return orjson.dumps(value).decode()


def _read(text: str) -> Kept | None:
    try:
        value = orjson.loads(text)
        if value["v"] != _FORMAT:
            return None
        return Kept(UUID(value["call"]), str(value["model"]), dict(value["data"]))
    except (ValueError, KeyError, TypeError):
        return None
