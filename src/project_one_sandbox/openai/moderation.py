"""`/moderations`: the shape of the screen, and two words it knows. It has no category for finance. Source: reference 1.4."""

import re
from hashlib import sha256

from project_one_sandbox.openai.catalogue import MODERATION
from project_one_sandbox.openai.errors import no_model, wrong
from project_one_sandbox.shapes import Json, as_list, as_object

_CATEGORIES = (
    "harassment",
    "harassment/threatening",
    "hate",
    "hate/threatening",
    "illicit",
    "illicit/violent",
    "self-harm",
    "self-harm/intent",
    "self-harm/instructions",
    "sexual",
    "sexual/minors",
    "violence",
    "violence/graphic",
)
_WORDS = {
    "violence": re.compile(r"\bkill\b|मार डाल|ठार मार", re.IGNORECASE),
    "hate": re.compile(r"\bsubhuman\b", re.IGNORECASE),
}
_FLAGGED = 0.93
_QUIET = 1_000


def read(raw: Json) -> list[str]:
    """The texts to screen; parts of one input count as one. Raise `OpenAIError`."""
    model = raw.get("model", MODERATION)
    if model != MODERATION:
        raise no_model(str(model))
    given = raw.get("input")
    if isinstance(given, str):
        return [given]
    items = as_list(given)
    if not items:
        raise wrong("input", "Missing required parameter: 'input'.", "missing_required_parameter")
    texts = [item for item in items if isinstance(item, str)]
    if len(texts) == len(items):
        return texts
    parts = [as_object(item) or {} for item in items]
    if any(part.get("type") not in {"text", "image_url"} for part in parts):
        raise wrong(
            "input", "Invalid value for 'input': expected texts, or parts of type text or image_url.", "invalid_value"
        )
    return ["\n".join(str(part.get("text")) for part in parts if part["type"] == "text")]


def body(identity: str, texts: list[str]) -> Json:
    return {"id": f"modr-{identity}", "model": MODERATION, "results": [_result(text) for text in texts]}


def _result(text: str) -> Json:
    is_flagged = {name: name in _WORDS and bool(_WORDS[name].search(text)) for name in _CATEGORIES}
    return {
        "flagged": any(is_flagged.values()),
        "categories": is_flagged,
        "category_scores": {name: _FLAGGED if is_flagged[name] else _score(name, text) for name in _CATEGORIES},
        "category_applied_input_types": {name: ["text"] for name in _CATEGORIES},
    }


def _score(name: str, text: str) -> float:
    return int.from_bytes(sha256(f"{name}:{text}".encode()).digest()[:2]) / 65_536 / _QUIET
