"""What we hash is the same bytes whichever way they were made."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from project_one.kernel.canonical import canonical_json, canonical_texts

TEXTS = st.text(st.characters(exclude_categories=["Cs"]))


@given(st.dictionaries(TEXTS, TEXTS | st.lists(TEXTS).map(tuple), max_size=4))
def test_the_quick_way_and_the_general_way_agree(value: dict[str, str | tuple[str, ...]]) -> None:
    assert canonical_texts(value) == canonical_json(value)


@pytest.mark.parametrize("damaged", ["\ud800", "a\udfff"])
def test_half_a_character_is_hashed_by_neither(damaged: str) -> None:
    with pytest.raises(UnicodeEncodeError):
        canonical_json({"text": damaged})
    with pytest.raises(TypeError):
        canonical_texts({"text": damaged})
