"""Clerk's doors: the public keys under `/clerk`, and what tests and demos ask for under `/_sandbox/clerk`."""

from aiohttp import web

from project_one_sandbox import answers, clerk
from project_one_sandbox.clerk import Clerk
from project_one_sandbox.config import ConfigError
from project_one_sandbox.shapes import Json, as_object

_LONGEST_S = 30 * 86_400
_ERRORS = range(400, 600)


def serve(instance: Clerk, request: web.BaseRequest, parts: list[str]) -> web.Response:
    """`parts`: the path below `/clerk/`."""
    if request.method != "GET" or parts not in ([".well-known", "jwks.json"], ["v1", "jwks"]):
        return answers.json({"errors": [{"code": "resource_not_found", "message": "not found", "meta": {}}]}, 404)
    if instance.jwks_status in _ERRORS:
        return answers.json({"errors": [{"code": "unavailable", "message": "try later"}]}, instance.jwks_status)
    return answers.json(instance.jwks())


async def control(instance: Clerk, request: web.BaseRequest, action: str, body: Json) -> Json:
    """One of token, rotate, webhook, jwks. Raise `ConfigError` for a body that is wrong, `LookupError` for another action."""
    match action:
        case "token":
            return {"jwt": _token(instance, f"http://{request.host}/clerk", body)}
        case "rotate":
            return {"kid": instance.rotate(keep_old=body.get("keep_old", True) is not False)}
        case "jwks":
            status = body.get("status", 200)
            if not isinstance(status, int) or (status != 200 and status not in _ERRORS):  # noqa: PLR2004
                raise ConfigError("status must be 200 or an HTTP error.")
            instance.jwks_status = status
            return {"status": status}
        case "webhook":
            return await _webhook(instance, body)
        case _:
            raise LookupError(f"There is no POST /_sandbox/clerk/{action}; there are token, rotate, jwks and webhook.")


def _token(instance: Clerk, issuer: str, body: Json) -> str:
    sub, ttl = body.get("sub"), body.get("ttl", 60)
    if not isinstance(sub, str) or not sub:
        raise ConfigError("sub must be the id of a user.")
    if isinstance(ttl, bool) or not isinstance(ttl, int | float) or abs(ttl) > _LONGEST_S:
        raise ConfigError(f"ttl must be seconds, at most {_LONGEST_S}.")
    return instance.token(
        issuer,
        sub=sub,
        sid=_text(body, "sid"),
        org=_text(body, "org"),
        ttl=ttl,
        claims=_object(body, "claims"),
        header=_object(body, "header"),
    )


async def _webhook(instance: Clerk, body: Json) -> Json:
    kind, age = _text(body, "type"), body.get("age_s", 0)
    url = _text(body, "url") or instance.config.webhook_url
    if kind is None or url is None:
        raise ConfigError("type must be given, and url where SANDBOX_CLERK_WEBHOOK_URL is not set.")
    if isinstance(age, bool) or not isinstance(age, int):
        raise ConfigError("age_s must be whole seconds.")
    told = clerk.event(kind, _object(body, "data"))
    try:
        return await clerk.tell(instance.config, url, told, message_id=_text(body, "svix_id"), age_s=age)
    except OSError as error:
        raise ConfigError(str(error)) from error


def _text(body: Json, name: str) -> str | None:
    value = body.get(name)
    if value is not None and not isinstance(value, str):
        raise ConfigError(f"{name} must be text.")
    return value


def _object(body: Json, name: str) -> Json:
    value = as_object(body.get(name, {}))
    if value is None:
        raise ConfigError(f"{name} must be an object.")
    return value
