"""Stage 1 as a whole: polarity, footers, limits, personal data, bad input."""

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from project_one.compliance.checks import is_verhoeff
from project_one.compliance.domain import Band, Context, Verdict
from project_one.compliance.evaluate import evaluate
from project_one.compliance.rulebook import load
from project_one.vocabulary.domain import Capacity

BOOK = load()
TODAY = date(2026, 11, 24)
MF_EN = "Mutual Fund investments are subject to market risks, read all scheme related documents carefully."
MF_HI = "म्यूचुअल फंड निवेश बाज़ार जोखिमों के अधीन हैं, योजना संबंधी सभी दस्तावेज़ों को ध्यान से पढ़ें।"
MF_MR = "म्युच्युअल फंड गुंतवणूक बाजार जोखमींच्या अधीन आहे, योजनेशी संबंधित सर्व कागदपत्रे काळजीपूर्वक वाचा."
SEC_EN = "Investment in securities market are subject to market risks. Read all the related documents carefully before investing."
ME = "Asha Kulkarni, ARN-123456"


def check(text: str, capacity: Capacity = Capacity.MFD) -> Verdict:
    return evaluate(text, Context(capacity), BOOK, on=TODAY)


def categories(text: str, capacity: Capacity = Capacity.MFD) -> set[str]:
    return {finding.category for finding in check(text, capacity).findings}


@pytest.mark.parametrize("warning", [MF_EN, MF_HI, MF_MR])
@pytest.mark.parametrize("footer", ["{me}\n{warning}", "{warning}\n{me}", "{me} | {warning}"])
def test_a_whole_footer_is_recognised(warning: str, footer: str) -> None:
    text = "Review your nominee once a year.\n" + footer.format(me=ME, warning=warning)
    assert check(text).band is Band.PASS


@pytest.mark.parametrize(
    ("footer", "missing"),
    [
        (f"ARN-123456\n{MF_EN}", {"missing_identity"}),
        (f"Asha Kulkarni\n{MF_EN}", {"missing_identity"}),
        (f"Asha Kulkarni, INA123456789\n{MF_EN}", {"missing_identity"}),
        (f"{ME}\nMutual Fund investments are subject to market risks.", {"missing_warning"}),
        (f"{ME}\n{SEC_EN}", {"missing_warning"}),
        ("", {"missing_identity", "missing_warning"}),
    ],
)
def test_half_a_footer_is_none(footer: str, missing: set[str]) -> None:
    text = "Review your nominee once a year.\n" + footer
    assert categories(text) == missing
    assert check(text).band is Band.REVIEW


@pytest.mark.parametrize(
    "line",
    [
        "For educational purposes only, this is not investment advice.",
        "यह जानकारी केवल शिक्षा के लिए है; यह निवेश सलाह नहीं है।",
        "ही माहिती केवळ शिक्षणासाठी आहे; हा गुंतवणूक सल्ला नाही.",
        SEC_EN,
    ],
)
def test_an_adviser_may_use_the_education_line(line: str) -> None:
    text = f"Review your nominee once a year.\nAsha Kulkarni, INA123456789\n{line}"
    assert check(text, Capacity.IA).band is Band.PASS


@pytest.mark.parametrize(
    ("claim", "denial"),
    [
        ("Returns are guaranteed in this plan.", "Returns are never guaranteed."),
        ("हर साल पक्का रिटर्न मिलता है।", "रिटर्न की कोई गारंटी नहीं है।"),
        ("हमखास परतावा मिळतो.", "परताव्याची कोणतीही हमी नाही."),
        ("pakka return milega bhai.", "SIP mein return ki guarantee nahi hoti."),
        ("There is no risk at all here.", "No investment is risk-free."),
        ("इसमें कोई जोखिम नहीं है।", "कोई भी निवेश जोखिम-मुक्त नहीं होता।"),
    ],
)
def test_polarity(claim: str, denial: str) -> None:
    assert check(f"{claim}\n{ME}\n{MF_EN}").band is Band.BLOCK
    assert check(f"{denial}\n{ME}\n{MF_EN}").band is Band.PASS


