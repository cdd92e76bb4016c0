"""Receiving webhooks fast: verify, seal, and commit many POSTs together before any of them is answered."""

import asyncio
from datetime import date
from hashlib import sha256

from project_one.kernel import inbox, outbox
from project_one.kernel.clock import Clock, business_date
from project_one.kernel.db import Transactions
from project_one.kernel.inbox import Arrival
from project_one.vault import service as vault
from project_one.vault.domain import Keyring, SubjectKey
from project_one.vendors.whatsapp.jobs import WorkInbox
from project_one.vendors.whatsapp.tasks import SOURCE

_COLLECT_S = 0.004
_MOST = 200


class GroupCommit:
    """Collects POSTs for a few milliseconds and commits them in one transaction; each waits for that commit."""

    def __init__(self, transactions: Transactions, keyring: Keyring, clock: Clock) -> None:
        self._transactions = transactions
        self._keyring = keyring
        self._clock = clock
        self._key: tuple[date, SubjectKey] | None = None
        self._waiting: list[tuple[bytes, asyncio.Future[None]]] = []
        self._wake = asyncio.Event()

    async def keep(self, raw: bytes) -> None:
        """Returns when the bytes are durable. Raises what the database raised."""
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((raw, done))
        self._wake.set()
        await done

    async def run(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            await asyncio.sleep(_COLLECT_S)
            while self._waiting:
                group, self._waiting = self._waiting[:_MOST], self._waiting[_MOST:]
                try:
                    await self._commit([raw for raw, _ in group])
                except Exception as error:  # noqa: BLE001  each waiting request reports it
                    for _, done in group:
                        if not done.done():
                            done.set_exception(error)
                else:
                    for _, done in group:
                        if not done.done():
                            done.set_result(None)

    async def _commit(self, bodies: list[bytes]) -> None:
        now = self._clock()
        day = business_date(now)
        subject = inbox.key_subject(day)
        async with self._transactions() as session:
            if self._key is not None and self._key[0] == day:
                key = self._key[1]
            else:
                key = (await vault.create_keys(session, self._keyring, [subject], now=now))[subject]
            inbox.keep(session, [_sealed(key, raw) for raw in bodies], now=now)
            outbox.enqueue(session, WorkInbox(), now=now)
        self._key = (
            day,
            key,
        )  # only now: a rolled-back key must not seal the next group


def _sealed(key: SubjectKey, raw: bytes) -> Arrival:
    return Arrival(SOURCE, key.subject, key.seal("body", raw), sha256(raw).hexdigest())
