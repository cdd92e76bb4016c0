import asyncio
import time
from typing import Any

import aiohttp
import pytest

from project_one_sandbox.graph_errors import TABLE

from .harness import NUMBER, OTHER_NUMBER, Rig, rig, template_send

SLOW_RECEIPTS = {"sent_ms": {"median": 60_000, "p95": 60_000}}


def phone(index: int) -> str:
    return f"+9110000{index:05}"


async def outcome(sandbox: Rig, index: int) -> int | str:
    """The HTTP status, or how the connection ended."""
    try:
        return (await sandbox.send(template_send(phone(index)))).status
    except aiohttp.ClientError:
        return "lost"


@pytest.mark.parametrize("code", [1, 2, 80007, 130429, 131000, 131026, 131048, 132015, 133004])
async def test_any_code_of_the_table_can_be_answered(sandbox: Rig, code: int) -> None:
    await sandbox.fault("error", code=code)
    answer = await sandbox.send(template_send())
    assert (answer.status, answer.code) == (TABLE[code].http, code)
    (record,) = await sandbox.records()
    assert (record["outcome"], record["code"], record["fault"]) == (
        "refused",
        code,
        "error",
    )


async def test_gateway_and_throttle_answers(sandbox: Rig) -> None:
    await sandbox.fault("bad_gateway", nth=[1], http_status=503)
    await sandbox.fault("throttle", from_nth=1)
    first, second = (
        await sandbox.send(template_send(phone(1))),
        await sandbox.send(template_send(phone(2))),
    )
    assert (first.status, first.body[:6]) == (503, b"<html>")
    assert (second.status, second.code) == (429, 130429)
    assert [record["code"] for record in await sandbox.records()] == [None, 130429]


async def test_a_rule_does_not_see_sends_that_another_ended(sandbox: Rig) -> None:
    await sandbox.fault("bad_gateway", id="first", max_hits=1)
    await sandbox.fault("throttle", id="second")
    assert [await outcome(sandbox, n) for n in range(3)] == [502, 429, 429]
    rules = (await sandbox.control("GET", "faults")).body["faults"]
    assert [(rule["id"], rule["hits"]) for rule in rules] == [
        ("first", 1),
        ("second", 2),
    ]


async def test_connection_lost_before_and_after_processing(sandbox: Rig) -> None:
    await sandbox.fault("reset_before", recipients=[phone(1)])
    await sandbox.fault("reset_after", recipients=[phone(2)])
    assert [await outcome(sandbox, n) for n in (1, 2, 3)] == ["lost", "lost", 200]
    records = await sandbox.records()
    assert [(r["outcome"], r["answered"], r["fault"]) for r in records] == [
        ("lost_before", False, "reset_before"),
        ("accepted", False, "reset_after"),
        ("accepted", True, None),
    ]
    await sandbox.settle()
    assert {status["id"] for status in sandbox.receiver.told()} == {r["wamid"] for r in records[1:]}


async def test_accepted_and_never_answered(sandbox: Rig) -> None:
    await sandbox.fault("accept_then_timeout", hold_ms=50, max_hits=1)
    assert await outcome(sandbox, 1) == "lost"
    (record,) = await sandbox.records()
    assert (record["outcome"], record["answered"]) == ("accepted", False)
    await sandbox.fault("accept_then_timeout", id="long", hold_ms=60_000)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.2):
            await sandbox.send(template_send(phone(2)))


async def test_latency_and_slow_bodies_arrive_whole_and_late(sandbox: Rig) -> None:
    await sandbox.fault("latency", extra_ms=60, nth=[1])
    await sandbox.fault("slow_body", duration_ms=60, nth=[2])
    for index in (1, 2):
        started = time.monotonic()
        assert await outcome(sandbox, index) == 200
        assert time.monotonic() - started >= 0.055
    assert [record["answered"] for record in await sandbox.records()] == [True, True]


