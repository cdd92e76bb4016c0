"""Message templates: read once into a form that a send can be checked against and rendered with.

Source: WhatsApp reference 2.1, 4 and 7.2.
"""

import re
from dataclasses import dataclass, field

from project_one_sandbox.config import ConfigError, Reader
from project_one_sandbox.graph_errors import GraphError
from project_one_sandbox.shapes import Json, as_list, as_object

CATEGORIES = frozenset({"MARKETING", "UTILITY", "AUTHENTICATION"})
FORMATS = frozenset({"NAMED", "POSITIONAL"})
STATUSES = frozenset(
    {
        "APPROVED",
        "PENDING",
        "REJECTED",
        "PAUSED",
        "DISABLED",
        "IN_APPEAL",
        "PENDING_DELETION",
        "DELETED",
        "LIMIT_EXCEEDED",
        "ARCHIVED",
    }
)
HEADER_MEDIA = frozenset({"IMAGE", "VIDEO", "DOCUMENT"})
BODY_LIMIT = 1_024
_VARIABLE = re.compile(r"\{\{\s*(\w+)\s*\}\}")
_NAME = re.compile(r"[a-z0-9_]{1,512}")
_NAMED_PARAMETER = re.compile(r"[a-z_][a-z0-9_]*")


def utf16_units(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode("utf-16-le")) // 2


@dataclass(frozen=True, slots=True)
class Text:
    """Fixed pieces with a variable after each but the last."""

    pieces: tuple[str, ...]
    slots: tuple[str, ...]
    variables: tuple[str, ...]

    def rendered(self, values: dict[str, str]) -> str:
        if not self.slots:
            return self.pieces[0]
        parts = [self.pieces[0]]
        for slot, piece in zip(self.slots, self.pieces[1:], strict=True):
            parts.append(values[slot])
            parts.append(piece)
        return "".join(parts)


def read_text(raw: object, *, named: bool, path: str) -> Text:
    if not isinstance(raw, str) or not raw:
        raise ConfigError(f"{path} must be a non-empty string.")
    split = _VARIABLE.split(raw)
    slots = tuple(split[1::2])
    variables = tuple(dict.fromkeys(slots))
    if named and not all(_NAMED_PARAMETER.fullmatch(name) for name in variables):
        raise ConfigError(f"{path} must have only variables of lower-case letters, digits and underscores.")
    if not named and sorted(variables) != sorted(str(n + 1) for n in range(len(variables))):
        raise ConfigError(f"{path} must number its variables from 1 without a gap.")
    return Text(
        tuple(split[0::2]),
        slots,
        tuple(variables if named else sorted(variables, key=int)),
    )


@dataclass(frozen=True, slots=True)
class Button:
    """`type` as in Meta's components; `has_variable` for an address that ends in one."""

    type: str
    text: str
    has_variable: bool


@dataclass(slots=True)
class Template:
    id: str
    name: str
    language: str
    category: str
    parameter_format: str
    status: str
    components: tuple[Json, ...]
    body: Text
    quality: str = "GREEN"
    header_format: str | None = None
    header: Text | None = None
    buttons: tuple[Button, ...] = ()

    @property
    def is_named(self) -> bool:
        return self.parameter_format == "NAMED"

    def as_meta(self) -> Json:
        return {
            "name": self.name,
            "parameter_format": self.parameter_format,
            "components": list(self.components),
            "language": self.language,
            "status": self.status,
            "category": self.category,
            "quality_score": {"score": self.quality},
            "id": self.id,
        }


def _read_buttons(raw: object, path: str) -> tuple[Button, ...]:
    found: list[Button] = []
    for index, item in enumerate(as_list(raw) or []):
        button = as_object(item)
        kind = button.get("type") if button is not None else None
        if button is None or not isinstance(kind, str):
            raise ConfigError(f"{path}.buttons[{index}].type must be a string.")
        found.append(
            Button(
                kind.upper(),
                str(button.get("text", "")),
                "{{" in str(button.get("url", "")),
            )
        )
    return tuple(found)


