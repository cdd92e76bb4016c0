"""Strict JSON schemas: is one acceptable, and which instance is the smallest. Source: reference openai.md, section 1.3."""

from collections.abc import Iterator
from typing import cast

from project_one_sandbox.openai.errors import OpenAIError
from project_one_sandbox.shapes import Json, as_list, as_object

_REFUSED = (
    "default",
    "allOf",
    "not",
    "if",
    "then",
    "else",
    "oneOf",
    "patternProperties",
    "dependentRequired",
    "dependentSchemas",
)
_TYPES = frozenset({"object", "array", "string", "number", "integer", "boolean", "null"})
_DEEPEST = 10
_LONGEST = 1_000
_MOST_PROPERTIES = 5_000


class _Check:
    def __init__(self, name: str, param: str, root: Json) -> None:
        self._name = name
        self._param = param
        self._root = root
        self._properties = 0

    def fail(self, where: tuple[str, ...], problem: str) -> OpenAIError:
        message = f"Invalid schema for response_format '{self._name}': In context={where!r}, {problem}"
        return OpenAIError(400, message, param=self._param, code="invalid_json_schema")

    def node(self, value: object, where: tuple[str, ...], depth: int) -> None:
        schema = as_object(value)
        if schema is None:
            raise self.fail(where, "schema must be an object.")
        if depth > _DEEPEST:
            raise self.fail(where, f"schemas may be nested at most {_DEEPEST} levels.")
        for word in _REFUSED:
            if word in schema:
                raise self.fail(where, f"'{word}' is not permitted.")
        if "$ref" in schema:
            if resolved(self._root, schema) is None:
                raise self.fail(where, f"reference {schema['$ref']!r} can not be resolved.")
            return
        branches = as_list(schema.get("anyOf"))
        if branches is not None:
            self._any_of(branches, where, depth)
            return
        types = _types(schema)
        if not types and "enum" not in schema and "const" not in schema:
            raise self.fail(where, "schema must have a 'type' key.")
        if not types <= _TYPES:
            raise self.fail(where, f"{sorted(types - _TYPES)} is not a valid type.")
        if "object" in types:
            self._object(schema, where, depth)
        if "array" in types:
            if "items" not in schema:
                raise self.fail(where, "array schema missing items.")
            self.node(schema["items"], (*where, "items"), depth + 1)

    def _any_of(self, branches: list[object], where: tuple[str, ...], depth: int) -> None:
        if not branches:
            raise self.fail(where, "'anyOf' must not be empty.")
        for index, branch in enumerate(branches):
            if branch in branches[:index]:
                raise self.fail(where, "the branches of 'anyOf' must be distinguishable.")
            self.node(branch, (*where, "anyOf", str(index)), depth + 1)

    def _object(self, schema: Json, where: tuple[str, ...], depth: int) -> None:
        if schema.get("additionalProperties") is not False:
            raise self.fail(where, "'additionalProperties' is required to be supplied and to be false.")
        properties = as_object(schema.get("properties"))
        if properties is None:
            raise self.fail(where, "'properties' is required to be supplied.")
        required = as_list(schema.get("required")) or []
        missing = [name for name in properties if name not in required]
        if missing or len(required) != len(properties):
            problem = f"Missing '{missing[0]}'." if missing else "Extra required key supplied."
            raise self.fail(
                where,
                f"'required' is required to be supplied and to be an array including every key in properties. {problem}",
            )
        self._properties += len(properties)
        if self._properties > _MOST_PROPERTIES:
            raise self.fail(where, f"a schema may have at most {_MOST_PROPERTIES} properties.")
        for name, below in properties.items():
            self.node(below, (*where, "properties", name), depth + 1)


def check(schema: Json, *, name: str, param: str) -> None:
    """Raise `OpenAIError` (invalid_json_schema) that names the place."""
    checking = _Check(name, param, schema)
    if schema.get("type") != "object":
        raise checking.fail(
            (), f"schema must be a JSON Schema of 'type: \"object\"', got 'type: {schema.get('type')!r}'."
        )
    checking.node(schema, (), 1)
    for key in ("$defs", "definitions"):
        for defined, below in (as_object(schema.get(key)) or {}).items():
            checking.node(below, (key, defined), 1)


