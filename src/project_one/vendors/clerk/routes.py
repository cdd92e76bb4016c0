"""Clerk's door: its reports, kept before they are answered."""

from datetime import datetime
from hashlib import sha256

from fastapi import APIRouter, Request
from fastapi.responses import PlainTextResponse

from project_one.kernel import inbox, outbox
from project_one.kernel.clock import Clock, business_date
from project_one.kernel.db import Transactions
from project_one.kernel.errors import DomainError, Kind
from project_one.kernel.inbox import Arrival
from project_one.kernel.problems import errors
from project_one.vault import service as vault
from project_one.vault.domain import Keyring
from project_one.vendors.clerk.jobs import WorkClerkInbox
from project_one.vendors.clerk.tasks import SOURCE
from project_one.vendors.clerk.webhook import is_genuine, is_recent


class ClerkSignatureWrongError(DomainError):
    code = "clerk.signature-wrong"
    kind = Kind.UNAUTHENTICATED
    title = "Wrong signature"


class ClerkWebhookStaleError(DomainError):
    code = "clerk.webhook-stale"
    kind = Kind.UNAUTHENTICATED
    title = "Sent too long ago"


def clerk_webhook_router(transactions: Transactions, keyring: Keyring, clock: Clock, *, secret: str) -> APIRouter:
    """`secret` empty: every POST is refused."""
    router = APIRouter(tags=["webhooks"])

    @router.post(
        "/webhooks/clerk",
        response_class=PlainTextResponse,
        summary="Reports about people and organisations from Clerk",
        responses=errors(ClerkSignatureWrongError),
    )
    async def receive_clerk(request: Request) -> str:  # pyright: ignore[reportUnusedFunction]
        raw, now = await request.body(), clock()
        if not is_genuine(raw, request.headers, secret=secret):
            message = "svix-signature is missing or does not fit id, timestamp and body; check CLERK_WEBHOOK_SECRET."
            raise ClerkSignatureWrongError(message)
        if not is_recent(request.headers, now=now):
            message = "svix-timestamp is more than five minutes from now; check the clock, and send it again."
            raise ClerkWebhookStaleError(message)
        await keep(transactions, keyring, raw, sender_id=request.headers["svix-id"], now=now)
        return "ok"

    return router


async def keep(transactions: Transactions, keyring: Keyring, raw: bytes, *, sender_id: str, now: datetime) -> None:
    """Returns when the report is durable; a repeat of one that was kept changes nothing."""
    subject = inbox.key_subject(business_date(now))
    async with transactions() as session:
        key = (await vault.create_keys(session, keyring, [subject], now=now))[subject]
        arrival = Arrival(SOURCE, subject, key.seal("body", raw), sha256(raw).hexdigest(), sender_id)
        if await inbox.keep_once(session, arrival, now=now):
            outbox.enqueue(session, WorkClerkInbox(), now=now)
