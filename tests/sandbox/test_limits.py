import asyncio
from collections import deque

import pytest
from hypothesis import given
from hypothesis import strategies as st

from project_one_sandbox.limits import (
    HourlyCalls,
    PairGate,
    PortfolioWindow,
    ServiceWindows,
    TokenBucket,
)

from .harness import NUMBER, Rig, rig, template_send


@given(st.lists(st.floats(0, 0.2), max_size=300), st.sampled_from([5.0, 80.0]))
def test_a_bucket_lets_through_one_second_and_its_rate(gaps: list[float], rate: float) -> None:
    bucket = TokenBucket(rate, 0.0)
    now = 0.0
    taken: deque[float] = deque()
    for gap in gaps:
        now += gap
        if bucket.take(now):
            taken.append(now)
    for index, first in enumerate(taken):
        for count, last in enumerate(list(taken)[index:], 1):
            assert count <= rate + (last - first) * rate + 1e-6


def test_inbound_uses_the_bucket_and_is_never_refused() -> None:
    bucket = TokenBucket(2.0, 0.0)
    for _ in range(10):
        bucket.drain(0.0)
    assert not bucket.take(1.4)
    assert bucket.take(1.6)


def test_a_slow_number_still_sends() -> None:
    bucket = TokenBucket(0.5, 0.0)
    assert bucket.take(0.0)
    assert not bucket.take(1.0)
    assert bucket.take(2.0)


def test_a_pair_may_burst_and_pays_back() -> None:
    gate, pair = PairGate(1.0), ("n", "u")
    for _ in range(20):
        assert gate.is_open(pair, 0.0)
        gate.count(pair, 0.0)
    assert not gate.is_open(pair, 119.9)
    assert gate.is_open(pair, 120.0)
    for _ in range(45):
        gate.count(pair, 120.0)
    assert not gate.is_open(pair, 121.0)
    assert gate.is_open(("n", "v"), 121.0)


def test_a_steady_pair_is_never_refused() -> None:
    gate, pair = PairGate(1.0), ("n", "u")
    for index in range(100):
        assert gate.is_open(pair, index * 6.0)
        gate.count(pair, index * 6.0)
    assert gate.is_open(pair, 594.1)


def test_users_are_counted_once_within_a_rolling_day() -> None:
    window = PortfolioWindow(1.0)
    for user in ("a", "b"):
        assert window.admits(user, 2, 0.0)
        window.count(user, 0.0)
    assert window.admits("a", 2, 10.0)
    assert not window.admits("c", 2, 86_399.0)
    assert window.admits("c", 2, 86_400.0)


def test_hours_and_windows_shrink_with_the_time_scale() -> None:
    calls = HourlyCalls(3_600.0, 0.0)
    assert all(calls.take(0.5) for _ in range(5_000))
    assert not calls.take(0.9)
    assert calls.take(1.0)
    windows = ServiceWindows(86_400.0)
    windows.open(("n", "u"), 0.0)
    assert windows.is_open(("n", "u"), 0.9)
    assert not windows.is_open(("n", "u"), 1.0)


async def test_throughput_is_refused_with_130429(sandbox: Rig) -> None:
    await sandbox.control("PATCH", f"numbers/{NUMBER}", {"mps": 10})
    answers = await asyncio.gather(*[sandbox.send(template_send(f"+9110000000{n:02}")) for n in range(30)])
    refused = [answer for answer in answers if answer.status != 200]
    assert 10 <= len(answers) - len(refused) < 20
    assert {(answer.status, answer.code) for answer in refused} == {(400, 130429)}
    await sandbox.control("PATCH", "config", {"throughput_status": 429})
    again = await asyncio.gather(*[sandbox.send(template_send(f"+9110000001{n:02}")) for n in range(30)])
    assert {answer.status for answer in again} == {200, 429} or {answer.status for answer in again} == {429}
    peak = (await sandbox.summary())["peak_per_second"][NUMBER]
    assert 10 <= peak <= 21


async def test_the_46th_to_one_user_is_refused_with_131056(sandbox: Rig) -> None:
    answers = [await sandbox.send(template_send()) for _ in range(46)]
    assert [answer.status for answer in answers[:45]] == [200] * 45
    assert answers[45].code == 131056
    summary = await sandbox.summary()
    assert [double["to"] for double in summary["double_accepts"]] == ["+911000000001"]
    assert len(summary["double_accepts"][0]["wamids"]) == 45


async def test_the_portfolio_limit_is_131048() -> None:
    async with rig(portfolio_limit=2) as sandbox:
        for last, status in {1: 200, 2: 200, 3: 400}.items():
            answer = await sandbox.send(template_send(f"+91100000000{last}"))
            assert answer.status == status
        assert answer.code == 131048  # pyright: ignore[reportPossiblyUnboundVariable]


@pytest.mark.parametrize("scale", [10.0])
async def test_the_time_scale_multiplies_the_rate(scale: float) -> None:
    async with rig(scale, numbers=[{"id": NUMBER, "display_phone_number": "+91 1", "mps": 5}]) as sandbox:
        answers = [await sandbox.send(template_send(f"+9110000000{n:02}")) for n in range(50)]
        assert {answer.status for answer in answers} == {200}


async def test_management_calls_end_with_80007(sandbox: Rig) -> None:
    calls = sandbox.running.world.management
    while calls.take(sandbox.running.world.now()):
        pass
    assert (await sandbox.call("GET", f"/v25.0/{NUMBER}")).code == 80007
    assert (await sandbox.send(template_send())).status == 200
