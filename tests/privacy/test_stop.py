"""A stop is understood in both scripts; a sentence that mentions stopping is not one."""

from importlib import resources

import pytest
import yaml

from project_one.content.library import read_library
from project_one.privacy.domain import is_start, is_stop


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


@pytest.mark.parametrize(
    "text", ["START", "start!", "शुरू करें", "सुरू करा", "shuru karo", "suru kara", "पुन्हा सुरू करा", "Unstop"]
)
def test_a_start_is_understood(text: str) -> None:
    assert is_start(text) and not is_stop(text)


@pytest.mark.parametrize("text", ["start a SIP today", "SIP शुरू करें", "please stop and start", "बंद मत करो, शुरू करो"])
def test_only_the_whole_message_counts(text: str) -> None:
    assert not is_start(text) and not is_stop(text)


def test_no_word_both_stops_and_starts() -> None:
    file = resources.files("project_one.privacy").joinpath("data/reply_words.yaml")
    words = yaml.safe_load(file.read_text(encoding="utf-8"))
    assert set(words) == {"stop", "start"}
    assert all(set(item) == {"en", "hi", "mr", "hi-Latn", "mr-Latn"} for item in words.values())
    for language, listed in words["start"].items():
        assert not [word for word in listed if is_stop(word)], language
