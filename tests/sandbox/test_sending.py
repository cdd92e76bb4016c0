import hashlib
import io

import aiohttp
import pytest

from project_one_sandbox.shapes import Json

from .harness import BODY, NUMBER, OTHER_NUMBER, Rig, template_send, text_send

JPEG = b"\xff\xd8\xff\xe0" + b"x" * 100


async def upload(sandbox: Rig, content: bytes = JPEG, mime: str = "image/jpeg", number: str = NUMBER) -> str:
    form = aiohttp.FormData({"messaging_product": "whatsapp"})
    form.add_field("file", io.BytesIO(content), filename="pack.jpg", content_type=mime)
    answer = await sandbox.call("POST", f"/v25.0/{number}/media", data=form)
    return answer.body["id"] if answer.status == 200 else f"refused {answer.code}"


def picture_send(media: Json, *, url: bool = True) -> Json:
    button: Json = {
        "type": "button",
        "sub_type": "url",
        "index": 0,
        "parameters": [{"type": "text", "text": "p"}],
    }
    components: list[Json] = [
        {"type": "header", "parameters": [{"type": "image", "image": media}]},
        {
            "type": "body",
            "parameters": [
                {"type": "text", "text": "आशा"},
                {"type": "text", "text": "धैर्य"},
            ],
        },
        *([button] if url else []),
    ]
    template = {"name": "picture", "language": {"code": "hi"}, "components": components}
    return {
        "messaging_product": "whatsapp",
        "to": "+911000000001",
        "type": "template",
        "template": template,
    }


async def test_a_template_is_accepted_in_metas_words_and_the_oracle_keeps_it(
    sandbox: Rig,
) -> None:
    answer = await sandbox.send(template_send(opaque="d=1;r=2"))
    assert answer.status == 200
    assert answer.body["messaging_product"] == "whatsapp"
    assert answer.body["contacts"][0]["input"] == "+911000000001"
    assert answer.body["contacts"][0]["wa_id"] == "911000000001"
    assert answer.body["messages"][0]["message_status"] == "accepted"
    text = (
        BODY.replace("{{name}}", "Asha")
        .replace("{{registration}}", "ARN-1")
        .replace("{{caption}}", "Patience pays.")
        .replace("{{link}}", "https://x.in/1")
    )
    (record,) = await sandbox.records()
    assert record["wamid"] == answer.wamid
    assert record["text"] == text
    assert record["text_sha256"] == hashlib.sha256(text.encode()).hexdigest()
    assert (record["seq"], record["to"], record["opaque"]) == (
        1,
        "+911000000001",
        "d=1;r=2",
    )
    assert (record["outcome"], record["answered"], record["template"]) == (
        "accepted",
        True,
        "pack",
    )


async def test_the_window_opens_for_text_when_the_user_writes(sandbox: Rig) -> None:
    assert (await sandbox.send(text_send())).code == 131047
    inbound = {"number_id": NUMBER, "from": "+911000000001", "text": "STOP"}
    assert (await sandbox.control("POST", "inbound", inbound)).status == 200
    answer = await sandbox.send(text_send())
    assert answer.status == 200
    assert "message_status" not in answer.body["messages"][0]
    assert (await sandbox.send(text_send(), OTHER_NUMBER)).code == 131047


async def test_mark_read_is_no_send(sandbox: Rig) -> None:
    body: Json = {
        "messaging_product": "whatsapp",
        "status": "read",
        "message_id": "wamid.1",
    }
    assert (await sandbox.send(body)).body == {"success": True}
    assert (await sandbox.send({**body, "status": "seen"})).code == 100
    assert await sandbox.records() == []


async def test_pictures_go_by_id_of_the_same_number(sandbox: Rig) -> None:
    media = await upload(sandbox)
    assert (await sandbox.send(picture_send({"id": media}))).status == 200
    assert (await sandbox.send(picture_send({"id": media}), OTHER_NUMBER)).code == 131053
    assert (await sandbox.send(picture_send({"id": "1"}))).code == 131053
    assert (await sandbox.send(picture_send({"link": "https://x.in/a.jpg"}))).status == 200
    assert (await sandbox.send(picture_send({"id": media, "link": "https://x.in/a.jpg"}))).code == 131008
    assert (await sandbox.send(picture_send({"id": media}, url=False))).code == 131008
    headless = picture_send({"id": media})
    headless["template"]["components"].pop(0)  # pyright: ignore[reportIndexIssue, reportUnknownMemberType]
    assert (await sandbox.send(headless)).code == 132012


async def test_media_is_kept_looked_up_downloaded_and_deleted(sandbox: Rig) -> None:
    media = await upload(sandbox)
    found = (await sandbox.call("GET", f"/v25.0/{media}")).body
    assert (found["mime_type"], found["file_size"]) == ("image/jpeg", len(JPEG))
    path = found["url"].removeprefix(sandbox.running.url)
    assert (await sandbox.call("GET", path)).body == JPEG
    assert (await sandbox.call("GET", path, headers={"Authorization": "Bearer no"})).status == 401
    assert (await sandbox.call("DELETE", f"/v25.0/{media}")).body == {"success": True}
    assert (await sandbox.call("GET", f"/v25.0/{media}")).code == 100
    assert await upload(sandbox, b"GIF89a", "image/gif") == "refused 131053"
    assert await upload(sandbox, b"not a jpeg") == "refused 131053"
    assert await upload(sandbox, JPEG + bytes(5 * 1024 * 1024)) == "refused 131053"


@pytest.mark.parametrize("version", ["v21.0", "v26.0"])
async def test_versions_in_use_are_served(sandbox: Rig, version: str) -> None:
    assert (await sandbox.call("POST", f"/{version}/{NUMBER}/messages", json=template_send())).status == 200


@pytest.mark.parametrize("version", ["v20.0", "v27.0", "v25.1", "v2.0", "x"])
async def test_other_versions_are_not(sandbox: Rig, version: str) -> None:
    assert (await sandbox.call("POST", f"/{version}/{NUMBER}/messages", json=template_send())).code == 100
