"""The vendor API beside sending: media, templates, numbers, health, subscription. Source: WhatsApp reference 3 to 5."""

import base64
import binascii
import re
import secrets

import aiohttp
from aiohttp import web

from project_one_sandbox import answers
from project_one_sandbox.graph_errors import GraphError
from project_one_sandbox.media import MAX_BYTES, Media
from project_one_sandbox.messages import parse_body
from project_one_sandbox.numbers import health
from project_one_sandbox.sending import send
from project_one_sandbox.shapes import Json
from project_one_sandbox.state import World

_VERSION = re.compile(r"v2([1-6])\.0")
_CHUNK = 65_536
_HANDSHAKE_S = 5.0
_DEFAULT_PAGE = 25
_MAX_PAGE = 1_000
_NUMBER_FIELDS = (
    "id",
    "display_phone_number",
    "verified_name",
    "quality_rating",
    "code_verification_status",
)
_TEMPLATE_FIELDS = (
    "name",
    "parameter_format",
    "components",
    "language",
    "status",
    "category",
    "id",
)
_TEMPLATE_KNOWN_ABSENT = frozenset({"correct_category", "sub_category", "rejected_reason"})


def _picked(
    whole: Json,
    fields: str | None,
    default: tuple[str, ...],
    absent: frozenset[str] = frozenset(),
) -> Json:
    """Only the fields asked for, and the id; an unknown field is an error as at Meta."""
    if not fields:
        return {name: whole[name] for name in default if name in whole}
    found: Json = {}
    for name in fields.split(","):
        wanted = name.strip()
        if wanted in whole:
            found[wanted] = whole[wanted]
        elif wanted not in absent:
            raise GraphError(100, f"Tried accessing nonexisting field ({wanted}).")
    return {**found, "id": whole["id"]}


async def dispatch(world: World, request: web.BaseRequest, parts: list[str]) -> web.StreamResponse:  # noqa: PLR0911 - routes
    """`parts`: the path without its leading slash; raise `GraphError`."""
    if not _VERSION.fullmatch(parts[0]):
        raise GraphError(100, f"Version {parts[0]} is not available; use v21.0 to v26.0.")
    route = (request.method, *parts[2:])
    if route == ("POST", "messages"):
        return await send(world, request, parts[1])
    world.authorize(request.headers.get("Authorization"))
    if not world.management.take(world.now()):
        raise GraphError(80007, "There have been too many calls to this WhatsApp Business account.")
    node = parts[1] if len(parts) > 1 else ""
    match route:
        case ("POST", "media"):
            return answers.json(await _upload(world, request, node))
        case ("GET", "message_templates"):
            return answers.json(_list_templates(world, request, node))
        case ("GET", "phone_numbers"):
            return answers.json(_list_numbers(world, request, node))
        case ("POST", "subscribed_apps"):
            return answers.json(await _subscribe(world, request, node))
        case ("GET",):
            return answers.json(_node(world, request, node))
        case ("DELETE",):
            return answers.json(_delete_media(world, request, node))
        case _:
            raise GraphError(
                100,
                f"Unsupported {request.method} request: this sandbox has no such edge.",
            )


async def _upload(world: World, request: web.BaseRequest, number_id: str) -> Json:
    world.number(number_id)
    if not request.content_type.startswith("multipart/"):
        raise GraphError(100, "Media is uploaded as multipart/form-data.")
    content: bytes | None = None
    fields: dict[str, str] = {}
    mime_type = ""
    largest = max(MAX_BYTES.values())
    async for part in await request.multipart():
        if not isinstance(part, aiohttp.BodyPartReader):
            raise GraphError(100, "Nested parts are not supported.")
        if part.name != "file":
            fields[part.name or ""] = (await part.read()).decode("utf-8", "replace")
            continue
        mime_type = part.headers.get("Content-Type", "").split(";")[0].strip().lower()
        pieces = bytearray()
        while piece := await part.read_chunk(_CHUNK):
            pieces += piece
            if len(pieces) > largest:
                raise GraphError(131053, f"Media may have at most {largest} bytes")
        content = bytes(pieces)
    if fields.get("messaging_product") != "whatsapp":
        raise GraphError(131008, "Parameter 'messaging_product' is mandatory.")
    if content is None:
        raise GraphError(131008, "Parameter 'file' is mandatory.")
    media = world.media.add(number_id, mime_type or fields.get("type", ""), content, world.now())
    return {"id": media.id}


def _medium(world: World, request: web.BaseRequest, media_id: str) -> Media:
    media = world.media.find(media_id, world.now())
    owner = request.query.get("phone_number_id")
    if media is None or owner not in {None, media.number_id}:
        raise GraphError(
            100,
            f"Object with ID '{media_id}' does not exist or was uploaded by another number.",
        )
    return media


def _delete_media(world: World, request: web.BaseRequest, media_id: str) -> Json:
    world.media.delete(_medium(world, request, media_id))
    return {"success": True}


