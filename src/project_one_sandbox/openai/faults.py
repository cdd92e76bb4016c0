"""What shall go wrong with a model, by rule. A rule sees every valid request that passes its filters.

Filters: `schemas` (names), `models`, `contains` (one of these phrases stands in the user's message). Of the kinds that end
a request before it is processed only the first to hit applies; the others add up. When it hits: `rules`.
"""

from dataclasses import dataclass
from enum import StrEnum

from project_one_sandbox.config import Reader
from project_one_sandbox.openai.asked import Asked
from project_one_sandbox.openai.errors import OpenAIError, no_model
from project_one_sandbox.openai.limits import duration, rate_limited
from project_one_sandbox.rules import RuleBook, Schedule, read_schedule, strings
from project_one_sandbox.shapes import Json

_MAX_MS = 3_600_000


class Kind(StrEnum):
    """Refusals (nothing is billed), then troubles on the way, then troubles in the answer (all billed but failed)."""

    RATE_LIMIT = "rate_limit"  # 429 rate_limit_exceeded; `retry_ms`, `scope`: requests or tokens
    QUOTA = "quota"  # 429; `code`: insufficient_quota or credit_balance_exhausted
    SLOW_DOWN = "slow_down"  # 429
    SERVER_ERROR = "server_error"  # 500
    OVERLOADED = "overloaded"  # 503 server_is_overloaded
    BAD_KEY = "bad_key"  # 401 invalid_api_key
    MODEL_GONE = "model_gone"  # 404 model_not_found
    RESET = "reset"  # the connection is reset in the middle of the body
    DRIP = "drip"  # `bytes` every `step_ms`
    SILENT = "silent"  # no answer; reset after `hold_ms`
    LATENCY = "latency"  # `extra_ms` more
    NO_HEADERS = "no_headers"  # neither rate limits nor ids
    TRUNCATED = "truncated"  # JSON cut in the middle: incomplete, finish_reason length
    INCOMPLETE = "incomplete"  # 200 and incomplete, nothing said
    FAILED = "failed"  # 200 and status failed; the chat door has no such thing and answers 500
    REFUSAL = "refusal"  # by the model
    FILTER = "filter"  # content_filter
    LIE = "lie"  # quotes that stand nowhere
    OFF_CATEGORY = "off_category"  # a category the schema does not have
    OBEY = "obey"  # does what a caption tells it: finds nothing
    UNSAFE = "unsafe"  # captions with a promise in them


REFUSALS = frozenset(
    {
        Kind.RATE_LIMIT,
        Kind.QUOTA,
        Kind.SLOW_DOWN,
        Kind.SERVER_ERROR,
        Kind.OVERLOADED,
        Kind.BAD_KEY,
        Kind.MODEL_GONE,
    }
)
_SCOPES = frozenset({"requests", "tokens"})
_QUOTA_CODES = frozenset({"insufficient_quota", "credit_balance_exhausted"})


@dataclass(frozen=True, slots=True)
class Detail:
    """What the kinds take; each kind uses its own part."""

    retry_ms: float = 20_000.0
    scope: str = "requests"
    code: str = "insufficient_quota"
    hold_ms: float = 600_000.0
    extra_ms: float = 1_000.0
    step_ms: float = 200.0
    bytes: int = 1


@dataclass(slots=True)
class Rule:
    id: str
    kind: Kind
    schemas: frozenset[str] | None
    models: frozenset[str] | None
    contains: frozenset[str] | None
    schedule: Schedule
    detail: Detail
    raw: Json

    def fires(self, asked: Asked, now: float, scale: float) -> bool:
        if self.schemas is not None and asked.schema_name not in self.schemas:
            return False
        if self.models is not None and asked.model not in self.models:
            return False
        if self.contains is not None and not any(phrase in asked.user for phrase in self.contains):
            return False
        return self.schedule.fires(now, scale)

    def as_json(self) -> Json:
        return {**self.raw, "id": self.id, **self.schedule.as_json()}


