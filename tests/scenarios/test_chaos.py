"""Whole mornings through real processes, with faults, kills, pauses and wipes, judged by the sandbox's log."""

import pytest

from project_one.entrypoints.up.chaos import one_trial


@pytest.mark.timeout(240)
@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_a_morning_survives(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DATABASE_URL", "REDIS_URL", "PROJECT_ONE_DATA"):
        monkeypatch.delenv(name, raising=False)
    figures = await one_trial(seed)
    assert {name: figures[name] for name in ("lost", "duplicates", "unaccounted", "unsettled")} == {
        "lost": 0,
        "duplicates": 0,
        "unaccounted": 0,
        "unsettled": 0,
    }
