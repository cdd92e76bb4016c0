"""Versions in three languages that say the same, and ones that do not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from project_one.compliance.domain import CATEGORIES
from project_one.content.diffs import word_diff
from project_one.content.packs import Decision, Move, PackState, after, alike, sketch
from project_one.content.parity import CATEGORY, disagreements, facts_of, parity_findings
from project_one.vocabulary.domain import Language

EN, HI, MR = Language.EN, Language.HI, Language.MR

SAME = [
    (
        "Inflation of 6% halves what 1,00,000 rupees buy in about twelve years. Keep that in mind.",
        "6% महंगाई में 1,00,000 रुपये की खरीद क्षमता लगभग बारह साल में आधी रह जाती है। इसे ध्यान में रखें।",
        "6% महागाईत १,००,००० रुपयांची खरेदी क्षमता सुमारे बारा वर्षांत निम्मी होते. हे लक्षात ठेवा.",
    ),
    (
        "File by 31 July 2026. A late fee of five thousand rupees is not small.",
        "31 जुलाई 2026 तक रिटर्न भरें। पाँच हजार रुपये का विलंब शुल्क कम नहीं है।",
        "३१ जुलै २०२६ पर्यंत विवरणपत्र भरा. पाच हजार रुपयांचे विलंब शुल्क कमी नाही.",
    ),
    (
        "A cover of 5 lakh rupees for a family of four may be too little. Don't wait.",
        "चार लोगों के परिवार के लिए पाँच लाख रुपये का कवर कम पड़ सकता है। इंतज़ार न करें।",
        "चार जणांच्या कुटुंबासाठी ५ लाख रुपयांचे संरक्षण कमी पडू शकते. वाट पाहू नका.",
    ),
    (
        "No return is assured. Ten percent of your income is a start.",
        "कोई रिटर्न निश्चित नहीं है। आय का दस प्रतिशत एक शुरुआत है।",
        "कोणताही परतावा निश्चित नाही. उत्पन्नाचे दहा टक्के ही एक सुरुवात आहे.",
    ),
    (
        "Without a nominee, your family waits. Name one before 15/08/2026.",
        "नामिती के बिना परिवार को इंतज़ार करना पड़ता है। 15 अगस्त 2026 से पहले एक नाम दें।",
        "नामनिर्देशनाविना कुटुंबाला थांबावे लागते. १५ ऑगस्ट २०२६ पूर्वी एक नाव द्या.",
    ),
    ("One habit helps.", "एक आदत काम आती है।", "एक सवय उपयोगी पडते."),
]


@pytest.mark.parametrize("texts", SAME[:4] + SAME[5:])
def test_good_translations_agree(texts: tuple[str, str, str]) -> None:
    assert disagreements(dict(zip((EN, HI, MR), texts, strict=True))) == []


def test_a_date_is_the_same_in_figures_and_in_words() -> None:
    en, hi, _ = SAME[4]
    assert disagreements({EN: en, HI: hi}) == []


@pytest.mark.parametrize(
    ("kind", "language", "text"),
    [
        ("percentages", HI, "8% महंगाई में 1,00,000 रुपये की खरीद क्षमता लगभग बारह साल में आधी रह जाती है।"),
        ("numbers", MR, "6% महागाईत १०,००,००० रुपयांची खरेदी क्षमता सुमारे बारा वर्षांत निम्मी होते."),
        ("numbers", HI, "6% महंगाई में 1,00,000 रुपये की खरीद क्षमता लगभग बीस साल में आधी रह जाती है।"),
        ("negations", MR, "6% महागाईत १,००,००० रुपयांची खरेदी क्षमता सुमारे बारा वर्षांत निम्मी होत नाही."),
        ("dates", HI, "6% महंगाई में 1,00,000 रुपये की खरीद क्षमता मार्च 2027 तक बारह साल में आधी रह जाती है।"),
    ],
)
def test_what_a_version_says_otherwise_is_found(kind: str, language: Language, text: str) -> None:
    found = disagreements({EN: "Inflation of 6% halves what 1,00,000 rupees buy in about 12 years.", language: text})
    assert [(item.kind, item.language) for item in found] == [(kind, language)]
    finding = parity_findings({EN: "Inflation of 6% halves what 1,00,000 rupees buy in 12 years.", language: text})
    assert finding[language].category in CATEGORIES
    assert kind in finding[language].quote


def test_numbers_are_read_by_value() -> None:
    assert set(facts_of("twenty five, 1.50, ₹2.5 lakh, डेढ़ करोड़, शंभर रुपये, 3rd").numbers) == {
        "25",
        "1.5",
        "250000",
        "15000000",
        "100",
        "3",
    }
    assert set(facts_of("on 5 May 2026, you may act; May 2027; 2026-02-31").dates) == {"2026-05-05", "2027-05"}
    assert CATEGORY in CATEGORIES


@given(st.dictionaries(st.sampled_from(list(Language)), st.text(max_size=80)))
def test_any_text_is_read(texts: dict[Language, str]) -> None:
    parity_findings(texts)
    assert disagreements(dict.fromkeys(Language, next(iter(texts.values()), ""))) == []


@given(st.text(max_size=60), st.text(max_size=60))
def test_a_diff_spells_both_texts(older: str, newer: str) -> None:
    changes = word_diff(older, newer)
    assert "".join(item.text for item in changes if item.op != "insert") == older
    assert "".join(item.text for item in changes if item.op != "delete") == newer


def test_a_diff_keeps_devanagari_words_whole() -> None:
    changes = word_diff("कोई रिटर्न निश्चित नहीं है।", "कोई रिटर्न निश्चित है।")
    assert [(item.op, item.text.strip()) for item in changes if item.op != "equal"] == [("delete", "नहीं")]


def test_every_move_is_possible_somewhere_and_the_end_is_the_end() -> None:
    for move in Move:
        assert any(after(state, move) for state in PackState)
        assert after(PackState.SENT, move) is None
        assert after(PackState.WITHDRAWN, move) is None
    assert {Decision(item) for item in ("approved", "rejected", "changes-requested")} == set(Decision)


def test_near_duplicates_share_their_sketch() -> None:
    one = sketch(["Start early: small regular sums have more years to grow. No return is assured."])
    two = sketch(["Start now: small regular sums have more years to grow. No return is assured."])
    other = sketch(["Nominee: without a name on the form your family waits for months."])
    assert alike(one, two) > 0.5 > alike(one, other)
    assert alike(one, one) == 1.0
    assert sketch([]) == sketch([""])
