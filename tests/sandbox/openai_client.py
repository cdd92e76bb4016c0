"""Asking the sandbox's OpenAI over HTTP, and the shapes its answers must have."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import aiohttp
import orjson

from project_one_sandbox.shapes import Json

from .harness import Rig, rig

KEY = "sandbox-openai-key"
MODEL = "gpt-6-luna"
QUIET: Json = {"latency_ms": {"median": 0}}
CATEGORIES = ["guaranteed_return", "risk_free", "capital_safe", "multiplier", "urgency", "past_performance"]


def closed(**properties: object) -> Json:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


TEXT: Json = {"type": "string"}
FINDING = closed(
    category={"type": "string", "enum": CATEGORIES}, quote=TEXT, reason=TEXT, confidence={"type": "number"}
)
CAPTION = closed(topic=TEXT, caption=TEXT)
SCHEMAS: dict[str, Json] = {
    "suspicions": closed(findings={"type": "array", "items": FINDING}),
    "captions": closed(captions={"type": "array", "items": CAPTION}),
    "repair": CAPTION,
    "translation": CAPTION,
}
SYSTEM = "Rules."


@dataclass(frozen=True, slots=True)
class Heard:
    status: int
    headers: dict[str, str]
    body: Any

    @property
    def code(self) -> str:
        return self.body["error"]["code"]

    @property
    def text(self) -> str:
        if "choices" in self.body:
            return self.body["choices"][0]["message"]["content"]
        (message,) = (item for item in self.body["output"] if item["type"] == "message")
        return message["content"][0]["text"]

    @property
    def data(self) -> Any:  # noqa: ANN401 - JSON
        return orjson.loads(self.text)


def response_of(name: str, fields: Json, *, schema: Json | None = None, system: str = SYSTEM, **over: object) -> Json:
    form: Json = {"type": "json_schema", "name": name, "strict": True, "schema": schema or SCHEMAS[name]}
    return {
        "model": MODEL,
        "input": [
            {"role": "developer", "content": system},
            {"role": "user", "content": orjson.dumps(fields).decode()},
        ],
        "reasoning": {"effort": "none"},
        "max_output_tokens": 2_000,
        "store": False,
        "text": {"format": form},
        **over,
    }


def chat_of(name: str, fields: Json, *, schema: Json | None = None, system: str = SYSTEM, **over: object) -> Json:
    form: Json = {"name": name, "strict": True, "schema": schema or SCHEMAS[name]}
    return {
        "model": MODEL,
        "messages": [
            {"role": "developer", "content": system},
            {"role": "user", "content": orjson.dumps(fields).decode()},
        ],
        "reasoning_effort": "none",
        "max_completion_tokens": 2_000,
        "store": False,
        "response_format": {"type": "json_schema", "json_schema": form},
        **over,
    }


@dataclass(frozen=True, slots=True)
class Model:
    """A rig, seen as a model's vendor."""

    rig: Rig
    key: str = KEY

    async def call(self, method: str, path: str, body: object = None, **options: Any) -> Heard:  # noqa: ANN401
        headers = {"Authorization": f"Bearer {self.key}" if self.key else ""}
        sent = {} if body is None else {"json": body}
        url = f"{self.rig.running.url}/openai/v1/{path}"
        async with self.rig.session.request(method, url, headers=headers, **sent, **options) as answer:
            raw = await answer.read()
            is_json = answer.content_type == "application/json"
            lower = {name.lower(): value for name, value in answer.headers.items()}
            return Heard(answer.status, lower, orjson.loads(raw) if is_json else raw)

    async def ask(self, name: str, fields: Json, **over: Any) -> Heard:  # noqa: ANN401
        return await self.call("POST", "responses", response_of(name, fields, **over))

    async def chat(self, name: str, fields: Json, **over: Any) -> Heard:  # noqa: ANN401
        return await self.call("POST", "chat/completions", chat_of(name, fields, **over))

    async def outcome(self, fields: Json) -> int | str:
        """The HTTP status, or how the connection ended."""
        try:
            return (await self.ask("suspicions", fields)).status
        except aiohttp.ClientError:
            return "lost"

    async def fault(self, kind: str, **rule: object) -> None:
        answer = await self.rig.control("POST", "openai/faults", {"kind": kind, **rule})
        assert answer.status == 200, answer.body

    async def bill(self) -> Any:  # noqa: ANN401 - JSON
        return (await self.rig.control("GET", "openai/bill")).body

    async def calls(self) -> Any:  # noqa: ANN401 - JSON
        return (await self.rig.control("GET", "openai/calls")).body["calls"]


@asynccontextmanager
async def model(scale: float = 1.0, **over: object) -> AsyncGenerator[Model]:
    async with rig(scale, openai={**QUIET, **over}) as made:
        yield Model(made)


def caption(text: str, **over: str) -> Json:
    return {"caption": text, "capacity": "MFD", "content_class": "EDUCATION", "language": "en", **over}
