"""The rules as data: what the loader refuses, and that every example of every rule is right."""

from datetime import date

import pytest

from project_one.compliance.match import PatternInvalidError, parse
from project_one.compliance.regression import run_regression
from project_one.compliance.rulebook import (
    RulebookError,
    load,
    policy_version,
    read_lexicon,
    read_policy,
    read_rules,
    shipped,
)

BOOK = load()
TODAY = date(2026, 11, 24)
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


def test_every_rule_is_right_about_its_examples() -> None:
    result = run_regression(shipped(), BOOK, on=TODAY)
    assert result.is_passed, "\n".join(result.failures)
    assert result.checked >= 6 * 25 * 10


def test_examples_are_due_in_every_register() -> None:
    policy = {name: text for name, text in shipped().items() if name != "examples/MR.yaml"}
    assert run_regression(policy, BOOK, on=TODAY).failures == ("the policy has no examples in MR",)


def test_a_wrong_example_and_a_missing_one_are_told() -> None:
    policy = shipped()
    first = "Our plan gives you guaranteed returns of 14% a year."
    policy["examples/EN.yaml"] = policy["examples/EN.yaml"].replace(
        f'    - "{first}"\n', "    - Save every month.\n", 1
    )
    result = run_regression(policy, BOOK, on=TODAY)
    assert any("SEBI-IA-ASSURED-RETURNS hits: Save every month." in line for line in result.failures)
    del policy["examples/EN.yaml"], policy["examples/HI-Latn.yaml"]
    assert not run_regression(
        {name: text for name, text in policy.items() if "examples" not in name}, BOOK, on=TODAY
    ).is_passed


def test_the_version_is_of_names_and_texts() -> None:
    policy = shipped()
    assert policy_version(policy) == BOOK.version
    assert policy_version(dict(reversed(policy.items()))) == BOOK.version
    assert policy_version(policy | {"rules/rules.yaml": policy["rules/rules.yaml"] + "\n"}) != BOOK.version


def test_a_policy_without_rules_is_refused() -> None:
    with pytest.raises(RulebookError, match="no files under rules"):
        read_policy({name: text for name, text in shipped().items() if not name.startswith("rules/")})
