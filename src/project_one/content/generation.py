"""Posts written by a model, tried by the engine before anybody sees them. Pure.

wish ─► captions_fields ─► model ─► read_captions ─► Engine.tried_unread ─┬─ safe ───────────────► variant
                                                                          └─ not ─► repair, once ─► tried again, or dropped
"""

import json
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from project_one.advisor.domain import Tone
from project_one.advisor.of_firm import FirmAdvisor
from project_one.ai.identifiers import Personal
from project_one.compliance.domain import Band, Finding, Register, Stage, StageResult, conclude
from project_one.compliance.rulebook import Rulebook
from project_one.compliance.verdicts import Subject, judged
from project_one.content.domain import CompositionError, Content, Frame
from project_one.content.judging import rendered_stage
from project_one.content.terms import Terms
from project_one.kernel.canonical import canonical_json, sha256_hex
from project_one.vocabulary.domain import Capacity, ContentClass, Language

MOST_VARIANTS = 3
MOST_EXAMPLES = 3
_OF_THE_PACK = "expired_approval"
"""Papers of an advertisement belong to the pack the text will stand in, and are looked for when that is submitted."""
_REGISTER = {Language.EN: Register.EN, Language.HI: Register.HI, Language.MR: Register.MR}
_NATIVE, _FOREIGN = 0.5, 0.1
_PLACEHOLDERS = tuple(f"[{kind}]" for kind in Personal)
_WORD = re.compile(r"[^\W\d_](?:[^\W_]|[\u0900-\u0963\u200c\u200d])*")


class Source(StrEnum):
    """Where a text comes from, so that nobody takes a reviewed text for a new one or the reverse."""

    MODEL = "model"
    CACHED = "cached"
    BASELINE = "baseline"
    LIBRARY = "library"


@dataclass(frozen=True)
class Wish:
    """What is asked for. `count`: 1 to 3 variants."""

    topic: str
    language: Language
    tone: Tone
    capacity: Capacity
    content_class: ContentClass
    count: int = MOST_VARIANTS

    @staticmethod
    def from_json(kept: Mapping[str, Any]) -> "Wish":
        return Wish(
            kept["topic"],
            Language(kept["language"]),
            Tone(kept["tone"]),
            Capacity(kept["capacity"]),
            ContentClass(kept["content_class"]),
            kept["count"],
        )

    @property
    def as_json(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.__dataclass_fields__}

    @property
    def sha256(self) -> str:
        """The same for the same wish, however many variants and whatever the spacing."""
        said = [normal(self.topic).casefold(), self.language, self.tone, self.capacity, self.content_class]
        return sha256_hex(canonical_json([str(item) for item in said]))


@dataclass(frozen=True)
class Variant:
    """A text that has passed the engine."""

    content: Content
    source: Source
    is_repaired: bool = False


@dataclass(frozen=True)
class Trial:
    """What the engine says of a text. `misfit`: why no message can be made of it."""

    content: Content
    findings: Sequence[Finding] = ()
    misfit: str | None = None
    is_safe: bool = False


@dataclass(frozen=True)
class Engine:
    """Stage 1 in one capacity, and stage 3 in every approved frame of the advisors who speak in it."""

    rulebook: Rulebook
    frames: Sequence[Frame]
    advisors: Sequence[FirmAdvisor]
    content_class: ContentClass
    on: date
    now: datetime
    _terms: Terms = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_terms", Terms(self.content_class))

    def tried(self, content: Content) -> Trial:
        """Safe only when both stages pass, nothing is missing and the text is in the language that was asked for."""
        senders = [advisor.identity for advisor in self.advisors]
        contexts = [(sender, self._terms.context(sender, content.language)) for sender in senders]
        if not contexts:
            return Trial(content, misfit="no advisor of the firm speaks in this capacity")
        if any(placeholder in content.paragraph for placeholder in _PLACEHOLDERS):
            return Trial(content, misfit="it holds a placeholder for personal data")
        verdict = judged(Subject(content.sha256, content.paragraph, contexts[0][1]), self.rulebook, on=self.on)
        first = StageResult(Stage.RULES, verdict.findings)
        try:
            third = rendered_stage(content, contexts, self.frames, self.rulebook, on=self.on, now=self.now)
        except CompositionError as error:
            return Trial(content, verdict.findings, str(error))
        third = replace(third, findings=[item for item in third.findings if item.category != _OF_THE_PACK])
        joined = conclude(verdict.register, {Stage.RULES, Stage.RENDERED}, [first, third])
        if not is_in_its_language(content, verdict.register):
            return Trial(content, joined.verdict.findings, f"it is not written in the language {content.language}")
        is_safe = joined.verdict.band is Band.PASS and not joined.is_degraded
        return Trial(content, joined.verdict.findings, third.trouble, is_safe)

    def tried_unread(self, content: Content) -> Trial:
        """As `tried`, of a text that nobody has read: what any pattern finds counts, however innocent the rest sounds."""
        trial = self.tried(content)
        if not trial.is_safe:
            return trial
        context = self._terms.context(self.advisors[0].identity, content.language)
        subject = Subject(content.sha256, content.paragraph, context)
        found = judged(subject, self.rulebook.patterns_alone, on=self.on)
        return trial if found.band is Band.PASS else replace(trial, findings=found.findings, is_safe=False)


