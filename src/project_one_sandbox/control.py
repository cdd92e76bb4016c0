"""`/_sandbox/...`: configuration, faults, events on demand and the oracle. For loopback clients only."""

import ipaddress
import time

from aiohttp import web

from project_one_sandbox import answers, clerk_routes, wall
from project_one_sandbox.config import NUMBER_STATUSES, QUALITIES, ConfigError, Reader
from project_one_sandbox.limits import TokenBucket
from project_one_sandbox.messages import normalised
from project_one_sandbox.numbers import HIGH_MPS, Number, tier
from project_one_sandbox.openai import control as openai_control
from project_one_sandbox.shapes import Json, as_list, as_object, loads
from project_one_sandbox.state import World
from project_one_sandbox.templates import STATUSES, Template

_PAGE = 10_000
_PAUSE_TITLES = {"PAUSED": "FIRST_PAUSE", "DISABLED": "DISABLED", "APPROVED": "UNPAUSE"}


class NotFoundError(LookupError):
    """One sentence."""


def is_loopback(remote: str | None) -> bool:
    try:
        return remote is not None and ipaddress.ip_address(remote.split("%")[0]).is_loopback
    except ValueError:
        return False


async def dispatch(world: World, request: web.BaseRequest, parts: list[str]) -> web.Response:
    """`parts`: the path below `/_sandbox/`."""
    if not is_loopback(request.remote):
        return answers.json({"error": "The control API answers loopback clients only."}, 403)
    try:
        return answers.json(await _route(world, request, parts))
    except ConfigError as error:
        return answers.json({"error": str(error)}, 400)
    except NotFoundError as error:
        return answers.json({"error": str(error)}, 404)


async def _route(world: World, request: web.BaseRequest, parts: list[str]) -> object:  # noqa: C901, PLR0911, PLR0912 - a table of routes
    match (request.method, *parts):
        case ("GET", "health"):
            return {
                "status": "ok",
                "time_scale": world.scale,
                "callback_url": world.config.callback_url,
            }
        case ("GET", "config"):
            return world.config.raw
        case ("PATCH", "config"):
            world.reconfigure(await _object(request))
            return world.config.raw
        case ("POST", "reset"):
            world.reset()
            return {"ok": True}
        case ("PUT", "templates"):
            return _put_templates(world, await _body(request))
        case ("PATCH", "templates", name):
            return _patch_template(world, name, Reader(await _object(request)))
        case ("PATCH", "numbers", number_id):
            return _patch_number(world, number_id, Reader(await _object(request)))
        case ("POST", "clerk", action):
            try:
                return await clerk_routes.control(world.clerk, request, action, await _object(request))
            except LookupError as error:
                raise NotFoundError(str(error)) from None
        case (_, "openai", *rest):
            return await _openai(world, request, rest)
        case ("POST", "inbound"):
            return _inbound(world, Reader(await _object(request)))
        case ("GET", "faults"):
            return {"faults": [rule.as_json() for rule in world.faults.rules]}
        case ("POST", "faults"):
            added = world.faults.add(_list_of_objects(await _body(request)), world.now())
            return {"faults": [rule.as_json() for rule in added]}
        case ("DELETE", "faults"):
            world.faults.rules.clear()
            return {"ok": True}
        case ("DELETE", "faults", rule_id):
            if not world.faults.remove(rule_id):
                raise NotFoundError(f"There is no fault {rule_id}.")
            return {"ok": True}
        case ("GET", "oracle"):
            return _records(world, request)
        case ("GET", "oracle", "summary"):
            return {**world.oracle.summary(), "webhooks": world.courier.summary()}
        case ("GET", "oracle", "receipts"):
            return _receipts(world, request)
        case _:
            raise NotFoundError(f"There is no {request.method} /_sandbox/{'/'.join(parts)}.")


async def _openai(world: World, request: web.BaseRequest, parts: list[str]) -> object:
    vendor = world.openai
    match (request.method, *parts):
        case ("GET", "bill"):
            return vendor.bill.as_json()
        case ("GET", "calls"):
            return openai_control.calls(vendor, _whole(request, "since", 0), _whole(request, "limit", _PAGE))
        case ("GET", "faults"):
            return openai_control.rules(vendor)
        case ("POST", "faults"):
            return openai_control.add_rules(vendor, _list_of_objects(await _body(request)), world.now())
        case ("DELETE", "faults"):
            vendor.faults.rules.clear()
            return {"ok": True}
        case ("DELETE", "faults", rule_id):
            if not vendor.faults.remove(rule_id):
                raise NotFoundError(f"There is no fault {rule_id}.")
            return {"ok": True}
        case _:
            raise NotFoundError(f"There is no {request.method} /_sandbox/openai/{'/'.join(parts)}.")


async def _body(request: web.BaseRequest) -> object:
    try:
        return loads(await request.read())
    except ValueError:
        raise ConfigError("The body must be JSON.") from None


async def _object(request: web.BaseRequest) -> Json:
    value = as_object(await _body(request))
    if value is None:
        raise ConfigError("The body must be a JSON object.")
    return value


def _list_of_objects(value: object) -> list[Json]:
    items = as_list(value)
    found = [as_object(item) for item in ([value] if items is None else items)]
    objects = [item for item in found if item is not None]
    if len(objects) < len(found):
        raise ConfigError("The body must be an object or a list of objects.")
    return objects


def _whole(request: web.BaseRequest, name: str, default: int) -> int:
    raw = request.query.get(name, str(default))
    if not raw.isdecimal() or len(raw) > 15:  # noqa: PLR2004 - more digits than any log has entries
        raise ConfigError(f"{name} must be a whole number from 0.")
    return int(raw)


