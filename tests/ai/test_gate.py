"""One door: what it sends, what it answers, what it costs and what it does when the world behind it is broken."""

import asyncio
import subprocess
import sys
import time
from dataclasses import replace

import orjson
import pytest
from pydantic import SecretStr
from sqlalchemy.exc import OperationalError

from project_one.ai.domain import Answer, Reason, Refused, Usage
from project_one.ai.gate import Gate
from project_one.ai.ports import Trouble, VendorError
from project_one.vendors.openai.client import OpenAIClient, OpenAIConfig
from project_one.vendors.openai.payloads import read_reply

from .conftest import Bench
from .purse import NOW
from .questions import LIMITS, question
from .vendor import ANSWER, Behaviour, bad, drip, good, never, reply, torn


def refused(result: object) -> Reason:
    assert isinstance(result, Refused), result
    return result.reason


async def test_an_answer_costs_what_was_used(bench: Bench) -> None:
    result = await bench.ask("सबसे अच्छा! Call 98765 43210, Asha", names=frozenset({"Asha"}))
    assert isinstance(result, Answer)
    assert result.data == ANSWER and not result.is_cached
    await bench.gate.close()
    assert bench.purse.settled[result.call_id][2] == 140
    assert bench.purse.outcomes == ["answered"] and not bench.purse.open and bench.purse.taken == 1
    (sent,) = bench.vendor.asked
    assert orjson.loads(sent["input"][1]["content"]) == {"caption": "सबसे अच्छा! Call [phone], [name]", "language": "hi"}
    assert (
        sent["store"] is False and sent["reasoning"] == {"effort": "none"} and sent["text"]["format"]["strict"] is True
    )
    assert sent["safety_identifier"] == "owner-hash" and sent["max_output_tokens"] == 200


async def test_identical_text_costs_nothing(bench: Bench) -> None:
    first = await bench.ask("सबसे अच्छा!")
    await bench.gate.close()
    left = bench.purse.left
    second = await bench.ask("  सबसे\n अच्छा! ")
    assert isinstance(first, Answer) and isinstance(second, Answer)
    assert second.is_cached and second.call_id == first.call_id
    assert second.data == first.data and len(bench.vendor.asked) == 1
    assert bench.purse.left == left and bench.purse.taken == 1
    assert isinstance(await bench.ask("सबसे Accha!"), Answer) and isinstance(await bench.ask("सबसे accha!"), Answer)
    assert len(bench.vendor.asked) == 3


async def test_the_same_question_in_flight_is_one_call(bench: Bench) -> None:
    bench.vendor.behave = [good(after_s=0.1)]
    results = await asyncio.gather(*(bench.ask() for _ in range(30)))
    assert all(isinstance(result, Answer) for result in results)
    assert len(bench.vendor.asked) == 1 and bench.purse.taken == 1


async def test_a_cancelled_asker_leaves_the_turn_to_a_waiter(bench: Bench) -> None:
    bench.vendor.behave = [never(), good()]
    first = asyncio.create_task(bench.ask())
    await bench.vendor.arrived.wait()
    second = asyncio.create_task(bench.ask())
    await asyncio.sleep(0)
    first.cancel()
    assert isinstance(await second, Answer)
    with pytest.raises(asyncio.CancelledError):
        await first
    await bench.gate.close()
    assert bench.purse.outcomes == ["answered", "cut-off"] and not bench.purse.open


FAULTS: list[tuple[Behaviour, Reason, bool]] = [
    (bad(429, "rate_limit_exceeded", {"retry-after": "3"}), Reason.VENDOR, False),
    (bad(429, "insufficient_quota"), Reason.VENDOR, False),
    (bad(401, "invalid_api_key"), Reason.NOT_CONFIGURED, False),
    (bad(400, "invalid_json_schema"), Reason.VENDOR, False),
    (bad(500, "server_error"), Reason.VENDOR, True),
    (bad(503, "server_is_overloaded"), Reason.VENDOR, True),
    (torn(), Reason.VENDOR, True),
    (good("not json"), Reason.UNREADABLE, False),
    (good('{"findings":[{"category":"other","quote":"","confidence":0.5}]}'), Reason.UNREADABLE, False),
    (good('{"findings":[],"more":1}'), Reason.UNREADABLE, False),
    (good(status="incomplete", incomplete_details={"reason": "max_output_tokens"}), Reason.UNREADABLE, False),
    (good(status="incomplete", incomplete_details={"reason": "content_filter"}), Reason.REFUSED, False),
    (good(status="failed", error={"code": "server_error", "message": "x"}), Reason.VENDOR, False),
    (
        good(output=[{"type": "message", "content": [{"type": "refusal", "refusal": "no"}]}]),
        Reason.REFUSED,
        False,
    ),
]


