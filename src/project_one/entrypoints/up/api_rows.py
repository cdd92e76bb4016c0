"""A year of rows for `make bench ARGS="api"`: written by the database itself, because there are millions."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import asyncpg

from project_one.content.domain import Content
from project_one.vocabulary.domain import Language

DAYS, WEEKS = 365, 52
_TEXTS = (
    Content("Start early", "Small regular sums have more years to grow. No return is assured.", Language.EN),
    Content("जल्दी शुरू करें", "छोटी नियमित रकम को बढ़ने के लिए ज़्यादा साल मिलते हैं। कोई लाभ निश्चित नहीं है।", Language.HI),
)


@dataclass(frozen=True)
class Person:
    """Somebody who uses the dashboard, by ids of the identity provider; her firm's advisor and draft."""

    clerk_id: str
    organisation: str
    advisor_id: str
    draft_id: str


async def write_year(url: str, *, today: date) -> list[Person]:
    """People, a message a day, a pack a week and a draft for each advisor that is there. `url`: of the owner's login."""
    return await _write(url, [*_PEOPLE, *_statements(today)])


async def write_people(url: str) -> list[Person]:
    """The people alone, each with a draft."""
    return await _write(url, [*_PEOPLE, (_DRAFTS, [])])


async def _write(url: str, statements: Sequence[tuple[str, list[Any]]]) -> list[Person]:
    connection = await asyncpg.connect(url)
    try:
        async with connection.transaction():
            for statement, arguments in statements:
                await connection.execute(statement, *arguments)
        await connection.execute("VACUUM ANALYZE")
        rows = await connection.fetch(
            "SELECT b.n, b.advisor_id::text, p.id::text AS draft_id FROM bench_people b"
            " JOIN packs p ON p.firm_id = b.firm_id AND p.state = 'draft' ORDER BY b.n"
        )
        await connection.execute("DROP TABLE bench_people")
    finally:
        await connection.close()
    return [Person(f"user_bench_{n}", f"org_bench_{n}", advisor_id, draft_id) for n, advisor_id, draft_id in rows]


def _statements(today: date) -> list[tuple[str, list[Any]]]:
    checked = {
        "policy_version": "2026.11.1",
        "checked_on": today.isoformat(),
        "band": "review",
        "risk_score": 40,
        "degraded": True,
        "languages": {text.language.value: _checked() for text in _TEXTS},
    }
    revision = {
        text.language.value: {"topic": text.topic, "caption": text.caption, "sha256": text.sha256} for text in _TEXTS
    }
    texts = [[getattr(text, name) for text in _TEXTS] for name in ("topic", "caption", "sha256")]
    return [
        (_MORNINGS, [today, DAYS]),
        (_MESSAGES, []),
        (_ATTEMPTS, []),
        (_RECEIPTS, []),
        (_PACKS, [WEEKS, json.dumps(checked)]),
        (_DRAFTS, []),
        (_VARIANTS, [[text.language.value for text in _TEXTS], *texts]),
        (_REVISIONS, [json.dumps(revision)]),
        (_REVIEWS, [json.dumps({text.language.value: text.sha256 for text in _TEXTS})]),
        (_VERDICTS, [_TEXTS[0].sha256, _TEXTS[0].paragraph]),
        (_SCORES, []),
    ]


def _checked() -> dict[str, Any]:
    """What three stages leave behind of one language without a finding."""
    stages = [{"stage": name, "took_ms": 2.5, "trouble": None, "dropped": 0} for name in ("rules", "model", "rendered")]
    return {"register": "EN", "band": "review", "risk_score": 40, "degraded": True, "stages": stages, "findings": []}


