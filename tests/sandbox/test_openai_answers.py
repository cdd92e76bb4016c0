"""What the sandbox's OpenAI answers to the agreed questions."""

import unicodedata
from collections.abc import AsyncIterator
from typing import Any

import pytest

from project_one_sandbox.openai.bank import SAMPLES
from project_one_sandbox.openai.phrases import suspects
from project_one_sandbox.shapes import Json

from .openai_client import Model, caption, model

LANGUAGES = ("en", "hi", "mr")


@pytest.fixture
async def vendor() -> AsyncIterator[Model]:
    async with model() as made:
        yield made


@pytest.mark.parametrize(
    ("text", "category", "quote"),
    [
        ("Start today. Guaranteed 12 percent.", "guaranteed_return", "Guaranteed"),
        ("A risk free way to save.", "risk_free", "risk free"),
        ("Watch it Double in five years.", "multiplier", "Double"),
        ("इसमें पक्का रिटर्न है।", "guaranteed_return", "पक्का रिटर्न"),
        ("रिटर्न की गारंटी है।", "guaranteed_return", "गारंटी"),
        ("खात्रीशीर परतावा मिळेल.", "guaranteed_return", "खात्रीशीर"),
        ("Yahan pakka return hai.", "guaranteed_return", "pakka return"),
        ("पैसे दुप्पट होतात.", "multiplier", "दुप्पट"),
        ("जल्दी करें, आज आखिरी दिन है।", "urgency", "जल्दी करें"),
    ],
)
async def test_phrases_are_suspected_with_their_exact_words(
    vendor: Model, text: str, category: str, quote: str
) -> None:
    (finding,) = (await vendor.ask("suspicions", caption(text))).data["findings"]
    assert (finding["category"], finding["quote"]) == (category, quote)
    assert finding["quote"] in text
    assert finding["reason"].startswith("Sandbox:")
    assert 0 <= finding["confidence"] <= 1


@pytest.mark.parametrize(
    "text",
    [
        "Patience pays.",
        "Returns are not guaranteed.",
        "रिटर्न की कोई गारंटी नहीं होती।",
        "परताव्याची हमी नसते.",
        "Read without hurry.",
        "खात्रीशीर परताव्यापासून सावध राहा.",
    ],
)
async def test_plain_and_denying_texts_are_not_suspected(vendor: Model, text: str) -> None:
    assert (await vendor.ask("suspicions", caption(text))).data == {"findings": []}


async def test_only_categories_of_the_schema_are_named(vendor: Model) -> None:
    text = "A multibagger. Risk free."
    findings = (await vendor.ask("suspicions", caption(text))).data["findings"]
    assert [finding["category"] for finding in findings] == ["risk_free"]


def captions_of(language: str, topic: str = "", count: str = "3") -> Json:
    return {"topic": topic, "language": language, "count": count, "tone": "calm", "examples": "[]", "safe_topics": ""}


LABELS = {"en": "Sandbox sample: ", "hi": "सैंडबॉक्स नमूना: ", "mr": "सँडबॉक्स नमुना: "}


@pytest.mark.parametrize("language", LANGUAGES)
async def test_captions_come_from_the_bank_in_the_language_asked_for(vendor: Model, language: str) -> None:
    found = (await vendor.ask("captions", captions_of(language))).data["captions"]
    own = {sample.texts[language].caption for sample in SAMPLES}
    assert len({item["caption"] for item in found}) == 3
    assert {item["caption"] for item in found} <= own
    assert all(item["topic"].startswith(LABELS[language]) for item in found)
    assert all(unicodedata.is_normalized("NFC", item["caption"]) for item in found)


async def test_a_topic_of_the_bank_comes_first(vendor: Model) -> None:
    (first, _) = (await vendor.ask("captions", captions_of("en", "instalments", "2"))).data["captions"]
    assert first["topic"] == "Sandbox sample: Adding up the instalments"


