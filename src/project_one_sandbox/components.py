"""The components of a template send, checked against the template and rendered.

Source: WhatsApp reference 2.1 and 7.2. Count, kind and content of parameters have codes of their own: 132000, 132012,
132018.
"""

import re
from collections.abc import Callable

from project_one_sandbox.graph_errors import GraphError
from project_one_sandbox.shapes import Json, as_list, as_object
from project_one_sandbox.templates import (
    BODY_LIMIT,
    HEADER_MEDIA,
    Button,
    Template,
    Text,
    utf16_units,
)

MediaCheck = Callable[[Json, str], None]
"""Raises unless the media object (an id or a link) may be sent; the text names the parameter."""

_FORBIDDEN = re.compile(r"[\n\r\t]| {5,}")
_TYPES = frozenset({"header", "body", "button"})
_COMPONENT_KEYS = frozenset({"type", "sub_type", "index", "parameters"})
_TEXT_KEYS = frozenset({"type", "text", "parameter_name"})
_SUB_TYPES = {"quick_reply": "QUICK_REPLY", "url": "URL"}


def refuse_unknown(found: Json, known: frozenset[str], where: str) -> None:
    if not found.keys() <= known:
        unknown = min(found.keys() - known)
        raise GraphError(100, f'Unexpected key "{unknown}" on param "{where}".')


def _parameters(component: Json, where: str) -> list[Json]:
    raw = as_list(component.get("parameters", []))
    found: list[Json] = []
    for item in [None] if raw is None else raw:
        value = as_object(item)
        if value is None:
            raise GraphError(100, f'Param "{where}[parameters]" must be an array of objects.')
        found.append(value)
    return found


def _text_value(parameter: Json, where: str) -> str:
    if parameter.get("type") != "text":
        raise GraphError(
            132012,
            f"{where}: Format mismatch, expected TEXT, received {parameter.get('type')}",
        )
    refuse_unknown(parameter, _TEXT_KEYS, where)
    text = parameter.get("text")
    if not isinstance(text, str) or not text:
        raise GraphError(131008, f"{where}: Parameter of type text is missing text value")
    if _FORBIDDEN.search(text):
        raise GraphError(
            132018,
            f"{where}: Param text cannot have new-line/tab characters or more than 4 consecutive spaces",
        )
    return text


def _values(text: Text, parameters: list[Json], where: str, *, named: bool) -> dict[str, str]:
    if len(parameters) != len(text.variables):
        raise GraphError(
            132000,
            f"{where}: number of localizable_params ({len(parameters)}) does not match the expected number of params "
            f"({len(text.variables)})",
        )
    values: dict[str, str] = {}
    for index, parameter in enumerate(parameters):
        value = _text_value(parameter, where)
        name = parameter.get("parameter_name")
        if not named:
            if name is not None:
                raise GraphError(
                    132018,
                    f"{where}: parameter_name is not allowed in a positional template",
                )
            values[text.variables[index]] = value
        elif isinstance(name, str) and name in text.variables and name not in values:
            values[name] = value
        else:
            raise GraphError(
                132018,
                f"{where}: Parameter name {name!r} is missing, unknown or repeated",
            )
    return values


def _check_header(template: Template, component: Json | None, check_media: MediaCheck) -> None:
    wanted = template.header_format
    parameters = [] if component is None else _parameters(component, "header")
    if wanted in HEADER_MEDIA:
        received = parameters[0].get("type") if len(parameters) == 1 else None
        kind = str(wanted).lower()
        media = as_object(parameters[0].get(kind)) if received == kind else None
        if media is None:
            raise GraphError(
                132012,
                f"header: Format mismatch, expected {wanted}, received {received or 'UNKNOWN'}",
            )
        refuse_unknown(parameters[0], frozenset({"type", kind}), "header")
        check_media(media, "header")
    elif template.header is not None:
        _values(template.header, parameters, "header", named=template.is_named)
    elif parameters:
        raise GraphError(
            132000,
            f"header: number of params ({len(parameters)}) does not match the expected number (0)",
        )


