from typing import Any

import pytest

from project_one_sandbox.control import is_loopback
from project_one_sandbox.oracle import Oracle, Outcome

from .harness import NUMBER, TEMPLATES, WABA, Rig, rig, template_send


async def test_templates_are_listed_page_by_page(sandbox: Rig) -> None:
    path = f"/v25.0/{WABA}/message_templates"
    whole = (await sandbox.call("GET", path)).body
    assert [item["name"] for item in whole["data"]] == ["pack", "picture"]
    assert whole["data"][0]["components"] == TEMPLATES[0]["components"]
    assert whole["data"][0]["id"].isdecimal()
    page = (await sandbox.call("GET", f"{path}?limit=1&fields=name,quality_score")).body
    assert set(page["data"][0]) == {"name", "quality_score", "id"}
    rest = (await sandbox.call("GET", f"{path}?limit=1&after={page['paging']['cursors']['after']}")).body
    assert [item["name"] for item in rest["data"]] == ["picture"]
    assert "next" in page["paging"]
    assert "next" not in rest["paging"]
    followed = (await sandbox.call("GET", page["paging"]["next"].removeprefix(sandbox.running.url))).body
    assert followed["data"][0]["name"] == "picture"
    assert [item["name"] for item in (await sandbox.call("GET", f"{path}?name=pack")).body["data"]] == ["pack"]
    assert (await sandbox.call("GET", f"{path}?status=PAUSED")).body == {"data": []}
    assert (await sandbox.call("GET", f"{path}?after=!!")).code == 131059
    assert (await sandbox.call("GET", f"{path}?fields=shoe_size")).code == 100
    assert (await sandbox.call("GET", "/v25.0/1/message_templates")).code == 100


async def test_nodes_are_read_by_id(sandbox: Rig) -> None:
    template = sandbox.running.world.templates.by_key["pack", "en"]
    found = (await sandbox.call("GET", f"/v25.0/{template.id}?fields=status,quality_score,category")).body
    assert found == {
        "status": "APPROVED",
        "quality_score": {"score": "GREEN"},
        "category": "MARKETING",
        "id": template.id,
    }
    number = (await sandbox.call("GET", f"/v25.0/{NUMBER}?fields=throughput,status,health_status")).body
    assert number["throughput"] == {"level": "STANDARD"}
    assert number["health_status"]["can_send_message"] == "AVAILABLE"
    numbers = (await sandbox.call("GET", f"/v25.0/{WABA}/phone_numbers")).body["data"]
    assert numbers[0]["id"] == NUMBER
    assert (await sandbox.call("GET", "/v25.0/999")).code == 100
    assert (await sandbox.call("PUT", f"/v25.0/{NUMBER}/messages", json={})).code == 100


async def test_put_templates_replaces_all_and_keeps_ids(sandbox: Rig) -> None:
    before = sandbox.running.world.templates.by_key["pack", "en"].id
    found = (await sandbox.control("PUT", "templates", [TEMPLATES[0]])).body["templates"]
    assert [(item["name"], item["id"]) for item in found] == [("pack", before)]
    answer = await sandbox.control("PUT", "templates", [TEMPLATES[0], {"name": "x", "language": "en"}])
    assert answer.status == 400
    assert "templates[1].components" in answer.body["error"]
    assert list(sandbox.running.world.templates.by_id) == [before]
    assert (await sandbox.control("PATCH", "templates/nope", {"status": "PAUSED"})).status == 404


@pytest.mark.parametrize(
    ("patch", "word"),
    [
        ({"shoes": 1}, "shoes"),
        ({"receipts": {"shoes": 1}}, "receipts.shoes"),
        ({"receipts": {"read_share": 2}}, "receipts.read_share"),
        ({"receipts": {"sent_ms": {"p95": 1}}}, "receipts.sent_ms.p95"),
        ({"receipts": {"retry_ms": ["x"]}}, "receipts.retry_ms[0]"),
        ({"numbers": [{"id": "x"}]}, "numbers[0]"),
        ({"callback_url": 3}, "callback_url"),
        ({"throughput_status": 418}, "throughput_status"),
    ],
)
async def test_a_wrong_key_is_named_and_changes_nothing(sandbox: Rig, patch: dict[str, object], word: str) -> None:
    before = sandbox.running.world.config
    answer = await sandbox.control("PATCH", "config", patch)
    assert answer.status == 400
    assert word in answer.body["error"]
    assert sandbox.running.world.config is before


