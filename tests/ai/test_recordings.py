"""What came back for a version of a prompt is read today as it was then; a version without recordings is not released."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import orjson
import pytest

from project_one.ai.domain import Prompt
from project_one.ai.leaks import leak
from project_one.ai.prompts import read_prompts
from project_one.ai.scrub import scrub_fields
from project_one.ai.strict import read_answer

from .prompt import SUSPICIONS

FOLDER = Path(__file__).parent / "recordings"
PROMPTS = read_prompts()


def file_of(prompt: Prompt) -> Path:
    return FOLDER / f"{prompt.name}-v{prompt.version}.jsonl"


def unrecorded(prompts: Mapping[str, Prompt]) -> list[str]:
    return [prompt.name for prompt in prompts.values() if not file_of(prompt).exists()]


def recordings() -> Iterator[tuple[Prompt, dict[str, Any]]]:
    for prompt in PROMPTS.values():
        if file_of(prompt).exists():
            for line in file_of(prompt).read_text(encoding="utf-8").splitlines():
                yield prompt, orjson.loads(line)


def test_every_version_has_recordings() -> None:
    assert unrecorded(PROMPTS) == []
    for prompt in PROMPTS.values():
        read = [recorded["is_read"] for which, recorded in recordings() if which is prompt]
        assert read.count(True) >= 2 and read.count(False) >= 2, prompt.name


def test_a_version_without_recordings_is_noticed() -> None:
    assert unrecorded({"suspicions": SUSPICIONS}) == ["suspicions"]


@pytest.mark.parametrize(("prompt", "recorded"), list(recordings()))
def test_an_answer_is_read_as_it_was(prompt: Prompt, recorded: dict[str, Any]) -> None:
    assert set(recorded["fields"]) == set(prompt.fields)
    assert leak(scrub_fields(recorded["fields"], frozenset()), frozenset()) is None
    fault, data = read_answer(prompt.schema, recorded["answer"])
    assert (fault is None) is recorded["is_read"]
    assert data == (orjson.loads(recorded["answer"]) if recorded["is_read"] else {})
