import asyncio
import re

import pytest

from .harness import NUMBER, OTHER_NUMBER, WABA, Receiver, Rig, rig, template_send

DEVANAGARI = "आशा/50%<b>@x é \N{GRINNING FACE}"


async def test_statuses_have_metas_shape(sandbox: Rig) -> None:
    answer = await sandbox.send(template_send(opaque="d=1;r=2"))
    await sandbox.settle()
    told = {status["status"]: status for status in sandbox.receiver.told(answer.wamid)}
    assert set(told) == {"sent", "delivered", "read"}
    for status in told.values():
        assert status["recipient_id"] == "911000000001"
        assert status["biz_opaque_callback_data"] == "d=1;r=2"
        assert re.fullmatch(r"[0-9]{10}", status["timestamp"])
        assert "errors" not in status
        assert "conversation" not in status
    pricing = {
        "billable": True,
        "pricing_model": "PMP",
        "type": "regular",
        "category": "marketing",
    }
    assert told["sent"]["pricing"] == told["delivered"]["pricing"] == pricing
    body = sandbox.receiver.taken[0]
    assert body["object"] == "whatsapp_business_account"
    assert [entry["id"] for entry in body["entry"]] == [WABA]
    assert "time" not in body["entry"][0]
    value = body["entry"][0]["changes"][0]["value"]
    assert value["messaging_product"] == "whatsapp"
    assert value["metadata"] == {
        "display_phone_number": "919800000000",
        "phone_number_id": NUMBER,
    }
    assert value["contacts"][0]["wa_id"] == "911000000001"
    assert value["contacts"][0]["user_id"] == told["sent"]["recipient_user_id"]


async def test_bodies_are_escaped_as_meta_signs_them(sandbox: Rig) -> None:
    await sandbox.send(template_send(opaque=DEVANAGARI))
    await sandbox.settle()
    raw = sandbox.receiver.bodies[0]
    assert raw.isascii()
    assert rb"\u0906\u0936\u093e\/50\u0025\u003Cb>\u0040x \u00e9 \ud83d\ude00" in raw
    assert not set(b"<%@") & set(raw)
    assert sandbox.receiver.told()[0]["biz_opaque_callback_data"] == DEVANAGARI


async def test_statuses_of_a_window_share_a_post_up_to_the_maximum() -> None:
    fast = {"median": 0, "p95": 0}
    receipts = {
        "sent_ms": fast,
        "delivered_ms": fast,
        "read_share": 0,
        "batch_window_ms": 200,
        "batch_max": 10,
    }
    async with rig(receipts=receipts) as sandbox:
        numbers = [NUMBER, OTHER_NUMBER]
        await asyncio.gather(
            *[sandbox.send(template_send(f"+9110000000{n:02}"), numbers[n % 2]) for n in range(24)],
        )
        await sandbox.settle()
        sizes = [
            sum(len(change["value"]["statuses"]) for change in body["entry"][0]["changes"])
            for body in sandbox.receiver.taken
        ]
        assert sum(sizes) == 48
        assert max(sizes) == 10
        assert len(sizes) == 5
        metadata = {change["metadata"]["phone_number_id"] for change in sandbox.receiver.changes()}
        assert metadata == set(numbers)


@pytest.mark.parametrize("status", [500, 404, 201, 204, 307])
async def test_all_but_200_is_tried_again_and_nothing_is_lost(sandbox: Rig, status: int) -> None:
    sandbox.receiver.statuses[:] = [status, status]
    answer = await sandbox.send(template_send())
    await sandbox.settle()
    assert {told["status"] for told in sandbox.receiver.told(answer.wamid)} == {
        "sent",
        "delivered",
        "read",
    }
    webhooks = (await sandbox.summary())["webhooks"]
    assert (webhooks["retries"], webhooks["given_up"], webhooks["pending"]) == (2, 0, 0)
    assert webhooks["posts"] == webhooks["acknowledged"] + 2
    receipts = (await sandbox.control("GET", "oracle/receipts")).body["receipts"]
    assert all(receipt["first_acknowledged_at"] for receipt in receipts)


async def test_a_callback_that_is_down_gets_everything_when_it_is_back() -> None:
    async with rig(receipts={"retry_ms": [20] * 200, "read_share": 0}) as sandbox:
        up = sandbox.receiver.url
        await sandbox.control("PATCH", "config", {"callback_url": "http://127.0.0.1:9/hook"})
        for index in range(5):
            await sandbox.send(template_send(f"+91100000000{index}"))
        courier = sandbox.running.world.courier
        await sandbox.until(lambda: courier.summary()["scheduled"] == 0 and courier.summary()["posts"] != 0)
        assert (await sandbox.summary())["webhooks"]["pending"] == 10
        await sandbox.control("PATCH", "config", {"callback_url": up})
        await sandbox.settle()
        assert len(sandbox.receiver.told()) == 10


