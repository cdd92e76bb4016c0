"""What it answers, by the schema's name; the same question and seed give the same answer.

Agreed names: `suspicions`, `captions`, `repair`, `translation`; any other schema gets its smallest instance.
"""

import random
from collections.abc import Callable

import orjson

from project_one_sandbox.openai import bank, phrases, schema
from project_one_sandbox.openai.asked import Asked
from project_one_sandbox.openai.bank import UNSAFE, Text, labelled, language_or_english
from project_one_sandbox.openai.faults import Hits, Kind
from project_one_sandbox.shapes import Json, as_list, as_object, loads

NOT_A_MODEL = "Sandbox: this is not a model."
REFUSED = "Sandbox: refused by rule."
TRANSLATED = "[sandbox translation]"
_LIE = "Sandbox: words that stand nowhere"
_OFF_CATEGORY = "sandbox_invention"
_MOST_FINDINGS = 4
_MOST_CAPTIONS = 5


def written(asked: Asked, hits: Hits, seed: int) -> str:
    """The text of the answer, before any cap."""
    if asked.schema is None:
        return orjson.dumps({"sandbox": NOT_A_MODEL}).decode() if asked.is_json else NOT_A_MODEL
    draws = random.Random(f"{seed}:{asked.digest}")  # noqa: S311 - repeatable, not secret
    answer = _ANSWERS.get(asked.schema_name or "", _smallest)
    return orjson.dumps(answer(asked, asked.schema, hits, draws)).decode()


def _smallest(_asked: Asked, form: Json, _hits: Hits, _draws: random.Random) -> object:
    return schema.smallest(form)


def _field(asked: Asked, name: str) -> str:
    value = asked.fields.get(name)
    return value if isinstance(value, str) else ""


def _suspicions(asked: Asked, form: Json, hits: Hits, draws: random.Random) -> object:
    caption = _field(asked, "caption") or (asked.user if not asked.fields else "")
    allowed = frozenset(schema.names(schema.at(form, "findings", "[]", "category") or {}))
    found = [] if hits.has(Kind.OBEY) else [item for item in phrases.suspects(caption) if item.category in allowed]
    findings: list[Json] = [
        {
            "category": item.category,
            "quote": item.quote,
            "reason": item.reason,
            "confidence": round(draws.uniform(0.7, 0.99), 2),
        }
        for item in found[:_MOST_FINDINGS]
    ]
    if hits.has(Kind.LIE) or hits.has(Kind.OFF_CATEGORY):
        findings = findings or [_invented(caption, allowed)]
    for finding in findings:
        if hits.has(Kind.LIE):
            finding["quote"] = _LIE
        if hits.has(Kind.OFF_CATEGORY):
            finding["category"] = _OFF_CATEGORY
    return {"findings": findings}


def _invented(caption: str, allowed: frozenset[str]) -> Json:
    category = min(allowed, default=_OFF_CATEGORY)
    return {"category": category, "quote": caption.split(" ")[0], "reason": "Sandbox: by rule.", "confidence": 0.9}


def _captions(asked: Asked, _form: Json, hits: Hits, draws: random.Random) -> object:
    language = language_or_english(_field(asked, "language"))
    count = _field(asked, "count")
    wanted = min(int(count), _MOST_CAPTIONS) if count.isdecimal() else 1
    samples = bank.chosen(_field(asked, "topic"), wanted, draws.randrange(len(bank.SAMPLES)))
    return {"captions": [_shown(sample.texts[language], language, hits) for sample in samples]}


def _shown(text: Text, language: str, hits: Hits) -> Json:
    caption = f"{text.caption} {UNSAFE[language]}" if hits.has(Kind.UNSAFE) else text.caption
    return {"topic": labelled(text.topic, language), "caption": caption}


def _repair(asked: Asked, _form: Json, hits: Hits, draws: random.Random) -> object:
    """The caption without the sentences that hold a phrase of the table or a quote of the findings; if none is left, a sample."""
    language = language_or_english(_field(asked, "language"))
    quotes = _quotes(_field(asked, "findings"))
    kept = [
        part
        for part in phrases.sentences(_field(asked, "caption"))
        if not any(phrases.suspects(part)) and not any(quote in part for quote in quotes)
    ]
    if not kept:
        sample = bank.chosen(_field(asked, "topic"), 1, draws.randrange(len(bank.SAMPLES)))[0]
        return _shown(sample.texts[language], language, hits)
    return _shown(Text(_unlabelled(_field(asked, "topic")), " ".join(kept)), language, hits)


def _quotes(findings: str) -> list[str]:
    try:
        value = loads(findings.encode())
    except ValueError:
        return []
    holder = as_object(value)
    items = as_list(value if holder is None else holder.get("findings")) or []
    quotes = [(as_object(item) or {}).get("quote") for item in items]
    return [quote for quote in quotes if isinstance(quote, str) and quote.strip()]


def _unlabelled(topic: str) -> str:
    for label in bank.LABELS.values():
        topic = topic.removeprefix(f"{label}: ")
    return topic


def _translation(asked: Asked, _form: Json, hits: Hits, _draws: random.Random) -> object:
    """A sample in its other language; any other text stays as it is behind a label, so that nobody takes it for translated."""
    caption, language = _field(asked, "caption"), language_or_english(_field(asked, "to_language"))
    text = bank.counterpart(caption, language)
    if text is not None:
        return _shown(text, language, hits)
    return {"topic": f"{TRANSLATED} {_field(asked, 'topic')}", "caption": f"{TRANSLATED} {caption}"}


_ANSWERS: dict[str, Callable[[Asked, Json, Hits, random.Random], object]] = {
    "suspicions": _suspicions,
    "captions": _captions,
    "repair": _repair,
    "translation": _translation,
}
