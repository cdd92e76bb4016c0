"""JSON at the door: untyped values become typed ones here, and text leaves as Meta would write it."""

import json
from typing import cast

import orjson

Json = dict[str, object]

_ENCODER = json.JSONEncoder(ensure_ascii=True, separators=(",", ":"))


def as_object(value: object) -> Json | None:
    return cast("Json", value) if isinstance(value, dict) else None


def as_list(value: object) -> list[object] | None:
    return cast("list[object]", value) if isinstance(value, list) else None


def loads(raw: bytes) -> object:
    """Raise `ValueError` when `raw` is not JSON."""
    return cast("object", orjson.loads(raw))


def merged(base: Json, over: Json) -> Json:
    """`base` with `over` laid on it: objects merge, everything else (lists too) is replaced."""
    result = dict(base)
    for key, value in over.items():
        below, above = as_object(result.get(key)), as_object(value)
        result[key] = merged(below, above) if below is not None and above is not None else value
    return result


def meta_json(value: object) -> str:
    r"""JSON as Meta signs it: non-ASCII as `\u` and lower-case hex, and `/`, `<`, `%`, `@` escaped too.

    Source: WhatsApp reference 9.1. None of the four occurs in JSON outside of strings, so replacing them is safe.
    """
    text = _ENCODER.encode(value)
    return text.replace("/", "\\/").replace("<", "\\u003C").replace("%", "\\u0025").replace("@", "\\u0040")
