"""The shipped library: whole, in budget, natural enough to tell apart, and refused when touched."""

import json
import re
import unicodedata
from importlib import resources
from itertools import combinations
from pathlib import Path
from shutil import copytree
from uuid import UUID

import pytest
import yaml

from project_one.advisor.domain import Identity
from project_one.content.domain import MAX_STATIC, TAGLINE, Content, Frame, compose, utf16_units
from project_one.content.errors import LibraryDamagedError
from project_one.content.library import FrameFile, read_library
from project_one.vocabulary.domain import Capacity, Language

LIBRARY = read_library()
CONTENTS = [content for pack in LIBRARY.packs for content in pack.contents]
DATA = Path(str(resources.files("project_one.content"))) / "data"


def test_there_is_enough_for_everybody_in_every_month() -> None:
    assert len(LIBRARY.packs) >= 32
    for capacity in Capacity:
        for month in range(1, 13):
            valid = [
                pack for pack in LIBRARY.packs if capacity in pack.capacities and month in (pack.months or [month])
            ]
            assert len(valid) >= 32, (capacity, month)
    assert all({content.language for content in pack.contents} == set(Language) for pack in LIBRARY.packs)


@pytest.mark.parametrize("content", CONTENTS, ids=lambda item: f"{item.language}-{item.sha256[:8]}")
def test_a_text_keeps_its_limits(content: Content) -> None:
    assert 250 <= utf16_units(content.paragraph) <= 500
    for part in (content.topic, content.caption):
        assert part == unicodedata.normalize("NFC", part).strip()
        assert not re.search(r"[\n\t{}#₹%]|  |https?:|[०-९]|[\U0001F300-\U0001FAFF]", part)
    if content.language is not Language.EN:
        assert re.search("[\u0900-\u097f]", content.topic)
        end = "।" if content.language is Language.HI else "."
        assert content.caption.rstrip('"”').endswith((end, "?", "!")), content.caption[-20:]
    if content.language is Language.MR:
        assert "।" not in content.caption


def _trigrams(content: Content) -> set[tuple[str, ...]]:
    words = re.findall(r"[\w\u0900-\u097f]+", content.paragraph.casefold())
    return set(zip(words, words[1:], words[2:], strict=False))


@pytest.mark.parametrize("language", Language)
def test_no_two_texts_of_a_language_are_alike(language: Language) -> None:
    grams = [(content.topic, _trigrams(content)) for content in CONTENTS if content.language is language]
    for (one, left), (other, right) in combinations(grams, 2):
        assert len(left & right) / len(left | right) <= 0.3, (one, other)


def test_numbers_agree_between_the_languages() -> None:
    for pack in LIBRARY.packs:
        found = {tuple(sorted(re.findall(r"\d+", content.paragraph))) for content in pack.contents}
        assert len(found) == 1, pack.slug


def _as_frame(file: FrameFile) -> Frame:
    return Frame(
        UUID(int=0), file.slug, file.capacity, file.language, file.wording, file.body, file.warning, file.stop_button
    )


def test_every_frame_carries_every_text_of_its_language() -> None:
    assert len(LIBRARY.frames) == 18
    for file in LIBRARY.frames:
        identity = Identity("N" * 60, "ARN-1234567", file.capacity, "https://" + "d" * 68 + ".in")
        assert (TAGLINE in file.body.split("\n")[0]) is (file.capacity is Capacity.MFD)
        assert file.body.split("\n")[0].index("{{name}}") < file.body.index("{{registration}}")
        for content in CONTENTS:
            if content.language is file.language:
                assert utf16_units(compose(_as_frame(file), content, identity).text) <= 1024
        static = re.sub(r"\{\{\w+\}\}", "", "\n".join(file.body.split("\n")[2:5]))
        assert utf16_units(static) <= MAX_STATIC


def test_a_touched_text_is_refused(tmp_path: Path) -> None:
    root = tmp_path / "data"
    copytree(DATA, root)
    victim = next((root / "fallback").iterdir())
    data = yaml.safe_load(victim.read_text())
    data["variants"]["hi"]["caption"] += " और"
    victim.write_text(json.dumps(data, ensure_ascii=False))
    with pytest.raises(LibraryDamagedError, match="SHA-256"):
        read_library(root)


def test_a_frame_without_its_exact_warning_is_refused(tmp_path: Path) -> None:
    root = tmp_path / "data"
    copytree(DATA, root)
    warnings = root / "warnings.yaml"
    warnings.write_text(warnings.read_text().replace("carefully.", "carefully"))
    with pytest.raises(LibraryDamagedError):
        read_library(root)
