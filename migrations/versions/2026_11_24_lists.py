"""Lists read what they show: indexes for verdicts of a firm and for all packs, and policies that ask row by row.

A policy that gathers all that a firm has before it looks at one row reads more with every morning. Who the caller is
is asked once a statement, not once a row.

Revision ID: 5e1f0a7c92d5
Revises: 5e1f0a7c92d4
"""

import sqlalchemy as sa
from alembic import op

revision = "5e1f0a7c92d5"
down_revision = "5e1f0a7c92d4"
branch_labels = None
depends_on = None


_TENANT = "(SELECT app_tenant())"
_ADVISOR = "EXISTS (SELECT 1 FROM advisors a WHERE a.id = {table}.advisor_id AND a.firm_id = (SELECT app_tenant()))"
_ROW_BY_ROW = {
    "firms": f"id = {_TENANT}",
    "advisors": f"firm_id = {_TENANT}",
    "packs": f"firm_id = {_TENANT}",
    "variants": f"EXISTS (SELECT 1 FROM packs p WHERE p.id = variants.pack_id AND p.firm_id = {_TENANT})",
    "schedules": _ADVISOR.format(table="schedules"),
    "messages": _ADVISOR.format(table="messages"),
    "attempts": "EXISTS (SELECT 1 FROM messages m WHERE m.id = attempts.message_id)",  # under the policy of messages
    "consents": _ADVISOR.format(table="consents"),
}
_GATHERED = {
    "firms": "id = app_tenant()",
    "advisors": "firm_id = app_tenant()",
    "packs": "firm_id = app_tenant()",
    "variants": "pack_id IN (SELECT id FROM packs WHERE firm_id = app_tenant())",
    "schedules": "advisor_id IN (SELECT id FROM advisors WHERE firm_id = app_tenant())",
    "messages": "advisor_id IN (SELECT id FROM advisors WHERE firm_id = app_tenant())",
    "attempts": (
        "message_id IN (SELECT m.id FROM messages m JOIN advisors a ON a.id = m.advisor_id "
        "WHERE a.firm_id = app_tenant())"
    ),
    "consents": "advisor_id IN (SELECT id FROM advisors WHERE firm_id = app_tenant())",
}


def _set_policies(own: dict[str, str]) -> None:
    for table, condition in own.items():
        whose = f"(SELECT app_is_staff()) OR {condition}"
        op.execute(f"ALTER POLICY firm ON {table} USING ({whose}) WITH CHECK ({whose})")


def upgrade() -> None:
    _set_policies(_ROW_BY_ROW)
    op.create_index("ix_verdicts_of_firm", "verdicts", ["firm_id", "given_at", "id"])
    own = sa.text("state IS NOT NULL")
    op.create_index("ix_packs_updated", "packs", ["updated_at", "id"], postgresql_where=own)


def downgrade() -> None:
    _set_policies(_GATHERED)
    op.drop_index("ix_packs_updated", "packs")
    op.drop_index("ix_verdicts_of_firm", "verdicts")
