"""Working through what WhatsApp posted: batches of sealed bodies from the inbox, until none is waiting."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import structlog

from project_one.advisor.connection import opt_in_again
from project_one.channel import service as channel
from project_one.channel.jobs import SyncChannel
from project_one.delivery.domain import RetryPolicy
from project_one.delivery.service.receipts import Post, record_receipts
from project_one.delivery.service.stop import stop_advisors
from project_one.kernel import inbox, outbox
from project_one.kernel.clock import Clock
from project_one.kernel.db import Transactions, WriteSession
from project_one.kernel.inbox import InboxRow
from project_one.privacy.domain import is_start, is_stop
from project_one.vault import service as vault
from project_one.vault.domain import Keyring, SealBrokenError
from project_one.vendors.whatsapp.webhook import Payload, PayloadUnreadableError, parse

log = structlog.get_logger()

SOURCE = "whatsapp"
_BATCH = 16  # short transactions: the driver's writer waits for the same rows


@dataclass(frozen=True)
class InboxTools:
    transactions: Transactions
    keyring: Keyring
    policy: RetryPolicy
    clock: Clock


async def work_inbox(tools: InboxTools) -> int:
    """Settle every waiting POST; how many."""
    total = 0
    while True:
        async with tools.transactions() as session:
            rows = await inbox.claim(session, source=SOURCE, limit=_BATCH)
            await _work_batch(session, tools, rows, now=tools.clock())
        total += len(rows)
        if not rows:
            return total


async def _work_batch(session: WriteSession, tools: InboxTools, rows: Sequence[InboxRow], *, now: datetime) -> None:
    keys = await vault.keys_of(session, tools.keyring, {row.key_subject for row in rows})
    read: list[tuple[InboxRow, Payload]] = []
    for row in rows:
        try:
            body = keys[row.key_subject].open("body", row.sealed_body)
            read.append((row, parse(body)))
        except (PayloadUnreadableError, SealBrokenError, KeyError) as error:
            log.error(
                "whatsapp.webhook.set-aside",
                inbox_id=str(row.id),
                reason=type(error).__name__,
            )  # noqa: TRY400
            await inbox.set_aside(session, row.id, reason=type(error).__name__, now=now)
    posts = [Post(row.body_sha256, payload.reports) for row, payload in read if payload.reports]
    if posts:
        await record_receipts(session, tools.keyring, posts, policy=tools.policy, now=now)
    for row, payload in read:
        await channel.record_templates(session, payload.templates, now=now)
        stops = [(item.sender, "reply") for item in payload.inbound if is_stop(item.text)]
        stops += [(phone, "vendor-opt-out") for phone in payload.marketing_stops]
        for phone, how in stops:
            hashed = tools.keyring.lookup_hash(phone)
            await stop_advisors(session, phone_hash=hashed, channel=how, evidence=str(row.id), now=now)
        for phone in [item.sender for item in payload.inbound if is_start(item.text)]:
            hashed = tools.keyring.lookup_hash(phone)
            await opt_in_again(session, phone_hash=hashed, evidence=str(row.id), now=now)
    if any(payload.is_channel_changed for _, payload in read):
        outbox.enqueue(session, SyncChannel(), now=now)
    await inbox.settle(session, [row.id for row, _ in read], now=now)
