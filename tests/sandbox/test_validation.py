from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from project_one_sandbox.components import render
from project_one_sandbox.graph_errors import TABLE, GraphError
from project_one_sandbox.messages import normalised
from project_one_sandbox.shapes import Json, loads, meta_json
from project_one_sandbox.templates import read_template, utf16_units

from .harness import NUMBER, TEMPLATES, Rig, template_send, text_send


def without(body: Json, key: str) -> Json:
    return {name: value for name, value in body.items() if name != key}


def reworked(part: str, change: Callable[[Any], object]) -> Json:
    """A template send whose template, body parameters or button is changed."""
    body: Any = template_send()
    holder: Any = {
        "template": body["template"],
        "language": body["template"]["language"],
        "parameters": body["template"]["components"][0]["parameters"],
        "first": body["template"]["components"][0]["parameters"][0],
        "button": body["template"]["components"][1],
        "payload": body["template"]["components"][1]["parameters"][0],
        "components": body["template"]["components"],
    }[part]
    change(holder)
    return body


CASES: list[tuple[str, Json, int]] = [
    ("an unknown key", {**template_send(), "foo": 1}, 100),
    (
        "an unknown key of the template",
        reworked("template", lambda t: t.update(foo=1)),
        100,
    ),
    (
        "an unknown key of a component",
        reworked("button", lambda b: b.update(foo=1)),
        100,
    ),
    (
        "an unknown key of a parameter",
        reworked("first", lambda p: p.update(foo=1)),
        100,
    ),
    ("no product", without(template_send(), "messaging_product"), 131008),
    ("another product", {**template_send(), "messaging_product": "sms"}, 100),
    ("no recipient", without(template_send(), "to"), 131008),
    ("an empty recipient", template_send(""), 131008),
    ("no type", without(template_send(), "type"), 131008),
    ("an odd type", {**template_send(), "type": "pigeon"}, 100),
    (
        "a type this sandbox has not",
        {**without(template_send(), "template"), "type": "sticker"},
        131051,
    ),
    ("two contents", {**template_send(), "text": {"body": "x"}}, 100),
    ("no template", without(template_send(), "template"), 131008),
    ("no plus", template_send("911000000001"), 131009),
    ("too short", template_send("+9110000"), 131009),
    ("too long", template_send("+9110000000000000"), 131009),
    ("letters", template_send("+91abc0000001"), 131009),
    ("oneself", template_send("+919800000000"), 131021),
    ("a BSUID", {**without(template_send(), "to"), "recipient": "IN.1"}, 131062),
    ("a group", {**template_send(), "recipient_type": "group"}, 100),
    ("opaque data too long", template_send(opaque="x" * 513), 100),
    ("no such template", reworked("template", lambda t: t.update(name="nope")), 132001),
    (
        "no such language",
        reworked("language", lambda t: t.update(code="en_US")),
        132001,
    ),
    ("no language", reworked("template", lambda t: t.pop("language")), 131008),
    ("a parameter too few", reworked("parameters", lambda p: p.pop()), 132000),
    (
        "a parameter too many",
        reworked("parameters", lambda p: p.append(dict(p[0]))),
        132000,
    ),
    ("no body", reworked("components", lambda c: c.pop(0)), 132000),
    ("a body twice", reworked("components", lambda c: c.append(c[0])), 132018),
    (
        "a wrong name",
        reworked("first", lambda p: p.update(parameter_name="nom")),
        132018,
    ),
    ("no name", reworked("first", lambda p: p.pop("parameter_name")), 132018),
    (
        "a name twice",
        reworked("first", lambda p: p.update(parameter_name="link")),
        132018,
    ),
    ("a wrong kind", reworked("first", lambda p: p.update(type="image")), 132012),
    ("an empty text", template_send(name=""), 131008),
    ("a newline", template_send(name="a\nb"), 132018),
    ("a tab", template_send(name="a\tb"), 132018),
    ("five spaces", template_send(name="a     b"), 132018),
    ("too long when rendered", template_send(caption="x" * 1000), 132005),
    ("too long in UTF-16", template_send(caption="\N{GRINNING FACE}" * 480), 132005),
    (
        "a header that is not there",
        reworked("components", lambda c: c.append({**c[0], "type": "header"})),
        132000,
    ),
    (
        "a button that is not there",
        reworked("button", lambda b: b.update(index="2")),
        132018,
    ),
    (
        "a button of another kind",
        reworked("button", lambda b: b.update(sub_type="url")),
        132018,
    ),
    ("a button without index", reworked("button", lambda b: b.pop("index")), 131008),
    (
        "a button without sub_type",
        reworked("button", lambda b: b.pop("sub_type")),
        131008,
    ),
    (
        "a button without payload",
        reworked("payload", lambda p: p.pop("payload")),
        131008,
    ),
    (
        "a button with text",
        reworked("payload", lambda p: p.update(type="text")),
        132012,
    ),
    ("a button twice", reworked("components", lambda c: c.append(c[1])), 132018),
    ("an odd component", reworked("button", lambda b: b.update(type="roof")), 131009),
    ("a text too long", text_send(text="x" * 4097), 100),
    ("a text without body", {**text_send(), "text": {}}, 131008),
    ("a closed window", text_send(), 131047),
]


