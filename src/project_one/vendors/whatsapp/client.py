"""Sending over the Cloud API, and reading our numbers and templates from it. One pooled session a process."""

import ipaddress
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import orjson

from project_one.channel.domain import (
    NumberReport,
    Quality,
    TemplateReport,
    TemplateState,
)
from project_one.delivery.ports import (
    Accepted,
    NotWritten,
    Outcome,
    Outgoing,
    Refused,
    Unclear,
)
from project_one.kernel.clock import Clock
from project_one.vendors.whatsapp.errors import action_for

_CONNECT_S = 2.0
_TOTAL_S = 10.0
_OK = 200
_GATEWAY = (502, 503, 504)  # without a readable body the request may have gone through
_THROTTLED = 429
_PAGE = 100

_THROUGHPUT = {"STANDARD": 80, "HIGH": 1000}
_TEMPLATE_STATES = {"APPROVED": TemplateState.APPROVED, "PAUSED": TemplateState.PAUSED}


class DirectoryError(Exception):
    """The vendor's directory could not be read; the text says why and what to check."""


def _no_json(value: Any) -> str:
    return orjson.dumps(value).decode()


class WhatsAppClient:
    """Implements `MessageSender` and `ChannelDirectory`. Create it inside a running loop; close it at the end."""

    def __init__(
        self,
        *,
        base_url: str,
        version: str,
        access_token: str,
        waba_id: str,
        clock: Clock,
        connections: int = 1000,
    ) -> None:
        self._clock = clock
        self._root = f"{base_url.rstrip('/')}/{version}"
        self._waba_id = waba_id
        self._is_loopback = _is_loopback(base_url)
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=connections, keepalive_timeout=30),
            timeout=aiohttp.ClientTimeout(total=_TOTAL_S, connect=_CONNECT_S, sock_connect=_CONNECT_S),
            headers={"Authorization": f"Bearer {access_token}"},
            json_serialize=_no_json,
        )

    @property
    def is_loopback(self) -> bool:
        return self._is_loopback

    async def close(self) -> None:
        await self._session.close()

    async def send(self, message: Outgoing) -> Outcome:
        """One attempt, at most 10 s. Never raises for what the network or the vendor does."""
        body = {
            "messaging_product": "whatsapp",
            "recipient_type": "individual",
            "to": message.to,
            "type": "template",
            "biz_opaque_callback_data": message.correlation_id,
            "template": {
                "name": message.template,
                "language": {"code": message.language},
                "components": [
                    {
                        "type": "body",
                        "parameters": [
                            {"type": "text", "parameter_name": name, "text": value}
                            for name, value in message.parameters.items()
                        ],
                    }
                ],
            },
        }
        url = f"{self._root}/{message.number_vendor_id}/messages"
        try:
            async with self._session.post(url, json=body) as response:
                raw = await response.read()
                return _outcome(response.status, raw, self._clock())
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
            return NotWritten(type(error).__name__, self._clock())
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            return Unclear(type(error).__name__, self._clock())

    async def numbers(self) -> Sequence[NumberReport]:
        fields = "id,quality_rating,status,throughput"
        entries = await self._pages(f"{self._root}/{self._waba_id}/phone_numbers", fields)
        return [
            NumberReport(
                vendor_id=str(entry["id"]),
                is_connected=entry.get("status", "CONNECTED") == "CONNECTED",
                quality=quality(entry.get("quality_rating")),
                limit_per_s=_THROUGHPUT.get(entry.get("throughput", {}).get("level")),
            )
            for entry in entries
        ]

    async def templates(self) -> Sequence[TemplateReport]:
        entries = await self._pages(
            f"{self._root}/{self._waba_id}/message_templates",
            "name,status,category,language,components",
        )
        return [
            TemplateReport(
                name=entry["name"],
                language=entry["language"],
                state=template_state(entry["status"]),
                body=next(
                    (part.get("text") for part in entry["components"] if part.get("type") == "BODY"),
                    None,
                ),
            )
            for entry in entries
        ]

    async def _pages(self, url: str, fields: str) -> list[Any]:
        """Every entry of a paged list. Raises DirectoryError."""
        found: list[Any] = []
        after: str | None = None
        while True:
            query = {"fields": fields, "limit": str(_PAGE)} | ({"after": after} if after else {})
            try:
                async with self._session.get(url, params=query) as response:
                    page = orjson.loads(await response.read())
                    status = response.status
            except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
                message = f"WhatsApp does not answer at {self._root} ({type(error).__name__}); check WHATSAPP_BASE_URL and the network."
                raise DirectoryError(message) from error
            if status != _OK:
                detail = (
                    page.get("error", {}).get("message", f"HTTP {status}")
                    if isinstance(page, dict)
                    else f"HTTP {status}"
                )  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
                message = f"WhatsApp refuses to list our numbers or templates: {detail}; check WHATSAPP_ACCESS_TOKEN and WHATSAPP_WABA_ID."
                raise DirectoryError(message)
            found.extend(page["data"])
            paging = page.get("paging", {})
            after = paging.get("cursors", {}).get("after")
            if "next" not in paging or after is None:
                return found


def _outcome(status: int, raw: bytes, now: datetime) -> Outcome:
    try:
        body = orjson.loads(raw)
        if status == _OK:
            entry = body["messages"][0]
            return Accepted(
                entry["id"],
                now,
                is_held=entry.get("message_status") == "held_for_quality_assessment",
            )
        code = int(body["error"]["code"])
    except (orjson.JSONDecodeError, KeyError, TypeError, IndexError, ValueError):
        if status == _THROTTLED:
            action, cause = action_for(-1, status)
            return Refused(status, action, cause, now)
        return Unclear(f"unreadable answer, HTTP {status}", now)
    action, cause = action_for(code, status)
    return Refused(code, action, cause, now)


def quality(text: object) -> Quality:
    return Quality(text) if text in set(Quality) else Quality.UNKNOWN


def template_state(status: str) -> TemplateState:
    return _TEMPLATE_STATES.get(status, TemplateState.OTHER)


def _is_loopback(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
