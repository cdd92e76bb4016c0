"""A model that is down is left in peace, and asked again by itself."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from project_one.ai.breaker import Breakers
from project_one.ai.hedging import HedgeAllowance
from project_one.ai.ports import Trouble


class Time:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def time() -> Time:
    return Time()


def fail(breakers: Breakers, times: int = 1) -> None:
    for _ in range(times):
        used = breakers.admit("m")
        assert used is not None
        breakers.failed(used)


def succeed(breakers: Breakers, times: int = 1) -> None:
    for _ in range(times):
        used = breakers.admit("m")
        assert used is not None
        breakers.answered(used)


def test_opens_at_eighty_percent_of_the_last_twenty(time: Time) -> None:
    breakers = Breakers(time)
    succeed(breakers, 4)
    fail(breakers, 15)
    assert breakers.rest_s("m") == 0
    fail(breakers)
    assert breakers.rest_s("m") == 30
    assert breakers.admit("m") is None
    assert breakers.rest_s("other") == 0


def test_a_quarter_too_slow_does_not_open_it(time: Time) -> None:
    breakers = Breakers(time)
    for _ in range(100):
        succeed(breakers, 3)
        fail(breakers)
        time.now += 0.1
    assert breakers.rest_s("m") == 0


def test_one_caller_alone_notices_within_five_seconds_of_the_first_failure(time: Time) -> None:
    breakers = Breakers(time)
    succeed(breakers)
    time.now += 1.1
    first = time.now
    while breakers.rest_s("m") == 0:
        fail(breakers)
        time.now += 1.2
    assert time.now - 1.2 - first < 4


def test_a_first_burst_of_failures_is_no_silence_yet(time: Time) -> None:
    breakers = Breakers(time)
    fail(breakers, 12)
    assert breakers.rest_s("m") == 0
    time.now += 2
    fail(breakers)
    assert breakers.rest_s("m") == 30


def test_one_probe_after_the_rest_and_recovery(time: Time) -> None:
    breakers = Breakers(time)
    fail(breakers, 20)
    time.now += 30
    probe = breakers.admit("m")
    assert probe is not None and probe.is_probe
    assert breakers.admit("m") is None
    breakers.failed(probe)
    assert breakers.rest_s("m") == 30
    time.now += 30
    probe = breakers.admit("m")
    assert probe is not None
    breakers.given_back(probe)
    probe = breakers.admit("m")
    assert probe is not None and probe.is_probe
    breakers.answered(probe)
    again = breakers.admit("m")
    assert again is not None and not again.is_probe
    fail(breakers, 5)
    assert breakers.rest_s("m") == 0


def test_stragglers_of_before_change_nothing(time: Time) -> None:
    breakers = Breakers(time)
    straggler, late = breakers.admit("m"), breakers.admit("m")
    assert straggler and late
    fail(breakers, 20)
    breakers.answered(straggler)
    assert breakers.rest_s("m") == 30
    time.now += 29
    breakers.failed(late)
    assert breakers.rest_s("m") == 1


@pytest.mark.parametrize(
    ("trouble", "retry_after_s", "rest_s"),
    [
        (Trouble.EXHAUSTED, None, 600),
        (Trouble.KEY, None, 600),
        (Trouble.RATE, 7.0, 7),
        (Trouble.RATE, 9_000.0, 60),
        (Trouble.RATE, None, 0),
        (Trouble.SERVER, None, 0),
        (Trouble.OURS, None, 0),
        (Trouble.REFUSED, None, 0),
    ],
)
def test_what_the_vendor_says(time: Time, trouble: Trouble, retry_after_s: float | None, rest_s: float) -> None:
    breakers = Breakers(time)
    used = breakers.admit("m")
    assert used is not None
    breakers.troubled(used, trouble, retry_after_s)
    assert breakers.rest_s("m") == rest_s


@given(st.lists(st.sampled_from(["ok", "bad", "back", "wait"]), max_size=200))
def test_it_never_stays_shut_for_ever_and_never_lets_two_probes_out(steps: list[str]) -> None:
    time = Time()
    breakers = Breakers(time)
    for step in steps:
        used = breakers.admit("m")
        if used is None or step == "wait":
            if used:
                breakers.given_back(used)
            time.now += 10
            continue
        assert not used.is_probe or breakers.admit("m") is None
        {"ok": breakers.answered, "bad": breakers.failed, "back": breakers.given_back}[step](used)
        time.now += 0.5
    time.now += 31
    assert breakers.admit("m") is not None


@given(st.lists(st.booleans(), max_size=300))
def test_second_tries_are_at_most_half_of_the_calls(steps: list[bool]) -> None:
    allowance = HedgeAllowance()
    calls = hedges = 0
    for is_call in steps:
        if is_call:
            allowance.count_call()
            calls += 1
        elif allowance.take():
            hedges += 1
        assert hedges <= calls / 2
