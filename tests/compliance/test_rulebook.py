"""The rules as data: what the loader refuses, and that every example of every rule is right."""

from datetime import date
from importlib.resources import files
from typing import Any

import pytest
import yaml

from project_one.compliance.domain import Context
from project_one.compliance.evaluate import evaluate
from project_one.compliance.match import PatternInvalidError, parse
from project_one.compliance.rulebook import RulebookError, load, read_lexicon, read_rules
from project_one.vocabulary.domain import Capacity

BOOK = load()
LEXICON = read_lexicon([("words.yaml", "ASSURE: guarantee\nGAIN: return\n")])
RULE = """
- id: A-RULE
  category: guaranteed_return
  basis: none
  from: 2026-01-01
  message: {en: a, hi: b, mr: c}
  remedy: {en: a, hi: b, mr: c}
  patterns:
    - ASSURE ~6 GAIN
"""


def examples() -> dict[str, dict[str, Any]]:
    folder = files("project_one.compliance") / "data" / "examples"
    return {path.name.removesuffix(".yaml"): yaml.safe_load(path.read_text()) for path in folder.iterdir()}


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (("category: guaranteed_return", "category: nonsense"), "no category nonsense"),
        (("basis: none", "basis: none\n  colour: red"), "unknown key colour"),
        (("ASSURE ~6 GAIN", "ASSURE ~6 LOVE"), "no concept LOVE"),
        (("ASSURE ~6 GAIN", "assure.*return"), "neither a concept"),
        (("{en: a, hi: b, mr: c}\n  remedy", "{en: a, hi: b}\n  remedy"), "mr"),
        (("  patterns:\n    - ASSURE ~6 GAIN", "  patterns: []"), "needs a pattern"),
        (("id: A-RULE", "id: A-RULE\n  id: B"), "twice"),
    ],
)
def test_what_the_loader_refuses(change: tuple[str, str], complaint: str) -> None:
    with pytest.raises(RulebookError, match=complaint) as caught:
        read_rules([("rules.yaml", RULE.replace(*change))], LEXICON)
    assert "rules.yaml" in str(caught.value)


def test_a_doubled_id_is_refused_with_both_places() -> None:
    with pytest.raises(RulebookError, match=r"b.yaml, line 2: A-RULE stands already in a.yaml, line 2"):
        read_rules([("a.yaml", RULE), ("b.yaml", RULE)], LEXICON)


def test_a_good_rule_is_read() -> None:
    assert [rule.id for rule in read_rules([("a.yaml", RULE)], LEXICON)] == ["A-RULE"]


@pytest.mark.parametrize("line", ["", "A ~6", "A B", "A ~600 B", '"a|b"'])
def test_lines_that_are_no_pattern(line: str) -> None:
    with pytest.raises(PatternInvalidError):
        parse(line)


@pytest.mark.parametrize("register", sorted(examples()))
def test_every_example_of_a_register(register: str) -> None:
    """Each hit is found by its rule, each near-miss is not."""
    wrong: list[str] = []
    for rule_id, texts in examples()[register].items():
        for kind, expected in (("hits", True), ("near", False)):
            for text in texts[kind]:
                found = evaluate(text, Context(Capacity.MFD), BOOK, on=date(2026, 11, 24)).findings
                if any(finding.rule_id == rule_id for finding in found) is not expected:
                    wrong.append(f"{rule_id} {kind}: {text}")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("register", sorted(examples()))
def test_every_rule_has_examples(register: str) -> None:
    found = examples()[register]
    assert set(found) == {rule.id for rule in BOOK.rules}
    assert all(len(texts[kind]) >= 5 for texts in found.values() for kind in ("hits", "near"))