@pytest.mark.parametrize(("drop", "statuses"), [(False, ["sent", "delivered", "read"]), (True, ["failed"])])
async def test_held_messages_are_released_or_dropped(sandbox: Rig, *, drop: bool, statuses: list[str]) -> None:
    await sandbox.fault("held", release_ms=20, drop=drop)
    answer = await sandbox.send(template_send())
    assert answer.body["messages"][0]["message_status"] == "held_for_quality_assessment"
    await sandbox.settle()
    told = sandbox.receiver.told()
    assert sorted(status["status"] for status in told) == sorted(statuses)
    assert not drop or told[0]["errors"][0]["code"] == 132015


async def told_after(sandbox: Rig, kind: str, **rule: object) -> list[Any]:
    await sandbox.fault(kind, **rule)
    await sandbox.send(template_send())
    await sandbox.settle()
    return sandbox.receiver.told()


async def test_receipts_repeat(sandbox: Rig) -> None:
    told = await told_after(sandbox, "receipt_duplicate", times=3)
    assert sorted(status["status"] for status in told) == sorted(["sent", "delivered", "read"] * 3)
    assert len({(status["status"], status["timestamp"]) for status in told}) == 3


async def test_receipts_come_in_another_order(sandbox: Rig) -> None:
    told = [status["status"] for status in await told_after(sandbox, "receipt_reorder")]
    assert sorted(told) == ["delivered", "read", "sent"]
    assert told != ["sent", "delivered", "read"]


async def test_a_receipt_arrives_before_the_answer() -> None:
    async with rig(receipts=SLOW_RECEIPTS) as sandbox:
        await sandbox.fault("receipt_early")
        answer = await sandbox.send(template_send())
        told = sandbox.receiver.told(answer.wamid)
        assert [status["status"] for status in told] == ["sent"]


async def test_receipts_are_lost(sandbox: Rig) -> None:
    told = await told_after(sandbox, "receipt_lost", statuses=["sent", "read"])
    assert [status["status"] for status in told] == ["delivered"]
    assert (await sandbox.summary())["statuses"] == {"delivered": 1}


@pytest.mark.parametrize(("after", "statuses"), [("accepted", ["failed"]), ("sent", ["sent", "failed"])])
async def test_messages_fail_later(sandbox: Rig, after: str, statuses: list[str]) -> None:
    told = await told_after(sandbox, "receipt_failed", code=131049, after=after)
    assert [status["status"] for status in told] == statuses
    error = told[-1]["errors"][0]
    assert (error["code"], error["message"]) == (131049, error["title"])
    assert "pricing" not in told[-1]
    failed = next(value for value in sandbox.receiver.changes() if value["statuses"][0]["status"] == "failed")
    assert "contacts" not in failed


async def test_correlation_is_dropped_where_asked(sandbox: Rig) -> None:
    told = await told_after(sandbox, "receipt_no_correlation", statuses=["sent"])
    assert {s["status"]: s.get("biz_opaque_callback_data") for s in told} == {
        "sent": None,
        "delivered": "r=1",
        "read": "r=1",
    }


async def test_read_without_delivered() -> None:
    async with rig(receipts={"read_share": 0}) as sandbox:
        told = await told_after(sandbox, "read_without_delivered")
        assert [status["status"] for status in told] == ["sent", "read"]
        assert all("pricing" in status for status in told)


async def test_receipts_are_delayed_and_keep_their_time(sandbox: Rig) -> None:
    await sandbox.fault("receipt_delay", extra_ms=300)
    before = time.time()
    await sandbox.send(template_send())
    await sandbox.settle()
    assert time.time() - before >= 0.3
    receipts = (await sandbox.control("GET", "oracle/receipts")).body["receipts"]
    assert all(receipt["first_acknowledged_at"] - receipt["at"] >= 0.25 for receipt in receipts)