def _types(schema: Json) -> frozenset[str]:
    given = schema.get("type")
    several = as_list(given)
    found = [given] if several is None else several
    return frozenset(str(item) for item in found if item is not None)


def resolved(root: Json, schema: Json) -> Json | None:
    """The schema a `$ref` points at, through several if need be; itself where there is none, None where it points nowhere."""
    found: Json | None = schema
    for _ in range(_DEEPEST):
        if found is None or "$ref" not in found:
            return found
        found = _pointed(root, found["$ref"])
    return None


def _pointed(root: Json, ref: object) -> Json | None:
    if not isinstance(ref, str) or not ref.startswith("#"):
        return None
    found: Json | None = root
    for part in filter(None, ref.removeprefix("#").split("/")):
        found = None if found is None else as_object(found.get(part.replace("~1", "/").replace("~0", "~")))
    return found


def at(root: Json, *path: str) -> Json | None:
    """The schema of a property (by name) or of the items of a list (`[]`), from the root; None where there is none."""
    found: Json | None = root
    for part in path:
        below = None if found is None else resolved(root, found)
        if below is None:
            return None
        found = (
            as_object(below.get("items"))
            if part == "[]"
            else as_object((as_object(below.get("properties")) or {}).get(part))
        )
    return None if found is None else resolved(root, found)


def smallest(root: Json, schema: Json | None = None, depth: int = 0) -> object:  # noqa: PLR0911 - one case a type
    """The plainest instance: first of an enum, empty lists, "Sandbox" for text, null where that may be.

    A schema that only endless instances fit gets a null deep down.
    """
    given = resolved(root, root if schema is None else schema) or {}
    if depth > _DEEPEST * 2:
        return None
    if "const" in given:
        return given["const"]
    listed = as_list(given.get("enum"))
    if listed:
        return listed[0]
    branches = as_list(given.get("anyOf"))
    if branches is not None:
        return smallest(root, _plainest(root, branches), depth + 1)
    types = _types(given)
    if "null" in types:
        return None
    if "object" in types:
        properties = as_object(given.get("properties")) or {}
        return {name: smallest(root, as_object(below) or {}, depth + 1) for name, below in properties.items()}
    if "array" in types:
        item = as_object(given.get("items"))
        return [smallest(root, item or {}, depth + 1) for _ in range(_whole(given, "minItems"))]
    if "string" in types:
        return _text(given)
    if "boolean" in types:
        return False
    return _number(given, is_whole="integer" in types)


def _plainest(root: Json, branches: list[object]) -> Json:
    objects = [item for item in map(as_object, branches) if item is not None]
    return min(objects, key=lambda item: _weight(root, item), default={})


def _weight(root: Json, schema: Json) -> int:
    """Null before a plain value before a list before an object, so that recursion ends."""
    types = _types(resolved(root, schema) or {})
    order = ("null", "boolean", "integer", "number", "string", "array", "object")
    return min((order.index(name) for name in types if name in order), default=len(order))


def _whole(schema: Json, name: str) -> int:
    value = schema.get(name)
    return min(value, _LONGEST) if isinstance(value, int) else 0


_FORMATS = {
    "date": "2026-01-01",
    "date-time": "2026-01-01T00:00:00Z",
    "time": "00:00:00Z",
    "email": "sandbox@example.com",
    "uuid": "00000000-0000-4000-8000-000000000000",
    "ipv4": "127.0.0.1",
    "ipv6": "::1",
    "hostname": "example.com",
    "duration": "PT1S",
}


def _text(schema: Json) -> str:
    text = _FORMATS.get(str(schema.get("format")), "Sandbox")
    most = schema.get("maxLength")
    text = text.ljust(_whole(schema, "minLength"), ".")
    return text[: max(0, most)] if isinstance(most, int) else text


def _number(schema: Json, *, is_whole: bool) -> float:
    low, high = schema.get("minimum"), schema.get("maximum")
    above = schema.get("exclusiveMinimum")
    if isinstance(above, int | float):
        low = above + 1 if is_whole else above + abs(above) * 1e-6 + 1e-6
    if isinstance(low, int | float) and low > 0:
        return low
    return cast("float", high) if isinstance(high, int | float) and high < 0 else 0


def names(schema: Json) -> Iterator[str]:
    """The values an enum allows."""
    return (item for item in as_list(schema.get("enum")) or [] if isinstance(item, str))