async def test_after_the_last_retry_it_gives_up_and_counts(sandbox: Rig) -> None:
    sandbox.receiver.statuses[:] = [500] * 100
    await sandbox.send(template_send())
    await sandbox.settle()
    webhooks = (await sandbox.summary())["webhooks"]
    assert webhooks["given_up"] == webhooks["posts"] / 4 > 0
    assert webhooks["retries"] == webhooks["given_up"] * 3
    receipts = (await sandbox.control("GET", "oracle/receipts")).body["receipts"]
    assert [receipt["first_acknowledged_at"] for receipt in receipts] == [
        None,
        None,
        None,
    ]


async def test_inbound_messages_have_metas_shape(sandbox: Rig) -> None:
    ours = (await sandbox.send(template_send())).wamid
    text = {"number_id": NUMBER, "from": "911000000001", "text": "थांबवा"}
    button = {
        "number_id": NUMBER,
        "from": "+911000000001",
        "button": {"payload": "STOP:1", "text": "STOP"},
    }
    wamids = [(await sandbox.control("POST", "inbound", body)).body["id"] for body in (text, button)]
    await sandbox.settle()
    values = [value for value in sandbox.receiver.changes() if "messages" in value]
    messages = [message for value in values for message in value["messages"]]
    assert [message["id"] for message in messages] == wamids
    assert {message["from"] for message in messages} == {"911000000001"}
    assert (messages[0]["type"], messages[0]["text"]) == ("text", {"body": "थांबवा"})
    assert messages[1]["button"] == {"payload": "STOP:1", "text": "STOP"}
    assert messages[1]["context"] == {"from": "919800000000", "id": ours}
    assert values[0]["contacts"][0]["user_id"] == messages[0]["from_user_id"]


async def test_changes_of_templates_and_numbers_are_told(sandbox: Rig) -> None:
    await sandbox.control("PATCH", "templates/pack", {"status": "PAUSED", "quality": "RED"})
    await sandbox.control("PATCH", f"numbers/{NUMBER}", {"quality_rating": "RED", "mps": 1000})
    await sandbox.control("PATCH", f"numbers/{NUMBER}", {"status": "RESTRICTED"})
    await sandbox.control("PATCH", f"numbers/{NUMBER}", {"status": "BANNED"})
    await sandbox.settle()
    receiver = sandbox.receiver
    (paused,) = receiver.changes("message_template_status_update")
    assert (
        paused["event"],
        paused["message_template_name"],
        paused["other_info"]["title"],
    ) == (
        "PAUSED",
        "pack",
        "FIRST_PAUSE",
    )
    assert isinstance(paused["message_template_id"], int)
    (quality,) = receiver.changes("message_template_quality_update")
    assert (quality["previous_quality_score"], quality["new_quality_score"]) == (
        "GREEN",
        "RED",
    )
    events = {value["event"] for value in receiver.changes("phone_number_quality_update")}
    assert events == {"THROUGHPUT_UPGRADE", "FLAGGED"}
    restricted, banned = sorted(receiver.changes("account_update"), key=lambda value: value["event"])
    assert restricted["restriction_info"][0]["restriction_type"] == "RESTRICTED_BIZ_INITIATED_MESSAGING"
    assert banned["ban_info"]["waba_ban_state"] == "DISABLE"
    assert all("time" in body["entry"][0] for body in receiver.taken)


async def test_subscribing_shakes_hands_first(sandbox: Rig) -> None:
    await sandbox.control("PATCH", "config", {"callback_url": None})
    path = f"/v25.0/{WABA}/subscribed_apps"
    wrong = {"override_callback_uri": sandbox.receiver.url, "verify_token": "no"}
    assert (await sandbox.call("POST", path, json=wrong)).code == 100
    assert (await sandbox.call("POST", path, json={"override_callback_uri": "http://127.0.0.1:9/"})).code == 100
    assert sandbox.running.world.config.callback_url is None
    right = {**wrong, "verify_token": Receiver().token}
    assert (await sandbox.call("POST", path, json=right)).body == {"success": True}
    answer = await sandbox.send(template_send())
    await sandbox.settle()
    assert len(sandbox.receiver.told(answer.wamid)) == 3


async def test_without_a_callback_the_oracle_still_notes_the_statuses() -> None:
    async with rig(callback_url=None) as sandbox:
        await sandbox.send(template_send())
        await sandbox.settle()
        summary = await sandbox.summary()
        assert summary["statuses"] == {"sent": 1, "delivered": 1, "read": 1}
        assert summary["webhooks"]["posts"] == 0