@pytest.mark.parametrize(("body", "code"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
async def test_what_meta_refuses_is_refused(sandbox: Rig, body: Json, code: int) -> None:
    answer = await sandbox.send(body)
    assert (answer.code, answer.status) == (code, TABLE[code].http), answer.body
    error = answer.body["error"]
    assert error["message"].startswith(f"(#{code}) ")
    assert error["type"] == "OAuthException"
    assert error["fbtrace_id"]
    assert error["error_data"]["messaging_product"] == "whatsapp"
    (record,) = await sandbox.records()
    assert (record["outcome"], record["code"], record["wamid"], record["answered"]) == (
        "refused",
        code,
        None,
        True,
    )


async def test_four_spaces_and_punctuation_in_the_number_pass(sandbox: Rig) -> None:
    assert (await sandbox.send(template_send("+91 10000-00001", name="a    b"))).status == 200
    assert (await sandbox.send(template_send(opaque="x" * 512))).status == 200


@pytest.mark.parametrize("raw", [b"", b"{", b"[]", b"\xff", b'"x"'])
async def test_a_body_that_is_no_object_is_refused(sandbox: Rig, raw: bytes) -> None:
    answer = await sandbox.call("POST", f"/v25.0/{NUMBER}/messages", data=raw)
    assert (answer.status, answer.code) == (400, 100)


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer nope", "sandbox-access-token", "Bearer ä"])
async def test_without_the_token_nothing_is_read(sandbox: Rig, header: str) -> None:
    headers = {"Authorization": header}
    answer = await sandbox.call("POST", f"/v25.0/{NUMBER}/messages", json=template_send(), headers=headers)
    assert (answer.status, answer.code) == (401, 190)
    assert "error_data" not in answer.body["error"]
    assert (await sandbox.call("GET", f"/v25.0/{NUMBER}", headers=headers)).status == 401


async def test_numbers_and_templates_that_may_not_send(sandbox: Rig) -> None:
    assert (await sandbox.send(template_send(), "1")).code == 33
    for status, code in {
        "PAUSED": 132015,
        "DISABLED": 132016,
        "PENDING": 132001,
    }.items():
        await sandbox.control("PATCH", "templates/pack", {"status": status})
        assert (await sandbox.send(template_send())).code == code
    await sandbox.control("PATCH", "templates/pack", {"status": "APPROVED"})
    for status, code in {
        "BANNED": 131031,
        "RESTRICTED": 131031,
        "DISCONNECTED": 131045,
    }.items():
        await sandbox.control("PATCH", f"numbers/{NUMBER}", {"status": status})
        assert (await sandbox.send(template_send())).code == code
        health = (await sandbox.call("GET", f"/v25.0/{NUMBER}?fields=health_status")).body["health_status"]
        assert health["can_send_message"] == "BLOCKED"
        assert health["entities"][0]["errors"][0]["error_code"] == code


SPACE = st.sampled_from(["", " ", "-", "(", ")", "."])


@given(
    st.text("0123456789", min_size=8, max_size=15).filter(lambda d: d[0] != "0"),
    st.data(),
)
def test_a_number_reads_the_same_however_it_is_punctuated(digits: str, data: st.DataObject) -> None:
    written = "+" + "".join(digit + data.draw(SPACE) for digit in digits)
    assert normalised(written) == f"+{digits}"


@given(st.text())
def test_escaped_json_is_ascii_and_reads_back(text: str) -> None:
    written = meta_json({"t": text.encode("utf-8", "ignore").decode()})
    assert written.isascii()
    assert not set("/<%@") & set(written.replace("\\/", ""))
    assert loads(written.encode()) == {"t": text.encode("utf-8", "ignore").decode()}


WORD = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]),
    min_size=1,
    max_size=600,
)


@given(WORD, WORD)
def test_a_body_is_rendered_whole_or_refused_by_its_length(caption: str, name: str) -> None:
    template = read_template(TEMPLATES[0], "1", "t")
    values = {"name": name, "registration": "R", "caption": caption, "link": "L"}
    parameters = [{"type": "text", "parameter_name": key, "text": text} for key, text in values.items()]
    wanted = template.body.rendered(values)
    components = [{"type": "body", "parameters": parameters}]
    is_spaced = "     " in caption or "     " in name
    if not is_spaced and utf16_units(wanted) <= 1024:
        assert render(template, components, lambda _media, _where: None) == wanted
        return
    with pytest.raises(GraphError) as refused:
        render(template, components, lambda _media, _where: None)
    assert refused.value.code == (132018 if is_spaced else 132005)
