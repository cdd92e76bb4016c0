"""Prices: integers, rounded up, a worst case that is one, and models that take over."""

from datetime import date
from fractions import Fraction
from importlib.resources import files

import pytest
from hypothesis import given
from hypothesis import strategies as st

from project_one.ai.domain import Role, Usage
from project_one.ai.prices import PriceTableError, is_possible, read_table, shipped

TODAY = date(2026, 11, 24)
LATER = date(2027, 1, 14)
TEXT = files("project_one").joinpath("ai/data/prices.yaml").read_text(encoding="utf-8")
MODELS = sorted(shipped().models)


def test_the_example_of_the_reference() -> None:
    """1,400 tokens in, 1,280 of them cached, 40 out: 0.0000448 dollars, at 90 rupees, 15 % margin and 18 % tax."""
    usage = Usage(input=1400, output=40, cached=1280)
    assert shipped().cost("gpt-6-luna", usage, on=TODAY) == 5472  # 0.0000448 * 90 * 1.15 * 1.18 = 0.005471...


def test_every_cost_rounds_up() -> None:
    assert shipped().cost("gpt-6-luna", Usage(input=1, output=0, cached=1), on=TODAY) == 2  # 1.2213
    assert shipped().cost("gpt-6-luna", Usage(input=0, output=0), on=TODAY) == 0


@st.composite
def calls(draw: st.DrawFn) -> tuple[int, int, Usage]:
    """Bytes sent, tokens allowed and a count that a vendor can make of them."""
    sent, allowed = draw(st.integers(0, 400_000)), draw(st.integers(0, 4_000))
    tokens = draw(st.integers(0, sent))
    cached = draw(st.integers(0, tokens))
    written = draw(st.integers(0, tokens - cached))
    return sent, allowed, Usage(tokens, draw(st.integers(0, allowed)), cached, written)


@given(calls(), st.sampled_from(MODELS))
def test_the_worst_case_is_one(call: tuple[int, int, Usage], model: str) -> None:
    sent, allowed, usage = call
    worst = shipped().worst(model, input_bytes=sent, most_output_tokens=allowed, on=TODAY)
    cost = shipped().cost(model, usage, on=TODAY)
    assert isinstance(cost, int)
    assert 0 <= cost <= worst


def test_a_long_input_is_dearer_as_a_whole() -> None:
    short, long = (shipped().cost("gpt-6-luna", Usage(count, 1000), on=TODAY) for count in (272_000, 272_001))
    assert Fraction(long, short) > Fraction(19, 10)


@pytest.mark.parametrize(
    ("model", "on", "sentence"),
    [
        ("gpt-9", TODAY, r"no price of the model 'gpt-9' on 2026-11-24: add it to ai/data/prices\.yaml"),
        ("gpt-4.1", date(2027, 1, 15), "no price of the model"),
        ("gpt-6-luna", date(2026, 9, 21), "no price of the model"),
    ],
)
def test_no_price_says_what_to_add(model: str, on: date, sentence: str) -> None:
    with pytest.raises(LookupError, match=sentence):
        shipped().worst(model, input_bytes=10, most_output_tokens=10, on=on)
    with pytest.raises(LookupError, match=sentence):
        shipped().cost(model, Usage(1, 1), on=on)


def test_no_rate_of_exchange_says_what_to_add() -> None:
    table = read_table(TEXT.replace('{from: 2026-01-01, rate: "90.00"}', '{from: 2026-12-01, rate: "90.00"}'))
    with pytest.raises(LookupError, match="no rupees_per_dollar on 2026-11-24"):
        table.cost("gpt-6-luna", Usage(1, 1), on=TODAY)


@pytest.mark.parametrize(
    ("role", "on", "gone", "model"),
    [
        (Role.COMPLIANCE, TODAY, set[str](), "gpt-4o-mini"),
        (Role.COMPLIANCE, date(2027, 1, 6), set[str](), "gpt-4o-mini"),
        (Role.COMPLIANCE, date(2027, 1, 7), set[str](), "gpt-6-luna"),
        (Role.COMPLIANCE, TODAY, {"gpt-4o-mini"}, "gpt-6-luna"),
        (Role.COMPLIANCE, TODAY, {"gpt-4o-mini", "gpt-6-luna"}, "gpt-5.6-luna"),
        (Role.COMPLIANCE, date(2027, 1, 7), {"gpt-6-luna"}, "gpt-5.6-luna"),
        (Role.COMPLIANCE, date(2027, 1, 7), {"gpt-6-luna", "gpt-5.6-luna"}, "gpt-4o-mini"),
        (Role.GENERATION, TODAY, set[str](), "gpt-4.1"),
        (Role.GENERATION, LATER, set[str](), "gpt-6.1-sol"),
        (Role.TRANSLATION, TODAY, set[str](), "gpt-6-luna"),
        (Role.TRANSLATION, LATER, {"gpt-6-luna"}, "gpt-6.1-terra"),
    ],
)
def test_who_answers(role: Role, on: date, gone: set[str], model: str) -> None:
    assert shipped().model_for(role, on, gone=gone) == model
    shipped().price(model, on)


def test_nobody_is_left() -> None:
    with pytest.raises(LookupError, match="No model is left for compliance on 2027-01-14: name a successor"):
        shipped().model_for(Role.COMPLIANCE, LATER, gone={"gpt-6-luna", "gpt-5.6-luna"})


def test_a_shutdown_is_told_sixty_days_before() -> None:
    assert shipped().shutdowns_within(60, on=date(2026, 11, 14)) == []
    found = {(item.role, item.model, item.on, item.successor) for item in shipped().shutdowns_within(60, on=TODAY)}
    assert found == {
        (Role.COMPLIANCE, "gpt-4o-mini", LATER, "gpt-6-luna"),
        (Role.GENERATION, "gpt-4.1", LATER, "gpt-6.1-sol"),
    }
    assert shipped().shutdowns_within(60, on=date(2027, 1, 7)) == []


def test_every_model_of_a_role_has_a_price_once_it_answers() -> None:
    table = shipped()
    for role in Role:
        for on in (TODAY, date(2027, 1, 7), LATER, date(2028, 1, 1)):
            table.price(table.model_for(role, on), on)


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ('input: "0.10"', 'input: "-0.10"', "negative"),
        ('input: "0.10"', "input: 0.10", "in quotes"),
        ('input: "0.10"', 'input: "cheap"', "cannot be read"),
        ("{model: gpt-6.1-terra}", "{model: gpt-7}", "gpt-7 must be listed under models"),
        ("until: 2027-01-14, ", "", None),
        ("- {model: gpt-5.4-mini, from:", "- {model: gpt-5.6-luna, from:", "gpt-5.6-luna has two prices"),
        ("  translation:", "  singing:", "cannot be read"),
        ("prices:\n", "costs:\n", "cannot be read"),
    ],
)
def test_a_wrong_table_is_refused(old: str, new: str, sentence: str | None) -> None:
    text = TEXT.replace(old, new)
    assert text != TEXT
    if sentence is None:
        read_table(text)
        return
    with pytest.raises(PriceTableError, match=sentence):
        read_table(text)


@pytest.mark.parametrize(
    "usage", [Usage(-1, 0), Usage(1, -1), Usage(10, 0, cached=11), Usage(10, 0, 6, 5), Usage(10**12, 0)]
)
def test_counts_that_cannot_be(usage: Usage) -> None:
    assert not is_possible(usage)
