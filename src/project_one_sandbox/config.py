"""What can be set: the shape of `--config` and of `PATCH /_sandbox/config`, checked key by key."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from project_one_sandbox.openai.catalogue import MODELS
from project_one_sandbox.shapes import Json, as_list, as_object, merged

NUMBER_STATUSES = frozenset(
    {
        "CONNECTED",
        "DISCONNECTED",
        "PENDING",
        "RESTRICTED",
        "RATE_LIMITED",
        "MIGRATED",
        "DELETED",
        "BANNED",
        "FLAGGED",
    }
)
QUALITIES = frozenset({"GREEN", "YELLOW", "RED", "UNKNOWN"})
THROUGHPUTS = frozenset({"STANDARD", "HIGH", "NOT_APPLICABLE"})
MAX_BATCH = 1_000
_MAX_MS = 86_400_000.0

DEFAULTS: Json = {
    "callback_url": None,
    "waba_id": "100000000000001",
    "numbers": [
        {
            "id": "106540352242922",
            "display_phone_number": "+91 98000 00000",
            "verified_name": "Project One",
        }
    ],
    "templates": [
        {
            "name": "hello_world",
            "language": "en_US",
            "category": "UTILITY",
            "components": [{"type": "BODY", "text": "Welcome and congratulations!"}],
        }
    ],
    "portfolio_limit": 100_000,
    "keep_text": True,
    "seed": 1,
    "throughput_status": 400,
    "oracle_max": 500_000,
    "latency_ms": {"median": 60, "p95": 150},
    "openai": {
        "latency_ms": {"median": 750, "p95": 2_000},
        "uniform_ms": None,
        "requests_per_minute": 10_000,
        "tokens_per_minute": 20_000_000,
        "shutdown_dates": {},
    },
    "receipts": {
        "sent_ms": {"median": 300, "p95": 800},
        "delivered_ms": {"median": 800, "p95": 2_500},
        "read_ms": {"median": 2_000, "p95": 8_000},
        "read_share": 0.4,
        "batch_window_ms": 50,
        "batch_max": 100,
        "concurrency": 8,
        "retry_ms": [200, 1_000, 3_000, 10_000, 30_000],
    },
}


class ConfigError(ValueError):
    """One sentence that names the key."""


@dataclass(frozen=True, slots=True)
class Spread:
    """A log-normal spread in milliseconds; median 0 means none."""

    median: float
    p95: float


@dataclass(frozen=True, slots=True)
class ReceiptsConfig:
    """`delivered_ms` counts from sent, `read_ms` from delivered."""

    sent_ms: Spread
    delivered_ms: Spread
    read_ms: Spread
    read_share: float
    batch_window_ms: float
    batch_max: int
    concurrency: int
    retry_ms: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class OpenAIConfig:
    """`uniform_ms`: shortest and longest; wins over `latency_ms`. The rates hold for each key and model.

    `shutdown_dates`: laid over the models' own; null: it stays.
    """

    latency_ms: Spread
    uniform_ms: tuple[float, float] | None
    requests_per_minute: int
    tokens_per_minute: int
    shutdown_dates: Mapping[str, date | None]


@dataclass(frozen=True, slots=True)
class NumberConfig:
    id: str
    display_phone_number: str
    verified_name: str
    mps: float
    quality_rating: str
    status: str
    throughput: str


@dataclass(frozen=True, slots=True)
class Config:
    """`templates` stay as they came; `templates.Template` reads them. `raw`: what the next PATCH merges into."""

    raw: Json
    callback_url: str | None
    waba_id: str
    numbers: tuple[NumberConfig, ...]
    templates: tuple[Json, ...]
    portfolio_limit: int
    keep_text: bool
    seed: int
    throughput_status: int
    oracle_max: int
    latency_ms: Spread
    openai: OpenAIConfig
    receipts: ReceiptsConfig


class Reader:
    """Takes an object apart key by key; `done` refuses what nobody asked for."""

    def __init__(self, raw: Json, path: str = "") -> None:
        self._rest = dict(raw)
        self._path = path

    def name(self, key: str) -> str:
        return f"{self._path}{key}"

    def take(self, key: str, default: object = None) -> object:
        return self._rest.pop(key, default)

    def has(self, key: str) -> bool:
        return key in self._rest

    def text(self, key: str, default: str | None = None) -> str:
        value = self.take(key, default)
        if not isinstance(value, str) or not value:
            raise ConfigError(f"{self.name(key)} must be a non-empty string.")
        return value

    def url(self, key: str) -> str | None:
        value = self.take(key)
        if value is None:
            return None
        if not isinstance(value, str) or not value.startswith(("http://", "https://")):
            raise ConfigError(f"{self.name(key)} must be null or an http:// or https:// address.")
        return value

    def choice(self, key: str, allowed: frozenset[str], default: str | None = None) -> str:
        value = self.take(key, default)
        if not isinstance(value, str) or value not in allowed:
            raise ConfigError(f"{self.name(key)} must be one of {', '.join(sorted(allowed))}.")
        return value

    def number(self, key: str, low: float, high: float, default: float | None = None) -> float:
        return _number(self.take(key, default), self.name(key), low, high)

    def integer(self, key: str, low: int, high: int, default: int | None = None) -> int:
        value = self.take(key, default)
        if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
            raise ConfigError(f"{self.name(key)} must be a whole number from {low} to {high}.")
        return value

    def flag(self, key: str, default: bool | None = None) -> bool:  # noqa: FBT001 - a default, not a switch
        value = self.take(key, default)
        if not isinstance(value, bool):
            raise ConfigError(f"{self.name(key)} must be true or false.")
        return value

    def items(self, key: str) -> list[object]:
        value = as_list(self.take(key))
        if value is None:
            raise ConfigError(f"{self.name(key)} must be a list.")
        return value

    def objects(self, key: str) -> tuple[Json, ...]:
        found: list[Json] = []
        for index, item in enumerate(self.items(key)):
            value = as_object(item)
            if value is None:
                raise ConfigError(f"{self.name(key)}[{index}] must be an object.")
            found.append(value)
        return tuple(found)

    def sub(self, key: str) -> "Reader":
        value = as_object(self.take(key))
        if value is None:
            raise ConfigError(f"{self.name(key)} must be an object.")
        return Reader(value, f"{self.name(key)}.")

    def done(self) -> None:
        for key in self._rest:
            raise ConfigError(f"{self.name(key)} is not a known key.")


def _number(value: object, name: str, low: float, high: float) -> float:
    if not isinstance(value, int | float) or isinstance(value, bool) or not low <= value <= high:
        raise ConfigError(f"{name} must be a number from {low:g} to {high:g}.")
    return float(value)


def _spread(reader: Reader) -> Spread:
    median = reader.number("median", 0, _MAX_MS)
    p95 = reader.number("p95", 0, _MAX_MS)
    if median > 0 and p95 < median:
        raise ConfigError(f"{reader.name('p95')} must not be below the median.")
    reader.done()
    return Spread(median, p95)


def _receipts(reader: Reader) -> ReceiptsConfig:
    retries = tuple(
        _number(item, f"{reader.name('retry_ms')}[{index}]", 0, _MAX_MS)
        for index, item in enumerate(reader.items("retry_ms"))
    )
    result = ReceiptsConfig(
        sent_ms=_spread(reader.sub("sent_ms")),
        delivered_ms=_spread(reader.sub("delivered_ms")),
        read_ms=_spread(reader.sub("read_ms")),
        read_share=reader.number("read_share", 0, 1),
        batch_window_ms=reader.number("batch_window_ms", 0, 60_000),
        batch_max=reader.integer("batch_max", 1, MAX_BATCH),
        concurrency=reader.integer("concurrency", 1, 256),
        retry_ms=retries,
    )
    reader.done()
    return result


def _openai(reader: Reader) -> OpenAIConfig:
    result = OpenAIConfig(
        latency_ms=_spread(reader.sub("latency_ms")),
        uniform_ms=_uniform(reader),
        requests_per_minute=reader.integer("requests_per_minute", 1, 1_000_000_000),
        tokens_per_minute=reader.integer("tokens_per_minute", 1, 1_000_000_000_000),
        shutdown_dates=_dates(reader),
    )
    reader.done()
    return result


def _uniform(reader: Reader) -> tuple[float, float] | None:
    value = reader.take("uniform_ms")
    if value is None:
        return None
    name = reader.name("uniform_ms")
    found = [_number(item, f"{name}[{index}]", 0, _MAX_MS) for index, item in enumerate(as_list(value) or [])]
    if len(found) != 2 or found[0] > found[1]:  # noqa: PLR2004 - shortest and longest
        raise ConfigError(f"{name} must be null or the shortest and the longest answer.")
    return found[0], found[1]


def _dates(reader: Reader) -> dict[str, date | None]:
    name = reader.name("shutdown_dates")
    given = as_object(reader.take("shutdown_dates"))
    if given is None:
        raise ConfigError(f"{name} must be an object.")
    found: dict[str, date | None] = {}
    for model, value in given.items():
        if model not in MODELS:
            raise ConfigError(f"{name}.{model} is not a known model.")
        try:
            found[model] = None if value is None else date.fromisoformat(str(value))
        except ValueError:
            raise ConfigError(f"{name}.{model} must be null or a date as 2027-01-14.") from None
    return found


def _numbers(items: tuple[Json, ...]) -> tuple[NumberConfig, ...]:
    found: dict[str, NumberConfig] = {}
    for index, item in enumerate(items):
        reader = Reader(item, f"numbers[{index}].")
        number = NumberConfig(
            id=reader.text("id"),
            display_phone_number=reader.text("display_phone_number"),
            verified_name=reader.text("verified_name", "Project One"),
            mps=reader.number("mps", 0.001, 1_000_000, 80.0),
            quality_rating=reader.choice("quality_rating", QUALITIES, "GREEN"),
            status=reader.choice("status", NUMBER_STATUSES, "CONNECTED"),
            throughput=reader.choice("throughput", THROUGHPUTS, "STANDARD"),
        )
        reader.done()
        if not number.id.isdecimal() or number.id in found:
            raise ConfigError(f"numbers[{index}].id must be a string of digits that no other number has.")
        found[number.id] = number
    return tuple(found.values())


def first(given: Json) -> Config:
    """`given` over the defaults. Raise `ConfigError` for the first key that is wrong."""
    return parse(merged(DEFAULTS, given))


def parse(raw: Json) -> Config:
    """Raise `ConfigError` for the first key that is wrong."""
    reader = Reader(raw)
    waba_id = reader.text("waba_id")
    numbers = _numbers(reader.objects("numbers"))
    if not waba_id.isdecimal() or any(number.id == waba_id for number in numbers):
        raise ConfigError("waba_id must be a string of digits that no number has.")
    result = Config(
        raw=raw,
        callback_url=reader.url("callback_url"),
        waba_id=waba_id,
        numbers=numbers,
        templates=reader.objects("templates"),
        portfolio_limit=reader.integer("portfolio_limit", 0, 1_000_000_000),
        keep_text=reader.flag("keep_text"),
        seed=reader.integer("seed", -(2**63), 2**63),
        throughput_status=reader.integer("throughput_status", 400, 429),
        oracle_max=reader.integer("oracle_max", 1, 10_000_000),
        latency_ms=_spread(reader.sub("latency_ms")),
        openai=_openai(reader.sub("openai")),
        receipts=_receipts(reader.sub("receipts")),
    )
    if result.throughput_status not in {400, 429}:
        raise ConfigError("throughput_status must be 400 or 429.")
    reader.done()
    return result
