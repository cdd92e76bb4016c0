"""The doors of the sandbox's OpenAI: keys, models, what is refused, shapes, usage, limits."""

import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import pytest

from project_one_sandbox import wall
from project_one_sandbox.openai.limits import duration
from project_one_sandbox.shapes import Json

from .openai_client import MODEL, SCHEMAS, TEXT, Model, caption, chat_of, closed, model, response_of

ASKED = caption("Guaranteed returns. Hurry.")
LONG = "Rule: a caption promises nothing and hurries nobody. " * 110


@pytest.fixture
async def vendor() -> AsyncIterator[Model]:
    async with model() as made:
        yield made


@pytest.mark.parametrize("key", ["", "another", "sandbox-openai-key2", "क"])
async def test_a_key_that_is_missing_or_wrong_is_refused(vendor: Model, key: str) -> None:
    heard = await Model(vendor.rig, key=key).ask("suspicions", ASKED)
    assert (heard.status, heard.code, heard.body["error"]["type"]) == (401, "invalid_api_key", "invalid_request_error")
    assert (await vendor.bill())["total"]["calls"] == 0


async def test_models_are_listed_with_their_last_day(vendor: Model) -> None:
    listed = {item["id"]: item for item in (await vendor.call("GET", "models")).body["data"]}
    assert listed["gpt-4.1"]["shutdown_date"] == "2027-01-14"
    assert listed[MODEL]["shutdown_date"] is None
    assert all(item["object"] == "model" and isinstance(item["created"], int) for item in listed.values())
    one = await vendor.call("GET", f"models/{MODEL}")
    assert one.body == listed[MODEL]
    assert (await vendor.call("GET", "models/gpt-none")).code == "model_not_found"


async def test_a_model_is_gone_from_its_last_day_on(vendor: Model) -> None:
    body = response_of("suspicions", ASKED, model="gpt-4o-mini")
    assert (await vendor.call("POST", "responses", body)).status == 200
    wall.move(datetime(2027, 1, 14, tzinfo=UTC).timestamp() - wall.now() + 1)
    try:
        gone = await vendor.call("POST", "responses", body)
        assert (gone.status, gone.code) == (404, "model_not_found")
        assert "gpt-4o-mini" not in str((await vendor.call("GET", "models")).body)
    finally:
        wall.move(0)


async def test_a_last_day_can_be_set_and_must_be_a_date(vendor: Model) -> None:
    gone = {"openai": {"shutdown_dates": {MODEL: "2020-01-01"}}}
    assert (await vendor.rig.control("PATCH", "config", gone)).status == 200
    assert (await vendor.ask("suspicions", ASKED)).code == "model_not_found"
    for wrong in ({"gpt-none": None}, {MODEL: "soon"}):
        answer = await vendor.rig.control("PATCH", "config", {"openai": {"shutdown_dates": wrong}})
        assert answer.status == 400
    assert (await vendor.rig.control("PATCH", "config", {"openai": {"uniform_ms": [9, 3]}})).status == 400


REFUSED: list[tuple[Json, str, str | None]] = [
    ({"model": None}, "model", "missing_required_parameter"),
    ({"input": []}, "input", "missing_required_parameter"),
    ({"max_tokens": 5}, "max_tokens", "unknown_parameter"),
    ({"input": [{"role": "robot", "content": "x"}]}, "input[0].role", "invalid_value"),
    ({"input": [{"role": "user", "content": 5}]}, "input[0].content", "invalid_type"),
    ({"max_output_tokens": 15}, "max_output_tokens", "integer_below_min_value"),
    ({"max_output_tokens": 128_001}, "max_output_tokens", "invalid_value"),
    ({"max_output_tokens": "5"}, "max_output_tokens", "invalid_type"),
    ({"reasoning": {"effort": "some"}}, "reasoning.effort", "invalid_value"),
    ({"stream": "yes"}, "stream", "invalid_type"),
    ({"text": {"format": {"type": "xml"}}}, "text.format.type", "invalid_value"),
    ({"text": {"format": {"type": "json_object"}}, "input": "x"}, "text.format", None),
    ({"model": "gpt-4o-mini", "input": "x" * 600_000}, "input", "context_length_exceeded"),
]


@pytest.mark.parametrize(("over", "param", "code"), REFUSED)
async def test_a_request_that_is_wrong_is_told_where(vendor: Model, over: Json, param: str, code: str | None) -> None:
    heard = await vendor.call("POST", "responses", {**response_of("suspicions", ASKED), **over})
    error = heard.body["error"]
    assert (heard.status, error["param"], error["code"]) == (400, param, code)
    assert error["message"]
    assert (await vendor.bill())["total"]["calls"] == 0


async def test_a_body_that_is_no_object_and_a_path_that_is_none(vendor: Model) -> None:
    assert (await vendor.call("POST", "responses", [1])).status == 400
    assert (await vendor.call("GET", "responses")).status == 404
    assert (await vendor.call("POST", "files", {})).status == 404


