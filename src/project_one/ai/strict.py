"""The part of JSON Schema that the vendor's strict mode takes: whether a schema stays in it, and whether an answer keeps to it."""

from collections.abc import Iterator, Mapping
from typing import Any, cast

import orjson

_KEYWORDS = frozenset(
    {
        "type",
        "description",
        "properties",
        "required",
        "additionalProperties",
        "items",
        "enum",
        "anyOf",
        "minimum",
        "maximum",
        "minItems",
        "maxItems",
    }
)
_TYPES: Mapping[str, tuple[type, ...]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "number": (int, float),
    "integer": (int,),
    "boolean": (bool,),
    "null": (type(None),),
}


def schema_faults(schema: Mapping[str, Any]) -> list[str]:
    """What the vendor would refuse, each with the place it stands at; empty for a schema it takes."""
    root = [] if schema.get("type") == "object" else ["the root must be an object"]
    return [*root, *_faults(schema, "root")]


def _faults(schema: object, place: str) -> Iterator[str]:
    if not isinstance(schema, dict):
        yield f"{place}: is not a schema"
        return
    node = cast("dict[str, Any]", schema)
    yield from (f"{place}: the keyword {key} is not taken" for key in sorted(node.keys() - _KEYWORDS))
    if "anyOf" in node:
        for index, branch in enumerate(node["anyOf"]):
            yield from _faults(branch, f"{place}.anyOf[{index}]")
        return
    kind = node.get("type")
    if kind not in _TYPES:
        yield f"{place}: has no type of {', '.join(_TYPES)}"
    if kind == "object":
        properties = node.get("properties")
        if not isinstance(properties, dict) or node.get("additionalProperties") is not False:
            yield f"{place}: an object needs properties and additionalProperties: false"
            return
        named = cast("dict[str, Any]", properties)
        if sorted(node.get("required", [])) != sorted(named):
            yield f"{place}: every property must be required, each once"
        for name, inner in named.items():
            yield from _faults(inner, f"{place}.{name}")
    elif kind == "array":
        yield from _faults(node.get("items"), f"{place}[]")


def read_answer(schema: Mapping[str, Any], text: str) -> tuple[str | None, Mapping[str, Any]]:
    """What stands in an answer; or the fault, and nothing."""
    try:
        data = orjson.loads(text)
    except ValueError:
        return "answer: is not JSON", {}
    fault = answer_fault(schema, data)
    return fault, {} if fault else data


def answer_fault(schema: Mapping[str, Any], value: object, place: str = "answer") -> str | None:
    """Where and how a value leaves the schema, without a word of the value; None when it keeps to it."""
    if "anyOf" in schema:
        faults = [answer_fault(branch, value, place) for branch in schema["anyOf"]]
        return None if None in faults else f"{place}: fits no branch"
    kind = str(schema["type"])
    is_misplaced_bool = isinstance(value, bool) and kind in {"number", "integer"}
    if not isinstance(value, _TYPES[kind]) or is_misplaced_bool:
        return f"{place}: is not of type {kind}"
    if "enum" in schema and value not in schema["enum"]:
        return f"{place}: is none of the listed values"
    if isinstance(value, dict):
        return _object_fault(schema, cast("dict[str, Any]", value), place)
    if isinstance(value, list):
        return _array_fault(schema, cast("list[Any]", value), place)
    if isinstance(value, (int, float)):
        # NaN is beyond every bound
        is_within = schema.get("minimum", value) <= value <= schema.get("maximum", value)
        return None if is_within else f"{place}: is beyond its bounds"
    return None


def _object_fault(schema: Mapping[str, Any], value: dict[str, Any], place: str) -> str | None:
    properties: Mapping[str, Mapping[str, Any]] = schema["properties"]
    if value.keys() != properties.keys():
        return f"{place}: has not exactly the properties asked for"
    faults = (answer_fault(inner, value[name], f"{place}.{name}") for name, inner in properties.items())
    return next((fault for fault in faults if fault), None)


def _array_fault(schema: Mapping[str, Any], value: list[Any], place: str) -> str | None:
    if not schema.get("minItems", 0) <= len(value) <= schema.get("maxItems", len(value)):
        return f"{place}: has too few or too many items"
    faults = (answer_fault(schema["items"], item, f"{place}[{index}]") for index, item in enumerate(value))
    return next((fault for fault in faults if fault), None)
