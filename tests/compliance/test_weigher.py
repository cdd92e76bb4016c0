"""The weigher: it speaks only where patterns are silent, clears no claim for the company it keeps, and knows when to be still."""

import math
from datetime import date

import pytest

from project_one.compliance.domain import Band, Context, Severity
from project_one.compliance.evaluate import body_tokens, evaluate
from project_one.compliance.rulebook import RulebookError, load, read_policy, shipped
from project_one.compliance.weigher import LEAST_SIZE, WeightsError, features, logistic, read_weights, written
from project_one.vocabulary.domain import Capacity

BOOK = load()
TODAY = date(2026, 11, 24)
INNOCENT = (
    "Once a year, check the nominee in every folio and every bank account. Keep the papers where the family finds them."
)
ROUND = "bias\t-0.8000\nweight\tw double\t5.00\t1.250\nkind\tmultiplier\tw double\t3.00\n"


@pytest.mark.parametrize(
    "claim",
    [
        "There is no risk in this fund.",
        "Your money doubles in 3 years.",
        "इस फंड में कोई जोखिम नहीं है।",
        "३ वर्षांत तुमचे पैसे दुप्पट होतील.",
        "Is fund me koi risk nahi hai.",
        "बिना जोखिम के मुनाफ़ा।",
    ],
)
def test_innocent_company_clears_no_claim(claim: str) -> None:
    text = f"{INNOCENT} {claim} {INNOCENT}"
    for said in (claim, text):
        assert evaluate(said, Context(Capacity.MFD), BOOK, on=TODAY, is_framed=True).band is Band.BLOCK, said


@pytest.mark.parametrize(
    "text",
    [
        "The habit matters. A SIP gives a guaranteed return of 12% a year.",
        "A SIP gives a guaranteed return of 12% a year. Keep the papers where the family finds them.",
        f"{INNOCENT} 12% returns guaranteed.",
        f"{INNOCENT} Guaranteed income for life.",
        f"{INNOCENT} Paisa double guaranteed.",
        f"12% रिटर्न की गारंटी। {INNOCENT}",
        f"12% परताव्याची हमी. {INNOCENT}",
    ],
)
def test_a_plain_promise_is_not_excused_by_a_lesson_beside_it(text: str) -> None:
    assert evaluate(text, Context(Capacity.MFD), BOOK, on=TODAY, is_framed=True).band is Band.BLOCK


def test_a_likeness_is_a_review_and_stands_alone() -> None:
    text = "Put in your bonus now and a cheque of nine thousand finds its way to you each month, like rent from a good tenant, whatever the mood outside."
    (finding,) = evaluate(text, Context(Capacity.MFD), BOOK, on=TODAY, is_framed=True).findings
    assert finding.is_likeness
    assert finding.severity is Severity.REVIEW
    assert text[finding.start : finding.end] == finding.quote


@pytest.mark.parametrize("text", ["", "SIP", "Save.", "🙂🙂", "Save a little every month.", "12 34 56"])
def test_too_little_is_no_likeness(text: str) -> None:
    assert not evaluate(text, Context(Capacity.MFD), BOOK, on=TODAY, is_framed=True).findings


def test_an_adviser_may_say_so() -> None:
    text = "As your investment adviser I read your goals first, then your risk profile, and write both down before we talk of any product at all."
    findings = evaluate(text, Context(Capacity.IA), BOOK, on=TODAY, is_framed=True).findings
    assert "adviser_posing" not in {finding.category for finding in findings}


def test_a_text_weighs_the_sum_of_its_features() -> None:
    weigher = BOOK.weigher
    assert weigher is not None
    weights = dict(weigher.weights.items())
    for said in (INNOCENT, "Your money doubles in 3 years. ३ वर्षांत तुमचे पैसे दुप्पट होतील. Is fund me koi risk nahi hai."):
        tokens = body_tokens(said, Context(Capacity.MFD), BOOK)
        known = [weights[name] for name in features(tokens) if name in weights]
        size = max(LEAST_SIZE, sum(weight.rarity**2 for weight in known))
        share = logistic(weigher.bias + sum(weight.rarity * weight.pull for weight in known) / math.sqrt(size))
        assert weigher.weigh(tokens).share == pytest.approx(share)


def test_a_rule_that_is_not_weighed_counts_in_any_company() -> None:
    """A reviewer's new house rule is not overruled by what earlier texts taught."""
    rules = shipped()["rules/rules.yaml"]
    pattern = '"nominee" ~4 "folio"'
    for weighed, found in (("", ["HOUSE-TEST"]), ("  weighed: true\n", [])):
        rule = (
            f"\n- id: HOUSE-TEST\n  category: superlative\n{weighed}  basis: house\n  from: 2026-05-01\n"
            "  message: {en: a, hi: b, mr: c}\n  remedy: {en: a, hi: b, mr: c}\n  patterns:\n"
            f"    - find: '{pattern}'\n"
        )
        book = read_policy(shipped() | {"rules/rules.yaml": rules + rule})
        verdict = evaluate(INNOCENT, Context(Capacity.MFD), book, on=TODAY, is_framed=True)
        assert [finding.rule_id for finding in verdict.findings] == found


def test_weights_are_read_as_written() -> None:
    assert written(read_weights(ROUND), []) == ROUND


@pytest.mark.parametrize("broken", ["", "bias\t1\n", ROUND + "nonsense\n", ROUND.replace("1.250", "much")])
def test_broken_weights_are_refused(broken: str) -> None:
    with pytest.raises((WeightsError, ValueError)):
        read_weights(broken)
    with pytest.raises(RulebookError, match=r"weights/weights.tsv"):
        read_policy(shipped() | {"weights/weights.tsv": broken})


def test_a_policy_without_weights_has_patterns_alone() -> None:
    bare = read_policy({name: text for name, text in shipped().items() if not name.startswith("weights/")})
    assert evaluate("No risk at all.", Context(Capacity.MFD), bare, on=TODAY, is_framed=True).band is Band.BLOCK
