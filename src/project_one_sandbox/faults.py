"""What shall go wrong, by rule. A rule sees every send that passed the token check and decides by itself; of the kinds
that end a send only the first to hit applies. Same seed, rules and order of sends: same hits.

A rule may name `recipients` and `numbers`; the others do not count for it (`rules`).
"""

from dataclasses import dataclass
from enum import StrEnum

from project_one_sandbox.config import ConfigError, Reader
from project_one_sandbox.graph_errors import TABLE, THROUGHPUT
from project_one_sandbox.messages import normalised
from project_one_sandbox.rules import RuleBook, Schedule, read_schedule, strings
from project_one_sandbox.shapes import Json

_MAX_MS = 3_600_000


class Kind(StrEnum):
    ERROR = "error"
    BAD_GATEWAY = "bad_gateway"
    THROTTLE = "throttle"
    RESET_BEFORE = "reset_before"
    RESET_AFTER = "reset_after"
    ACCEPT_THEN_TIMEOUT = "accept_then_timeout"
    LATENCY = "latency"
    SLOW_BODY = "slow_body"
    HELD = "held"
    RECEIPT_DUPLICATE = "receipt_duplicate"
    RECEIPT_REORDER = "receipt_reorder"
    RECEIPT_EARLY = "receipt_early"
    RECEIPT_LOST = "receipt_lost"
    RECEIPT_FAILED = "receipt_failed"
    RECEIPT_DELAY = "receipt_delay"
    RECEIPT_NO_CORRELATION = "receipt_no_correlation"
    READ_WITHOUT_DELIVERED = "read_without_delivered"


ENDING = frozenset(
    {
        Kind.ERROR,
        Kind.BAD_GATEWAY,
        Kind.THROTTLE,
        Kind.RESET_BEFORE,
        Kind.RESET_AFTER,
        Kind.ACCEPT_THEN_TIMEOUT,
    }
)
RECEIPT_STATUSES = frozenset({"sent", "delivered", "read", "failed"})
AFTER = frozenset({"accepted", "sent"})


@dataclass(frozen=True, slots=True)
class Detail:
    """What the kinds take; each kind uses its own part."""

    code: int = 131000
    http_status: int = 0
    hold_ms: float = 15_000.0
    extra_ms: float = 1_000.0
    duration_ms: float = 2_000.0
    release_ms: float = 2_000.0
    drop: bool = False
    times: int = 2
    statuses: frozenset[str] = RECEIPT_STATUSES
    after: str = "sent"


@dataclass(slots=True)
class Rule:
    id: str
    kind: Kind
    recipients: frozenset[str] | None
    numbers: frozenset[str] | None
    schedule: Schedule
    detail: Detail
    raw: Json

    def fires(self, number: str, to: str | None, now: float, scale: float) -> bool:
        if self.numbers is not None and number not in self.numbers:
            return False
        if self.recipients is not None and to not in self.recipients:
            return False
        return self.schedule.fires(now, scale)

    def as_json(self) -> Json:
        return {**self.raw, "id": self.id, **self.schedule.as_json()}


@dataclass(frozen=True, slots=True)
class Hits:
    """The rules that fired for one send."""

    rules: tuple[Rule, ...] = ()

    @property
    def ending(self) -> Rule | None:
        return next((rule for rule in self.rules if rule.kind in ENDING), None)

    def first(self, kind: Kind) -> Rule | None:
        return next((rule for rule in self.rules if rule.kind is kind), None)

    def extra_ms(self, kind: Kind) -> float:
        return sum(rule.detail.extra_ms for rule in self.rules if rule.kind is kind)

    def names(self) -> str | None:
        return "+".join(rule.kind for rule in self.rules) or None


NONE = Hits()


@dataclass(slots=True)
class FaultBook(RuleBook[Rule]):
    def match(self, number: str, to: str | None, now: float) -> Hits:
        if not self.rules:
            return NONE
        fired: list[Rule] = []
        is_ended = False
        for rule in self.rules:
            if rule.kind in ENDING and is_ended:
                continue
            if rule.fires(number, to, now, self.scale):
                fired.append(rule)
                is_ended = is_ended or rule.kind in ENDING
        return Hits(tuple(fired)) if fired else NONE

    def _read(self, raw: Json, ordinal: int, now: float) -> Rule:
        reader = Reader(raw)
        kind = Kind(reader.choice("kind", frozenset(Kind)))
        rule_id = reader.text("id", f"fault-{ordinal}")
        rule = Rule(
            id=rule_id,
            kind=kind,
            recipients=_phones(reader, "recipients"),
            numbers=strings(reader, "numbers"),
            schedule=read_schedule(reader, seed=f"{self.seed}:{rule_id}", now=now),
            detail=_detail(reader, kind),
            raw=raw,
        )
        reader.done()
        return rule


def _phones(reader: Reader, key: str) -> frozenset[str] | None:
    given = strings(reader, key)
    if given is None:
        return None
    found: set[str] = set()
    for item in given:
        phone = normalised(item) or normalised(f"+{item}")
        if phone is None:
            raise ConfigError(f"{key} must be a list of phone numbers with country code.")
        found.add(phone)
    return frozenset(found)


def _code(reader: Reader) -> int:
    code = reader.integer("code", 0, 2**31, 131000)
    if code not in TABLE:
        raise ConfigError(f"code {code} is not in Meta's table.")
    return code


def _statuses(reader: Reader, default: frozenset[str]) -> frozenset[str]:
    given = strings(reader, "statuses")
    if given is not None and not given <= RECEIPT_STATUSES:
        raise ConfigError(f"statuses must be among {', '.join(sorted(RECEIPT_STATUSES))}.")
    return default if given is None else given


def _detail(reader: Reader, kind: Kind) -> Detail:  # noqa: C901, PLR0911 - one case a kind
    match kind:
        case Kind.ERROR:
            code = _code(reader)
            return Detail(
                code=code,
                http_status=reader.integer("http_status", 400, 599, TABLE[code].http),
            )
        case Kind.BAD_GATEWAY:
            return Detail(http_status=reader.integer("http_status", 502, 504, 502))
        case Kind.THROTTLE:
            return Detail(code=THROUGHPUT, http_status=429)
        case Kind.ACCEPT_THEN_TIMEOUT:
            return Detail(hold_ms=reader.number("hold_ms", 0, _MAX_MS, 15_000))
        case Kind.LATENCY | Kind.RECEIPT_DELAY:
            return Detail(extra_ms=reader.number("extra_ms", 0, _MAX_MS, 1_000))
        case Kind.SLOW_BODY:
            return Detail(duration_ms=reader.number("duration_ms", 0, _MAX_MS, 2_000))
        case Kind.HELD:
            return Detail(
                release_ms=reader.number("release_ms", 0, _MAX_MS, 2_000),
                drop=reader.flag("drop", default=False),
            )
        case Kind.RECEIPT_DUPLICATE:
            return Detail(times=reader.integer("times", 2, 20, 2))
        case Kind.RECEIPT_FAILED:
            return Detail(code=_code(reader), after=reader.choice("after", AFTER, "sent"))
        case Kind.RECEIPT_LOST | Kind.RECEIPT_NO_CORRELATION:
            return Detail(statuses=_statuses(reader, RECEIPT_STATUSES))
        case (
            Kind.RESET_BEFORE
            | Kind.RESET_AFTER
            | Kind.RECEIPT_REORDER
            | Kind.RECEIPT_EARLY
            | Kind.READ_WITHOUT_DELIVERED
        ):
            return Detail()
