"""The shapes of `/responses`. Source: reference openai.md, section 1.2, and the events of the vendor's stream."""

from collections.abc import Iterator

import orjson

from project_one_sandbox.openai.asked import Asked
from project_one_sandbox.openai.catalogue import Usage
from project_one_sandbox.openai.reply import End, Reply
from project_one_sandbox.shapes import Json, as_object

_PIECE = 16

_STATUSES = {End.WHOLE: "completed", End.LENGTH: "incomplete", End.FILTER: "incomplete", End.FAILED: "failed"}
_REASONS = {End.LENGTH: "max_output_tokens", End.FILTER: "content_filter"}


def _usage(usage: Usage) -> Json:
    return {
        "input_tokens": usage.input,
        "input_tokens_details": {"cached_tokens": usage.cached, "cache_write_tokens": usage.cache_written},
        "output_tokens": usage.output,
        "output_tokens_details": {"reasoning_tokens": usage.reasoning},
        "total_tokens": usage.input + usage.output,
    }


def _part(reply: Reply) -> Json:
    if reply.refusal is not None:
        return {"type": "refusal", "refusal": reply.refusal}
    return {"type": "output_text", "text": reply.text or "", "annotations": [], "logprobs": []}


def _message(reply: Reply) -> Json:
    return {
        "type": "message",
        "id": f"msg_{reply.id}",
        "role": "assistant",
        "status": "completed" if reply.end is End.WHOLE else "incomplete",
        "content": [_part(reply)],
    }


def _output(reply: Reply) -> list[object]:
    found: list[object] = []
    if reply.usage is not None and reply.usage.reasoning:
        found.append({"type": "reasoning", "id": f"rs_{reply.id}", "summary": []})
    if reply.said:
        found.append(_message(reply))
    return found


def body(asked: Asked, reply: Reply) -> Json:
    raw = asked.raw
    text = as_object(raw.get("text")) or {}
    failed = {"code": "server_error", "message": "The model failed to generate a response."}
    return {
        "id": f"resp_{reply.id}",
        "object": "response",
        "created_at": reply.created,
        "status": _STATUSES[reply.end],
        "background": False,
        "error": failed if reply.end is End.FAILED else None,
        "incomplete_details": {"reason": _REASONS[reply.end]} if reply.end in _REASONS else None,
        "instructions": raw.get("instructions"),
        "max_output_tokens": asked.cap,
        "metadata": raw.get("metadata") or {},
        "model": reply.model,
        "output": _output(reply),
        "parallel_tool_calls": raw.get("parallel_tool_calls", True),
        "previous_response_id": None,
        "prompt_cache_key": raw.get("prompt_cache_key"),
        "reasoning": {"effort": asked.effort, "summary": None},
        "safety_identifier": raw.get("safety_identifier"),
        "service_tier": "default",
        "store": asked.is_stored,
        "temperature": raw.get("temperature", 1.0),
        "text": {"format": text.get("format", {"type": "text"}), "verbosity": text.get("verbosity", "medium")},
        "tool_choice": raw.get("tool_choice", "auto"),
        "tools": raw.get("tools") or [],
        "top_p": raw.get("top_p", 1.0),
        "truncation": "disabled",
        "usage": None if reply.usage is None else _usage(reply.usage),
    }


class _Numbered:
    def __init__(self) -> None:
        self._next = 0

    def __call__(self, kind: str, **fields: object) -> bytes:
        event = {"type": kind, "sequence_number": self._next, **fields}
        self._next += 1
        return b"event: %s\ndata: %s\n\n" % (kind.encode(), orjson.dumps(event))


def events(asked: Asked, reply: Reply) -> Iterator[bytes]:
    """Server-sent events, each with its number; the last holds the whole response."""
    event, whole = _Numbered(), body(asked, reply)
    begun: Json = {
        **whole,
        "status": "in_progress",
        "output": [],
        "usage": None,
        "error": None,
        "incomplete_details": None,
    }
    yield event("response.created", response=begun)
    yield event("response.in_progress", response=begun)
    for index, item in enumerate(_output(reply)):
        yield from _item_events(event, reply, index, as_object(item) or {})
    yield event(f"response.{_STATUSES[reply.end]}", response=whole)


def _item_events(event: _Numbered, reply: Reply, index: int, item: Json) -> Iterator[bytes]:
    if item["type"] != "message":
        yield event("response.output_item.added", output_index=index, item=item)
        yield event("response.output_item.done", output_index=index, item=item)
        return
    place: Json = {"item_id": item["id"], "output_index": index, "content_index": 0}
    is_refusal = reply.refusal is not None
    word = "refusal" if is_refusal else "text"
    kind = "refusal" if is_refusal else "output_text"
    empty: Json = {**_part(reply), word: ""}
    extra: Json = {} if is_refusal else {"logprobs": []}
    begun = {**item, "status": "in_progress", "content": []}
    yield event("response.output_item.added", output_index=index, item=begun)
    yield event("response.content_part.added", **place, part=empty)
    for piece in pieces(reply.said):
        yield event(f"response.{kind}.delta", **place, delta=piece, **extra)
    yield event(f"response.{kind}.done", **place, **{word: reply.said}, **extra)
    yield event("response.content_part.done", **place, part=_part(reply))
    yield event("response.output_item.done", output_index=index, item=item)


def pieces(text: str) -> Iterator[str]:
    """A text as it streams."""
    return (text[start : start + _PIECE] for start in range(0, len(text), _PIECE))
