"""Captions of the sandbox's own, each in English, Hindi and Marathi: education without promise, product or haste."""

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from project_one_sandbox.shapes import as_list, as_object, loads

LABELS = {"en": "Sandbox sample", "hi": "सैंडबॉक्स नमूना", "mr": "सँडबॉक्स नमुना"}
UNSAFE = {
    "en": "12% returns guaranteed.",
    "hi": "12% रिटर्न की गारंटी।",
    "mr": "12% परताव्याची हमी.",
}


@dataclass(frozen=True, slots=True)
class Text:
    topic: str
    caption: str


@dataclass(frozen=True, slots=True)
class Sample:
    """`texts`: by language."""

    name: str
    texts: Mapping[str, Text]


def language_or_english(language: str) -> str:
    return language if language in LABELS else "en"


def labelled(topic: str, language: str) -> str:
    return f"{LABELS[language]}: {topic}"


def _read() -> tuple[Sample, ...]:
    found: list[Sample] = []
    for item in as_list(loads(Path(__file__).with_name("bank.json").read_bytes())) or []:
        row = as_object(item) or {}
        texts = {language: as_object(row.get(language)) or {} for language in LABELS}
        found.append(
            Sample(
                str(row["name"]),
                {
                    language: Text(_composed(str(text["topic"])), _composed(str(text["caption"])))
                    for language, text in texts.items()
                },
            )
        )
    return tuple(found)


def _composed(text: str) -> str:
    return unicodedata.normalize("NFC", text)


SAMPLES = _read()
_BY_CAPTION = {text.caption: sample for sample in SAMPLES for text in sample.texts.values()}


def counterpart(caption: str, language: str) -> Text | None:
    """The same sample in another language; None for a text that is not of this bank."""
    sample = _BY_CAPTION.get(_composed(caption.strip()))
    return None if sample is None else sample.texts.get(language)


def chosen(topic: str, count: int, start: int) -> list[Sample]:
    """Samples that share words with the topic first, then on from `start`; no sample twice."""
    words = {word.strip(".,:;!?।\"'").casefold() for word in topic.split()}
    rest = [SAMPLES[(start + index) % len(SAMPLES)] for index in range(len(SAMPLES))]
    return sorted(rest, key=lambda sample: -_shared(sample, words))[: max(0, count)]


def _shared(sample: Sample, words: set[str]) -> int:
    return max(len(words & {word.casefold() for word in text.topic.split()} - _SMALL) for text in sample.texts.values())


_SMALL = frozenset(
    {
        "a",
        "an",
        "the",
        "of",
        "for",
        "on",
        "in",
        "is",
        "and",
        "be",
        "it",
        "का",
        "की",
        "के",
        "है",
        "में",
        "पर",
        "तो",
        "एक",
        "आहे",
    }
)
