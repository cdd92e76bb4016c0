"""Whoever gets a finding is told why, also by the checks that are no rule of the policy."""

import re
import unicodedata
from datetime import date
from pathlib import Path

import pytest

import project_one.compliance
from project_one.compliance.domain import Context, Stage, StageResult, conclude
from project_one.compliance.evaluate import evaluate
from project_one.compliance.routes import shown
from project_one.compliance.rulebook import load
from project_one.compliance.wordings import reason
from project_one.content import judging
from project_one.vocabulary.domain import Capacity, Language

_ROOM = Path(project_one.compliance.__file__).parent
_IDS = re.compile(r'"((?:SEBI|AMFI|FORMAT|DATA)-[A-Z0-9-]+[A-Z0-9])"')
CHECKS = sorted({found for path in _ROOM.glob("*.py") for found in _IDS.findall(path.read_text(encoding="utf-8"))})


@pytest.mark.parametrize("language", ["en", "hi", "mr"])
@pytest.mark.parametrize("rule_id", CHECKS)
def test_each_check_has_its_reason(rule_id: str, language: str) -> None:
    told = load().told.get(rule_id)
    words = told.message[language] if told else reason(rule_id, language)
    assert words
    assert words == unicodedata.normalize("NFC", words)


def test_findings_of_lint_and_pack_carry_it() -> None:
    book = load()
    verdict = evaluate("Review your nominee once a year.", Context(Capacity.MFD), book, on=date(2026, 11, 24))
    assert {item.rule_id for item in verdict.findings} == {"AMFI-MFD-STD-WARNING", "SEBI-ALL-IDENTITY-FIRST-LINE"}
    conclusion = conclude(
        verdict.register, frozenset({Stage.RULES}), [StageResult(Stage.RULES, verdict.findings, None)]
    )
    linted = shown(conclusion, book, None)["findings"]
    kept = judging.told(conclusion, verdict.register, Language.EN, book)["findings"]
    for findings in (linted, kept):
        assert sorted(item["message"] for item in findings) == [
            "The registered name and number are missing.",
            "The standard warning is missing.",
        ]
