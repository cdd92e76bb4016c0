"""A policy's life in Postgres, replay of verdicts, and overrides: two people, bound to what they saw."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from project_one.bootstrap import House
from project_one.compliance import overrides, policies, verdicts
from project_one.compliance.domain import Context, Finding, Severity
from project_one.compliance.errors import (
    FourEyesError,
    NotOverridableError,
    PolicyInvalidError,
    PolicyStateError,
    PolicyUnknownError,
    PolicyVersionInvalidError,
)
from project_one.compliance.policy import Approved, PolicyState, in_force
from project_one.compliance.regression import Regression
from project_one.compliance.rulebook import load, policy_version, read_policy, shipped
from project_one.compliance.shelf import PolicyShelf
from project_one.compliance.verdicts import Subject
from project_one.vocabulary.domain import Capacity

SHIPPED = shipped()
BOOK = load()
TODAY = date(2026, 11, 24)
PASSED = Regression(10, ())
STRICTER = {
    "rules/strict.yaml": """
- id: HOUSE-NO-PENSION
  category: exaggeration
  basis: house rule
  from: 2026-01-01
  message: {en: a, hi: b, mr: c}
  remedy: {en: a, hi: b, mr: c}
  patterns: ['"pension"']
"""
}


async def drafted(house: House, changes: Mapping[str, str | None], author: str = "reviewer:asha") -> str:
    files = policies.with_changes(SHIPPED, changes)
    async with house.database.transactions() as session:
        return (await policies.draft(session, files, author=author, note="stricter", now=house.clock())).version


async def approved(house: House, version: str, since: date = TODAY, approver: str = "reviewer:ravi") -> None:
    async with house.database.transactions() as session:
        await policies.record_regression(session, version, PASSED, actor="reviewer:asha", now=house.clock())
        await policies.approve(
            session, version, approver=approver, effective_from=since, now=house.clock(), today=TODAY
        )


async def test_the_shipped_rules_hold_until_a_version_takes_effect(house: House) -> None:
    version = await drafted(house, STRICTER)
    await approved(house, version, TODAY + timedelta(days=1))
    shelf = PolicyShelf(house.database.readings)
    assert (await shelf.in_force(TODAY)).version == BOOK.version
    assert (await shelf.in_force(TODAY + timedelta(days=1))).version == version
    async with house.database.transactions() as session:
        await policies.withdraw(session, version, actor="reviewer:ravi", reason="too strict", now=house.clock())
        assert await policies.current_version(session, TODAY + timedelta(days=9)) is None
    actions = await actions_on(house, version)
    assert actions == ["policy.drafted", "policy.tested", "policy.approved", "policy.withdrawn"]


async def actions_on(house: House, object_id: str) -> list[str]:
    async with house.database.readings() as session:
        rows = await session.scalars(
            text("SELECT action FROM audit_events WHERE object_id = :id ORDER BY position"), {"id": object_id}
        )
        return list(rows)


async def test_the_author_may_not_approve_not_even_in_the_database(house: House) -> None:
    version = await drafted(house, STRICTER)
    with pytest.raises(FourEyesError):
        await approved(house, version, approver="reviewer:asha")
    with pytest.raises(DBAPIError, match="ck_policies_four_eyes"):
        async with house.database.transactions() as session:
            await session.execute(text("UPDATE policies SET approver = author"))


async def test_what_is_not_tested_or_in_the_past_is_not_approved(house: House) -> None:
    version = await drafted(house, STRICTER)
    async with house.database.transactions() as session:
        with pytest.raises(PolicyStateError):
            await policies.approve(
                session, version, approver="reviewer:ravi", effective_from=TODAY, now=house.clock(), today=TODAY
            )
        await policies.record_regression(
            session, version, Regression(5, ("a failure",)), actor="reviewer:asha", now=house.clock()
        )
        assert (await policies.policy(session, version)).state is PolicyState.DRAFT
    with pytest.raises(PolicyInvalidError, match="past"):
        await approved(house, version, TODAY - timedelta(days=1))


async def test_the_same_files_are_one_draft(house: House) -> None:
    assert await drafted(house, STRICTER) == await drafted(house, STRICTER, author="reviewer:ravi")
    async with house.database.readings() as session:
        assert len(await policies.all_policies(session)) == 1


async def test_unreadable_files_and_unknown_versions(house: House) -> None:
    with pytest.raises(PolicyInvalidError, match=r"rules/rules.yaml"):
        policies.with_changes(SHIPPED, {"rules/rules.yaml": "- id: X\n  colour: red\n"})
    async with house.database.readings() as session:
        assert await policies.files_of(session, BOOK.version) == SHIPPED
        with pytest.raises(PolicyUnknownError):
            await policies.files_of(session, "0" * 64)
    with pytest.raises(PolicyVersionInvalidError):
        await PolicyShelf(house.database.readings).version("0" * 64)


def test_the_version_that_took_effect_last_is_in_force() -> None:
    one, two, same_day = Approved("a", TODAY), Approved("b", TODAY + timedelta(days=2)), Approved("c", TODAY)
    assert in_force([one, two], TODAY - timedelta(days=1)) is None
    assert in_force([two, one], TODAY) == "a"
    assert in_force([two, one], TODAY + timedelta(days=3)) == "b"
    assert in_force([one, same_day], TODAY) == "c"


SUBJECTS = [
    Subject(
        "1" * 64,
        "A pension takes many years to build. Review your plan once a year with your family, and ask what you do not follow.",
        Context(Capacity.MFD),
    ),
    Subject("2" * 64, "We guarantee 15% returns every year.", Context(Capacity.IA)),
]


async def test_replay_is_bit_identical_and_shows_what_would_flip(house: House) -> None:
    async with house.database.transactions() as session:
        for _ in range(2):
            await verdicts.keep(session, SUBJECTS, BOOK, on=TODAY, now=house.clock())
    async with house.database.readings() as session:
        kept = await verdicts.newest(session)
    assert len(kept) == 2
    same = verdicts.replay(kept, read_policy(SHIPPED))
    assert (same.replayed, same.differing, same.flips) == (2, 0, ())
    stricter = verdicts.replay(kept, read_policy(SHIPPED | STRICTER))
    assert [(flip.content_sha256, flip.before, flip.after, flip.rules) for flip in stricter.flips] == [
        ("1" * 64, "pass", "review", ("HOUSE-NO-PENSION",))
    ]
    assert verdicts.replay([replace(kept[0], verdict_sha256="0" * 64)], BOOK).differing == 1
    assert policy_version(SHIPPED | STRICTER) != BOOK.version


async def test_kept_verdicts_cannot_be_altered(house: House) -> None:
    async with house.database.transactions() as session:
        await verdicts.keep(session, SUBJECTS, BOOK, on=TODAY, now=house.clock())
    for statement in ("UPDATE verdicts SET verdict = '{}'", "DELETE FROM verdicts", "TRUNCATE verdicts"):
        with pytest.raises(DBAPIError, match="permission denied"):
            async with house.database.transactions() as session:
                await session.execute(text(statement))


def finding(category: str = "superlative", quote: str = "best") -> Finding:
    return Finding("SEBI-IA-SUPERLATIVE", category, Severity.REVIEW, 0, len(quote), quote)


CONTENT = "3" * 64
REASON = "An award of 2025 by an independent body, see file."


async def test_an_override_takes_two_reviewers_and_covers_what_they_saw(house: House) -> None:
    now, seen = house.clock(), [finding()]

    async def holds(findings: list[Finding], policy: str = "p1") -> bool:
        async with house.database.readings() as session:
            return await overrides.is_overridden(session, CONTENT, policy, findings)

    async with house.database.transactions() as session:
        override = await overrides.ask(
            session, CONTENT, "p1", seen, author="firm:a", reviewer="reviewer:asha", reason=REASON, now=now
        )
    assert not await holds(seen)
    for person in ("reviewer:asha", "firm:a"):
        with pytest.raises(FourEyesError):
            async with house.database.transactions() as session:
                await overrides.grant(session, override, reviewer=person, now=now)
    async with house.database.transactions() as session:
        await overrides.grant(session, override, reviewer="reviewer:ravi", now=now)
    assert await holds(seen)
    assert await holds([])
    assert not await holds([*seen, finding(quote="number one")])
    assert not await holds(seen, "p2")
    async with house.database.transactions() as session:
        await overrides.revoke(session, override, actor="reviewer:asha", reason="award withdrawn", now=now)
    assert not await holds(seen)
    assert await actions_on(house, CONTENT) == ["override.asked", "override.granted", "override.revoked"]


@pytest.mark.parametrize(
    ("findings", "author", "reason", "error"),
    [
        ([finding("guaranteed_return")], "firm:a", REASON, NotOverridableError),
        ([finding("missing_warning")], "firm:a", REASON, NotOverridableError),
        ([finding("client_data"), finding()], "firm:a", REASON, NotOverridableError),
        ([], "firm:a", REASON, NotOverridableError),
        ([finding()], "firm:a", "because", NotOverridableError),
        ([finding()], "reviewer:asha", REASON, FourEyesError),
    ],
)
async def test_what_cannot_be_overridden(
    house: House, findings: list[Finding], author: str, reason: str, error: type[Exception]
) -> None:
    async with house.database.transactions() as session:
        with pytest.raises(error):
            await overrides.ask(
                session,
                CONTENT,
                "p1",
                findings,
                author=author,
                reviewer="reviewer:asha",
                reason=reason,
                now=house.clock(),
            )
