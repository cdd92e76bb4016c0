"""Whatever is sent to the sandbox's OpenAI, it answers or says what is wrong."""

import json
import random
import unicodedata
from typing import Any

import orjson
from hypothesis import given, settings
from hypothesis import strategies as st

from project_one_sandbox.openai import schema as strict
from project_one_sandbox.openai.answering import written
from project_one_sandbox.openai.asked import Door, body_of, read
from project_one_sandbox.openai.errors import OpenAIError
from project_one_sandbox.openai.faults import Hits
from project_one_sandbox.openai.phrases import suspects
from project_one_sandbox.openai.tokens import PrefixCache, cut, estimate

from .openai_client import SCHEMAS, chat_of, closed, model, response_of

LEAVES = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8)
WORDS = st.sampled_from(
    [
        "type",
        "properties",
        "required",
        "items",
        "enum",
        "const",
        "anyOf",
        "$ref",
        "$defs",
        "additionalProperties",
        "minItems",
        "minLength",
        "maxLength",
        "minimum",
    ]
)
VALUES = st.recursive(
    LEAVES | st.sampled_from(["object", "array", "string", "number", "#", "#/$defs/a"]),
    lambda below: st.lists(below, max_size=3) | st.dictionaries(WORDS | st.text(max_size=3), below, max_size=4),
    max_leaves=12,
)


@settings(max_examples=200, deadline=None)
@given(st.dictionaries(WORDS, VALUES, max_size=6), st.sampled_from(Door))
def test_any_schema_is_refused_or_answered(schema: dict[str, Any], door: Door) -> None:
    make = response_of if door is Door.RESPONSES else chat_of
    raw = json.dumps(make("other", {}, schema={"type": "object", **schema})).encode()
    try:
        asked = read(door, body_of(raw))
    except OpenAIError as error:
        assert error.status == 400
        return
    assert isinstance(orjson.loads(written(asked, Hits(), 1)), dict)


@settings(max_examples=200, deadline=None)
@given(
    st.dictionaries(
        st.sampled_from(["model", "input", "messages", "text", "response_format", "reasoning", "stream"]), VALUES
    )
)
def test_any_body_is_refused_or_read(body: dict[str, Any]) -> None:
    for door in Door:
        try:
            read(door, body_of(json.dumps(body).encode()))
        except OpenAIError as error:
            assert error.status == 400


@settings(max_examples=200, deadline=None)
@given(st.text(), st.integers(0, 40))
def test_a_cut_fits_and_no_longer_one_would(text: str, tokens: int) -> None:
    short = cut(text, tokens)
    assert text.startswith(short)
    assert estimate(short) <= tokens
    assert short == text or estimate(text[: len(short) + 1]) > tokens


@settings(max_examples=100, deadline=None)
@given(st.text(), st.sampled_from(["guaranteed", "जोखिम-मुक्त", "खात्रीशीर", "double"]), st.text())
def test_quotes_are_always_words_of_the_text(before: str, phrase: str, after: str) -> None:
    for text in (f"{before} {phrase} {after}", unicodedata.normalize("NFD", f"{before} {phrase} {after}")):
        assert all(found.quote and found.quote in text for found in suspects(text))


def test_a_schema_without_an_end_gets_one() -> None:
    endless = closed(next={"$ref": "#"})
    strict.check(endless, name="x", param="text.format")
    assert "next" in json.dumps(strict.smallest(endless))
    circle = {**closed(a={"$ref": "#/$defs/a"}), "$defs": {"a": {"$ref": "#/$defs/a"}}}
    assert isinstance(strict.smallest(circle), dict)


def test_prefixes_are_cached_as_far_as_they_agree() -> None:
    cache, draws = PrefixCache(1.0), random.Random(7)  # noqa: S311 - repeatable
    words = ["नियम", "rule", "promise", "वादा"]
    shared = " ".join(draws.choice(words) for _ in range(2_000))
    first, second = f"{shared} one {'a' * 3_000}", f"{shared} two {'b' * 3_000}"
    assert cache.read(("k",), first, 0.0)[0] == 0
    cached, fresh = cache.read(("k",), second, 1.0)
    assert 0 <= estimate(shared) - cached < 130
    assert cached + fresh <= estimate(second)
    assert cache.read(("other",), second, 1.0)[0] == 0
    assert cache.read(("k",), second, 602.0)[0] == 0


async def test_a_body_that_is_too_deep_is_refused() -> None:
    async with model() as vendor:
        deep: Any = {}
        for _ in range(400):
            deep = {"a": deep}
        body = {**response_of("repair", {}, schema=SCHEMAS["repair"]), "metadata": deep}
        raw = json.dumps(body).encode()
        for sent in (raw, b"\xff", b"", b"[]"):
            heard = await vendor.call("POST", "responses", data=sent)
            assert (heard.status, heard.body["error"]["type"]) == (400, "invalid_request_error")
