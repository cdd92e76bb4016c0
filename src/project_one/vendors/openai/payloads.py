"""OpenAI's wire format in our words. Pure; nothing of a prompt or an answer gets into an error."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import orjson

from project_one.ai.domain import Usage
from project_one.ai.ports import ModelReply, ModelRequest, Trouble, VendorError
from project_one.kernel.canonical import sha256_hex

_REASONS = re.compile(r"^gpt-(?:5\.[1-9]|[6-9])")
_CODE = re.compile(r"^[a-z_]{1,40}$")
_EXHAUSTED = frozenset({"insufficient_quota", "credit_balance_exhausted", "billing_hard_limit_reached"})
_GONE = frozenset({"model_not_found", "model_not_available"})
_NOT_BILLED = Usage(0, 0)
_BAD_REQUEST, _UNAUTHORIZED, _FORBIDDEN, _NOT_FOUND, _TIMEOUT, _CONFLICT, _TOO_MANY = 400, 401, 403, 404, 408, 409, 429
_SERVER = 500


@dataclass(frozen=True)
class ModelListing:
    """`shut_down_on`: None while no end is announced."""

    model: str
    shut_down_on: date | None


def request_body(request: ModelRequest) -> dict[str, Any]:
    """Of POST /responses. What never changes stands first, so that the vendor's own cache knows the beginning."""
    body: dict[str, Any] = {
        "model": request.model,
        "input": [
            {"role": "developer", "content": request.system},
            {"role": "user", "content": request.user},
        ],
        "text": {
            "format": {
                "type": "json_schema",
                "name": request.schema_name,
                "strict": True,
                "schema": dict(request.schema),
            }
        },
        "max_output_tokens": request.most_output_tokens,
        "store": False,
        "prompt_cache_key": f"{request.schema_name}-{sha256_hex(request.system.encode())[:12]}",
        "safety_identifier": request.safety_id,
    }
    if _REASONS.match(request.model):
        body["reasoning"] = {"effort": "none"}
    return body


def read_reply(raw: bytes) -> ModelReply:
    """The answer in a body of HTTP 200. Raises VendorError."""
    try:
        body = orjson.loads(raw)
        usage = _usage(body.get("usage"))
        status = body["status"]
        if status == "failed":
            code = _code((body.get("error") or {}).get("code"))
            raise VendorError(_trouble(_SERVER, code, ""), f"The vendor's call failed ({code}).", usage=usage)
        if status == "incomplete":
            cause = _code((body.get("incomplete_details") or {}).get("reason"))
            trouble = Trouble.FILTERED if cause == "content_filter" else Trouble.CUT
            raise VendorError(trouble, f"The answer is incomplete ({cause}).", usage=usage)
        if status != "completed":
            raise VendorError(Trouble.SERVER, f"The call is {_code(status)}.", usage=usage)
        parts = [part for item in body["output"] if item.get("type") == "message" for part in item["content"]]
        if any(part.get("type") == "refusal" for part in parts):
            raise VendorError(Trouble.REFUSED, "The model refused.", usage=usage)
        text = "".join(str(part["text"]) for part in parts if part.get("type") == "output_text")
        if usage is None or not text:
            raise VendorError(Trouble.SERVER, "The answer lacks its text or its usage.", usage=usage)
        return ModelReply(text, str(body["model"]), usage)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise VendorError(Trouble.SERVER, f"The vendor's answer is not understood ({type(error).__name__}).") from None


def read_models(raw: bytes) -> list[ModelListing]:
    """Of GET /models. Raises VendorError."""
    try:
        return [ModelListing(str(item["id"]), _day(item.get("shutdown_date"))) for item in orjson.loads(raw)["data"]]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise VendorError(Trouble.SERVER, f"The list of models is not understood ({type(error).__name__}).") from None


def refusal(status: int, code: str | None, kind: str | None, headers: Mapping[str, str]) -> VendorError:
    """What an HTTP error means. Nothing is billed for one that names the caller's fault; of a 5xx nobody knows."""
    known = _code(code) if code else _code(kind)
    usage = None if status >= _SERVER or status in {_TIMEOUT, _CONFLICT} else _NOT_BILLED
    return VendorError(
        _trouble(status, known, _code(kind)),
        f"The vendor answered HTTP {status} ({known}).",
        retry_after_s=_retry_after_s(headers),
        usage=usage,
    )


def _trouble(status: int, code: str, kind: str) -> Trouble:  # noqa: PLR0911  one line a meaning
    if code in _EXHAUSTED or kind in _EXHAUSTED:
        return Trouble.EXHAUSTED
    if code in _GONE or status == _NOT_FOUND:
        return Trouble.MODEL_GONE
    if status == _TOO_MANY or code == "rate_limit_exceeded":
        return Trouble.RATE
    if status in {_UNAUTHORIZED, _FORBIDDEN}:
        return Trouble.KEY
    if code == "content_filter" or code == "content_policy_violation":
        return Trouble.FILTERED
    if code == "invalid_prompt":
        return Trouble.OURS
    if status >= _SERVER or status in {_TIMEOUT, _CONFLICT}:
        return Trouble.SERVER
    return Trouble.OURS


def _usage(value: Any) -> Usage | None:
    if not isinstance(value, dict):
        return None
    details = value.get("input_tokens_details") or {}  # pyright: ignore[reportUnknownMemberType]
    return Usage(
        input=int(value["input_tokens"]),
        output=int(value["output_tokens"]),
        cached=int(details.get("cached_tokens", 0)),
        cache_written=int(details.get("cache_write_tokens", 0)),
    )


def _code(value: object) -> str:
    """A code of the vendor's, never a sentence, which might hold our text."""
    return value if isinstance(value, str) and _CODE.match(value) else "no code"


def _day(value: object) -> date | None:
    return date.fromisoformat(value[:10]) if isinstance(value, str) and value else None


def _retry_after_s(headers: Mapping[str, str]) -> float | None:
    for name, unit in (("retry-after-ms", 1000.0), ("retry-after", 1.0)):
        try:
            value = float(headers[name]) / unit
        except (KeyError, ValueError):
            continue
        if value >= 0:
            return value
    return None
