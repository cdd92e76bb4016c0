"""`project-one up --at`: which time the processes are told."""

from datetime import UTC, datetime

import pytest

from project_one.entrypoints.up.places import UpError
from project_one.entrypoints.up.staying import Rehearsal, moment_of

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


def test_the_clocks_start_at_that_indian_time() -> None:
    told = Rehearsal("2026-11-24 18:00", 10).environment(NOW)
    assert told == {"TIME_SCALE": "10", "CLOCK_OFFSET_S": "1800.000"}


def test_without_a_time_they_are_not_touched() -> None:
    assert Rehearsal().environment(NOW) == {"TIME_SCALE": "1"}


def test_seconds_and_a_zone_may_be_named() -> None:
    assert moment_of("2026-12-02 05:59:30") == datetime(2026, 12, 2, 0, 29, 30, tzinfo=UTC)
    assert moment_of("2026-12-02T05:59:30+01:00") == datetime(2026, 12, 2, 4, 59, 30, tzinfo=UTC)


@pytest.mark.parametrize("text", ["18:00", "tomorrow", "2026-13-01 18:00"])
def test_anything_else_is_refused_in_one_sentence(text: str) -> None:
    with pytest.raises(UpError, match="write it as"):
        moment_of(text)
