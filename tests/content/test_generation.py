"""What a model writes is tried by the engine; what we keep for days without one has passed it too."""

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest

from project_one.advisor.domain import Identity, Tone
from project_one.advisor.of_firm import FirmAdvisor
from project_one.ai.prompts import read_prompts
from project_one.compliance.domain import Band, Context
from project_one.compliance.evaluate import evaluate
from project_one.compliance.rulebook import load
from project_one.content.domain import Content, Frame
from project_one.content.generation import (
    Engine,
    Wish,
    captions_fields,
    nearest,
    read_captions,
    repair_fields,
)
from project_one.content.library import read_library
from project_one.content.topics import Topic, safe_topics, topic_of
from project_one.content.translation import differences, restored, translation_fields
from project_one.kernel.ids import new_id
from project_one.vocabulary.domain import DEFAULT_SLOT, Capacity, ContentClass, Language

BOOK = load()
LIBRARY = read_library()
FRAMES = [
    Frame(new_id(), item.slug, item.capacity, item.language, item.wording, item.body, item.warning, item.stop_button)
    for item in LIBRARY.frames
]
NUMBERS = {Capacity.MFD: "ARN-123456", Capacity.IA: "INA000012345", Capacity.RA: "INH000012345"}
WISH = Wish("Emergency money", Language.EN, Tone.PLAIN, Capacity.MFD, ContentClass.EDUCATION)
GOOD = "Money kept apart for hard days can spare a family a costly loan. A small sum each month builds the habit."


def engine(capacity: Capacity = Capacity.MFD, content_class: ContentClass = ContentClass.EDUCATION) -> Engine:
    identity = Identity("Asha Rao", NUMBERS[capacity], capacity, "https://asharao.example")
    advisor = FirmAdvisor(new_id(), identity, Language.EN, DEFAULT_SLOT)
    return Engine(BOOK, FRAMES, [advisor], content_class, date(2026, 11, 24), datetime(2026, 11, 24, tzinfo=UTC))


@pytest.mark.parametrize("topic", safe_topics(), ids=lambda topic: topic.family)
def test_every_baseline_passes_the_engine_in_every_capacity(topic: Topic) -> None:
    assert set(topic.baselines) == set(Language)
    for capacity in Capacity:
        for content in topic.baselines.values():
            trial = engine(capacity).tried(content)
            assert trial.is_safe, (capacity, content.language, trial.misfit, trial.findings)


def test_safe_topics_are_those_of_the_library() -> None:
    assert {topic.family for topic in safe_topics()} == {pack.topic_family for pack in LIBRARY.packs}


@pytest.mark.parametrize(
    ("wish", "family"),
    [
        ("Why an emergency fund comes first", "savings"),
        ("SIP kya hai", "mutual-funds"),
        ("बीमा क्यों ज़रूरी है", "protection"),
        ("फसवणूक कशी ओळखावी", "safety"),
        ("Astrology of stars", None),
    ],
)
def test_a_wish_finds_its_topic(wish: str, family: str | None) -> None:
    topic = topic_of(wish)
    assert (topic.family if topic else None) == family


@pytest.mark.parametrize(
    ("topic", "caption", "language"),
    [
        ("Sure money", "Guaranteed returns of 15% every year, no risk at all.", Language.EN),
        ("Hurry", "Last chance to invest today, do not miss out.", Language.EN),
        ("पक्का मुनाफा", "इस योजना में पैसा दोगुना होना पक्का है, कोई जोखिम नहीं।", Language.HI),
        ("Too long", "Saving a little each month is a habit that grows. " * 12, Language.EN),
        ("Wrong language", GOOD, Language.HI),
        ("Whose", "[name] keeps money apart for hard days, and so can you.", Language.EN),
        ("Braces", "Money kept {{apart}} for hard days helps a family.", Language.EN),
    ],
)
def test_what_is_unsafe_never_passes(topic: str, caption: str, language: Language) -> None:
    assert not engine().tried(Content(topic, caption, language)).is_safe


@pytest.mark.parametrize(
    ("language", "claim"),
    [
        (Language.EN, "12% returns guaranteed."),
        (Language.HI, "12% रिटर्न की गारंटी।"),
        (Language.MR, "12% परताव्याची हमी."),
        (Language.EN, "Your money will double in five years."),
    ],
)
def test_a_claim_among_innocent_sentences_of_a_model_never_passes(language: Language, claim: str) -> None:
    innocent = [content for topic in safe_topics() for content in topic.baselines.values()]
    texts = [text for text in innocent if text.language is language]
    assert [engine().tried_unread(text).is_safe for text in texts].count(False) <= 1
    for text in texts:
        assert not engine().tried_unread(replace(text, caption=f"{text.caption} {claim}")).is_safe


