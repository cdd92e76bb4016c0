"""The shapes of `/chat/completions`. Source: reference openai.md, section 1.1, and the chunks of the vendor's stream."""

from collections.abc import Iterator

import orjson

from project_one_sandbox.openai.asked import Asked
from project_one_sandbox.openai.catalogue import Usage
from project_one_sandbox.openai.reply import End, Reply
from project_one_sandbox.openai.responses import pieces
from project_one_sandbox.shapes import Json, as_object

_REASONS = {End.WHOLE: "stop", End.LENGTH: "length", End.FILTER: "content_filter", End.FAILED: "stop"}


def _usage(usage: Usage) -> Json:
    return {
        "prompt_tokens": usage.input,
        "completion_tokens": usage.output,
        "total_tokens": usage.input + usage.output,
        "prompt_tokens_details": {
            "cached_tokens": usage.cached,
            "cache_write_tokens": usage.cache_written,
            "audio_tokens": 0,
        },
        "completion_tokens_details": {
            "reasoning_tokens": usage.reasoning,
            "audio_tokens": 0,
            "accepted_prediction_tokens": 0,
            "rejected_prediction_tokens": 0,
        },
    }


def _head(reply: Reply, kind: str) -> Json:
    return {
        "id": f"chatcmpl-{reply.id}",
        "object": kind,
        "created": reply.created,
        "model": reply.model,
        "service_tier": "default",
    }


def body(reply: Reply) -> Json:
    message: Json = {"role": "assistant", "content": reply.text, "refusal": reply.refusal, "annotations": []}
    choice: Json = {"index": 0, "finish_reason": _REASONS[reply.end], "logprobs": None, "message": message}
    usage = None if reply.usage is None else _usage(reply.usage)
    return {**_head(reply, "chat.completion"), "choices": [choice], "usage": usage}


def events(asked: Asked, reply: Reply) -> Iterator[bytes]:
    """Chunks as server-sent events, then `[DONE]`; usage in a chunk of its own where it was asked for."""
    head = _head(reply, "chat.completion.chunk")
    has_usage = (as_object(asked.raw.get("stream_options")) or {}).get("include_usage") is True
    rest: Json = {"usage": None} if has_usage else {}
    word = "content" if reply.refusal is None else "refusal"

    def chunk(delta: Json, finish: str | None = None) -> bytes:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
        return _event({**head, "choices": [choice], **rest})

    yield chunk({"role": "assistant", "content": "" if reply.refusal is None else None, "refusal": None})
    for piece in pieces(reply.said):
        yield chunk({word: piece})
    yield chunk({}, _REASONS[reply.end])
    if has_usage and reply.usage is not None:
        yield _event({**head, "choices": [], "usage": _usage(reply.usage)})
    yield b"data: [DONE]\n\n"


def _event(value: Json) -> bytes:
    return b"data: %s\n\n" % orjson.dumps(value)