LIST: Json = {"type": "array", "items": TEXT}
BAD_SCHEMAS: list[Json] = [
    {"type": "array", "items": TEXT},
    {"type": "object", "properties": {"a": TEXT}, "required": ["a"]},
    {"type": "object", "properties": {"a": TEXT}, "required": [], "additionalProperties": False},
    {"type": "object", "properties": {}, "required": ["a"], "additionalProperties": False},
    closed(a={"type": "string", "default": "x"}),
    closed(a={"allOf": [TEXT]}),
    closed(a={"anyOf": [TEXT, TEXT]}),
    closed(a={"anyOf": []}),
    closed(a={"type": "text"}),
    closed(a={}),
    closed(a={"type": "array"}),
    closed(a={"$ref": "#/$defs/none"}),
    closed(a={"type": "array", "items": {"type": "object", "properties": {}}}),
]


@pytest.mark.parametrize("schema", BAD_SCHEMAS)
async def test_schemas_that_are_not_strict_are_refused_at_both_doors(vendor: Model, schema: Json) -> None:
    for heard in (await vendor.ask("x", {}, schema=schema), await vendor.chat("x", {}, schema=schema)):
        assert (heard.status, heard.code) == (400, "invalid_json_schema")
        assert "In context=" in heard.body["error"]["message"]


async def test_any_other_schema_gets_its_smallest_instance(vendor: Model) -> None:
    node: Json = closed(next={"anyOf": [{"$ref": "#/$defs/node"}, {"type": "null"}]}, name=TEXT)
    schema = {
        **closed(
            verdict={"type": "string", "enum": ["pass", "block"]},
            count={"type": "integer", "minimum": 3},
            share={"type": ["number", "null"]},
            is_safe={"type": "boolean"},
            notes={"type": "array", "items": TEXT, "minItems": 1},
            day={"type": "string", "format": "date"},
            root={"$ref": "#/$defs/node"},
        ),
        "$defs": {"node": node},
    }
    assert (await vendor.ask("other", {}, schema=schema)).data == {
        "verdict": "pass",
        "count": 3,
        "share": None,
        "is_safe": False,
        "notes": ["Sandbox"],
        "day": "2026-01-01",
        "root": {"next": None, "name": "Sandbox"},
    }


REQUIRED = set(
    [
        "id",
        "object",
        "created_at",
        "error",
        "incomplete_details",
        "instructions",
        "metadata",
        "model",
        "output",
        "parallel_tool_calls",
        "temperature",
        "tool_choice",
        "tools",
        "top_p",
    ]
)


async def test_a_response_has_the_published_shape(vendor: Model) -> None:
    body = (await vendor.ask("suspicions", ASKED, metadata={"a": "b"}, safety_identifier="h")).body
    assert body.keys() >= REQUIRED
    assert (body["object"], body["status"], body["model"], body["store"]) == ("response", "completed", MODEL, False)
    assert (body["error"], body["incomplete_details"]) == (None, None)
    assert body["id"].startswith("resp_")
    (message,) = body["output"]
    assert message.keys() == {"type", "id", "role", "status", "content"}
    assert message["content"][0].keys() == {"type", "text", "annotations", "logprobs"}
    usage = body["usage"]
    assert usage["input_tokens_details"] == {"cached_tokens": 0, "cache_write_tokens": 0}
    assert usage["output_tokens_details"] == {"reasoning_tokens": 0}
    assert usage["total_tokens"] == usage["input_tokens"] + usage["output_tokens"]


async def test_a_completion_has_the_published_shape(vendor: Model) -> None:
    body = (await vendor.chat("suspicions", ASKED)).body
    assert body["object"] == "chat.completion"
    assert body["id"].startswith("chatcmpl-")
    (choice,) = body["choices"]
    assert (choice["index"], choice["finish_reason"], choice["logprobs"]) == (0, "stop", None)
    assert choice["message"].keys() == {"role", "content", "refusal", "annotations"}
    usage = body["usage"]
    assert usage["prompt_tokens_details"].keys() == {"cached_tokens", "cache_write_tokens", "audio_tokens"}
    assert usage["completion_tokens_details"]["reasoning_tokens"] == 0
    assert usage["total_tokens"] == usage["prompt_tokens"] + usage["completion_tokens"]


async def test_answers_end_at_the_cap_and_reasoning_counts_against_it(vendor: Model) -> None:
    cut = (await vendor.ask("suspicions", ASKED, max_output_tokens=16)).body
    assert (cut["status"], cut["incomplete_details"]) == ("incomplete", {"reason": "max_output_tokens"})
    assert cut["usage"]["output_tokens"] == 16
    chat = (await vendor.chat("suspicions", ASKED, max_completion_tokens=5)).body
    assert (chat["choices"][0]["finish_reason"], chat["usage"]["completion_tokens"]) == ("length", 5)
    thinking = (await vendor.ask("suspicions", ASKED, reasoning={}, max_output_tokens=300)).body
    assert thinking["usage"]["output_tokens_details"]["reasoning_tokens"] == 300
    assert [item["type"] for item in thinking["output"]] == ["reasoning"]
    both = (await vendor.ask("suspicions", ASKED, reasoning={"effort": "low"})).body
    assert [item["type"] for item in both["output"]] == ["reasoning", "message"]


