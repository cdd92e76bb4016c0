"""Answers for refusals: RFC 9457 problem details. The one place that knows which refusal is which HTTP status."""

from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from sqlalchemy.exc import DBAPIError
from starlette.exceptions import HTTPException

from project_one.kernel.errors import DomainError, Kind

STATUS = {
    Kind.INVALID: 422,
    Kind.UNAUTHENTICATED: 401,
    Kind.FORBIDDEN: 403,
    Kind.NOT_FOUND: 404,
    Kind.CONFLICT: 409,
    Kind.TOO_MANY: 429,
    Kind.GONE: 410,
    Kind.UNAVAILABLE: 503,
    Kind.STALE: 412,
    Kind.VERSION_MISSING: 428,
    Kind.TOO_LARGE: 413,
}
_TYPE_ROOT = "https://project-one.example/problems/"
_NO_TEXT = frozenset({"22021", "22P05"})  # character_not_in_repertoire, untranslatable_character
BARE = {
    "http.404": (404, "Unknown path"),
    "http.405": (405, "Method not allowed"),
    "request.invalid": (422, "Invalid request"),
    "request.text-not-storable": (422, "Text that cannot be stored"),
    "request.too-large": (413, "Body too large"),
    "request.unreadable": (400, "Body not readable"),
}
"""Status and title of what is refused before any room is asked, by code; all other codes are classes of DomainError."""
_CODE_OF = {status: code for code, (status, _) in BARE.items() if status != STATUS[Kind.INVALID]}
MEDIA_TYPE = "application/problem+json"
SCHEMA_REF = "#/components/schemas/Problem"
SCHEMA: dict[str, Any] = {
    "title": "Problem",
    "description": "RFC 9457. `code` is stable for ever; `detail` says what is wrong and what to do. Facts stand beside them.",
    "type": "object",
    "required": ["type", "title", "status", "detail", "code", "request_id"],
    "properties": {
        "type": {"type": "string", "format": "uri"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "code": {"type": "string", "examples": ["request.invalid"]},
        "request_id": {"type": ["string", "null"]},
        "errors": {
            "description": "Of `request.invalid`: each place that does not fit.",
            "type": "array",
            "items": {
                "type": "object",
                "required": ["pointer", "code", "detail"],
                "properties": {
                    "pointer": {"type": "string", "examples": ["/body/text"]},
                    "code": {"type": "string"},
                    "detail": {"type": "string"},
                },
            },
        },
    },
    "additionalProperties": True,
}


def problem(
    *,
    status: int,
    code: str,
    title: str,
    detail: str,
    request: Request,
    headers: dict[str, str] | None = None,
    **extra: Any,
) -> JSONResponse:
    body = {
        "type": _TYPE_ROOT + code,
        "title": title,
        "status": status,
        "detail": detail,
        "code": code,
        "request_id": getattr(request.state, "request_id", None),
        **extra,
    }
    return JSONResponse(body, status_code=status, media_type=MEDIA_TYPE, headers=headers)


def bare(
    code: str, detail: str, request: Request, *, headers: dict[str, str] | None = None, **extra: Any
) -> JSONResponse:
    """A refusal with a code of BARE."""
    status, title = BARE[code]
    return problem(status=status, code=code, title=title, detail=detail, request=request, headers=headers, **extra)


def errors(*refusals: type[DomainError]) -> dict[int | str, dict[str, Any]]:
    """What an operation may refuse, for `responses`: one entry per status, one example per code."""
    found: dict[int | str, dict[str, Any]] = {}
    for refusal in sorted(refusals, key=lambda item: item.code):
        status = STATUS[refusal.kind]
        add_example(found, status, refusal.code, refusal.title)
    return found


Refusals: TypeAlias = Mapping[int, tuple[type[DomainError], ...]]
"""What a room refuses, by status."""


def named(refusals: Refusals, *statuses: int) -> dict[int | str, dict[str, Any]]:
    """`errors` of everything that a room answers with these statuses."""
    return errors(*(refusal for status in statuses for refusal in refusals[status]))


def add_example(responses: dict[Any, dict[str, Any]], status: int | str, code: str, title: str) -> None:
    """Say in an operation's `responses` that it may answer `status` with `code`."""
    entry = responses.setdefault(status, {})
    body = entry.setdefault("content", {}).setdefault(MEDIA_TYPE, {"schema": {"$ref": SCHEMA_REF}})
    body.setdefault("examples", {})[code] = {
        "summary": title,
        "value": {
            "type": _TYPE_ROOT + code,
            "title": title,
            "status": int(status),
            "detail": "…",
            "code": code,
            "request_id": "…",
        },
    }
    entry["description"] = " or ".join(f"`{name}`" for name in sorted(body["examples"]))


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__


def _is_of_text(cause: BaseException) -> bool:
    return getattr(cause, "sqlstate", None) in _NO_TEXT or isinstance(cause, UnicodeEncodeError)


def install(app: FastAPI) -> None:
    """Turn refusals, validation errors and unknown paths into problem details. The unexpected stays a bare 500."""

    @app.exception_handler(DomainError)
    async def refused(request: Request, error: DomainError) -> JSONResponse:  # pyright: ignore[reportUnusedFunction]
        headers = {"WWW-Authenticate": "Bearer"} if error.kind is Kind.UNAUTHENTICATED else {}
        if error.retry_after_s is not None:
            headers["Retry-After"] = str(error.retry_after_s)
        return problem(
            status=STATUS[error.kind],
            code=error.code,
            title=error.title,
            detail=error.detail,
            request=request,
            headers=headers,
            **error.facts,
        )

    @app.exception_handler(RequestValidationError)
    async def invalid(request: Request, error: RequestValidationError) -> JSONResponse:  # pyright: ignore[reportUnusedFunction]
        errors = [
            {
                "pointer": "/" + "/".join(str(part) for part in item["loc"]),
                "code": item["type"],
                "detail": item["msg"],
            }
            for item in error.errors()
        ]
        detail = "The request does not fit its description; `errors` names each place."
        return bare("request.invalid", detail, request, errors=errors)

    @app.exception_handler(DBAPIError)
    async def unstorable(request: Request, error: DBAPIError) -> JSONResponse:  # pyright: ignore[reportUnusedFunction]
        if not any(_is_of_text(cause) for cause in _causes(error)):
            raise error
        detail = "Some text of the request holds a NUL or half of a surrogate pair; take it out."
        return bare("request.text-not-storable", detail, request)

    @app.exception_handler(HTTPException)
    async def plain(request: Request, error: HTTPException) -> JSONResponse:  # pyright: ignore[reportUnusedFunction]
        code = _CODE_OF.get(error.status_code)
        if code is None:  # nothing here raises any other; a bare 500 says that something now does
            raise error
        detail = f"{request.method} {request.url.path}: {error.detail}."
        return bare(code, detail, request, headers=dict(error.headers) if error.headers else None)
