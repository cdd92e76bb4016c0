"""What every key owes: the vendor's own truth, against which a client may compare its books."""

from collections import Counter
from dataclasses import dataclass, field

from project_one_sandbox.openai.catalogue import Usage, micro
from project_one_sandbox.oracle import Log
from project_one_sandbox.shapes import Json


@dataclass(slots=True)
class Call:
    """One call that was processed. `outcome`: answering, then delivered or cancelled (nobody took the whole answer).

    `cost_pico`: millionths of a micro-dollar. `is_stored`: the client did not say `store: false`.
    """

    seq: int
    at: float
    key: str
    id: str
    request_id: str
    door: str
    model: str
    schema: str | None
    usage: Usage
    cost_pico: int
    is_stored: bool
    safety_identifier: str | None
    fault: str | None
    outcome: str = "answering"

    def as_json(self) -> Json:
        return {
            "seq": self.seq,
            "at": self.at,
            "key": shown(self.key),
            "id": self.id,
            "request_id": self.request_id,
            "door": self.door,
            "model": self.model,
            "schema": self.schema,
            **_tokens(self.usage),
            "usd_pico": self.cost_pico,
            "usd_micro": micro(self.cost_pico),
            "is_stored": self.is_stored,
            "safety_identifier": self.safety_identifier,
            "fault": self.fault,
            "outcome": self.outcome,
        }


def _tokens(usage: Usage) -> Json:
    return {
        "input_tokens": usage.input,
        "cached_tokens": usage.cached,
        "cache_write_tokens": usage.cache_written,
        "output_tokens": usage.output,
        "reasoning_tokens": usage.reasoning,
    }


@dataclass(slots=True)
class _Account:
    sums: Counter[str] = field(default_factory=Counter[str])
    models: dict[str, Counter[str]] = field(default_factory=dict[str, Counter[str]])
    outcomes: Counter[str] = field(default_factory=Counter[str])

    def as_json(self) -> Json:
        return {
            **_summed(self.sums),
            "outcomes": dict(self.outcomes),
            "models": {model: _summed(sums) for model, sums in sorted(self.models.items())},
        }


_COLUMNS = (
    "calls",
    "input_tokens",
    "cached_tokens",
    "cache_write_tokens",
    "output_tokens",
    "reasoning_tokens",
    "usd_pico",
)


def _summed(sums: Counter[str]) -> Json:
    return {**{name: sums[name] for name in _COLUMNS}, "usd_micro": micro(sums["usd_pico"])}


def shown(key: str) -> str:
    """A key as it may be printed: its end."""
    return f"…{key[-4:]}"


class Bill:
    """Sums for ever, the calls themselves as far as `limit` goes."""

    def __init__(self, limit: int) -> None:
        self.calls: Log[Call] = Log(limit)
        self._accounts: dict[str, _Account] = {}

    @property
    def next_seq(self) -> int:
        return self.calls.next_seq

    def charge(self, call: Call) -> None:
        account = self._accounts.setdefault(call.key, _Account())
        row = Counter({"calls": 1, "usd_pico": call.cost_pico})
        usage = call.usage
        row.update(
            input_tokens=usage.input,
            cached_tokens=usage.cached,
            cache_write_tokens=usage.cache_written,
            output_tokens=usage.output,
            reasoning_tokens=usage.reasoning,
        )
        account.sums.update(row)
        account.models.setdefault(call.model, Counter()).update(row)
        account.outcomes[call.outcome] += 1
        self.calls.append(call)

    def close(self, call: Call, *, is_delivered: bool) -> None:
        outcomes = self._accounts[call.key].outcomes
        outcomes[call.outcome] -= 1
        call.outcome = "delivered" if is_delivered else "cancelled"
        outcomes[call.outcome] += 1

    def as_json(self) -> Json:
        """Per key, shown by its end, and the sum over all."""
        whole: Counter[str] = Counter()
        for account in self._accounts.values():
            whole.update(account.sums)
        return {
            "total": _summed(whole),
            "keys": {shown(key): account.as_json() for key, account in sorted(self._accounts.items())},
        }
