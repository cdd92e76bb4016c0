"""What a call can cost and did cost, and which model answers for which role on which day. Pure, over a data file.

Money is integer micro-rupees, rounded up: USD per million tokens × tokens × rupees per dollar × (1 + margin) × (1 + tax).
"""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction
from functools import cache
from importlib.resources import files
from typing import Any

import yaml

from project_one.ai.domain import Role, Usage

_FILE = "ai/data/prices.yaml"
_FRAME_TOKENS = 256  # what the vendor puts around the messages
_MOST_TOKENS = 10**9
WARN_DAYS = 60


class PriceTableError(Exception):
    """The data file is wrong; says where."""


@dataclass(frozen=True)
class Price:
    """USD per million tokens from `begins` to `ends`, both included; `ends`: None for as long as it is not closed."""

    model: str
    begins: date
    ends: date | None
    input: Fraction
    cached: Fraction
    cache_write: Fraction
    output: Fraction

    def holds(self, on: date) -> bool:
        return self.begins <= on and (self.ends is None or on <= self.ends)


@dataclass(frozen=True)
class Long:
    """From more than `above` tokens of input on, everything is dearer."""

    above: int
    input: Fraction
    output: Fraction


@dataclass(frozen=True)
class Model:
    """`shutdown`: the day on which the vendor switches it off."""

    name: str
    shutdown: date | None = None
    long: Long | None = None


@dataclass(frozen=True)
class Turn:
    """A model in the row of a role; `begins`: None for one that only stands in."""

    model: str
    begins: date | None


@dataclass(frozen=True)
class Dated:
    """A value from a day on."""

    begins: date
    value: Fraction


@dataclass(frozen=True)
class Shutdown:
    """A model in use that ends soon; `successor`: None when nobody takes over, and somebody must act."""

    role: Role
    model: str
    on: date
    successor: str | None


