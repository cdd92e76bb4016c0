"""WhatsApp's two doors: the subscription handshake and the webhook itself."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import PlainTextResponse

from project_one.kernel.errors import DomainError, Kind
from project_one.kernel.problems import errors
from project_one.vendors.whatsapp.ingest import GroupCommit
from project_one.vendors.whatsapp.webhook import is_genuine


class SignatureWrongError(DomainError):
    code = "whatsapp.signature-wrong"
    kind = Kind.UNAUTHENTICATED
    title = "Wrong signature"


class VerifyTokenWrongError(DomainError):
    code = "whatsapp.verify-token-wrong"
    kind = Kind.FORBIDDEN
    title = "Wrong verify token"


def webhook_router(ingest: GroupCommit, *, app_secret: str, verify_token: str) -> APIRouter:
    router = APIRouter(tags=["webhooks"])

    @router.get(
        "/webhooks/whatsapp",
        response_class=PlainTextResponse,
        summary="Meta's subscription handshake",
        responses=errors(VerifyTokenWrongError),
    )
    async def handshake(  # pyright: ignore[reportUnusedFunction]
        mode: Annotated[str, Query(alias="hub.mode")],
        token: Annotated[str, Query(alias="hub.verify_token")],
        challenge: Annotated[str, Query(alias="hub.challenge")],
    ) -> str:
        if mode != "subscribe" or token != verify_token:
            message = "hub.verify_token is not the one of this installation (WHATSAPP_VERIFY_TOKEN)."
            raise VerifyTokenWrongError(message)
        return challenge

    @router.post(
        "/webhooks/whatsapp",
        response_class=PlainTextResponse,
        summary="Receipts and replies from WhatsApp",
        responses=errors(SignatureWrongError),
    )
    async def receive(request: Request) -> str:  # pyright: ignore[reportUnusedFunction]
        raw = await request.body()
        if not is_genuine(raw, request.headers.get("x-hub-signature-256"), app_secret=app_secret):
            message = "X-Hub-Signature-256 is missing or does not fit the body; check WHATSAPP_APP_SECRET."
            raise SignatureWrongError(message)
        await ingest.keep(raw)
        return "ok"

    return router