def test_a_contrast_does_not_carry_the_denial_over() -> None:
    text = f"Returns are not guaranteed, but profit is certain with us.\n{ME}\n{MF_EN}"
    assert "guaranteed_return" in categories(text)


def test_a_warning_clears_what_it_warns_of() -> None:
    assert check(f"Beware of anyone who promises guaranteed returns.\n{ME}\n{MF_EN}").band is Band.PASS


def test_limits() -> None:
    assert categories(f"{'a long walk ' * 50}\n{ME}\n{MF_EN}") == {"length"}
    assert categories(f"Save 🙂🙂🙂🙂\n{ME}\n{MF_EN}") == {"emoji"}
    assert categories(f"Save #a #b #c\n{ME}\n{MF_EN}") == {"hashtag"}
    assert categories(f"PLEASE SAVE SOMETHING EVERY month\n{ME}\n{MF_EN}") == {"shouting"}
    assert categories(f"SIP SWP STP NAV explained\n{ME}\n{MF_EN}") == set()


@pytest.mark.parametrize(
    "data",
    [
        "PAN ABCPK1234F",
        "Folio no. 1234567/89",
        "pay to asha@okaxis",
        "client Ramesh 98765 43210",
        "Aadhaar 2345 6789 0124",
    ],
)
def test_personal_data(data: str) -> None:
    assert ("client_data" in categories(f"{data}\n{ME}\n{MF_EN}")) is (data != "Aadhaar 2345 6789 0123")


def test_verhoeff() -> None:
    assert is_verhoeff("234567890124")
    assert not is_verhoeff("234567890123")


def test_an_mfd_is_no_adviser_but_an_adviser_is() -> None:
    line = "I am your trusted financial advisor for life goals."
    assert "adviser_posing" in categories(f"{line}\n{ME}\n{MF_EN}")
    assert "adviser_posing" not in categories(f"{line}\nAsha Kulkarni, INA123456789\n{SEC_EN}", Capacity.IA)


def test_the_same_text_gets_the_same_verdict() -> None:
    text = f"Get guaranteed 15% returns!\n{ME}\n{MF_EN}"
    assert check(text) == check(text)


@settings(max_examples=60, deadline=2000)
@given(st.text(alphabet=st.characters(), max_size=400), st.sampled_from([*Capacity]))
def test_any_text_gets_a_verdict_with_spans_inside_it(text: str, capacity: Capacity) -> None:
    verdict = check(text, capacity)
    for finding in verdict.findings:
        assert text[finding.start : finding.end] == finding.quote
    assert 0 <= verdict.risk_score <= 100


@pytest.mark.parametrize(
    "text",
    [
        "",
        " \n ",
        "🙂" * 10_000,
        "\ud800\udc00 \udfff",
        "\u202eguaranteed returns",
        "guaranteed return " * 5_000,
        "a b " * 25_000,
    ],
)
def test_strange_texts_are_judged_in_bounded_time(text: str) -> None:
    assert check(text).band in {Band.REVIEW, Band.BLOCK}


@pytest.mark.parametrize(
    ("sign_off", "category"),
    [
        ("Asha Rao, Financial Advisor, ARN-12345", "adviser_posing"),
        ("Asha Rao\nFinancial Planner\nARN-12345", "adviser_posing"),
        ("आशा राव, वित्तीय सलाहकार, ARN-12345", "adviser_posing"),
        ("आशा राव | आर्थिक सल्लागार | ARN-12345", "adviser_posing"),
        ("Asha Rao | ARN-12345 | SEBI registered MFD", "regulator_endorsement"),
        ("Asha Rao ARN-12345 guaranteed 15% returns every year", "guaranteed_return"),
        ("ARN says profit of 5000 is guaranteed to you.\nAsha Rao, ARN-12345", "guaranteed_return"),
    ],
)
def test_a_sign_off_is_read_too(sign_off: str, category: str) -> None:
    assert categories(f"Save a little every month.\n{sign_off}\n{MF_EN}") == {category}


def test_a_hashtag_is_one_whatever_its_script() -> None:
    text = "#बचत_की_आदत #धीरज #निवेश हर महीने थोड़ा बचाइए।"
    quotes = [item.quote for item in check(text).findings if item.category == "hashtag"]
    assert quotes == ["#निवेश"]
