"""Revoked sessions: the truth in Postgres, a copy in Redis that every request can afford to ask.

revoke ── row, commit ──► Postgres          is_revoked ──► Redis: marker there? ── yes ──► the session's key
      └── key ──► Redis                                        │ no, or Redis is down
                                                               └──► Postgres (and fill Redis again)

The marker says that the copy is whole. A Redis that was wiped has none; one that was away while somebody revoked is
not believed by this process until it is filled again, and by no process for longer than the marker lives.
"""

import secrets
import time
from collections.abc import Awaitable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import structlog
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from sqlalchemy import select

from project_one.auth.models import RevokedSessionRow
from project_one.auth.people import VENDOR
from project_one.kernel.db import Readings

log = structlog.get_logger()

_KEY, _MARKER = "auth:revoked:", "auth:revoked-copy"
_WHOLE = "whole"
_MARKER_LIVES_S = 60
_KEY_LIVES_S = 86_400  # longer than the marker, whose every renewal renews the keys
_OUTLIVED = timedelta(days=1)  # no token of a session that the provider itself has ended lives so long
_REST_S = 1.0  # after a failure Redis is not asked for so long
_TROUBLE = (RedisError, OSError, TimeoutError)
# Whole only if nothing wiped it since we began to fill it: then our own word still stands there.
_FINISH = "if redis.call('get', KEYS[1]) == ARGV[1] then redis.call('set', KEYS[1], ARGV[2], 'EX', ARGV[3]) end"


class Revocations:
    """What this process knows of revoked sessions."""

    @classmethod
    def connected(cls, redis_url: str, readings: Readings) -> "Revocations":
        """With a client of its own, which gives up early: Postgres answers then."""
        client: Redis = Redis.from_url(
            redis_url,
            decode_responses=True,
            socket_connect_timeout=0.5,
            socket_timeout=2,
            retry=Retry(NoBackoff(), 0),
        )
        return cls(client, readings)

    def __init__(self, redis: Redis, readings: Readings) -> None:
        self._redis = redis
        self._readings = readings
        self._is_trusted = True
        self._rests_until = 0.0

    @staticmethod
    def keys_of(session_id: str) -> tuple[str, str]:
        """What `is_revoked` reads of Redis."""
        return _MARKER, _KEY + session_id

    async def is_revoked(self, session_id: str, *, read: Sequence[str | None] | None = None) -> bool:
        """`read`: what stood under `keys_of` just now, where somebody has read it along.

        Raises what the database raises when both stores are needed and it is away.
        """
        if time.monotonic() >= self._rests_until:
            try:
                marker, found = read or await self._redis.mget(*self.keys_of(session_id))
                if self._is_trusted and marker == _WHOLE:
                    return found is not None
                await self._fill()
            except _TROUBLE as error:
                self._distrust(error)
        async with self._readings() as session:
            return await session.get(RevokedSessionRow, session_id) is not None

    async def publish(self, session_id: str) -> None:
        """Tell every process of a revocation that is committed."""
        try:
            await self._redis.set(_KEY + session_id, "1", ex=_KEY_LIVES_S)
        except _TROUBLE as error:
            self._distrust(error)

    async def close(self) -> None:
        await self._redis.aclose()

    async def _fill(self) -> None:
        word = secrets.token_hex(8)
        await self._redis.set(_MARKER, word, ex=_MARKER_LIVES_S)
        async with self._readings() as session:
            long_over = (RevokedSessionRow.actor == VENDOR) & (
                RevokedSessionRow.revoked_at < datetime.now(UTC) - _OUTLIVED
            )
            revoked = (await session.scalars(select(RevokedSessionRow.session_id).where(~long_over))).all()
        async with self._redis.pipeline(transaction=False) as pipeline:
            for session_id in revoked:
                pipeline.set(_KEY + session_id, "1", ex=_KEY_LIVES_S)
            await pipeline.execute()
        done: Any = self._redis.eval(_FINISH, 1, _MARKER, word, _WHOLE, str(_MARKER_LIVES_S))
        await cast("Awaitable[object]", done)
        self._is_trusted = True

    def _distrust(self, error: Exception) -> None:
        self._is_trusted = False
        self._rests_until = time.monotonic() + _REST_S
        log.warning("auth.revocations.redis-away", error=type(error).__name__)
