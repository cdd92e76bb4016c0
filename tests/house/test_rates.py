"""Sliding windows: never more than the limit within a minute that slides, and who waits as told is let in."""

from hypothesis import given
from hypothesis import strategies as st
from redis.asyncio import Redis

from project_one.bootstrap import House
from project_one.kernel.ids import new_id
from project_one.kernel.rates import Counted, Rates

_MINUTE_S = 60


def _asked(counted: Counted, at: float, limit: int) -> tuple[Counted, bool, int]:
    now = counted.at(int(at // _MINUTE_S))
    standing = now.judged(limit, at % _MINUTE_S / _MINUTE_S)
    taken = Counted(now.minute, now.now + standing.is_within, now.before)
    return taken, standing.is_within, standing.reset_s


@given(st.lists(st.floats(0, 30), max_size=200), st.integers(1, 20))
def test_a_minute_holds_the_limit_and_the_wait_is_true(pauses: list[float], limit: int) -> None:
    at, counted = 6_000.0, Counted()
    passed: list[float] = []
    for pause in pauses:
        at += pause
        counted, is_within, reset_s = _asked(counted, at, limit)
        if is_within:
            passed.append(at)
        else:
            assert _asked(counted, at + reset_s, limit)[1]
        assert counted.now <= limit
        assert sum(at // _MINUTE_S == moment // _MINUTE_S for moment in passed) == counted.now


async def test_all_processes_count_together_and_read_along(house: House) -> None:
    url = house.settings.redis_url.get_secret_value()
    who, key = f"principal:{new_id()}", f"test:{new_id()}"
    one, other = Rates(url), Rates(url)
    async with Redis.from_url(url) as client:
        await client.set(key, "kept")
        kept = await client.keys("rates:*")
        hits = [await rates.hit(who, per_minute=3, beside=[key, "absent"]) for rates in (one, other, one, other)]
        left = await client.ttl(f"rates:{who}")
        assert len(await client.keys("rates:*")) == len(kept) + 1
    await one.close()
    await other.close()
    assert [standing.remaining for standing, _ in hits] == [2, 1, 0, 0]
    assert [standing.is_within for standing, _ in hits] == [True, True, True, False]
    assert [read for _, read in hits] == [["kept", None]] * 4
    assert all(1 <= standing.reset_s <= 120 for standing, _ in hits)
    assert 0 < left <= 120
