"""`/openai/v1/...`: who asks, what is asked, is it valid, what goes wrong, and the answer with its headers."""

import time
from collections.abc import Mapping

import orjson
from aiohttp import web

from project_one_sandbox import answers
from project_one_sandbox.openai import asked as asking
from project_one_sandbox.openai import chat, moderation, responses
from project_one_sandbox.openai.asked import Asked, Door
from project_one_sandbox.openai.delivery import Parcel, deliver
from project_one_sandbox.openai.errors import OpenAIError
from project_one_sandbox.openai.faults import Hits, Kind, server_error
from project_one_sandbox.openai.limits import Gauge
from project_one_sandbox.openai.reply import End, Reply
from project_one_sandbox.openai.vendor import Vendor, wanted_tokens
from project_one_sandbox.shapes import Json

LABEL = {"x-sandbox": "openai"}
_VERSION = "2020-10-01"


class _Visit:
    """One request on its way through: what every answer to it carries."""

    def __init__(self, vendor: Vendor, request: web.BaseRequest) -> None:
        self.vendor = vendor
        self.request = request
        self.id = vendor.next_request_id()
        self.hits = Hits()
        self.gauge: Gauge | None = None
        self._began = time.monotonic()

    def headers(self, latency_s: float = 0.0) -> dict[str, str]:
        if self.hits.has(Kind.NO_HEADERS):
            return dict(LABEL)
        took = time.monotonic() - self._began + latency_s
        return {
            **LABEL,
            "x-request-id": self.id,
            "openai-version": _VERSION,
            "openai-organization": "project-one-sandbox",
            "openai-processing-ms": str(round(took * 1_000)),
            **({} if self.gauge is None else self.gauge.headers()),
        }

    def answer(self, response: web.Response, own: Mapping[str, str] | None = None) -> web.Response:
        """The general headers beneath those of the response."""
        given = {} if self.hits.has(Kind.NO_HEADERS) else dict(own or {})
        response.headers.update({**self.headers(), **given})
        return response


async def serve(vendor: Vendor, request: web.BaseRequest, parts: list[str]) -> web.StreamResponse:
    """`parts`: the path below `/openai/`."""
    visit = _Visit(vendor, request)
    try:
        return await _route(visit, parts)
    except OpenAIError as error:
        return visit.answer(error.answer(), error.headers)


async def _route(visit: _Visit, parts: list[str]) -> web.StreamResponse:
    vendor, request = visit.vendor, visit.request
    key = vendor.authorize(request.headers.get("Authorization"))
    match (request.method, *parts):
        case ("POST", "v1", "responses"):
            return await _ask(visit, key, Door.RESPONSES)
        case ("POST", "v1", "chat", "completions"):
            return await _ask(visit, key, Door.CHAT)
        case ("POST", "v1", "moderations"):
            texts = moderation.read(asking.body_of(await request.read()))
            return visit.answer(answers.json(moderation.body(visit.id.removeprefix("req_"), texts)))
        case ("GET", "v1", "models"):
            listed = [model.as_json(vendor.shutdown(model)) for model in vendor.models()]
            return visit.answer(answers.json({"object": "list", "data": listed}))
        case ("GET", "v1", "models", name):
            model = vendor.model(name)
            return visit.answer(answers.json(model.as_json(vendor.shutdown(model))))
        case _:
            raise OpenAIError(404, f"Invalid URL ({request.method} /{'/'.join(parts)})")


async def _ask(visit: _Visit, key: str, door: Door) -> web.StreamResponse:
    vendor, request = visit.vendor, visit.request
    now = time.monotonic()
    asked = asking.read(door, asking.body_of(await request.read()))
    model = vendor.model(asked.model)
    wanted = wanted_tokens(asked, model)
    visit.gauge = vendor.gauge(key, model, now)
    visit.hits = hits = vendor.faults.match(asked, now)
    refusal = hits.refusal(asked)
    if refusal is not None:
        raise refusal
    visit.gauge.take(model.id, wanted, now)
    reply, call = vendor.process(key, asked, model, hits, visit.id, now)
    if reply.end is End.FAILED and door is Door.CHAT:
        raise server_error()
    parcel = _parcel(visit, asked, reply)
    is_delivered = False
    try:
        response, is_delivered = await deliver(request, parcel, hits, vendor.scale)
    finally:
        if call is not None:
            vendor.bill.close(call, is_delivered=is_delivered)
    return response


def _parcel(visit: _Visit, asked: Asked, reply: Reply) -> Parcel:
    latency = visit.vendor.latency_s(asked) + visit.hits.extra_ms() / 1_000 / visit.vendor.scale
    headers = visit.headers(latency)
    if asked.is_streamed:
        events = responses.events(asked, reply) if asked.door is Door.RESPONSES else chat.events(asked, reply)
        return Parcel(list(events), is_stream=True, headers=headers, latency_s=latency)
    body: Json = responses.body(asked, reply) if asked.door is Door.RESPONSES else chat.body(reply)
    return Parcel([orjson.dumps(body)], is_stream=False, headers=headers, latency_s=latency)
