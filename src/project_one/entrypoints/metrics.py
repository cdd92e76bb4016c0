"""What Prometheus reads: gauges of the ledger, the inbox, the outbox and the heartbeats, from Postgres."""

from datetime import datetime

from prometheus_client import CollectorRegistry, Gauge, generate_latest
from sqlalchemy import func, select

from project_one.delivery.models import MessageRow, MorningRow
from project_one.delivery.service.receipts import orphan_count
from project_one.kernel import heartbeat, inbox
from project_one.kernel.db import ReadSession
from project_one.kernel.outbox import OutboxRow


async def collect(session: ReadSession, *, now: datetime) -> bytes:
    """The exposition text."""
    registry = CollectorRegistry()
    messages = Gauge(
        "project_one_messages",
        "Messages of the last morning by status",
        ["status"],
        registry=registry,
    )
    waiting = Gauge("project_one_inbox", "Webhook bodies not settled", ["state"], registry=registry)
    outgoing = Gauge(
        "project_one_outbox_waiting",
        "Jobs promised and not yet carried to the queue",
        registry=registry,
    )
    silence = Gauge(
        "project_one_heartbeat_age_seconds",
        "Since a process was last seen",
        ["process"],
        registry=registry,
    )
    orphans = Gauge(
        "project_one_orphan_receipts",
        "Receipts that belong to no attempt",
        registry=registry,
    )

    newest = select(MorningRow.id).order_by(MorningRow.planned_at.desc()).limit(1).scalar_subquery()
    counts = await session.execute(
        select(MessageRow.status, func.count()).where(MessageRow.morning_id == newest).group_by(MessageRow.status)
    )
    for status, count in counts:
        messages.labels(status.value).set(count)
    for state, count in (await inbox.backlog(session)).items():
        waiting.labels(state.value).set(count)
    outgoing.set(await session.scalar(select(func.count()).where(OutboxRow.dispatched_at.is_(None))) or 0)
    for process, seen_at in (await heartbeat.last_seen(session)).items():
        silence.labels(process).set((now - seen_at).total_seconds())
    orphans.set(await orphan_count(session))
    return generate_latest(registry)