@dataclass(slots=True)
class _Parts:
    body: Text | None = None
    header_format: str | None = None
    header: Text | None = None
    buttons: tuple[Button, ...] = ()


def _read_component(parts: _Parts, component: Json, *, named: bool, path: str) -> None:
    match component.get("type"):
        case "HEADER":
            parts.header_format = str(component.get("format", ""))
            if parts.header_format == "TEXT":
                parts.header = read_text(component.get("text"), named=named, path=f"{path}.text")
            elif parts.header_format not in HEADER_MEDIA:
                raise ConfigError(f"{path}.format must be TEXT, IMAGE, VIDEO or DOCUMENT.")
        case "BODY":
            parts.body = read_text(component.get("text"), named=named, path=f"{path}.text")
        case "BUTTONS":
            parts.buttons = _read_buttons(component.get("buttons"), path)
        case "FOOTER":
            pass
        case _:
            raise ConfigError(f"{path}.type must be HEADER, BODY, FOOTER or BUTTONS.")


def read_template(raw: Json, template_id: str, path: str) -> Template:
    """Raise `ConfigError` naming the key."""
    reader = Reader(raw, f"{path}.")
    for informative in (
        "id",
        "quality_score",
        "sub_category",
        "correct_category",
        "rejected_reason",
    ):
        reader.take(informative)
    name = reader.text("name")
    if not _NAME.fullmatch(name):
        raise ConfigError(f"{path}.name must be lower-case letters, digits and underscores.")
    parameter_format = reader.choice("parameter_format", FORMATS, "POSITIONAL")
    components = reader.objects("components")
    parts = _Parts()
    for index, component in enumerate(components):
        _read_component(
            parts,
            component,
            named=parameter_format == "NAMED",
            path=f"{path}.components[{index}]",
        )
    if parts.body is None:
        raise ConfigError(f"{path}.components must have a BODY.")
    template = Template(
        id=template_id,
        name=name,
        language=reader.text("language"),
        category=reader.choice("category", CATEGORIES),
        parameter_format=parameter_format,
        status=reader.choice("status", STATUSES, "APPROVED"),
        components=components,
        body=parts.body,
        header_format=parts.header_format,
        header=parts.header,
        buttons=parts.buttons,
    )
    reader.done()
    return template


@dataclass(slots=True)
class TemplateShelf:
    """Every template of the account. A template keeps its id for as long as its name and language are known."""

    by_key: dict[tuple[str, str], Template] = field(default_factory=dict[tuple[str, str], Template])
    by_id: dict[str, Template] = field(default_factory=dict[str, Template])
    _ids: dict[tuple[str, str], str] = field(default_factory=dict[tuple[str, str], str])

    def replace(self, items: tuple[Json, ...]) -> None:
        """Raise `ConfigError` and change nothing when one of them is wrong."""
        by_key: dict[tuple[str, str], Template] = {}
        ids = dict(self._ids)
        for index, raw in enumerate(items):
            key = (str(raw.get("name")), str(raw.get("language")))
            template_id = ids.setdefault(key, str(572_279_198_452_421 + len(ids)))
            if key in by_key:
                raise ConfigError(f"templates[{index}].name must not repeat in one language.")
            by_key[key] = read_template(raw, template_id, f"templates[{index}]")
        self._ids = ids
        self.by_key = by_key
        self.by_id = {template.id: template for template in by_key.values()}

    def sendable(self, name: str, language: str) -> Template:
        template = self.by_key.get((name, language))
        if template is None:
            raise GraphError(132001, f"template name ({name}) does not exist in {language}")
        if template.status == "APPROVED":
            return template
        if template.status == "PAUSED":
            raise GraphError(132015, f"template name ({name}) is paused in {language}")
        if template.status == "DISABLED":
            raise GraphError(132016, f"template name ({name}) is disabled in {language}")
        raise GraphError(
            132001,
            f"template name ({name}) is not approved in {language}: {template.status}",
        )

    def named(self, name: str, language: str | None) -> list[Template]:
        return [t for t in self.by_key.values() if t.name == name and language in {None, t.language}]
