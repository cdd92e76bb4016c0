"""`POST /{number}/messages`: check, let the faults speak, accept, answer. The acceptance stands before any delay."""

import asyncio
import contextlib

import orjson
from aiohttp import web

from project_one_sandbox import answers
from project_one_sandbox.faults import NONE, Hits, Kind
from project_one_sandbox.graph_errors import GraphError
from project_one_sandbox.messages import (
    Outgoing,
    normalised,
    parse_body,
    read_message,
    read_receipt,
)
from project_one_sandbox.oracle import Outcome, Record
from project_one_sandbox.payloads import Accepted, user_id
from project_one_sandbox.shapes import Json
from project_one_sandbox.state import Accept, World

EARLY_WAIT_S = 5.0


def _text_or_none(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _note(  # noqa: PLR0913 - one parameter a column
    world: World,
    outcome: Outcome,
    number_id: str,
    body: Json,
    *,
    code: int | None,
    hits: Hits,
) -> Record:
    to = body.get("to")
    return world.oracle.note(
        outcome,
        number=number_id,
        to=normalised(to) or _text_or_none(to),
        opaque=_text_or_none(body.get("biz_opaque_callback_data")),
        code=code,
        fault=hits.names(),
    )


async def _refuse(request: web.BaseRequest, response: web.Response, record: Record) -> web.StreamResponse:
    record.answered = await answers.write(request, response)
    return response


def _success(outgoing: Outgoing, message: Accepted, hits: Hits) -> bytes:
    person = {"input": outgoing.given, "wa_id": message.wa_id}
    user = user_id(message.wa_id)
    if user is not None:
        person["user_id"] = user
    told = {"id": message.wamid}
    if outgoing.template is not None:
        told["message_status"] = "held_for_quality_assessment" if hits.first(Kind.HELD) else "accepted"
    return orjson.dumps({"messaging_product": "whatsapp", "contacts": [person], "messages": [told]})


async def _end_before(
    world: World, request: web.BaseRequest, number_id: str, body: Json, hits: Hits
) -> web.StreamResponse | None:
    """The faults that end a send before anything is processed."""
    rule = hits.ending
    if rule is None or rule.kind in {Kind.RESET_AFTER, Kind.ACCEPT_THEN_TIMEOUT}:
        return None
    if rule.kind is Kind.RESET_BEFORE:
        _note(world, Outcome.LOST_BEFORE, number_id, body, code=None, hits=hits)
        return answers.cut(request)
    delay = hits.extra_ms(Kind.LATENCY) / 1_000.0 / world.scale
    if delay:
        await asyncio.sleep(delay)
    if rule.kind is Kind.BAD_GATEWAY:
        record = _note(world, Outcome.REFUSED, number_id, body, code=None, hits=hits)
        return await _refuse(request, answers.bad_gateway(rule.detail.http_status), record)
    error = GraphError(
        rule.detail.code,
        f"By rule {rule.id} of the sandbox.",
        http=rule.detail.http_status,
    )
    record = _note(world, Outcome.REFUSED, number_id, body, code=error.code, hits=hits)
    return await _refuse(request, answers.refusal(error), record)


async def _answer(
    world: World, request: web.BaseRequest, accept: Accept, body: bytes, hits: Hits
) -> web.StreamResponse:
    """The answer to an accepted send, or the loss of it."""
    ending = hits.ending
    if ending is not None and ending.kind is Kind.RESET_AFTER:
        return answers.cut(request)
    if accept.early is not None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(accept.early.tried.wait(), EARLY_WAIT_S)
    delay = world.draws.latency_s(world.config.latency_ms) + hits.extra_ms(Kind.LATENCY) / 1_000.0
    if ending is not None:
        delay = ending.detail.hold_ms / 1_000.0
    if delay:
        await asyncio.sleep(delay / world.scale)
    if ending is not None:
        return answers.cut(request)
    slow = hits.first(Kind.SLOW_BODY)
    if slow is not None:
        dripped, accept.record.answered = await answers.drip(
            request, body, slow.detail.duration_ms / 1_000.0 / world.scale
        )
        return dripped
    response = answers.raw_json(body)
    accept.record.answered = await answers.write(request, response)
    return response


async def send(world: World, request: web.BaseRequest, number_id: str) -> web.StreamResponse:
    body: Json = {}
    hits = NONE
    try:
        raw = await request.read()
        world.authorize(request.headers.get("Authorization"))
        body = parse_body(raw)
        if "status" in body:
            read_receipt(body)
            world.number(number_id)
            return answers.json({"success": True})
        hits = world.faults.match(number_id, normalised(body.get("to")), world.now())
        ended = await _end_before(world, request, number_id, body, hits)
        if ended is not None:
            return ended
        number = world.number(number_id)
        outgoing = read_message(body, number_id, number.e164, world)
        accept = world.accept(number, outgoing, hits)
    except GraphError as error:
        if "status" in body:
            return answers.refusal(error)
        record = _note(world, Outcome.REFUSED, number_id, body, code=error.code, hits=hits)
        return await _refuse(request, answers.refusal(error), record)
    return await _answer(world, request, accept, _success(outgoing, accept.message, hits), hits)