@dataclass(frozen=True)
class PriceTable:
    """Everything in the file."""

    models: Mapping[str, Model]
    prices: Sequence[Price]
    rates: Sequence[Dated]
    margins: Sequence[Dated]
    taxes: Sequence[Dated]
    roles: Mapping[Role, Sequence[Turn]]

    def worst(self, model: str, *, input_bytes: int, most_output_tokens: int, on: date) -> int:
        """The most a call can cost: a token is at least a byte, and nothing of it comes from the cache.

        `input_bytes`: UTF-8 of everything that is sent, the schema too. Raises LookupError without a price on that day.
        """
        tokens = input_bytes + _FRAME_TOKENS
        price = self.price(model, on)
        dearest = max(price.input, price.cached, price.cache_write)
        return self._rupees(model, tokens, tokens * dearest, most_output_tokens * price.output, on)

    def cost(self, model: str, usage: Usage, *, on: date) -> int:
        """What a call has cost by the vendor's count. Raises LookupError without a price on that day."""
        price = self.price(model, on)
        plain = usage.input - usage.cached - usage.cache_written
        dollars = plain * price.input + usage.cached * price.cached + usage.cache_written * price.cache_write
        return self._rupees(model, usage.input, dollars, usage.output * price.output, on)

    def price(self, model: str, on: date) -> Price:
        """Raises LookupError with what to add."""
        for item in self.prices:
            if item.model == model and item.holds(on):
                return item
        message = (
            f"There is no price of the model {model!r} on {on}: add it to {_FILE} with the vendor's prices of that day."
        )
        raise LookupError(message)

    def _rupees(self, model: str, tokens: int, put_in: Fraction, got_out: Fraction, on: date) -> int:
        long = self.models[model].long
        if long is not None and tokens > long.above:
            put_in, got_out = put_in * long.input, got_out * long.output
        on_top = (1 + _newest(self.margins, on, "margin")) * (1 + _newest(self.taxes, on, "tax"))
        exact = (put_in + got_out) * _newest(self.rates, on, "rupees_per_dollar") * on_top
        return -(-exact.numerator // exact.denominator)

    def models_for(self, role: Role, on: date) -> list[str]:
        """Who answers for a role, and who in turn when the vendor knows a model no more; none that has been shut down."""
        row = self.roles[role]
        turn = max((index for index, item in enumerate(row) if item.begins and item.begins <= on), default=0)
        in_turn = [*row[turn:], *reversed(row[:turn])]
        return [item.model for item in in_turn if not self._is_shut(item.model, on)]

    def model_for(self, role: Role, on: date, *, gone: AbstractSet[str] = frozenset()) -> str:
        """Who answers for a role. `gone`: models the vendor did not know. Raises LookupError when nobody is left."""
        left = [model for model in self.models_for(role, on) if model not in gone]
        if left:
            return left[0]
        message = f"No model is left for {role.value} on {on}: name a successor in {_FILE}, with its price."
        raise LookupError(message)

    def shutdowns_within(self, days: int, *, on: date) -> list[Shutdown]:
        """Models of the roles that end within so many days, for readiness to warn of."""
        found: list[Shutdown] = []
        for role in self.roles:
            try:
                model = self.model_for(role, on)
            except LookupError:
                continue
            last = self.models[model].shutdown
            if last is not None and last - on <= timedelta(days=days):
                found.append(Shutdown(role, model, last, self._successor(role, last)))
        return found

    def _successor(self, role: Role, on: date) -> str | None:
        try:
            successor = self.model_for(role, on)
            self.price(successor, on)
        except LookupError:
            return None
        return successor

    def _is_shut(self, model: str, on: date) -> bool:
        last = self.models[model].shutdown
        return last is not None and last <= on


def is_possible(usage: Usage) -> bool:
    """Whether a vendor can have counted so: parts are not larger than the whole, and nothing is absurd."""
    counts = (usage.input, usage.output, usage.cached, usage.cache_written)
    return all(0 <= item <= _MOST_TOKENS for item in counts) and usage.cached + usage.cache_written <= usage.input


@cache
def shipped() -> PriceTable:
    """The table of this release."""
    return read_table(files("project_one").joinpath(_FILE).read_text(encoding="utf-8"))


def read_table(text: str) -> PriceTable:
    """Raises PriceTableError for anything that is missing, negative, doubled or names a model that is not listed."""
    try:
        raw: Any = yaml.safe_load(text)
        table = PriceTable(
            models={item["model"]: Model(item["model"], item.get("shutdown"), _long(item)) for item in raw["models"]},
            prices=[_price(item) for item in raw["prices"]],
            rates=[Dated(item["from"], _amount(item, "rate")) for item in raw["rupees_per_dollar"]],
            margins=[Dated(item["from"], _amount(item, "share")) for item in raw["margin"]],
            taxes=[Dated(item["from"], _amount(item, "share")) for item in raw["tax"]],
            roles={
                Role(role): [Turn(item["model"], item.get("from")) for item in row]
                for role, row in raw["roles"].items()
            },
        )
    except (KeyError, TypeError, ValueError, AttributeError, ZeroDivisionError, yaml.YAMLError) as error:
        message = f"{_FILE} cannot be read: {error}"
        raise PriceTableError(message) from error
    _check(table)
    return table


def _price(item: Mapping[str, Any]) -> Price:
    kinds = [_amount(item, kind) for kind in ("input", "cached", "cache_write", "output")]
    return Price(item["model"], item["from"], item.get("until"), *kinds)


def _long(item: Mapping[str, Any]) -> Long | None:
    raw = item.get("long")
    return Long(int(raw["above"]), _amount(raw, "input"), _amount(raw, "output")) if raw else None


def _amount(item: Mapping[str, Any], key: str) -> Fraction:
    """From text, because a float would not be the number that was written."""
    if not isinstance(item[key], str):
        message = f"{key} must stand in quotes: {dict(item)}"
        raise TypeError(message)
    amount = Fraction(item[key])
    if amount < 0:
        message = f"{key} is negative: {dict(item)}"
        raise ValueError(message)
    return amount


def _check(table: PriceTable) -> None:
    named = [item.model for item in table.prices] + [item.model for row in table.roles.values() for item in row]
    unknown = sorted(set(named) - set(table.models))
    if unknown:
        message = f"{_FILE}: {', '.join(unknown)} must be listed under models"
        raise PriceTableError(message)
    missing = [role.value for role in Role if not table.roles.get(role)]
    if missing:
        message = f"{_FILE}: no model for {', '.join(missing)}"
        raise PriceTableError(message)
    for one in table.prices:
        if any(other is not one and other.model == one.model and other.holds(one.begins) for other in table.prices):
            message = f"{_FILE}: {one.model} has two prices on {one.begins}; close the older with `until`"
            raise PriceTableError(message)


def _newest(values: Sequence[Dated], on: date, what: str) -> Fraction:
    """Raises LookupError with what to add."""
    held = [item for item in values if item.begins <= on]
    if not held:
        message = f"There is no {what} on {on}: add it to {_FILE}."
        raise LookupError(message)
    return max(held, key=lambda item: item.begins).value
