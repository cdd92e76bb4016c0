"""When a rule hits: the part that the faults of every vendor share.

`nth`, `from_nth` and `until_nth` count, from 1, what this rule has seen since it was added and its filters let through.
`after_s` and `until_s` count from the same moment and are divided by the time scale.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Generic, Protocol, TypeVar

from project_one_sandbox.config import ConfigError, Reader
from project_one_sandbox.shapes import Json


@dataclass(slots=True)
class Schedule:
    probability: float
    nth: frozenset[int] | None
    from_nth: int
    until_nth: int | None
    max_hits: int | None
    after_s: float
    until_s: float | None
    added_at: float
    draws: random.Random
    seen: int = 0
    hits: int = 0

    def fires(self, now: float, scale: float) -> bool:
        """Count one that passed the filters; whether the rule hits it."""
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
        return {"hits": self.hits, "seen": self.seen}


def read_schedule(reader: Reader, *, seed: str, now: float) -> Schedule:
    """Raise `ConfigError`. Same seed: same draws."""
    return Schedule(
        probability=reader.number("probability", 0, 1, 1.0),
        nth=_whole_numbers(reader, "nth"),
        from_nth=reader.integer("from_nth", 1, 2**53, 1),
        until_nth=reader.integer("until_nth", 1, 2**53) if reader.has("until_nth") else None,
        max_hits=reader.integer("max_hits", 0, 2**53) if reader.has("max_hits") else None,
        after_s=reader.number("after_s", 0, 1e9, 0.0),
        until_s=reader.number("until_s", 0, 1e9) if reader.has("until_s") else None,
        added_at=now,
        draws=random.Random(seed),  # noqa: S311 - repeatable, not secret
    )


class Rule(Protocol):
    id: str


R = TypeVar("R", bound=Rule)


@dataclass(slots=True)
class RuleBook(Generic[R]):
    """The rules of one vendor, in the order they were added."""

    seed: int
    scale: float
    rules: list[R] = field(default_factory=list[R])
    _added: int = 0

    def add(self, items: Sequence[Json], now: float) -> list[R]:
        """Raise `ConfigError` and add none when one of them is wrong."""
        new: list[R] = []
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

    def _read(self, raw: Json, ordinal: int, now: float) -> R:
        raise NotImplementedError


def _whole_numbers(reader: Reader, key: str) -> frozenset[int] | None:
    if not reader.has(key):
        return None
    found: set[int] = set()
    for item in reader.items(key):
        if not isinstance(item, int) or isinstance(item, bool) or item < 1:
            raise ConfigError(f"{key} must be a list of whole numbers from 1.")
        found.add(item)
    return frozenset(found)


def strings(reader: Reader, key: str) -> frozenset[str] | None:
    """A list of strings, None where it is not given."""
    if not reader.has(key):
        return None
    found: set[str] = set()
    for item in reader.items(key):
        if not isinstance(item, str):
            raise ConfigError(f"{key} must be a list of strings.")
        found.add(item)
    return frozenset(found)
