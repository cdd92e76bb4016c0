"""What shall go wrong, by rule. A rule sees every send that passed the token check and decides by itself; of the kinds
that end a send only the first to hit applies. Same seed, rules and order of sends: same hits.

`nth`, `from_nth` and `until_nth` count, from 1, the sends this rule has seen since it was added, of its `recipients`
and `numbers` if it names any. `after_s` and `until_s` count from the same moment and are divided by the time scale.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from project_one_sandbox.config import ConfigError, Reader
from project_one_sandbox.graph_errors import TABLE, THROUGHPUT
from project_one_sandbox.messages import normalised
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
    probability: float
    nth: frozenset[int] | None
    from_nth: int
    until_nth: int | None
    max_hits: int | None
    recipients: frozenset[str] | None
    numbers: frozenset[str] | None
    after_s: float
    until_s: float | None
    detail: Detail
    raw: Json
    added_at: float
    draws: random.Random
    seen: int = 0
    hits: int = 0

    def fires(self, number: str, to: str | None, now: float, scale: float) -> bool:
        if self.numbers is not None and number not in self.numbers:
            return False
        if self.recipients is not None and to not in self.recipients:
            return False
        self.seen += 1
        chance = self.draws.random()
        age = (now - self.added_at) * scale
        fires = (
            (self.nth is None or self.seen in self.nth)
            and self.seen >= self.from_nth
            and (self.until_nth is None or self.seen <= self.until_nth)
            and (self.max_hits is None or self.hits < self.max_hits)
            and age >= self.after_s
            and (self.until_s is None or age < self.until_s)
            and chance < self.probability
        )
        self.hits += fires
        return fires

    def as_json(self) -> Json:
        return {**self.raw, "id": self.id, "hits": self.hits, "seen": self.seen}


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
class FaultBook:
    seed: int
    scale: float
    rules: list[Rule] = field(default_factory=list[Rule])
    _added: int = 0

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

    def add(self, items: Sequence[Json], now: float) -> list[Rule]:
        """Raise `ConfigError` and add none when one of them is wrong."""
        new: list[Rule] = []
        taken = {rule.id for rule in self.rules}
        for index, raw in enumerate(items):
            rule = self._read(raw, self._added + index + 1, now)
            if rule.id in taken:
                raise ConfigError(f"id {rule.id} is taken by another rule.")
            taken.add(rule.id)
            new.append(rule)
        self._added += len(new)
        self.rules.extend(new)
        return new

    def remove(self, rule_id: str) -> bool:
        left = [rule for rule in self.rules if rule.id != rule_id]
        is_found = len(left) < len(self.rules)
        self.rules = left
        return is_found

    def _read(self, raw: Json, ordinal: int, now: float) -> Rule:
        reader = Reader(raw)
        kind = Kind(reader.choice("kind", frozenset(Kind)))
        rule_id = reader.text("id", f"fault-{ordinal}")
        rule = Rule(
            id=rule_id,
            kind=kind,
            probability=reader.number("probability", 0, 1, 1.0),
            nth=_whole_numbers(reader, "nth"),
            from_nth=reader.integer("from_nth", 1, 2**53, 1),
            until_nth=reader.integer("until_nth", 1, 2**53) if reader.has("until_nth") else None,
            max_hits=reader.integer("max_hits", 0, 2**53) if reader.has("max_hits") else None,
            recipients=_phones(reader, "recipients"),
            numbers=_strings(reader, "numbers"),
            after_s=reader.number("after_s", 0, 1e9, 0.0),
            until_s=reader.number("until_s", 0, 1e9) if reader.has("until_s") else None,
            detail=_detail(reader, kind),
            raw=raw,
            added_at=now,
            draws=random.Random(f"{self.seed}:{rule_id}"),  # noqa: S311 - repeatable, not secret
        )
        reader.done()
        return rule


def _whole_numbers(reader: Reader, key: str) -> frozenset[int] | None:
    if not reader.has(key):
        return None
    found: set[int] = set()
    for item in reader.items(key):
        if not isinstance(item, int) or isinstance(item, bool) or item < 1:
            raise ConfigError(f"{key} must be a list of whole numbers from 1.")
        found.add(item)
    return frozenset(found)


def _strings(reader: Reader, key: str) -> frozenset[str] | None:
    if not reader.has(key):
        return None
    found: set[str] = set()
    for item in reader.items(key):
        if not isinstance(item, str):
            raise ConfigError(f"{key} must be a list of strings.")
        found.add(item)
    return frozenset(found)


def _phones(reader: Reader, key: str) -> frozenset[str] | None:
    given = _strings(reader, key)
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
    given = _strings(reader, "statuses")
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