def is_in_its_language(content: Content, register: Register) -> bool:
    """Whether a text, read as `register`, is in the language it claims: small words and script, of topic and caption."""
    shares = [_devanagari_share(content.topic), _devanagari_share(content.caption)]
    is_script_right = max(shares) < _FOREIGN if content.language is Language.EN else min(shares) > _NATIVE
    return register is _REGISTER[content.language] and is_script_right


def _devanagari_share(text: str) -> float:
    """Of its letters; abbreviations in Latin letters are common in Hindi and Marathi."""
    letters = [char for char in text if char.isalpha()]
    return sum("\u0900" <= char <= "\u097f" for char in letters) / len(letters) if letters else 0.0


def captions_fields(wish: Wish, examples: Iterable[Content], safe_topics: Iterable[str]) -> dict[str, str]:
    """The fields of the prompt `captions`."""
    shown = [{"topic": item.topic, "caption": item.caption} for item in examples]
    return {
        "topic": normal(wish.topic),
        "language": wish.language.value,
        "tone": wish.tone.value,
        "capacity": wish.capacity.value,
        "content_class": wish.content_class.value,
        "count": str(wish.count),
        "examples": json.dumps(shown, ensure_ascii=False),
        "safe_topics": ", ".join(safe_topics),
    }


def repair_fields(trial: Trial, wish: Wish, rulebook: Rulebook) -> dict[str, str]:
    """The fields of the prompt `repair`: what was found, with the remedy of the rule in plain English."""
    findings: list[dict[str, str]] = []
    for finding in trial.findings:
        rule = rulebook.told.get(finding.rule_id)
        findings.append(
            {
                "category": finding.category,
                "quote": finding.quote,
                "what_to_do": rule.remedy["en"] if rule else "Take it out.",
            }
        )
    if trial.misfit:
        findings.append({"category": "form", "quote": "", "what_to_do": trial.misfit})
    return {
        "topic": trial.content.topic,
        "caption": trial.content.caption,
        "language": wish.language.value,
        "capacity": wish.capacity.value,
        "findings": json.dumps(findings, ensure_ascii=False),
    }


def read_captions(data: Mapping[str, Any], wish: Wish) -> list[Content]:
    """The texts of an answer, each once; what has no topic or caption is left out."""
    items: Any = data.get("captions")
    found = [read_caption(item, wish.language) for item in items] if isinstance(items, list) else []
    unique = {content.sha256: content for content in found if content is not None}
    return list(unique.values())[: wish.count]


def read_caption(item: Any, language: Language) -> Content | None:
    match item:
        case {"topic": str(topic), "caption": str(caption)} if normal(topic) and normal(caption):
            return Content(normal(topic).rstrip(".।:"), normal(caption), language)
        case _:
            return None


def normal(text: str) -> str:
    """NFC on one line with single spaces, as a template parameter must be."""
    return " ".join(unicodedata.normalize("NFC", text).split())


def words(text: str) -> frozenset[str]:
    return frozenset(_WORD.findall(unicodedata.normalize("NFC", text).casefold()))


def nearest(topic: str, contents: Iterable[Content], hints: frozenset[str] = frozenset()) -> list[Content]:
    """Texts that share words with a topic come first, those that share more of them earlier; else their own order."""
    wanted = words(topic) | hints

    def likeness(content: Content) -> int:
        return 3 * len(wanted & words(content.topic)) + len(wanted & words(content.caption))

    return sorted(contents, key=likeness, reverse=True)
