"""A stop is understood in both scripts; a sentence that mentions stopping is not one."""

import pytest

from project_one.content.library import read_library
from project_one.privacy.domain import is_stop


@pytest.mark.parametrize(
    "text", ["STOP", " stop. ", "Unsubscribe", "बंद", "बंद करो!", "थांबवा", "नको", "band karo", "ＳＴＯＰ"]
)
def test_a_stop_is_understood(text: str) -> None:
    assert is_stop(text)


@pytest.mark.parametrize("text", ["", "don't stop", "SIP बंद करें या नहीं?", "stop loss म्हणजे काय", "🙏"])
def test_other_messages_are_not_stops(text: str) -> None:
    assert not is_stop(text)


def test_every_stop_button_is_understood() -> None:
    assert all(is_stop(frame.stop_button) for frame in read_library().frames)