async def test_reset_forgets_all_but_the_configuration(sandbox: Rig) -> None:
    await sandbox.fault("receipt_delay", extra_ms=60_000)
    await sandbox.send(template_send())
    await sandbox.control("PATCH", "templates/pack", {"status": "PAUSED"})
    assert (await sandbox.control("POST", "reset")).body == {"ok": True}
    summary = await sandbox.summary()
    assert (summary["requests"], summary["webhooks"]["pending"]) == (0, 0)
    assert (await sandbox.control("GET", "faults")).body == {"faults": []}
    assert (await sandbox.send(template_send())).status == 200
    await sandbox.settle()
    assert len(sandbox.receiver.told()) == 3


async def test_the_oracle_is_read_in_pieces(sandbox: Rig) -> None:
    for index in range(5):
        await sandbox.send(template_send(f"+91100000000{index}"))
    first = (await sandbox.control("GET", "oracle?since=0&limit=2")).body
    assert ([record["seq"] for record in first["records"]], first["next"]) == (
        [1, 2],
        2,
    )
    rest = (await sandbox.control("GET", "oracle?since=2")).body
    assert ([record["seq"] for record in rest["records"]], rest["next"]) == (
        [3, 4, 5],
        5,
    )
    assert (await sandbox.control("GET", "oracle?since=5")).body["records"] == []
    assert (await sandbox.control("GET", "oracle?since=x")).status == 400
    summary = await sandbox.summary()
    assert (summary["requests"], summary["recipients"], summary["double_accepts"]) == (
        5,
        5,
        [],
    )


async def test_text_is_kept_only_when_asked() -> None:
    async with rig(keep_text=False) as sandbox:
        await sandbox.send(template_send())
        (record,) = await sandbox.records()
        assert record["text"] is None
        assert len(record["text_sha256"]) == 64


def note(oracle: Oracle, to: str) -> Any:  # noqa: ANN401 - a record
    return oracle.note(Outcome.ACCEPTED, number="1", to=to, opaque=None, wamid=f"w{to}", text="x")


def test_the_oracle_is_bounded_and_says_so() -> None:
    oracle = Oracle(limit=100, keep_text=True)
    note(oracle, "+1")
    note(oracle, "+1")
    assert [double for double in [oracle.summary()["double_accepts"]] if double]
    for index in range(1_000):
        note(oracle, f"+2{index}")
        assert len(oracle.records.entries) <= 100
    summary = oracle.summary()
    assert (summary["truncated"], summary["double_accepts"]) == (True, [])
    assert summary["accepted"] == 1_002
    assert summary["recipients"] == len(oracle.records.entries)
    last = oracle.records.since(1_000, 10)
    assert [record.seq for record in last] == [1_001, 1_002]
    assert oracle.records.since(0, 1)[0].seq == oracle.records.dropped + 1


@pytest.mark.parametrize(
    ("remote", "expected"),
    [
        ("127.0.0.1", True),
        ("127.9.9.9", True),
        ("::1", True),
        ("10.0.0.1", False),
        ("fe80::1%eth0", False),
    ],
)
def test_only_loopback_steers(remote: str, *, expected: bool) -> None:
    assert is_loopback(remote) is expected
    assert not is_loopback(None)


async def test_unknown_control_paths_are_404(sandbox: Rig) -> None:
    assert (await sandbox.control("GET", "nothing")).status == 404
    assert (await sandbox.control("GET", "health")).body["status"] == "ok"