def test_without_frame_or_advisor_nothing_passes() -> None:
    text = Content("Hard days", GOOD, Language.EN)
    assert engine().tried(text).is_safe
    bare = Engine(BOOK, [], engine().advisors, ContentClass.EDUCATION, date(2026, 11, 24), datetime.now(UTC))
    alone = Engine(BOOK, FRAMES, [], ContentClass.EDUCATION, date(2026, 11, 24), datetime.now(UTC))
    assert not bare.tried(text).is_safe
    assert not alone.tried(text).is_safe


def test_papers_of_an_advertisement_are_not_asked_of_its_text() -> None:
    assert engine(Capacity.IA, ContentClass.ADVERTISEMENT).tried(Content("Hard days", GOOD, Language.EN)).is_safe


@pytest.mark.parametrize(
    ("data", "count"),
    [
        ({}, 0),
        ({"captions": None}, 0),
        ({"captions": [1, {"topic": "A"}, {"topic": " ", "caption": "x"}]}, 0),
        ({"captions": [{"topic": "A", "caption": "x"}] * 2}, 1),
        ({"captions": [{"topic": f"A{n}", "caption": "x"} for n in range(9)]}, 3),
    ],
)
def test_answers_are_read_with_care(data: dict[str, Any], count: int) -> None:
    assert len(read_captions(data, WISH)) == count


def test_a_text_is_made_one_line_in_nfc() -> None:
    found = read_captions({"captions": [{"topic": "Cafe\u0301:", "caption": " one\n two\t three "}]}, WISH)
    assert (found[0].topic, found[0].caption) == ("Café", "one two three")


def test_prompts_get_the_fields_they_take() -> None:
    prompts = read_prompts()
    text = Content("Sure money", "Guaranteed returns of 15% every year.", Language.EN)
    assert set(captions_fields(WISH, [text], ["saving"])) == set(prompts["captions"].fields)
    fields = repair_fields(engine().tried(text), WISH, BOOK)
    assert set(fields) == set(prompts["repair"].fields)
    assert "guaranteed_return" in fields["findings"]
    assert set(translation_fields(text, Language.HI)) == set(prompts["translation"].fields)


def test_the_same_wish_is_the_same_whatever_its_spacing() -> None:
    other = Wish("  emergency   MONEY", Language.EN, Tone.PLAIN, Capacity.MFD, ContentClass.EDUCATION, 1)
    assert other.sha256 == WISH.sha256
    assert Wish.from_json(WISH.as_json) == WISH


def test_the_nearest_texts_come_first() -> None:
    texts = [content for pack in LIBRARY.packs for content in pack.contents if content.language is Language.EN]
    assert nearest("emergency money", texts)[0].topic == "Emergency money comes first"


SOURCE = Content("Start early", "Save for 15 years from 1 April 2027. No return is assured.", Language.EN)


@pytest.mark.parametrize(
    ("caption", "said"),
    [
        ("1 अप्रैल 2027 से 15 साल तक बचत करें। कोई रिटर्न निश्चित नहीं है।", ""),
        ("1 अप्रैल 2027 से 25 साल तक बचत करें। कोई रिटर्न निश्चित नहीं है।", "numbers differ"),
        ("2 अप्रैल 2027 से 15 साल तक बचत करें। कोई रिटर्न निश्चित नहीं है।", "dates differ"),
        ("1 अप्रैल 2027 से 15 साल तक बचत करें। रिटर्न निश्चित है।", "negations differ"),
        ("Save for 15 years from 1 April 2027. No return is assured.", "written in the language hi"),
        ("1 एप्रिल 2027 पासून 15 वर्षे बचत करा. कोणताही परतावा निश्चित नाही.", "written in the language hi"),
        ("1 अप्रैल 2027 से 15 साल तक बचत करें। कोई रिटर्न निश्चित नहीं है, पर पैसा दोगुना होगा।", "rules find"),
    ],
)
def test_a_translation_says_the_same_or_is_refused_with_what_differs(caption: str, said: str) -> None:
    target = Content("जल्दी शुरू करें", caption, Language.HI)
    context = Context(Capacity.MFD)
    verdicts = [
        evaluate(item.paragraph, context, BOOK, on=date(2026, 11, 24), is_framed=True) for item in (SOURCE, target)
    ]
    assert verdicts[0].band is Band.PASS
    found = differences(SOURCE, target, *verdicts)
    assert (not found) if not said else any(said in item for item in found), found


def test_placeholders_are_filled_again_or_refused() -> None:
    source = Content("Thanks", "Asha Rao wrote this, says Asha Rao.", Language.EN)
    names = frozenset({"Asha Rao", "Ravi Shah"})
    target = Content("धन्यवाद", "यह [name] ने लिखा, कहती हैं [name]।", Language.HI)
    filled = restored(source, target, names)
    assert filled is not None
    assert filled.caption == "यह Asha Rao ने लिखा, कहती हैं Asha Rao।"
    assert restored(source, Content("धन्यवाद", "यह [name] ने लिखा।", Language.HI), names) is None
    two = Content("Thanks", "Asha Rao and Ravi Shah wrote this.", Language.EN)
    assert restored(two, Content("धन्यवाद", "[name] और [name] ने लिखा।", Language.HI), names) is None