_PEOPLE: list[tuple[str, list[Any]]] = [
    (
        "CREATE TABLE bench_people AS"
        " SELECT row_number() OVER (ORDER BY registration_number) - 1 AS n, gen_random_uuid() AS user_id,"
        " id AS advisor_id, firm_id FROM advisors",
        [],
    ),
    (
        "INSERT INTO users (id, clerk_id, status, staff_roles, created_at)"
        " SELECT user_id, 'user_bench_' || n, 'active', '[]', now() FROM bench_people",
        [],
    ),
    (
        "INSERT INTO organisations (clerk_org_id, firm_id, created_at)"
        " SELECT 'org_bench_' || n, firm_id, now() FROM bench_people",
        [],
    ),
    (
        "INSERT INTO memberships (user_id, firm_id, role, vendor_id, vendor_updated_at)"
        " SELECT user_id, firm_id, 'admin', 'orgmem_bench_' || n, now() FROM bench_people",
        [],
    ),
]
_MORNINGS = """
INSERT INTO mornings (id, business_date, slot, state, is_demo, release_at, deadline_at, closes_at, spread_s, planned_at,
                      released_at, planned_at_release, unplanned)
SELECT gen_random_uuid(), day, '06:00:00', 'closed', true, at, at + interval '5 minutes', at + interval '4 hours', 60,
       at - interval '5 hours', at, 2000, '[]'
FROM (SELECT $1::date - age AS day, ($1::date - age)::timestamp AT TIME ZONE 'UTC' + interval '30 minutes' AS at
      FROM generate_series(1, $2::integer) AS age) AS days
"""
_MESSAGES = """
INSERT INTO messages (id, morning_id, business_date, slot, advisor_id, number_id, due_at, next_at, status, is_held,
                      content_sha256, renders, topic_family, plan_b_sha256, plan_b_renders, on_plan_b, attempts_made,
                      resends_after_unknown)
SELECT gen_random_uuid(), m.id, m.business_date, m.slot, b.advisor_id, (SELECT id FROM numbers ORDER BY id LIMIT 1),
       m.release_at, m.release_at, CASE WHEN b.n % 97 = 0 THEN 'failed' ELSE 'delivered' END, false,
       repeat('ab', 32), '{}', 'sip', repeat('cd', 32), '{}', false, 1, 0
FROM mornings m CROSS JOIN bench_people b ORDER BY m.business_date, b.n
"""
_ATTEMPTS = """
INSERT INTO attempts (id, message_id, morning_id, business_date, number, sender_id, fence, claimed_at, claim_expires_at,
                      status, vendor_message_id, accepted_at, sent_at, delivered_at, failed_at, code)
SELECT gen_random_uuid(), id, morning_id, business_date, 1, number_id, 1, due_at, due_at + interval '1 minute',
       status, 'wamid.' || md5(id::text), due_at + interval '1 second',
       CASE WHEN status = 'delivered' THEN due_at + interval '2 seconds' END,
       CASE WHEN status = 'delivered' THEN due_at + interval '4 seconds' END,
       CASE WHEN status = 'failed' THEN due_at + interval '2 seconds' END,
       CASE WHEN status = 'failed' THEN 131026 END
FROM messages ORDER BY business_date, id
"""
_RECEIPTS = """
INSERT INTO receipts (id, vendor_message_id, status, attempt_id, vendor_at, received_at, post_sha256)
SELECT gen_random_uuid(), vendor_message_id, status, id, claimed_at, claimed_at, repeat('ef', 32)
FROM attempts ORDER BY business_date, id
"""
_PACKS = """
INSERT INTO packs (id, firm_id, slug, topic_family, content_class, capacities, months, is_fallback, created_at, state,
                   version, author_id, figures, updated_at, submitted_at, checked, risk_score)
SELECT gen_random_uuid(), b.firm_id, 'bench-' || b.n || '-' || week, 'own', 'EDUCATION', '[]'::jsonb, '[]'::jsonb, false, at,
       CASE WHEN week > 0 THEN 'sent' WHEN b.n % 20 = 0 THEN 'in-review' ELSE 'approved' END, 4, b.user_id, '[]'::jsonb, at, at,
       $2::jsonb, 40
FROM bench_people b CROSS JOIN (
    SELECT week, now() - week * interval '7 days' - interval '1 hour' AS at FROM generate_series(0, $1::integer - 1) AS week
) AS weeks
"""
_DRAFTS = """
INSERT INTO packs (id, firm_id, slug, topic_family, content_class, capacities, months, is_fallback, created_at, state,
                   version, author_id, figures, updated_at)
SELECT gen_random_uuid(), firm_id, 'bench-' || n || '-draft', 'own', 'EDUCATION', '[]', '[]', false, now(), 'draft', 1,
       user_id, '[]', now()
FROM bench_people
"""
_VARIANTS = """
INSERT INTO variants (id, pack_id, language, topic, caption, content_sha256)
SELECT gen_random_uuid(), p.id, t.language, t.topic, t.caption,
       CASE WHEN p.state = 'draft' THEN t.sha256 ELSE encode(sha256((p.slug || t.language)::bytea), 'hex') END
FROM packs p CROSS JOIN unnest($1::text[], $2::text[], $3::text[], $4::text[]) AS t(language, topic, caption, sha256)
WHERE p.slug LIKE 'bench-%'
"""
_REVISIONS = """
INSERT INTO pack_revisions (id, firm_id, pack_id, number, author_id, at, content)
SELECT gen_random_uuid(), firm_id, id, number, author_id, created_at, $1::jsonb
FROM packs CROSS JOIN generate_series(1, 2) AS number WHERE slug LIKE 'bench-%'
"""
_REVIEWS = """
INSERT INTO reviews (id, firm_id, pack_id, revision, decision, reasons, suggestions, note, reviewer_id, policy_version,
                     hashes, at)
SELECT gen_random_uuid(), firm_id, id, 2, 'approved', '[]', '[]', '', gen_random_uuid(), '2026.11.1', $1::jsonb, updated_at
FROM packs WHERE slug LIKE 'bench-%' AND state IN ('sent', 'approved')
"""
_VERDICTS = """
INSERT INTO verdicts (id, content_sha256, text, context, context_sha256, policy_version, business_date, verdict,
                      verdict_sha256, firm_id, given_at)
SELECT gen_random_uuid(), v.content_sha256, $2, '{"capacity": "MFD"}', repeat('12', 32), '2026.11.1',
       p.updated_at::date, '{"band": "pass", "risk_score": 4, "register": "EN", "findings": []}', repeat('34', 32),
       p.firm_id, p.updated_at
FROM packs p JOIN variants v ON v.pack_id = p.id
WHERE p.slug LIKE 'bench-%' AND v.content_sha256 <> $1
"""
_SCORES = """
INSERT INTO compliance_scores (advisor_id, at, firm_id, score, verdict_ids)
SELECT advisor_id, now() - month * interval '30 days', firm_id, 92.50, '[]'
FROM bench_people CROSS JOIN generate_series(0, 11) AS month
"""
