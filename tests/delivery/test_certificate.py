"""The certificate against an independent computation, and against people who alter it."""

import hashlib
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from project_one.delivery.certificate import (
    Attempt,
    CertificateInvalidError,
    ExportDamagedError,
    Header,
    Line,
    as_text,
    certificate_body,
    export_bytes,
    sign,
    verify,
)
from project_one.delivery.domain import Cause, Facts, MessageStatus
from project_one.kernel.canonical import iso_utc

RELEASED = datetime(2026, 11, 24, 0, 29, 30, tzinfo=UTC)
DEADLINE = RELEASED + timedelta(seconds=330)
HEADER = Header(
    morning_id="m",
    business_date="2026-11-24",
    slot="06:00",
    kind="final",
    as_of=iso_utc(DEADLINE),
    released_at=iso_utc(RELEASED),
    deadline_at=iso_utc(DEADLINE),
    closes_at=iso_utc(DEADLINE),
    version=1,
    supersedes=None,
    planned_at_release=3,
    orphan_receipts=0,
)

seconds = st.integers(0, 700)


@st.composite
def lines(draw: st.DrawFn) -> Line:
    status = draw(st.sampled_from(MessageStatus))
    times = {}
    ladder = ["accepted_at", "sent_at", "delivered_at", "read_at"]
    depth = {"accepted": 1, "sent": 2, "delivered": 3, "read": 4}.get(status.value, 0)
    for name in ladder[:depth]:
        times[name] = RELEASED + timedelta(seconds=draw(seconds))
    cause = draw(st.sampled_from(Cause)) if status in (MessageStatus.FAILED, MessageStatus.WITHDRAWN) else None
    moment = RELEASED + timedelta(seconds=draw(st.integers(-100, 100)))
    return Line(
        message_id=draw(st.uuids()).hex,
        advisor_id="a",
        due_at=RELEASED,
        status=status,
        cause=cause,
        is_held=draw(st.booleans()),
        on_plan_b=False,
        resends_after_unknown=draw(st.integers(0, 2)),
        withdrawn_at=moment if status is MessageStatus.WITHDRAWN else None,
        attempts=(Attempt("x", 1, "s", None, None, Facts(**times)),) if times else (),
    )


def independent(export: bytes) -> dict[str, int]:
    """The figures worked out again from the export alone, with nothing of the product."""
    header, *rows = [json.loads(row) for row in export.decode().splitlines()]
    owed = [row for row in rows if row["status"] != "withdrawn"]

    def left(row: dict[str, Any]) -> str | None:
        times = [
            item[name] for item in row["attempts"] for name in ("sent_at", "delivered_at", "read_at") if item[name]
        ]
        return min(times) if times and row["status"] in ("sent", "delivered", "read") else None

    on_time = [row for row in owed if (left(row) or "9999") <= header["deadline_at"]]
    return {
        "denominator": len(owed),
        "on_time": len(on_time),
        "late": sum(1 for row in owed if left(row) and row not in on_time),
        "delivered": sum(1 for row in owed if row["status"] in ("delivered", "read")),
        "attempts": sum(len(row["attempts"]) for row in rows),
        "resends_after_unknown": sum(row["resends_after_unknown"] for row in rows),
    }


@given(st.lists(lines(), max_size=12, unique_by=lambda line: line.message_id))
def test_the_figures_are_those_of_an_independent_count(found: list[Line]) -> None:
    export = export_bytes(HEADER, found)
    body = json.loads(certificate_body(export))
    assert {name: body[name] for name in independent(export)} == independent(export)
    assert body["export_sha256"] == hashlib.sha256(export).hexdigest()
    assert sum(body["misses_by_owner"].values()) == body["denominator"] - body["on_time"]
    assert certificate_body(export) == certificate_body(export_bytes(HEADER, found[::-1]))


def test_a_share_is_never_rounded_up() -> None:
    sent = Facts(sent_at=RELEASED)
    ok = [
        Line(
            f"{n:04}",
            "a",
            RELEASED,
            MessageStatus.SENT,
            None,
            False,
            False,
            0,
            None,
            (Attempt("x", 1, "s", None, None, sent),),
        )
        for n in range(2999)
    ]
    missed = Line("9999", "a", RELEASED, MessageStatus.FAILED, Cause.USER_CAP, False, False, 0, None, ())
    body = json.loads(certificate_body(export_bytes(HEADER, [*ok, missed])))
    assert body["on_time_pct"] == "99.96"
    assert body["misses_by_owner"]["per-user-cap"] == 1
    assert "99.96 %" in as_text(certificate_body(export_bytes(HEADER, [*ok, missed])))


def test_an_altered_certificate_is_refused() -> None:
    signed = sign(certificate_body(export_bytes(HEADER, [])), bytes(32))
    data = signed.to_file()
    assert verify(data).body == signed.body
    with pytest.raises(CertificateInvalidError, match="altered"):
        verify(data.replace(b'"final"', b'"demo"'))
    for junk in (b"", b"{}", b"[]", b"\xff"):
        with pytest.raises(CertificateInvalidError):
            verify(junk)


def test_a_damaged_export_names_its_line() -> None:
    export = export_bytes(HEADER, [])
    with pytest.raises(ExportDamagedError, match="line 2"):
        certificate_body(export + b"{}\n")
    with pytest.raises(ExportDamagedError, match="line 1"):
        certificate_body(b"")