def test_the_bank_is_long_enough_and_suspects_nothing_in_itself() -> None:
    assert len(SAMPLES) >= 12
    for sample in SAMPLES:
        for language in LANGUAGES:
            text = sample.texts[language].caption
            assert 150 <= len(text) <= 350, (sample.name, language)
            assert unicodedata.is_normalized("NFC", text + sample.texts[language].topic)
            assert list(suspects(text)) == []


@pytest.mark.parametrize(("language", "unsafe"), [("en", "12% returns guaranteed."), ("mr", "12% परताव्याची हमी.")])
async def test_unsafe_captions_can_be_asked_for_and_are_repaired(vendor: Model, language: str, unsafe: str) -> None:
    await vendor.fault("unsafe", schemas=["captions"])
    (made,) = (await vendor.ask("captions", captions_of(language, count="1"))).data["captions"]
    assert made["caption"].endswith(unsafe)
    mended = await repaired(vendor, made, language)
    assert mended == {"topic": made["topic"], "caption": made["caption"].removesuffix(f" {unsafe}")}


async def repaired(vendor: Model, made: Any, language: str, findings: str = "[]") -> Any:  # noqa: ANN401 - JSON
    fields = {**made, "language": language, "capacity": "MFD", "findings": findings}
    return (await vendor.ask("repair", fields)).data


async def test_repair_drops_the_sentences_that_were_quoted(vendor: Model) -> None:
    made = {"topic": "Saving", "caption": "Save first. Our plan beats all. Spend later."}
    mended = await repaired(vendor, made, "en", '[{"quote": "beats all"}]')
    assert mended["caption"] == "Save first. Spend later."


async def test_a_caption_of_nothing_but_promises_becomes_a_sample(vendor: Model) -> None:
    mended = await repaired(vendor, {"topic": "x", "caption": "Guaranteed returns!"}, "hi")
    assert mended["caption"] in {sample.texts["hi"].caption for sample in SAMPLES}


@pytest.mark.parametrize(("here", "there"), [("en", "hi"), ("hi", "mr"), ("mr", "en")])
async def test_samples_are_translated_into_their_counterpart(vendor: Model, here: str, there: str) -> None:
    for sample in SAMPLES:
        fields = {
            "topic": sample.texts[here].topic,
            "caption": unicodedata.normalize("NFD", sample.texts[here].caption),
            "from_language": here,
            "to_language": there,
        }
        data = (await vendor.ask("translation", fields)).data
        assert data == {
            "topic": LABELS[there] + sample.texts[there].topic,
            "caption": sample.texts[there].caption,
        }


async def test_other_texts_are_only_labelled_as_translated(vendor: Model) -> None:
    fields = {"topic": "Fees", "caption": "80,000 rupees, ८०", "from_language": "en", "to_language": "hi"}
    data = (await vendor.ask("translation", fields)).data
    assert data == {"topic": "[sandbox translation] Fees", "caption": "[sandbox translation] 80,000 rupees, ८०"}


async def test_the_same_question_has_the_same_answer_in_another_sandbox(vendor: Model) -> None:
    async with model() as other:
        for name, fields in (("captions", captions_of("mr")), ("suspicions", caption("Double, guaranteed."))):
            one, two, again = (
                await vendor.ask(name, fields),
                await other.ask(name, fields),
                await vendor.chat(name, fields),
            )
            assert one.text == two.text
            assert one.data.keys() == again.data.keys()


async def test_every_answer_says_that_it_is_not_a_model(vendor: Model) -> None:
    plain = await vendor.call("POST", "responses", {"model": "gpt-6-luna", "input": "Hello"})
    listed = await vendor.call("GET", "models")
    wrong = await vendor.call("POST", "nothing", {})
    assert {heard.headers["x-sandbox"] for heard in (plain, listed, wrong)} == {"openai"}
    assert plain.text == "Sandbox: this is not a model."
