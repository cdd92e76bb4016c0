"""Every step of a registration, by whom and on what; and that a stop is felt at the next claim."""

from datetime import date, timedelta
from itertools import product

import pytest

from project_one.advisor.domain import MAY_SEND, RegistrationStatus
from project_one.advisor.errors import EvidenceMissingError, RegistrationStateError
from project_one.advisor.registration import STEPS, Evidence, Mover, ensure_step, standing
from project_one.auth.domain import Role

from .conftest import PDF, Door, amfi

ALL = frozenset(Evidence)
S = RegistrationStatus


@pytest.mark.parametrize(("current", "to", "by"), list(product(S, S, Mover)))
def test_only_the_listed_steps_are_possible(current: S, to: S, by: Mover) -> None:
    step = STEPS.get((current, to))
    if step is None or by not in step.movers:
        with pytest.raises(RegistrationStateError):
            ensure_step(current, to, by=by, evidence=ALL)
        return
    assert ensure_step(current, to, by=by, evidence=ALL) is to
    for missing in step.needs:
        with pytest.raises(EvidenceMissingError):
            ensure_step(current, to, by=by, evidence=ALL - {missing})


def test_nobody_but_a_person_of_the_staff_makes_a_registration_send_for_the_first_time() -> None:
    for (current, to), step in STEPS.items():
        if to in MAY_SEND and current in {S.FORMAT_OK, S.EVIDENCE_UPLOADED, S.SUSPENDED}:
            assert step.movers == {Mover.STAFF}
    assert not [pair for pair in STEPS if pair[0] is S.SURRENDERED]


@pytest.mark.parametrize(
    ("days", "status"), [(91, S.VERIFIED), (90, S.EXPIRING), (0, S.EXPIRING), (-1, S.EXPIRED), (None, S.VERIFIED)]
)
def test_dates_decide_the_standing(days: int | None, status: S) -> None:
    today = date(2026, 11, 24)
    assert standing(None if days is None else today + timedelta(days=days), today) is status


async def test_an_approval_needs_documents_and_a_register_line(door: Door) -> None:
    made = await door.register()
    path, admin = f"/v1/advisors/{made['id']}", door.staff(Role.ADMIN)
    reason = {"reason": "Compared."}

    async def approve(token: str = "admin") -> tuple[int, str]:
        status, answer = await door.ask("POST", f"{path}/approve", token, json=reason)
        return status, answer.get("code") or answer["registration_status"]

    assert await approve("asha") == (403, "auth.not-permitted")
    assert await approve(admin) == (409, "advisor.registration-state")
    for kind in ("certificate", "pan", "address-proof"):
        await door.upload(made["id"], kind, PDF)
    assert await approve() == (409, "advisor.evidence-missing")
    await door.import_register(amfi(("ARN-1", "Asha Rao", "31-12-2030")))
    assert await approve() == (409, "advisor.evidence-missing")
    await door.import_register(amfi(("ARN-12345", "Asha M Rao", "31-12-2030")), "2026-11-21", force="true")
    assert await approve() == (200, "verified")
    _, checks = await door.ask("GET", f"{path}/checks", "asha")
    assert [(item["result"], item["register_name"]) for item in checks["items"]] == [("name-differs", "Asha M Rao")]
    assert (await door.ask("POST", f"{path}/suspend", admin, json={"reason": " "}))[0] == 422
    status, answer = await door.ask("POST", f"{path}/suspend", admin, json={"reason": "Order of SEBI."})
    assert (status, answer["registration_status"]) == (200, "suspended")
    status, answer = await door.ask("POST", f"{path}/surrender", admin, json={"reason": "Her letter."})
    assert (status, answer["registration_status"]) == (200, "surrendered")
    status, answer = await door.ask("POST", f"{path}/reinstate", admin, json={"reason": "Mistake."})
    assert (status, answer["code"]) == (409, "advisor.registration-state")