def _records(world: World, request: web.BaseRequest) -> Json:
    since = _whole(request, "since", 0)
    log = world.oracle.records
    found = log.since(since, _whole(request, "limit", _PAGE))
    return {
        "records": [record.as_json() for record in found],
        "next": found[-1].seq if found else since,
        "truncated": log.dropped > 0,
    }


def _receipts(world: World, request: web.BaseRequest) -> Json:
    since = _whole(request, "since", 0)
    log = world.oracle.receipts
    found = log.since(since, _whole(request, "limit", _PAGE))
    return {
        "receipts": [receipt.as_json() for receipt in found],
        "next": found[-1].seq if found else since,
        "truncated": log.dropped > 0,
    }


def _put_templates(world: World, body: object) -> Json:
    holder = as_object(body)
    items = _list_of_objects(body if holder is None else holder.get("templates"))
    world.reconfigure({"templates": items})
    return {"templates": [template.as_meta() for template in world.templates.by_id.values()]}


def _patch_template(world: World, name: str, reader: Reader) -> Json:
    language = reader.text("language") if reader.has("language") else None
    status = reader.choice("status", STATUSES) if reader.has("status") else None
    quality = reader.choice("quality", QUALITIES) if reader.has("quality") else None
    reader.done()
    found = world.templates.named(name, language)
    if not found:
        raise NotFoundError(f"There is no template {name} in {language or 'any language'}.")
    for template in found:
        if status is not None and status != template.status:
            template.status = status
            world.courier.tell_account("message_template_status_update", _status_update(template))
        if quality is not None and quality != template.quality:
            world.courier.tell_account("message_template_quality_update", _quality_update(template, quality))
            template.quality = quality
    return {"templates": [template.as_meta() for template in found]}


def _status_update(template: Template) -> Json:
    value: Json = {
        "event": template.status,
        "message_template_id": int(template.id),
        "message_template_name": template.name,
        "message_template_language": template.language,
        "message_template_category": template.category,
        "reason": "NONE",
    }
    if template.status in _PAUSE_TITLES:
        title = _PAUSE_TITLES[template.status]
        value["other_info"] = {
            "title": title,
            "description": "Changed through the sandbox's control API.",
        }
    if template.status == "DISABLED":
        value["disable_info"] = {"disable_date": int(wall.now())}
    return value


def _quality_update(template: Template, quality: str) -> Json:
    return {
        "previous_quality_score": template.quality,
        "new_quality_score": quality,
        "message_template_id": int(template.id),
        "message_template_name": template.name,
        "message_template_language": template.language,
    }


def _patch_number(world: World, number_id: str, reader: Reader) -> Json:
    number = world.numbers.get(number_id)
    if number is None:
        raise NotFoundError(f"There is no number {number_id}.")
    status = reader.choice("status", NUMBER_STATUSES, number.status)
    quality = reader.choice("quality_rating", QUALITIES, number.quality_rating)
    mps = reader.number("mps", 0.001, 1_000_000, number.mps)
    reader.done()
    limit = tier(world.config.portfolio_limit)
    if mps != number.mps:
        is_upgrade = mps >= HIGH_MPS > number.mps
        number.mps = mps
        number.bucket = TokenBucket(mps * world.scale, world.now())
        if is_upgrade:
            number.throughput = "HIGH"
            world.courier.tell_account(
                "phone_number_quality_update",
                _number_update(number, "THROUGHPUT_UPGRADE", limit),
            )
    if quality != number.quality_rating:
        event = {"RED": "FLAGGED", "YELLOW": "DOWNGRADE"}.get(quality, "UNFLAGGED")
        number.quality_rating = quality
        world.courier.tell_account("phone_number_quality_update", _number_update(number, event, limit))
    if status != number.status:
        update = _account_update(number.status, status)
        number.status = status
        if update is not None:
            world.courier.tell_account("account_update", update)
    return number.as_meta(world.config.portfolio_limit, world.config.callback_url)


def _number_update(number: Number, event: str, limit: str) -> Json:
    return {
        "display_phone_number": number.digits,
        "event": event,
        "current_limit": limit,
        "max_daily_conversations_per_business": limit,
    }


def _account_update(old: str, new: str) -> Json | None:
    """None where Meta has no webhook for the change."""
    if new == "RESTRICTED":
        expiration = int(wall.now()) + 86_400
        info = [
            {
                "restriction_type": "RESTRICTED_BIZ_INITIATED_MESSAGING",
                "expiration": expiration,
            }
        ]
        return {"event": "ACCOUNT_RESTRICTION", "restriction_info": info}
    if "BANNED" not in {old, new}:
        return None
    state = "DISABLE" if new == "BANNED" else "REINSTATE"
    date = time.strftime("%B %d, %Y", time.gmtime(wall.now()))
    return {
        "event": "DISABLED_UPDATE",
        "ban_info": {"waba_ban_state": state, "waba_ban_date": date},
    }


def _inbound(world: World, reader: Reader) -> Json:
    number_id = reader.text("number_id")
    sender = reader.text("from")
    phone = normalised(sender) or normalised(f"+{sender}")
    if phone is None:
        raise ConfigError("from must be a phone number with country code.")
    number = world.numbers.get(number_id)
    if number is None:
        raise NotFoundError(f"There is no number {number_id}.")
    if reader.has("button"):
        button = reader.sub("button")
        content: Json = {"payload": button.text("payload"), "text": button.text("text")}
        button.done()
        kind = "button"
    else:
        content = {"body": reader.text("text")}
        kind = "text"
    reader.done()
    return {"id": world.receive(number, phone[1:], kind, content)}
