"""The engine against the labelled corpus: the exam stays frozen, and its results do not get worse."""

import json
from pathlib import Path

import pytest

from project_one.compliance.domain import CATEGORIES
from project_one.compliance.rulebook import load
from project_one.entrypoints.evaluation import EVALUATION, cases, frozen_digests, measure, measure_evasions

BOOK = load()
SPANS_LEAST = 0.90
LEAST = {"test": (0.95, 0.92), "exam-3": (0.94, 0.92)}  # recall and precision, just below what is reached
EVASION_LEAST = {"homoglyphs": 0.97, "zero-width": 0.97, "full-width": 0.95, "upper": 0.97, "nukta": 0.97}


def test_the_exam_is_frozen() -> None:
    found = frozen_digests()
    frozen = json.loads((EVALUATION / "frozen.json").read_text())
    assert {name: found[name] for name in frozen} == frozen
    assert all(row["texts"] == 0 for name, row in found.items() if name not in frozen)


@pytest.mark.parametrize("half", ["dev", "exam-2", "test", "exam-3"])
def test_labels_are_sound(half: str) -> None:
    texts = cases(half)
    assert len({case.id for case in texts}) == len(texts)
    for case in texts:
        severities = {CATEGORIES[category][0].value for category, _ in case.findings}
        assert case.is_violating is bool(case.findings), case.id
        assert ("block" in severities) is (case.verdict == "block") or len(case.findings) >= 3, case.id
        assert all(quote in case.text for _, quote in case.findings), case.id


@pytest.mark.parametrize("half", sorted(LEAST))
def test_an_exam_is_passed_as_well_as_before(half: str) -> None:
    figures = measure(BOOK, cases(half))
    recall, precision = LEAST[half]
    assert figures["total"]["recall"] >= recall, figures["total"]
    assert figures["total"]["precision"] >= precision, figures["total"]
    assert figures["spans_touching"] >= SPANS_LEAST


def test_evasions_lose_little() -> None:
    figures = measure_evasions(BOOK, cases("test"))
    for name, least in EVASION_LEAST.items():
        assert figures[name]["recall"] >= least, (name, figures[name])


def test_the_corpus_is_large_and_mixed() -> None:
    texts = [*cases("dev"), *cases("test")]
    assert len(texts) >= 600
    assert {case.language for case in texts} == {"EN", "HI", "MR", "HI-Latn", "MR-Latn", "MIX"}
    assert Path(EVALUATION / "README.md").exists()