@dataclass(frozen=True, slots=True)
class Hits:
    """The rules that fired for one request."""

    rules: tuple[Rule, ...] = ()

    def has(self, kind: Kind) -> bool:
        return self.first(kind) is not None

    def first(self, kind: Kind) -> Rule | None:
        return next((rule for rule in self.rules if rule.kind is kind), None)

    def extra_ms(self) -> float:
        return sum(rule.detail.extra_ms for rule in self.rules if rule.kind is Kind.LATENCY)

    def names(self) -> str | None:
        return "+".join(rule.kind for rule in self.rules) or None

    def refusal(self, asked: Asked) -> OpenAIError | None:
        rule = next((rule for rule in self.rules if rule.kind in REFUSALS), None)
        return None if rule is None else _refusal(rule, asked)


def _refusal(rule: Rule, asked: Asked) -> OpenAIError:
    detail = rule.detail
    match rule.kind:
        case Kind.RATE_LIMIT:
            wait = detail.retry_ms / 1_000
            headers = {
                f"x-ratelimit-remaining-{detail.scope}": "0",
                f"x-ratelimit-reset-{detail.scope}": duration(wait),
            }
            return rate_limited(asked.model, detail.scope, wait, headers)
        case Kind.QUOTA:
            message = "You exceeded your current quota, please check your plan and billing details."
            return OpenAIError(429, message, kind="insufficient_quota", code=detail.code)
        case Kind.SLOW_DOWN:
            return OpenAIError(429, "Requests are ramping up too fast. Slow down.", kind="requests", code="slow_down")
        case Kind.OVERLOADED:
            message = "The server is overloaded. Please try again later."
            return OpenAIError(503, message, kind="server_error", code="server_is_overloaded")
        case Kind.BAD_KEY:
            return OpenAIError(401, "Incorrect API key provided.", code="invalid_api_key")
        case Kind.MODEL_GONE:
            return no_model(asked.model)
        case _:
            return server_error()


def server_error() -> OpenAIError:
    message = "The server had an error while processing your request."
    return OpenAIError(500, message, kind="server_error", code="server_error")


@dataclass(slots=True)
class FaultBook(RuleBook[Rule]):
    def match(self, asked: Asked, now: float) -> Hits:
        fired: list[Rule] = []
        is_ended = False
        for rule in self.rules:
            is_refusal = rule.kind in REFUSALS
            if is_refusal and is_ended:
                continue
            if rule.fires(asked, now, self.scale):
                fired.append(rule)
                is_ended = is_ended or is_refusal
        return Hits(tuple(fired))

    def _read(self, raw: Json, ordinal: int, now: float) -> Rule:
        reader = Reader(raw)
        kind = Kind(reader.choice("kind", frozenset(Kind)))
        rule_id = reader.text("id", f"fault-{ordinal}")
        rule = Rule(
            id=rule_id,
            kind=kind,
            schemas=strings(reader, "schemas"),
            models=strings(reader, "models"),
            contains=strings(reader, "contains"),
            schedule=read_schedule(reader, seed=f"{self.seed}:openai:{rule_id}", now=now),
            detail=_detail(reader, kind),
            raw=raw,
        )
        reader.done()
        return rule


def _detail(reader: Reader, kind: Kind) -> Detail:
    match kind:
        case Kind.RATE_LIMIT:
            return Detail(
                retry_ms=reader.number("retry_ms", 0, _MAX_MS, 20_000),
                scope=reader.choice("scope", _SCOPES, "requests"),
            )
        case Kind.QUOTA:
            return Detail(code=reader.choice("code", _QUOTA_CODES, "insufficient_quota"))
        case Kind.SILENT:
            return Detail(hold_ms=reader.number("hold_ms", 0, _MAX_MS, 600_000))
        case Kind.LATENCY:
            return Detail(extra_ms=reader.number("extra_ms", 0, _MAX_MS, 1_000))
        case Kind.DRIP:
            return Detail(
                step_ms=reader.number("step_ms", 0, _MAX_MS, 200),
                bytes=reader.integer("bytes", 1, 1_000_000, 1),
            )
        case _:
            return Detail()
