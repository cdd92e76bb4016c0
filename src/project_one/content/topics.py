"""What may be taught: the safe topics, the words people use for them, and a plain text of each in every language."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

import yaml

from project_one.content.domain import Content
from project_one.content.generation import normal, words
from project_one.vocabulary.domain import Language


@dataclass(frozen=True)
class Topic:
    """`family`: as in the library; `name`: what it teaches, in English; `words`: by which a wish is recognised."""

    family: str
    name: str
    words: frozenset[str]
    baselines: Mapping[Language, Content]


@cache
def safe_topics() -> tuple[Topic, ...]:
    """In the order of the file."""
    text = resources.files("project_one.content").joinpath("data", "topics.yaml").read_text(encoding="utf-8")
    entries: list[dict[str, Any]] = yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    return tuple(_topic(entry) for entry in entries)


def _topic(entry: Mapping[str, Any]) -> Topic:
    baselines = {
        Language(code): Content(normal(said["topic"]), normal(said["caption"]), Language(code))
        for code, said in entry["baselines"].items()
    }
    return Topic(entry["family"], entry["name"], frozenset(str(word).casefold() for word in entry["words"]), baselines)


def topic_of(wish: str) -> Topic | None:
    """The safe topic a wish is about, by the words it holds; None when nothing tells."""
    said = words(wish)
    best = max(safe_topics(), key=lambda topic: len(topic.words & said))
    return best if best.words & said else None