async def test_rules_pick_by_nth_number_recipient_and_hits(sandbox: Rig) -> None:
    await sandbox.fault("throttle", nth=[2, 4])
    assert [await outcome(sandbox, n) for n in range(5)] == [200, 429, 200, 429, 200]
    await sandbox.control("DELETE", "faults")
    await sandbox.fault("throttle", from_nth=2, until_nth=3)
    assert [await outcome(sandbox, n) for n in range(10, 14)] == [200, 429, 429, 200]
    await sandbox.control("DELETE", "faults")
    await sandbox.fault("throttle", numbers=[OTHER_NUMBER], nth=[1])
    assert (await sandbox.send(template_send(phone(20)))).status == 200
    assert (await sandbox.send(template_send(phone(21)), OTHER_NUMBER)).status == 429
    assert (await sandbox.send(template_send(phone(22)), OTHER_NUMBER)).status == 200


async def test_rules_hold_for_a_time(sandbox: Rig) -> None:
    await sandbox.fault("throttle", id="later", after_s=3_600)
    await sandbox.fault("throttle", id="over", until_s=0)
    assert await outcome(sandbox, 1) == 200


async def test_the_same_seed_gives_the_same_faults_and_times() -> None:
    runs: list[tuple[list[int | str], list[float]]] = []
    for _ in range(2):
        async with rig(seed=7) as sandbox:
            await sandbox.fault("throttle", probability=0.5)
            outcomes = [await outcome(sandbox, n) for n in range(40)]
            await sandbox.settle()
            accepted = {r["wamid"]: r["at"] for r in await sandbox.records() if r["wamid"]}
            receipts = (await sandbox.control("GET", "oracle/receipts")).body["receipts"]
            order = list(accepted)
            delays = sorted(
                (
                    order.index(r["wamid"]),
                    r["status"],
                    round(r["at"] - accepted[r["wamid"]], 5),
                )
                for r in receipts
            )
            runs.append((outcomes, [delay for _, _, delay in delays]))
    assert runs[0][0] == runs[1][0]
    assert 8 < runs[0][0].count(429) < 32
    assert runs[0][1] == pytest.approx(runs[1][1], abs=2e-5)


@pytest.mark.parametrize(
    ("rule", "word"),
    [
        ({"kind": "meteor"}, "kind"),
        ({}, "kind"),
        ({"kind": "error", "hold_ms": 1}, "hold_ms"),
        ({"kind": "error", "code": 7}, "code"),
        ({"kind": "throttle", "probability": 2}, "probability"),
        ({"kind": "throttle", "nth": 3}, "nth"),
        ({"kind": "throttle", "nth": [0]}, "nth"),
        ({"kind": "throttle", "recipients": ["x"]}, "recipients"),
        ({"kind": "receipt_lost", "statuses": ["gone"]}, "statuses"),
        ({"kind": "receipt_failed", "after": "lunch"}, "after"),
        ({"kind": "bad_gateway", "http_status": 500}, "http_status"),
    ],
)
async def test_a_rule_that_is_wrong_is_refused_in_a_sentence(sandbox: Rig, rule: dict[str, object], word: str) -> None:
    answer = await sandbox.control("POST", "faults", [{"kind": "throttle"}, rule])
    assert answer.status == 400
    assert word in answer.body["error"]
    assert (await sandbox.control("GET", "faults")).body == {"faults": []}


async def test_rules_are_listed_and_removed(sandbox: Rig) -> None:
    added = (await sandbox.control("POST", "faults", [{"kind": "throttle"}, {"kind": "held", "id": "h"}])).body
    assert [rule["id"] for rule in added["faults"]] == ["fault-1", "h"]
    assert (await sandbox.control("POST", "faults", {"kind": "held", "id": "h"})).status == 400
    assert (await sandbox.control("DELETE", "faults/fault-1")).status == 200
    assert (await sandbox.control("DELETE", "faults/fault-1")).status == 404
    assert (await sandbox.send(template_send(), NUMBER)).status == 200