@pytest.mark.parametrize(("behaviour", "reason", "is_worst"), FAULTS)
async def test_every_fault_is_a_refusal_and_settled(
    bench: Bench, behaviour: Behaviour, reason: Reason, is_worst: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    bench.vendor.behave = [behaviour]
    assert refused(await bench.ask("secret caption")) is reason
    await bench.gate.close()
    assert not bench.purse.open
    ((spending, bill, cost),) = bench.purse.settled.values()
    assert (cost == spending.worst_micro_rupees) is is_worst, bill
    assert bench.purse.taken == 1
    assert "secret" not in capsys.readouterr().out
    await bench.ask("secret caption")
    assert len(bench.vendor.asked) in {1, 2}


@pytest.mark.parametrize("behaviour", [never(), drip()])
@pytest.mark.parametrize("hedge_after_s", [None, 0.05])
async def test_the_deadline_is_kept(bench: Bench, behaviour: Behaviour, hedge_after_s: float | None) -> None:
    bench.vendor.behave = [behaviour]
    await bench.ask("warm", deadline_s=0.1)
    began = time.monotonic()
    result = await bench.ask(deadline_s=0.3, hedge_after_s=hedge_after_s)
    assert time.monotonic() - began < 0.35
    assert refused(result) is Reason.TOO_SLOW
    await bench.gate.close()
    assert not bench.purse.open
    assert all(cost == spending.worst_micro_rupees for spending, _, cost in bench.purse.settled.values())
    assert [spending.is_hedge for spending, _, _ in bench.purse.settled.values()].count(True) == (
        hedge_after_s is not None
    )


async def test_a_second_try_wins_and_both_are_paid(bench: Bench) -> None:
    bench.vendor.behave = [never(), good()]
    result = await bench.ask(hedge_after_s=0.05)
    assert isinstance(result, Answer)
    await bench.gate.close()
    (lost,) = [cost for spending, _, cost in bench.purse.settled.values() if not spending.is_hedge]
    assert bench.purse.settled[result.call_id][2] == 140 < lost and not bench.purse.open
    assert bench.purse.settled[result.call_id][0].is_hedge


async def test_a_server_error_gets_its_second_try_at_once(bench: Bench) -> None:
    bench.vendor.behave = [bad(500, "server_error"), good()]
    began = time.monotonic()
    assert isinstance(await bench.ask(hedge_after_s=0.9), Answer)
    assert time.monotonic() - began < 0.5


@pytest.mark.parametrize("behaviour", [bad(400, "x"), bad(429, "rate_limit_exceeded"), bad(401, "invalid_api_key")])
async def test_no_second_try_after_the_vendor_called_it_wrong(bench: Bench, behaviour: Behaviour) -> None:
    bench.vendor.behave = [behaviour, good()]
    assert isinstance(await bench.ask(hedge_after_s=0.05), Refused)
    assert len(bench.vendor.asked) == 1


async def test_no_second_try_from_the_last_twentieth(bench: Bench) -> None:
    bench.purse.share = 0.049
    bench.vendor.behave = [good(after_s=0.2)]
    assert isinstance(await bench.ask(hedge_after_s=0.05), Answer)
    await bench.gate.close()
    assert len(bench.vendor.asked) == 1 and len(bench.purse.settled) == 1


async def test_no_second_try_without_money_for_it(bench: Bench) -> None:
    bench.vendor.behave = [good(after_s=0.2)]
    bench.purse.left = 2_200
    assert isinstance(await bench.ask(hedge_after_s=0.05), Answer)
    await bench.gate.close()
    assert len(bench.vendor.asked) == 1 and bench.purse.left == 2_200 - 140


async def test_twenty_thousand_characters_cost_nothing(bench: Bench) -> None:
    assert refused(await bench.ask("न" * 20_000)) is Reason.TOO_LONG
    assert not bench.purse.settled and bench.purse.taken == 0 and not bench.vendor.asked


async def test_what_is_still_personal_is_not_sent(bench: Bench) -> None:
    assert refused(await bench.ask("98-76.54 (32)10")) is Reason.PERSONAL_DATA
    assert not bench.vendor.asked and bench.purse.taken == 0


async def test_quota(bench: Bench) -> None:
    assert isinstance(await bench.ask("one", per_day=1), Answer)
    assert refused(await bench.ask("two", per_day=1)) is Reason.QUOTA
    assert isinstance(await bench.ask("two", per_day=None), Answer)


async def test_no_money_no_call_and_the_quota_is_put_back(bench: Bench) -> None:
    bench.purse.left = 5
    assert refused(await bench.ask()) is Reason.BUDGET
    await bench.gate.close()
    assert bench.purse.taken == 0 and not bench.vendor.asked


@pytest.mark.parametrize("error", [OSError("x"), TimeoutError(), OperationalError("x", {}, Exception("y"))])
async def test_without_the_ledger_nothing_is_asked(bench: Bench, error: Exception) -> None:
    bench.purse.away = error
    assert refused(await bench.ask(per_day=1)) is Reason.BUDGET
    assert refused(await bench.ask(per_day=None)) is Reason.BUDGET
    assert not bench.vendor.asked


@pytest.mark.parametrize("per_day", [None, 5])
async def test_a_ledger_that_hangs_is_too_slow_and_undone_when_it_wakes(bench: Bench, per_day: int | None) -> None:
    bench.purse.answers.clear()
    assert refused(await bench.ask(per_day=per_day, deadline_s=0.1)) is Reason.TOO_SLOW
    bench.purse.answers.set()
    await bench.gate.close()
    assert not bench.vendor.asked and not bench.purse.open and bench.purse.taken == 0
    assert bench.purse.left == 10_000_000


async def test_a_model_that_is_gone_gives_way_at_once(bench: Bench) -> None:
    bench.vendor.behave = [bad(404, "model_not_found"), good()]
    assert isinstance(await bench.ask("one"), Answer)
    assert isinstance(await bench.ask("two"), Answer)
    assert [body["model"] for body in bench.vendor.asked] == ["gpt-6-luna", "gpt-6.1-terra", "gpt-6.1-terra"]
    await bench.gate.close()
    assert bench.purse.taken == 2 and not bench.purse.open


async def test_when_every_model_is_gone_the_next_asker_is_told_the_same(bench: Bench) -> None:
    bench.vendor.behave = [bad(404, "model_not_found")]
    for text in ("one", "two"):
        result = await bench.ask(text)
        assert refused(result) is Reason.VENDOR
        assert isinstance(result, Refused) and "No model of this role is left" in result.detail
    await bench.gate.close()
    assert len(bench.vendor.asked) == 2 and not bench.purse.open


async def test_the_day_decides_the_model(bench: Bench) -> None:
    bench.listed[NOW.date()] = ("gpt-6.1-terra",)
    assert isinstance(await bench.ask(), Answer)
    assert [body["model"] for body in bench.vendor.asked] == ["gpt-6.1-terra"]


async def test_a_model_without_a_price_is_passed_over(bench: Bench) -> None:
    bench.listed[NOW.date()] = ("gpt-7", "gpt-6.1-terra")
    assert isinstance(await bench.ask(), Answer)
    bench.listed[NOW.date()] = ("gpt-7",)
    assert refused(await bench.ask("other")) is Reason.NOT_CONFIGURED
    bench.listed[NOW.date()] = ()
    assert refused(await bench.ask("other")) is Reason.NOT_CONFIGURED
    await bench.gate.close()
    assert bench.purse.taken == 1


async def test_a_vendor_that_is_down_is_left_in_peace_and_recovers(bench: Bench) -> None:
    bench.vendor.behave = [bad(500, "server_error")]
    for number in range(20):
        await bench.ask(f"text {number}", per_day=None)
    began = time.monotonic()
    result = await bench.ask("another", per_day=1)
    assert refused(result) is Reason.RESTING and time.monotonic() - began < 0.05
    assert isinstance(result, Refused) and result.retry_after_s == 30
    assert bench.purse.taken == 0 and len(bench.vendor.asked) == 20
    bench.steady.now += 30
    bench.vendor.behave = [good()]
    assert isinstance(await bench.ask("another"), Answer)
    assert isinstance(await bench.ask("and another"), Answer)


async def test_a_vendor_out_of_reach_costs_nothing(bench: Bench) -> None:
    nowhere = OpenAIClient(OpenAIConfig("http://127.0.0.1:9/v1", SecretStr("sk-test")))
    with pytest.raises(VendorError) as trouble:
        await nowhere.models()
    assert trouble.value.trouble is Trouble.CONNECTION and trouble.value.usage == Usage(0, 0)
    await nowhere.close()


async def test_the_probe_is_not_asked_twice(bench: Bench) -> None:
    bench.vendor.behave = [bad(429, "rate_limit_exceeded", {"retry-after-ms": "2000"}), good(after_s=0.2)]
    await bench.ask("one")
    assert refused(await bench.ask("two")) is Reason.RESTING
    bench.steady.now += 2
    assert isinstance(await bench.ask("two", hedge_after_s=0.05), Answer)
    assert len(bench.vendor.asked) == 2


async def test_our_own_mistakes_are_raised(bench: Bench) -> None:
    with pytest.raises(ValueError, match="no prompt"):
        await bench.gate.call(replace(question("x"), prompt="other"), LIMITS)
    with pytest.raises(ValueError, match="caption, language"):
        await bench.gate.call(replace(question("x"), fields={"caption": "x", "extra": "y"}), LIMITS)


async def test_readiness_reads_the_list_of_models(bench: Bench) -> None:
    listed = {item.model: item.shut_down_on for item in await bench.client.models()}
    assert str(listed["gpt-4o-mini"]) == "2027-01-14" and listed["gpt-6-luna"] is None


def test_usage_is_read_with_its_cached_part() -> None:
    assert read_reply(orjson.dumps(reply())).usage == Usage(100, 10, 64, 0)


def test_without_a_key_there_is_no_client_and_no_sdk() -> None:
    program = (
        "import sys; from pydantic import SecretStr; from project_one.vendors.openai.connect import open_client; "
        "import project_one.ai.gate; "
        "assert open_client(base_url='https://x/v1', key=SecretStr('')) is None; assert 'openai' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", program], check=True)  # noqa: S603


async def test_without_a_client_the_gate_says_so(bench: Bench) -> None:
    gate = Gate(replace(bench.tools, client=None))
    result = await gate.call(question("x"), LIMITS)
    assert refused(result) is Reason.NOT_CONFIGURED
    await gate.close()
