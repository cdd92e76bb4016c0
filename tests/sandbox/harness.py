"""A sandbox, a webhook receiver and a client, all on ephemeral loopback ports."""

import asyncio
import hashlib
import hmac
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import orjson
from aiohttp import web

from project_one_sandbox import config as settings
from project_one_sandbox.server import Running, start
from project_one_sandbox.shapes import Json, merged
from project_one_sandbox.state import Secrets

NUMBER = "106540352242922"
OTHER_NUMBER = "106540352242923"
WABA = "100000000000001"
TIMEOUT_S = 10.0
BODY = "From {{name}}, {{registration}}.\n{{caption}}\n{{link}} to learn more. Market risks apply."
TEMPLATES: list[Json] = [
    {
        "name": "pack",
        "language": "en",
        "category": "MARKETING",
        "parameter_format": "NAMED",
        "components": [
            {"type": "BODY", "text": BODY},
            {
                "type": "BUTTONS",
                "buttons": [
                    {"type": "QUICK_REPLY", "text": "STOP"},
                    {"type": "QUICK_REPLY", "text": "Help"},
                ],
            },
        ],
    },
    {
        "name": "picture",
        "language": "hi",
        "category": "UTILITY",
        "components": [
            {"type": "HEADER", "format": "IMAGE"},
            {"type": "BODY", "text": "नमस्ते {{1}}, आज: {{2}}।"},
            {
                "type": "BUTTONS",
                "buttons": [{"type": "URL", "text": "Open", "url": "https://x.in/{{1}}"}],
            },
        ],
    },
]
CONFIG: Json = {
    "numbers": [
        {"id": NUMBER, "display_phone_number": "+91 98000 00000"},
        {"id": OTHER_NUMBER, "display_phone_number": "+91 98000 00001"},
    ],
    "templates": TEMPLATES,
    "latency_ms": {"median": 0},
    "receipts": {
        "sent_ms": {"median": 5, "p95": 10},
        "delivered_ms": {"median": 5, "p95": 10},
        "read_ms": {"median": 5, "p95": 10},
        "read_share": 1.0,
        "batch_window_ms": 2,
        "retry_ms": [5, 10, 20],
    },
}


@dataclass(slots=True)
class Receiver:
    """A callback. `statuses`: what the next POSTs are answered with; then 200."""

    secret: bytes = b"sandbox-app-secret"
    token: str = "sandbox-verify-token"  # noqa: S105 - the sandbox's own default
    url: str = ""
    bodies: list[bytes] = field(default_factory=list[bytes])
    statuses: list[int] = field(default_factory=list[int])
    taken: list[Any] = field(default_factory=list[Any])

    async def __call__(self, request: web.BaseRequest) -> web.StreamResponse:
        if request.method == "GET":
            is_ours = request.query.get("hub.verify_token") == self.token
            return web.Response(text=request.query["hub.challenge"], status=200 if is_ours else 403)
        body = await request.read()
        signature = hmac.new(self.secret, body, hashlib.sha256).hexdigest()
        assert request.headers["X-Hub-Signature-256"] == f"sha256={signature}"
        self.bodies.append(body)
        status = self.statuses.pop(0) if self.statuses else 200
        if status == 200:
            self.taken.append(orjson.loads(body))
        return web.Response(status=status)

    def changes(self, name: str = "messages") -> list[Any]:
        """The values of every acknowledged change of that field."""
        return [
            change["value"]
            for body in self.taken
            for entry in body["entry"]
            for change in entry["changes"]
            if change["field"] == name
        ]

    def told(self, wamid: str | None = None) -> list[Any]:
        """Every acknowledged status, in the order of arrival."""
        found = [status for value in self.changes() for status in value.get("statuses", [])]
        return [status for status in found if wamid in {None, status["id"]}]


def template_send(to: str = "+911000000001", *, opaque: str | None = "r=1", **over: object) -> Json:
    texts = {
        "name": "Asha",
        "registration": "ARN-1",
        "caption": "Patience pays.",
        "link": "https://x.in/1",
        **over,
    }
    body: Json = {
        "messaging_product": "whatsapp",
        "recipient_type": "individual",
        "to": to,
        "type": "template",
        "template": {
            "name": "pack",
            "language": {"code": "en"},
            "components": [
                {
                    "type": "body",
                    "parameters": [
                        {"type": "text", "parameter_name": name, "text": text} for name, text in texts.items()
                    ],
                },
                {
                    "type": "button",
                    "sub_type": "quick_reply",
                    "index": "0",
                    "parameters": [{"type": "payload", "payload": "STOP:1"}],
                },
            ],
        },
    }
    return body if opaque is None else {**body, "biz_opaque_callback_data": opaque}


def text_send(to: str = "+911000000001", text: str = "Noted.") -> Json:
    return {
        "messaging_product": "whatsapp",
        "to": to,
        "type": "text",
        "text": {"body": text},
    }


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    body: Any

    @property
    def code(self) -> int:
        return self.body["error"]["code"]

    @property
    def details(self) -> str:
        return self.body["error"]["error_data"]["details"]

    @property
    def wamid(self) -> str:
        return self.body["messages"][0]["id"]


@dataclass(frozen=True, slots=True)
class Rig:
    running: Running
    session: aiohttp.ClientSession
    receiver: Receiver

    async def call(self, method: str, path: str, **options: Any) -> Answer:  # noqa: ANN401 - as aiohttp takes them
        async with self.session.request(method, f"{self.running.url}{path}", **options) as answer:
            raw = await answer.read()
            is_json = answer.content_type == "application/json"
            return Answer(answer.status, orjson.loads(raw) if is_json else raw)

    async def send(self, body: Json, number: str = NUMBER) -> Answer:
        return await self.call("POST", f"/v25.0/{number}/messages", json=body)

    async def control(self, method: str, path: str, body: object = None) -> Answer:
        return (
            await self.call(method, f"/_sandbox/{path}", json=body)
            if body is not None
            else await self.call(method, f"/_sandbox/{path}")
        )

    async def fault(self, kind: str, **rule: object) -> None:
        answer = await self.control("POST", "faults", {"kind": kind, **rule})
        assert answer.status == 200, answer.body

    async def records(self) -> list[Any]:
        return (await self.control("GET", "oracle")).body["records"]

    async def summary(self) -> Any:  # noqa: ANN401 - JSON
        return (await self.control("GET", "oracle/summary")).body

    async def settle(self) -> None:
        """Until every webhook was acknowledged or given up."""
        await self.until(lambda: self.running.world.courier.summary()["pending"] == 0)

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(TIMEOUT_S):
            while not condition():  # noqa: ASYNC110 - conditions are plain reads
                await asyncio.sleep(0.002)


@asynccontextmanager
async def rig(scale: float = 1.0, **over: object) -> AsyncGenerator[Rig]:
    """A sandbox with `CONFIG` and `over`; its callback is the receiver unless `over` says otherwise."""
    receiver = Receiver()
    runner = web.ServerRunner(web.Server(receiver), shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    receiver.url = f"http://127.0.0.1:{runner.addresses[0][1]}/hook"
    config = settings.first(merged(merged(CONFIG, {"callback_url": receiver.url}), over))
    running = await start(config, Secrets(), host="127.0.0.1", port=0, scale=scale)
    headers = {"Authorization": "Bearer sandbox-access-token"}
    try:
        async with aiohttp.ClientSession(headers=headers, timeout=aiohttp.ClientTimeout(total=TIMEOUT_S)) as session:
            yield Rig(running, session, receiver)
    finally:
        await running.stop()
        await runner.cleanup()