def _button_of(template: Template, component: Json) -> tuple[int, Button]:
    raw = component.get("index")
    if raw is None:
        raise GraphError(131008, "buttons: Parameter 'index' is mandatory")
    index = int(raw) if isinstance(raw, str) and raw.isdecimal() and len(raw) == 1 else raw
    if not isinstance(index, int) or isinstance(index, bool) or not 0 <= index < len(template.buttons):
        raise GraphError(132018, f"buttons: There is no button at index {raw} in the template")
    return index, template.buttons[index]


def _check_button(template: Template, component: Json) -> int:
    sub_type = component.get("sub_type")
    if sub_type is None:
        raise GraphError(131008, "buttons: Parameter 'sub_type' is mandatory")
    wanted = _SUB_TYPES.get(str(sub_type).lower())
    if wanted is None:
        raise GraphError(131009, f"buttons: sub_type {sub_type} is not supported by this sandbox")
    index, button = _button_of(template, component)
    if button.type != wanted:
        raise GraphError(
            132018,
            f"buttons: Button at index {index} is of type {button.type}, not {wanted}",
        )
    parameters = _parameters(component, "button")
    if len(parameters) != 1:
        raise GraphError(
            132000,
            f"buttons: Button at index {index} needs 1 parameter, received {len(parameters)}",
        )
    parameter = parameters[0]
    if wanted == "URL":
        if not button.has_variable:
            raise GraphError(132018, f"buttons: Button at index {index} has no variable in its URL")
        _text_value(parameter, "buttons")
        return index
    if parameter.get("type") != "payload":
        raise GraphError(
            132012,
            f"buttons: Format mismatch, expected PAYLOAD, received {parameter.get('type')}",
        )
    refuse_unknown(parameter, frozenset({"type", "payload"}), "buttons")
    payload = parameter.get("payload")
    if not isinstance(payload, str) or not payload:
        raise GraphError(
            131008,
            f"buttons: Button at index {index} of type QUICK_REPLY is missing its payload",
        )
    return index


def _placed(item: object) -> tuple[str, Json]:
    component = as_object(item)
    kind = component.get("type") if component is not None else None
    if component is None or not isinstance(kind, str):
        raise GraphError(100, 'Param "template[components]" must be an array of objects with a type.')
    refuse_unknown(component, _COMPONENT_KEYS, "template[components]")
    place = kind.lower()
    if place not in _TYPES:
        raise GraphError(131009, f"Component type {kind} is not one of header, body, button")
    return place, component


def render(template: Template, components: object, check_media: MediaCheck) -> str:
    """The body as the user will read it. Raise `GraphError` for what Meta would refuse."""
    placed: dict[str, Json] = {}
    pressed: set[int] = set()
    items = as_list(components)
    for item in [None] if items is None else items:
        place, component = _placed(item)
        if place == "button":
            index = _check_button(template, component)
            if index in pressed:
                raise GraphError(132018, f"buttons: Button at index {index} is given twice")
            pressed.add(index)
        elif place in placed:
            raise GraphError(132018, f"{place}: The component is given twice")
        else:
            placed[place] = component
    _check_header(template, placed.get("header"), check_media)
    for index, button in enumerate(template.buttons):
        if button.has_variable and index not in pressed:
            raise GraphError(
                131008,
                f"buttons: Button at index {index} of type Url requires a parameter",
            )
    parameters = _parameters(placed.get("body", {}), "body")
    text = template.body.rendered(_values(template.body, parameters, "body", named=template.is_named))
    if utf16_units(text) > BODY_LIMIT:
        raise GraphError(
            132005,
            f"body: Translated text is {utf16_units(text)} characters long, more than {BODY_LIMIT}",
        )
    return text
