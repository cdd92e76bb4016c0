"""What a request asks for, whichever of the two doors it came through. Source: reference openai.md, sections 1.1 to 1.3."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256

import orjson

from project_one_sandbox.openai import schema as strict
from project_one_sandbox.openai.errors import OpenAIError, wrong
from project_one_sandbox.shapes import Json, as_list, as_object, loads

_NAME = re.compile(r"[a-zA-Z0-9_-]{1,64}")
_LEAST_OUTPUT = 16


class Door(StrEnum):
    RESPONSES = "responses"
    CHAT = "chat.completions"


EFFORTS = {"none": 0, "minimal": 64, "low": 128, "medium": 512, "high": 2_048, "xhigh": 8_192, "max": 16_384}
_ROLES = {
    Door.RESPONSES: ("user", "assistant", "system", "developer"),
    Door.CHAT: ("developer", "system", "user", "assistant", "tool"),
}
_SHARED = (
    "model metadata moderation parallel_tool_calls prompt_cache_key prompt_cache_options prompt_cache_retention "
    "safety_identifier service_tier store stream stream_options temperature tool_choice tools top_logprobs top_p user"
)
_KNOWN = {
    Door.RESPONSES: frozenset(
        f"{_SHARED} background conversation include input instructions max_output_tokens max_tool_calls "
        "previous_response_id prompt reasoning text truncation".split()
    ),
    Door.CHAT: frozenset(
        f"{_SHARED} audio frequency_penalty logit_bias logprobs max_completion_tokens max_tokens messages modalities n "
        "prediction presence_penalty reasoning_effort response_format seed stop verbosity web_search_options".split()
    ),
}


@dataclass(frozen=True, slots=True)
class Asked:
    """`prompt`: everything that counts as input. `user`: the last message of the user; `fields`: its JSON object, if it is one.

    `cap`: most tokens of the answer. `digest`: over model and prompt: the same question has the same.
    """

    door: Door
    raw: Json
    model: str
    prompt: str
    user: str
    fields: Json
    schema_name: str | None
    schema: Json | None
    is_json: bool
    cap: int | None
    effort: str | None
    is_streamed: bool
    digest: str

    @property
    def is_stored(self) -> bool:
        return self.raw.get("store", self.door is Door.RESPONSES) is True

    @property
    def cap_name(self) -> str:
        return "max_output_tokens" if self.door is Door.RESPONSES else "max_completion_tokens"

    @property
    def input_name(self) -> str:
        return "input" if self.door is Door.RESPONSES else "messages"

    def text_of(self, name: str) -> str | None:
        value = self.raw.get(name)
        return value if isinstance(value, str) else None


def body_of(raw: bytes) -> Json:
    try:
        value = as_object(loads(raw))
        orjson.dumps(value)  # deeper than it can write is deeper than anybody means
    except (ValueError, orjson.JSONEncodeError):
        value = None
    if value is None:
        raise OpenAIError(400, "We could not parse the JSON body of your request.")
    return value


def read(door: Door, raw: Json) -> Asked:
    """Raise `OpenAIError` 400 for the first thing that is wrong."""
    model = raw.get("model")
    if not isinstance(model, str) or not model:
        raise wrong("model", "Missing required parameter: 'model'.", "missing_required_parameter")
    for name in raw:
        if name not in _KNOWN[door]:
            raise wrong(name, f"Unknown parameter: '{name}'.", "unknown_parameter")
    messages = _messages(door, raw)
    format_at, given = _format(door, raw)
    name, schema, is_json = _answer_format(format_at, given)
    if given.get("type") == "json_object" and not any("json" in text.casefold() for _, text in messages):
        raise wrong(format_at, "The messages must contain the word 'json' in some form, to use 'json_object'.")
    user = next((text for role, text in reversed(messages) if role == "user"), "")
    head = "" if schema is None else orjson.dumps(schema).decode()
    prompt = "\n".join([head, *(f"{role}\n{text}" for role, text in messages)])
    return Asked(
        door=door,
        raw=raw,
        model=model,
        prompt=prompt,
        user=user,
        fields=_fields(user),
        schema_name=name,
        schema=schema,
        is_json=is_json,
        cap=_cap(door, raw),
        effort=_effort(door, raw),
        is_streamed=_flag(raw, "stream"),
        digest=sha256(f"{model}\n{prompt}".encode()).hexdigest(),
    )


def _flag(raw: Json, name: str) -> bool:
    value = raw.get(name)
    if value is not None and not isinstance(value, bool):
        raise wrong(name, f"Invalid type for '{name}': expected a boolean.", "invalid_type")
    return value is True


def _fields(user: str) -> Json:
    try:
        return as_object(loads(user.encode())) or {}
    except ValueError:
        return {}


def _messages(door: Door, raw: Json) -> list[tuple[str, str]]:
    """Role and text of each, instructions first."""
    name = "input" if door is Door.RESPONSES else "messages"
    given = raw.get(name)
    found: list[tuple[str, str]] = []
    instructions = raw.get("instructions")
    if door is Door.RESPONSES and isinstance(instructions, str):
        found.append(("developer", instructions))
    if door is Door.RESPONSES and isinstance(given, str) and given:
        return [*found, ("user", given)]
    items = as_list(given)
    if not items:
        raise wrong(name, f"Missing required parameter: '{name}'.", "missing_required_parameter")
    return [*found, *(_message(door, item, f"{name}[{index}]") for index, item in enumerate(items))]


def _message(door: Door, item: object, where: str) -> tuple[str, str]:
    message = as_object(item)
    if message is None:
        raise wrong(where, f"Invalid type for '{where}': expected an object.", "invalid_type")
    if message.get("type", "message") != "message":
        raise wrong(f"{where}.type", "This sandbox takes items of type 'message' only.", "invalid_value")
    role = message.get("role")
    if role not in _ROLES[door]:
        allowed = _listed(_ROLES[door])
        raise wrong(f"{where}.role", f"Invalid value: '{role}'. Supported values are: {allowed}.", "invalid_value")
    return str(role), _content(door, message.get("content"), f"{where}.content")


def _content(door: Door, content: object, where: str) -> str:
    if isinstance(content, str):
        return content
    parts = as_list(content)
    if not parts:
        raise wrong(where, f"Invalid type for '{where}': expected a string or a list of parts.", "invalid_type")
    allowed = ("input_text", "output_text", "refusal") if door is Door.RESPONSES else ("text", "refusal")
    texts: list[str] = []
    for index, item in enumerate(parts):
        part = as_object(item) or {}
        text = part.get("refusal" if part.get("type") == "refusal" else "text")
        if part.get("type") not in allowed or not isinstance(text, str):
            raise wrong(
                f"{where}[{index}]", f"This sandbox takes parts of type {_listed(allowed)} only.", "invalid_value"
            )
        texts.append(text)
    return "\n".join(texts)


def _format(door: Door, raw: Json) -> tuple[str, Json]:
    """Where the format stands, and the format flattened as the Responses door has it."""
    if door is Door.RESPONSES:
        text = as_object(raw.get("text")) or {}
        return "text.format", as_object(text.get("format")) or {"type": "text"}
    given = as_object(raw.get("response_format")) or {"type": "text"}
    return "response_format", {**(as_object(given.get("json_schema")) or {}), "type": given.get("type")}


def _answer_format(where: str, given: Json) -> tuple[str | None, Json | None, bool]:
    kind = given.get("type")
    if kind == "text":
        return None, None, False
    if kind == "json_object":
        return None, None, True
    if kind != "json_schema":
        allowed = _listed(("json_schema", "json_object", "text"))
        raise wrong(f"{where}.type", f"Invalid value: '{kind}'. Supported values are: {allowed}.", "invalid_value")
    below = where if where == "text.format" else f"{where}.json_schema"
    name, schema = given.get("name"), as_object(given.get("schema"))
    if not isinstance(name, str):
        raise wrong(f"{below}.name", f"Missing required parameter: '{below}.name'.", "missing_required_parameter")
    if not _NAME.fullmatch(name):
        message = f"Invalid '{below}.name': expected letters, digits, underscores and dashes, at most 64."
        raise wrong(f"{below}.name", message, "invalid_value")
    if schema is None:
        raise wrong(f"{below}.schema", f"Missing required parameter: '{below}.schema'.", "missing_required_parameter")
    if given.get("strict") is True:
        strict.check(schema, name=name, param=where)
    return name, schema, True


def _cap(door: Door, raw: Json) -> int | None:
    names = ("max_output_tokens",) if door is Door.RESPONSES else ("max_completion_tokens", "max_tokens")
    least = _LEAST_OUTPUT if door is Door.RESPONSES else 1
    for name in names:
        value = raw.get(name)
        if value is None:
            continue
        if not isinstance(value, int) or isinstance(value, bool):
            raise wrong(name, f"Invalid type for '{name}': expected an integer.", "invalid_type")
        if value < least:
            message = f"Invalid '{name}': integer below minimum value. Expected a value >= {least}, but got {value}."
            raise wrong(name, message, "integer_below_min_value")
        return value
    return None


def _effort(door: Door, raw: Json) -> str | None:
    where = "reasoning.effort" if door is Door.RESPONSES else "reasoning_effort"
    value = (as_object(raw.get("reasoning")) or {}).get("effort") if door is Door.RESPONSES else raw.get(where)
    if value is None:
        return None
    if not isinstance(value, str) or value not in EFFORTS:
        raise wrong(where, f"Invalid value: '{value}'. Supported values are: {_listed(EFFORTS)}.", "invalid_value")
    return value


def _listed(names: Iterable[str]) -> str:
    return ", ".join(f"'{name}'" for name in names)