def download(world: World, request: web.BaseRequest, token: str) -> web.Response:
    world.authorize(request.headers.get("Authorization"))
    media = world.media.follow(token, world.now())
    if media is None:
        return web.Response(status=404)
    return web.Response(body=media.content, headers={"Content-Type": media.mime_type})


def _require_account(world: World, waba_id: str) -> None:
    if waba_id != world.config.waba_id:
        raise GraphError(100, f"Object with ID '{waba_id}' does not exist.")


def _position(cursor: str | None) -> int:
    if cursor is None:
        return 0
    try:
        return int(base64.urlsafe_b64decode(cursor.encode()).removeprefix(b"after:"))
    except (ValueError, binascii.Error):
        raise GraphError(131059, "The paging cursor is not valid.") from None


def _cursor(position: int) -> str:
    return base64.urlsafe_b64encode(f"after:{position}".encode()).decode()


def _list_templates(world: World, request: web.BaseRequest, waba_id: str) -> Json:
    _require_account(world, waba_id)
    query = request.query
    limit = query.get("limit", str(_DEFAULT_PAGE))
    if not limit.isdecimal() or not 1 <= int(limit) <= _MAX_PAGE:
        raise GraphError(100, f'Param "limit" must be from 1 to {_MAX_PAGE}.')
    found = [template.as_meta() for template in world.templates.by_id.values()]
    for name in ("status", "name", "language", "category"):
        wanted = query.get(name)
        if wanted is not None:
            found = [template for template in found if template[name] == wanted]
    start = _position(query.get("after"))
    end = min(start + int(limit), len(found))
    page = [_picked(item, query.get("fields"), _TEMPLATE_FIELDS, _TEMPLATE_KNOWN_ABSENT) for item in found[start:end]]
    if not page:
        return {"data": []}
    paging: Json = {"cursors": {"before": _cursor(start), "after": _cursor(end)}}
    if end < len(found):
        paging["next"] = str(request.url.update_query(after=_cursor(end)))
    return {"data": page, "paging": paging}


def _list_numbers(world: World, request: web.BaseRequest, waba_id: str) -> Json:
    _require_account(world, waba_id)
    fields = request.query.get("fields")
    data = [
        _picked(
            _number(world, number_id),
            fields,
            (*_NUMBER_FIELDS, "platform_type", "throughput", "status"),
        )
        for number_id in world.numbers
    ]
    return {
        "data": data,
        "paging": {"cursors": {"before": _cursor(0), "after": _cursor(len(data))}},
    }


def _number(world: World, number_id: str) -> Json:
    number = world.number(number_id)
    found = number.as_meta(world.config.portfolio_limit, world.config.callback_url)
    return {**found, "health_status": health(world.config.waba_id, number, None)}


def _node(world: World, request: web.BaseRequest, node: str) -> Json:
    fields = request.query.get("fields")
    if node in world.numbers:
        return _picked(_number(world, node), fields, _NUMBER_FIELDS)
    if node in world.templates.by_id:
        template = world.templates.by_id[node]
        whole = {
            **template.as_meta(),
            "health_status": health(world.config.waba_id, None, template),
        }
        return _picked(whole, fields, _TEMPLATE_FIELDS, _TEMPLATE_KNOWN_ABSENT)
    if node == world.config.waba_id:
        account: Json = {
            "id": node,
            "name": "Sandbox account",
            "health_status": health(node, None, None),
        }
        return _picked(account, fields, ("id", "name"))
    media = _medium(world, request, node)
    token = world.media.link(media, world.now())
    return media.as_meta(str(request.url.origin() / "lookaside" / token))


async def _subscribe(world: World, request: web.BaseRequest, waba_id: str) -> Json:
    _require_account(world, waba_id)
    raw = await request.read()
    body = parse_body(raw) if raw else {}
    callback = body.get("override_callback_uri")
    if callback is None:
        return {"success": True}
    if not isinstance(callback, str) or not callback.startswith(("http://", "https://")):
        raise GraphError(100, 'Param "override_callback_uri" must be an http or https address.')
    token = body.get("verify_token", world.secrets.verify_token)
    await _shake_hands(world, callback, str(token))
    world.reconfigure({"callback_url": callback})
    return {"success": True}


async def _shake_hands(world: World, callback: str, token: str) -> None:
    challenge = str(secrets.randbelow(9_000_000_000) + 1_000_000_000)
    query = {
        "hub.mode": "subscribe",
        "hub.verify_token": token,
        "hub.challenge": challenge,
    }
    try:
        timeout = aiohttp.ClientTimeout(total=_HANDSHAKE_S)
        async with world.courier.session.get(callback, params=query, timeout=timeout) as answer:
            text = await answer.text()
            is_echo = answer.status == 200 and text == challenge  # noqa: PLR2004
            seen = f"HTTP status {answer.status}"
    except (aiohttp.ClientError, OSError, ValueError) as error:
        is_echo, seen = False, type(error).__name__
    if not is_echo:
        raise GraphError(
            100,
            f"Callback verification failed: no bare challenge with status 200 came back ({seen}).",
        )
