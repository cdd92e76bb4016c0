"""The OpenAPI document: what FastAPI derives from the routes, and what holds for all of them: credentials and problems."""

import base64
import json
from collections.abc import Mapping
from copy import deepcopy
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute

import project_one
from project_one.auth.errors import NotAuthenticatedError, NotPermittedError
from project_one.kernel import idempotency, problems
from project_one.kernel.errors import DomainError
from project_one.kernel.problems import STATUS, add_example
from project_one.kernel.rates import RateExceededError

FILE = Path(project_one.__file__).parents[2] / "docs" / "openapi.json"

_ABOUT = (
    "Compliant morning posts for Indian financial advisors, delivered over WhatsApp and proven. Lists answer "
    "`items` and `next_cursor`; give that back as `cursor` for the next page. Refusals are `application/problem+json` "
    "with a stable `code`. A POST with an `Idempotency-Key` does its work once; sent again it gets the first answer."
)
_TAGS = {
    "advisors": "Profile, registration, languages, slot and WhatsApp connection of an advisor.",
    "access": "Who is calling; sessions ended at once; keys of a firm.",
    "ai": "Texts written and translated by a model, tried by the rules; what it costs.",
    "channel": "What we send with: numbers and templates at the vendor.",
    "compliance": "The rules, and the model, over a text.",
    "deliveries": "What became of each message, and who owns a miss.",
    "exports": "What a firm takes away: its packs, its figures.",
    "fallback": "The reviewed packs that are sent when an advisor has none of her own.",
    "health": "For supervisors and monitoring.",
    "mornings": "The fan-out of a day: plan, progress, certificate.",
    "packs": "An advisor's own content from draft to approval.",
    "policies": "The life of a rulebook: drafted, tested, approved by a second person, in force from a date.",
    "registers": "Snapshots of the public registers, against which registrations are checked.",
    "reviews": "The queue of the platform's reviewers, their decisions and overrides.",
    "webhooks": "What vendors call.",
}
_SCHEMES = {
    "bearer": {
        "type": "http",
        "scheme": "bearer",
        "description": "A session token of the identity provider, of a member of a firm or of the platform's staff.",
    },
    "apiKey": {"type": "apiKey", "in": "header", "name": "X-API-Key", "description": "A key of a firm, for exports."},
}
_METHODS = ("get", "put", "post", "patch", "delete")
_KEY_PARAMETER = {
    "name": idempotency.HEADER,
    "in": "header",
    "required": False,
    "description": "A fresh UUID for each intention; the answer is kept for 24 hours.",
    "schema": {"type": "string", "minLength": 1, "maxLength": idempotency.MOST_CHARACTERS},
}


def operation_id(route: APIRoute) -> str:
    """Its first tag and the name of its function: readable, and stable while both are."""
    tag = str(route.tags[0]).replace(" ", "_") if route.tags else "root"
    return f"{tag}_{route.name}"


def install(app: FastAPI, *, public: frozenset[str], repeatable: frozenset[str]) -> None:
    """Serve the complete document. `public`: paths without credentials; `repeatable`: POSTs that take no key."""

    def document() -> dict[str, Any]:
        if app.openapi_schema is None:
            plain = get_openapi(title=app.title, version=app.version, description=_ABOUT, routes=app.routes)
            app.openapi_schema = completed(plain, public=public, repeatable=repeatable)
        return app.openapi_schema

    app.openapi = document


def completed(plain: Mapping[str, Any], *, public: frozenset[str], repeatable: frozenset[str]) -> dict[str, Any]:
    """A document with credentials and problems on every operation that has them."""
    document: dict[str, Any] = deepcopy(dict(plain))
    components = document.setdefault("components", {})
    components["securitySchemes"] = deepcopy(_SCHEMES)
    schemas = components.setdefault("schemas", {})
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    schemas["Problem"] = deepcopy(problems.SCHEMA)
    document["servers"] = [{"url": "/"}]
    used: set[str] = set()
    for path, operations in document["paths"].items():
        for method in _METHODS:
            if method in operations:
                takes_key = method == "post" and path not in public | repeatable
                _complete(operations[method], is_public=path in public, takes_key=takes_key)
                used |= set(operations[method].get("tags", ()))
    document["tags"] = [{"name": name, "description": _TAGS.get(name, name)} for name in sorted(used)]
    return document


def _complete(operation: dict[str, Any], *, is_public: bool, takes_key: bool) -> None:
    responses = operation["responses"]
    if "application/json" in responses.get("422", {}).get("content", {}):
        del responses["422"]
    if not is_public:
        operation["security"] = [{"bearer": []}, {"apiKey": []}]
        _refusals(responses, NotAuthenticatedError, NotPermittedError, RateExceededError)
    if "requestBody" in operation:
        _bare(responses, "request.unreadable", "request.too-large")
    if takes_key:
        operation.setdefault("parameters", []).append(deepcopy(_KEY_PARAMETER))
        _refusals(
            responses,
            idempotency.IdempotencyKeyInvalidError,
            idempotency.OtherBodyError,
            idempotency.StillRunningError,
        )
    if operation.get("parameters") or "requestBody" in operation:
        _bare(responses, "request.invalid", "request.text-not-storable")
    if not is_public:
        for status, response in responses.items():
            if status >= "400":
                _as_problem(response)


def _as_problem(response: dict[str, Any]) -> None:
    """A refusal has the shape of all refusals. A KeyError: a route names a status and not what it refuses."""
    response["content"] = {problems.MEDIA_TYPE: response["content"][problems.MEDIA_TYPE]}
    response["content"][problems.MEDIA_TYPE]["schema"] = {"$ref": problems.SCHEMA_REF}


def _refusals(responses: dict[str, Any], *refusals: type[DomainError]) -> None:
    for refusal in refusals:
        add_example(responses, str(STATUS[refusal.kind]), refusal.code, refusal.title)


def _bare(responses: dict[str, Any], *codes: str) -> None:
    for code in codes:
        status, title = problems.BARE[code]
        add_example(responses, str(status), code, title)


def as_text(document: Mapping[str, Any]) -> str:
    """The same bytes for the same document."""
    return json.dumps(document, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def settings_for_drawing() -> dict[str, str]:
    """Enough to build an application that is never served: addresses that nobody opens, keys that open nothing."""
    key = base64.b64encode(bytes(32)).decode()
    names = ("whatsapp_access_token", "whatsapp_app_secret", "whatsapp_verify_token")
    return {
        "database_url": "postgresql://nobody@127.0.0.1:9/none",
        "redis_url": "redis://127.0.0.1:9",
        "whatsapp_waba_id": "1",
        **dict.fromkeys(("vault_key", "lookup_key", "certificate_key"), key),
        **dict.fromkeys(names, "drawing"),
    }
