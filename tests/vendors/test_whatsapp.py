"""Meta's wire format at our door: errors to actions, webhooks to reports, nonsense to a refusal."""

import contextlib
from datetime import UTC, datetime

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from project_one.delivery.domain import Action, AttemptStatus, Cause
from project_one.delivery.ports import Accepted, Refused, Unclear
from project_one.vendors.whatsapp.client import _outcome  # pyright: ignore[reportPrivateUsage]
from project_one.vendors.whatsapp.errors import action_for
from project_one.vendors.whatsapp.webhook import PayloadUnreadableError, is_genuine, parse

NOW = datetime(2026, 12, 2, 0, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("code", "action"),
    [
        (130429, Action.SLOW_DOWN),
        (131049, Action.GIVE_UP),
        (131050, Action.END_CONSENT),
        (131056, Action.WAIT_FOR_RECIPIENT),
        (132015, Action.SWITCH_FRAME),
        (131048, Action.STOP_NUMBER),
        (190, Action.STOP_MORNING),
        (215, Action.STOP_MORNING),
        (131000, Action.RETRY),
    ],
)
def test_codes_have_actions(code: int, action: Action) -> None:
    assert action_for(code)[0] is action


@pytest.mark.parametrize(("status", "action"), [(500, Action.RETRY), (429, Action.SLOW_DOWN), (400, Action.GIVE_UP)])
def test_an_unknown_code_is_judged_by_its_status(status: int, action: Action) -> None:
    assert action_for(999_999, status)[0] is action


def test_answers_are_read() -> None:
    ok = orjson.dumps({"messages": [{"id": "wamid.x", "message_status": "held_for_quality_assessment"}]})
    accepted = _outcome(200, ok, NOW)
    assert isinstance(accepted, Accepted)
    assert accepted.is_held
    assert accepted.at == NOW
    refused = _outcome(400, orjson.dumps({"error": {"code": 131049, "message": "x"}}), NOW)
    assert isinstance(refused, Refused)
    assert refused.cause is Cause.USER_CAP


@pytest.mark.parametrize(
    ("status", "raw"), [(502, b"<html>"), (200, b""), (200, b"{}"), (504, b"[]"), (500, b'{"error":{}}')]
)
def test_an_unreadable_answer_is_unclear_not_failed(status: int, raw: bytes) -> None:
    assert isinstance(_outcome(status, raw, NOW), Unclear)


def _payload(status: dict[str, object]) -> bytes:
    value = {"metadata": {"phone_number_id": "100"}, "statuses": [status]}
    return orjson.dumps({"entry": [{"changes": [{"field": "messages", "value": value}]}]})


def test_a_failure_carries_its_action() -> None:
    status = {
        "id": "w",
        "status": "failed",
        "timestamp": 1779000000,
        "errors": [{"code": 131026}],
        "recipient_id": "91",
    }
    [report] = parse(_payload(status)).reports
    assert (report.status, report.action, report.cause) == (AttemptStatus.FAILED, Action.GIVE_UP, Cause.RECIPIENT)
    assert report.recipient == "+91"


def test_unknown_statuses_and_fields_are_skipped() -> None:
    assert parse(_payload({"id": "w", "status": "warped", "timestamp": "1"})).reports == []
    assert parse(b'{"entry":[{"changes":[{"field":"new_thing","value":{}}]}]}').reports == []


@given(
    st.recursive(st.none() | st.integers() | st.text(), lambda kids: st.lists(kids) | st.dictionaries(st.text(), kids))
)
def test_nonsense_is_refused_and_nothing_else(body: object) -> None:
    with contextlib.suppress(PayloadUnreadableError, orjson.JSONEncodeError):
        parse(
            orjson.dumps(
                {"entry": [{"changes": [{"field": "messages", "value": body}]}]}, option=orjson.OPT_NON_STR_KEYS
            )
        )


@given(st.binary(max_size=200))
def test_a_signature_fits_only_its_bytes(raw: bytes) -> None:
    assert not is_genuine(raw, None, app_secret="s")
    assert not is_genuine(raw, "sha256=" + "0" * 64, app_secret="s")
