"""A server that answers like the vendor, or as badly as a test wants, over real HTTP."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import orjson
from aiohttp import web

ANSWER = {"findings": [{"category": "hype", "quote": "सबसे अच्छा", "confidence": 0.9}]}
Behaviour = Callable[[web.Request, dict[str, Any]], Any]


@dataclass
class Vendor:
    """`behave`: one behaviour per call, the last one for all that follow; `listed`: somebody has asked for the models."""

    url: str = ""
    behave: list[Behaviour] = field(default_factory=list[Behaviour])
    asked: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    arrived: asyncio.Event = field(default_factory=asyncio.Event)
    listed: asyncio.Event = field(default_factory=asyncio.Event)

    async def models(self, _request: web.Request) -> web.Response:
        self.listed.set()
        listed = [
            {"id": "gpt-4o-mini", "object": "model", "shutdown_date": "2027-01-14"},
            {"id": "gpt-6-luna", "object": "model"},
        ]
        return web.json_response({"object": "list", "data": listed})

    async def handle(self, request: web.Request) -> web.StreamResponse:
        body = orjson.loads(await request.read())
        number = len(self.asked)
        self.asked.append(body)
        self.arrived.set()
        behaviour = self.behave[min(number, len(self.behave) - 1)] if self.behave else good()
        return await behaviour(request, body)


def reply(
    text: str | None = None, *, status: str = "completed", model: str = "gpt-6-luna", **more: Any
) -> dict[str, Any]:
    content = [{"type": "output_text", "text": orjson.dumps(ANSWER).decode() if text is None else text}]
    return {
        "id": "resp_1",
        "object": "response",
        "status": status,
        "error": None,
        "incomplete_details": None,
        "model": model,
        "output": [{"type": "reasoning", "summary": []}, {"type": "message", "content": content}],
        "usage": {
            "input_tokens": 100,
            "input_tokens_details": {"cached_tokens": 64, "cache_write_tokens": 0},
            "output_tokens": 10,
        },
    } | more


def good(text: str | None = None, *, after_s: float = 0, **more: Any) -> Behaviour:
    async def behave(_request: web.Request, body: dict[str, Any]) -> web.StreamResponse:
        await asyncio.sleep(after_s)
        return web.json_response(reply(text, model=body["model"], **more))

    return behave


def bad(status: int, code: str | None, headers: dict[str, str] | None = None) -> Behaviour:
    async def behave(_request: web.Request, body: dict[str, Any]) -> web.StreamResponse:
        error = {"message": f"secret {body['input'][1]['content']}", "type": "t", "param": None, "code": code}
        return web.json_response({"error": error}, status=status, headers=headers)

    return behave


def never() -> Behaviour:
    async def behave(_request: web.Request, _body: dict[str, Any]) -> web.StreamResponse:
        await asyncio.Event().wait()
        raise AssertionError

    return behave


def drip() -> Behaviour:
    async def behave(request: web.Request, _body: dict[str, Any]) -> web.StreamResponse:
        answer = web.StreamResponse(headers={"Content-Type": "application/json"})
        await answer.prepare(request)
        while True:
            await answer.write(b" ")
            await asyncio.sleep(0.02)

    return behave


def torn() -> Behaviour:
    async def behave(request: web.Request, _body: dict[str, Any]) -> web.StreamResponse:
        answer = web.StreamResponse(headers={"Content-Type": "application/json", "Content-Length": "5000"})
        await answer.prepare(request)
        await answer.write(b'{"status":"completed","output":[')
        assert request.transport is not None
        request.transport.close()
        return answer

    return behave


@asynccontextmanager
async def running() -> AsyncIterator[Vendor]:
    vendor = Vendor()
    app = web.Application()
    app.router.add_post("/v1/responses", vendor.handle)
    app.router.add_get("/v1/models", vendor.models)
    runner = web.AppRunner(app, shutdown_timeout=0.1, handler_cancellation=True)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    vendor.url = f"http://127.0.0.1:{runner.addresses[0][1]}/v1"
    try:
        yield vendor
    finally:
        await runner.cleanup()
