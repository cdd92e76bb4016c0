"""Reading: the same word is the same word however it is written, and spans lead back to the original."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from project_one.compliance.mutations import mutations
from project_one.compliance.reading.fold import fold
from project_one.compliance.reading.lexicon import Lexicon, squeeze
from project_one.compliance.reading.tokens import read

WORDS = Lexicon(
    {"ASSURE": ["guarante*", "guaranteed~", "गारंटी*"], "GAIN": ["return*", "रिटर्न"], "PHRASE": ["for_sure"]}
)
NO_CONTRAST: frozenset[str] = frozenset()


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("ＧＵＡＲＡＮＴＥＥ", "guarantee"),
        ("guаrаntее", "guarantee"),  # Cyrillic а and е
        ("gua\u200bran\u00adtee", "guarantee"),
        ("𝐠𝐮𝐚𝐫𝐚𝐧𝐭𝐞𝐞", "guarantee"),
        ("garantía", "garantia"),
        ("बाज़ार", "बाजार"),
        ("हिन्दी", "हिंदी"),
        ("माँग", "मांग"),
        ("टॉप", "टाप"),
        ("१५%", "15%"),
        ("है।", "है."),
    ],
)
def test_folding(one: str, other: str) -> None:
    assert fold(one).text == fold(other).text


@given(st.text(max_size=300))
def test_folding_any_text_keeps_the_way_back(text: str) -> None:
    folded = fold(text)
    assert len(folded.at) == len(folded.text) + 1
    assert folded.at == sorted(folded.at)
    assert folded.at[-1] == len(text)


@given(st.text(alphabet=st.characters(), max_size=300))
def test_reading_any_text_gives_spans_inside_it(text: str) -> None:
    for token in read(fold(text), WORDS, NO_CONTRAST).tokens:
        assert 0 <= token.start < token.end <= len(text)


@pytest.mark.parametrize(
    "name", ["spaced", "dotted", "leet", "hyphens", "emoji", "split-lines", "stretched", "zero-width"]
)
def test_evasions_are_undone(name: str) -> None:
    changed = mutations("guaranteed returns")[name]
    tokens = read(fold(changed), WORDS, NO_CONTRAST).tokens
    assert [sorted(token.concepts) for token in tokens] == [["ASSURE"], ["GAIN"]], changed


def test_plain_words_are_left_alone() -> None:
    tokens = read(fold("I am a B C D student, so-so at re-turns of 80C"), WORDS, NO_CONTRAST).tokens
    assert [token.text for token in tokens][:5] == ["i", "am", "a", "b", "c"]


def test_a_span_covers_what_was_written() -> None:
    text = "हमारी गा‍रंटी है"
    token = next(item for item in read(fold(text), WORDS, NO_CONTRAST).tokens if "ASSURE" in item.concepts)
    assert text[token.start : token.end] == "गा‍रंटी"


@pytest.mark.parametrize(
    ("word", "expected"), [("freeee", "fre"), ("guaranteed", "guaranteed"), ("profffit", "profit")]
)
def test_stretched_letters(word: str, expected: str) -> None:
    assert squeeze(word) == expected


def test_a_misspelling_by_one_letter_is_the_word() -> None:
    assert WORDS.concepts("garanteed") == {"ASSURE"}
    assert WORDS.concepts("guaranted") == {"ASSURE"}
    assert WORDS.concepts("warranted") == frozenset()
