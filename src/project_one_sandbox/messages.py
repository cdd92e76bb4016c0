"""The body of a send, checked as strictly as Meta does. Source: WhatsApp reference 2 and 12.2."""

import re
from dataclasses import dataclass
from typing import Protocol

from project_one_sandbox.components import refuse_unknown, render
from project_one_sandbox.graph_errors import GraphError
from project_one_sandbox.shapes import Json, as_object, loads
from project_one_sandbox.templates import Template, utf16_units

OPAQUE_LIMIT = 512
TEXT_LIMIT = 4_096
CAPTION_LIMIT = 1_024
_ROOT_KEYS = frozenset(
    {
        "messaging_product",
        "recipient_type",
        "to",
        "type",
        "context",
        "biz_opaque_callback_data",
        "recipient_identity_key_hash",
        "recipient",
        "template",
        "text",
        "image",
    }
)
_READ_KEYS = frozenset({"messaging_product", "status", "message_id", "typing_indicator"})
_KNOWN_ELSEWHERE = frozenset(
    {
        "audio",
        "contacts",
        "document",
        "interactive",
        "location",
        "reaction",
        "sticker",
        "video",
    }
)
_TYPES = frozenset({"template", "text", "image"})
_PUNCTUATION = re.compile(r"[ ().\-]")
_E164 = re.compile(r"\+[1-9][0-9]{7,14}", re.ASCII)


class Shop(Protocol):
    """What a message may refer to."""

    def template(self, name: str, language: str) -> Template: ...

    def check_media(self, number_id: str, media: Json, where: str) -> None: ...

    def has_open_window(self, number_id: str, wa_id: str) -> bool: ...


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A valid message. `to`: E.164 with its plus; `given`: `to` as it was sent; `text`: what the user will read."""

    number_id: str
    given: str
    to: str
    opaque: str | None
    text: str
    template: Template | None
    is_in_window: bool

    @property
    def wa_id(self) -> str:
        return self.to[1:]


def parse_body(raw: bytes) -> Json:
    try:
        body = as_object(loads(raw))
    except ValueError:
        body = None
    if body is None:
        raise GraphError(100, "The request body is not a JSON object.")
    return body


def normalised(to: object) -> str | None:
    """E.164 with plus, or None if `to` is no phone number in that form."""
    if not isinstance(to, str):
        return None
    if not _E164.fullmatch(to):
        to = _PUNCTUATION.sub("", to)
        if not _E164.fullmatch(to):
            return None
    return to


def _text(holder: Json, key: str, where: str) -> str:
    value = holder.get(key)
    if value is None:
        raise GraphError(131008, f"Parameter '{where}' is mandatory.")
    if not isinstance(value, str):
        raise GraphError(100, f'Param "{where}" must be a string.')
    if not value:
        raise GraphError(131008, f"Parameter '{where}' is mandatory and may not be empty.")
    return value


def _opaque(body: Json) -> str | None:
    value = body.get("biz_opaque_callback_data")
    if value is None:
        return None
    if not isinstance(value, str) or len(value) > OPAQUE_LIMIT:
        raise GraphError(
            100,
            f'Param "biz_opaque_callback_data" must be a string of at most {OPAQUE_LIMIT} characters.',
        )
    return value


def _recipient(body: Json, own_number: str) -> tuple[str, str]:
    if body.get("to") is None and body.get("recipient") is not None:
        raise GraphError(131062, "This sandbox does not send to business-scoped user ids; use 'to'.")
    given = _text(body, "to", "to")
    to = normalised(given)
    if to is None:
        raise GraphError(
            131009,
            "Parameter 'to' must be a phone number: a plus, the country code, 8 to 15 digits.",
        )
    if to == own_number:
        raise GraphError(131021, "The recipient is the sending number itself.")
    return given, to


def _kind(body: Json) -> str:
    raw = body.get("type")
    kind = "text" if raw is None and "text" in body else _text(body, "type", "type")
    if kind in _KNOWN_ELSEWHERE:
        raise GraphError(131051, f"This sandbox does not send messages of type {kind}.")
    if kind not in _TYPES:
        raise GraphError(100, f'Param "type" must be one of template, text, image; it is "{kind}".')
    return kind


def _template_text(number_id: str, content: Json, shop: Shop) -> tuple[Template, str]:
    refuse_unknown(content, frozenset({"name", "language", "components", "namespace"}), "template")
    name = _text(content, "name", "template[name]")
    language = as_object(content.get("language"))
    if language is None:
        raise GraphError(131008, "Parameter 'template[language]' is mandatory.")
    refuse_unknown(language, frozenset({"code", "policy"}), "template[language]")
    template = shop.template(name, _text(language, "code", "template[language][code]"))

    def check(media: Json, where: str) -> None:
        shop.check_media(number_id, media, where)

    return template, render(template, content.get("components", []), check)


def _free_text(content: Json) -> str:
    refuse_unknown(content, frozenset({"body", "preview_url"}), "text")
    if not isinstance(content.get("preview_url", False), bool):
        raise GraphError(100, 'Param "text[preview_url]" must be a boolean.')
    text = _text(content, "body", "text[body]")
    if utf16_units(text) > TEXT_LIMIT:
        raise GraphError(100, f'Param "text[body]" must be at most {TEXT_LIMIT} characters long.')
    return text


def _image_caption(number_id: str, content: Json, shop: Shop) -> str:
    refuse_unknown(content, frozenset({"id", "link", "caption"}), "image")
    caption = content.get("caption", "")
    if not isinstance(caption, str) or utf16_units(caption) > CAPTION_LIMIT:
        raise GraphError(
            100,
            f'Param "image[caption]" must be a string of at most {CAPTION_LIMIT} characters.',
        )
    shop.check_media(number_id, content, "image")
    return caption


def check_product(body: Json) -> None:
    if _text(body, "messaging_product", "messaging_product") != "whatsapp":
        raise GraphError(100, 'Param "messaging_product" must be "whatsapp".')


def read_message(body: Json, number_id: str, own_number: str, shop: Shop) -> Outgoing:
    """Raise `GraphError` for what Meta would refuse. `own_number`: E.164 of the sender."""
    refuse_unknown(body, _ROOT_KEYS | _KNOWN_ELSEWHERE, "root")
    check_product(body)
    if body.get("recipient_type", "individual") != "individual":
        raise GraphError(100, 'Param "recipient_type" must be "individual".')
    given, to = _recipient(body, own_number)
    opaque = _opaque(body)
    kind = _kind(body)
    for other in _TYPES - {kind}:
        if other in body:
            raise GraphError(100, f'Unexpected key "{other}" on a message of type {kind}.')
    context = body.get("context")
    if context is not None:
        _text(as_object(context) or {}, "message_id", "context[message_id]")
    content = as_object(body.get(kind))
    if content is None:
        raise GraphError(131008, f"Parameter '{kind}' is mandatory and must be an object.")
    is_open = shop.has_open_window(number_id, to[1:])
    template: Template | None = None
    if kind == "template":
        template, text = _template_text(number_id, content, shop)
    else:
        text = _free_text(content) if kind == "text" else _image_caption(number_id, content, shop)
        if not is_open:
            raise GraphError(
                131047,
                "More than 24 hours have passed since the recipient last replied to the number.",
            )
    return Outgoing(number_id, given, to, opaque, text, template, is_open)


def read_receipt(body: Json) -> str:
    """The wamid of an inbound message to be marked as read."""
    refuse_unknown(body, _READ_KEYS, "root")
    check_product(body)
    if body.get("status") != "read":
        raise GraphError(100, 'Param "status" must be "read".')
    return _text(body, "message_id", "message_id")