@pytest.mark.parametrize("text", ["a" * 400, "क" * 200])
async def test_tokens_are_four_ascii_characters_or_two_others(vendor: Model, text: str) -> None:
    usage = (await vendor.call("POST", "responses", {"model": MODEL, "input": text})).body["usage"]
    assert usage["input_tokens"] == 102  # and the role


async def test_a_long_prefix_is_cached_from_the_second_time_on(vendor: Model) -> None:
    async def details(text: str, **over: Any) -> Any:  # noqa: ANN401 - JSON
        heard = await vendor.ask("suspicions", caption(text), system=LONG, **over)
        return heard.body["usage"]["input_tokens_details"]

    first, second = await details("One."), await details("Two.")
    assert first["cached_tokens"] == 0
    assert first["cache_write_tokens"] >= 1_024
    assert (second["cached_tokens"], second["cache_write_tokens"]) == (first["cache_write_tokens"], 0)
    assert second["cached_tokens"] % 128 == 0
    assert (await details("Two.", prompt_cache_key="other"))["cached_tokens"] == 0
    old = await details("Two.", model="gpt-4o-mini")
    assert old == {"cached_tokens": 0, "cache_write_tokens": 0}
    await vendor.rig.control("POST", "reset")
    assert (await details("One."))["cached_tokens"] == 0


async def test_every_answer_has_the_headers_of_the_vendor(vendor: Model) -> None:
    one, two = await vendor.ask("suspicions", ASKED), await vendor.ask("suspicions", ASKED)
    assert one.headers["x-request-id"] != two.headers["x-request-id"]
    assert one.headers["openai-version"] == "2020-10-01"
    assert one.headers["openai-processing-ms"].isdecimal()
    assert one.headers["x-ratelimit-limit-requests"] == "10000"
    assert int(two.headers["x-ratelimit-remaining-requests"]) < 10_000
    assert int(two.headers["x-ratelimit-remaining-tokens"]) < 20_000_000
    for name in ("requests", "tokens"):
        assert re.fullmatch(r"(\d+h)?(\d+m)?\d+(\.\d+)?m?s", two.headers[f"x-ratelimit-reset-{name}"])
    refused = await vendor.ask("suspicions", ASKED, model="gpt-none")
    assert "x-request-id" in refused.headers


def test_durations_are_written_as_the_vendor_does() -> None:
    assert [duration(s) for s in (0, 0.012, 1, 1.5, 60, 360, 3_661)] == [
        "0ms",
        "12ms",
        "1s",
        "1.5s",
        "1m0s",
        "6m0s",
        "1h1m1s",
    ]


@pytest.mark.parametrize(
    ("limit", "kind"), [({"requests_per_minute": 1}, "requests"), ({"tokens_per_minute": 2_500}, "tokens")]
)
async def test_the_limits_of_a_minute_are_real(limit: dict[str, int], kind: str) -> None:
    async with model(**limit) as vendor:
        assert (await vendor.ask("suspicions", ASKED)).status == 200
        heard = await vendor.ask("suspicions", ASKED)
        assert (heard.status, heard.code, heard.body["error"]["type"]) == (429, "rate_limit_exceeded", kind)
        assert float(heard.headers["retry-after"]) >= 1
        assert int(heard.headers["retry-after-ms"]) > 1_000
        assert heard.headers[f"x-ratelimit-reset-{kind}"].endswith("s")
        other = await vendor.ask("suspicions", ASKED, model="gpt-5.6-luna")
        assert other.status == 200


async def test_moderation_has_every_category(vendor: Model) -> None:
    body = (await vendor.call("POST", "moderations", {"input": ["Patience pays.", "I will kill."]})).body
    calm, violent = body["results"]
    for result in (calm, violent):
        maps = [result[name] for name in ("categories", "category_scores", "category_applied_input_types")]
        assert [len(item) for item in maps] == [13, 13, 13]
        assert all(0 <= score <= 1 for score in maps[1].values())
    assert (calm["flagged"], violent["flagged"], violent["categories"]["violence"]) == (False, True, True)
    parts = {"input": [{"type": "text", "text": "Patience"}], "model": "omni-moderation-latest"}
    assert len((await vendor.call("POST", "moderations", parts)).body["results"]) == 1
    assert (await vendor.call("POST", "moderations", {"input": 5})).status == 400


async def test_both_doors_take_plain_text_and_parts(vendor: Model) -> None:
    for body in (
        {"model": MODEL, "input": [{"role": "user", "content": [{"type": "input_text", "text": "Hello"}]}]},
        {"model": MODEL, "input": "Hello", "instructions": "Be brief."},
        {"model": MODEL, "input": "Some json", "text": {"format": {"type": "json_object"}}},
    ):
        assert (await vendor.call("POST", "responses", body)).status == 200
    chat = chat_of("repair", {}, schema=SCHEMAS["repair"])
    chat["messages"] = [{"role": "user", "content": [{"type": "text", "text": "Hello"}]}]
    assert (await vendor.call("POST", "chat/completions", chat)).status == 200
