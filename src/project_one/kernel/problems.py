"""Answers for refusals: RFC 9457 problem details. The one place that knows which refusal is which HTTP status."""

from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from project_one.kernel.errors import DomainError, Kind

STATUS = {
    Kind.INVALID: 422,
    Kind.UNAUTHENTICATED: 401,
    Kind.FORBIDDEN: 403,
    Kind.NOT_FOUND: 404,
    Kind.CONFLICT: 409,
    Kind.UNAVAILABLE: 503,
    Kind.STALE: 412,
    Kind.VERSION_MISSING: 428,
    Kind.TOO_LARGE: 413,
}
_TYPE_ROOT = "https://project-one.example/problems/"


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
    return JSONResponse(body, status_code=status, media_type="application/problem+json", headers=headers)


def install(app: FastAPI) -> None:
    """Turn refusals, validation errors and unknown paths into problem details. The unexpected stays a bare 500."""

    @app.exception_handler(DomainError)
    async def refused(request: Request, error: DomainError) -> JSONResponse:  # pyright: ignore[reportUnusedFunction]
        headers = {"WWW-Authenticate": "Bearer"} if error.kind is Kind.UNAUTHENTICATED else None
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
        return problem(
            status=422,
            code="request.invalid",
            title="Invalid request",
            detail="The request does not fit its description; `errors` names each place.",
            request=request,
            errors=errors,
        )

    @app.exception_handler(HTTPException)
    async def plain(request: Request, error: HTTPException) -> JSONResponse:  # pyright: ignore[reportUnusedFunction]
        return problem(
            status=error.status_code,
            code=f"http.{error.status_code}",
            title=str(error.detail),
            detail=f"{request.method} {request.url.path}: {error.detail}.",
            request=request,
            headers=dict(error.headers) if error.headers else None,
        )
