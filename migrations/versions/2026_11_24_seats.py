"""seats: who joined when; organisations that are renamed or end; which revisions were submitted

Revision: 5e1f0a7c92d4, after c4d1e2f3a406
"""

import sqlalchemy as sa
from alembic import op

revision = "5e1f0a7c92d4"
down_revision = "c4d1e2f3a406"
branch_labels = None
depends_on = None

_MOMENT = sa.TIMESTAMP(timezone=True)
_SIGNATURE = "app_join_own_firm(person uuid, firm uuid, at timestamptz) RETURNS boolean"
_JOINED = (
    "WITH joined AS (INSERT INTO memberships (user_id, firm_id, role, vendor_id, vendor_updated_at{column}) "
    "SELECT person, firm, 'owner', 'own:' || firm, at{value} "
    "WHERE NOT EXISTS (SELECT 1 FROM memberships WHERE firm_id = firm) "
    "AND NOT EXISTS (SELECT 1 FROM memberships WHERE user_id = person AND ended_at IS NULL) "
    "RETURNING 1) SELECT EXISTS (SELECT 1 FROM joined)"
)
# Two registrations of one person at once: the second waits, and then sees the membership of the first.
_ALONE = "SELECT pg_advisory_xact_lock(hashtextextended('project_one.auth.join:' || person, 0)); "


def _join(body: str) -> None:
    op.execute(
        f"CREATE OR REPLACE FUNCTION {_SIGNATURE} "
        f"LANGUAGE sql SECURITY DEFINER SET search_path = public AS $$ {body} $$"
    )


def upgrade() -> None:
    op.add_column("memberships", sa.Column("joined_at", _MOMENT, server_default=sa.text("now()"), nullable=False))
    op.execute("UPDATE memberships SET joined_at = vendor_updated_at")
    _join(_ALONE + _JOINED.format(column=", joined_at", value=", at"))
    op.add_column("organisations", sa.Column("vendor_updated_at", _MOMENT, nullable=True))
    op.create_table(
        "ended_organisations",
        sa.Column("clerk_org_id", sa.Text(), nullable=False),
        sa.Column("ended_at", _MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("clerk_org_id", name=op.f("pk_ended_organisations")),
    )
    op.execute("GRANT SELECT, INSERT ON ended_organisations TO project_one_app")
    op.execute("GRANT SELECT ON ended_organisations TO project_one_api")
    op.add_column("pack_revisions", sa.Column("submitted_at", _MOMENT, nullable=True))
    op.execute(
        "UPDATE pack_revisions r SET submitted_at = r.at FROM packs p WHERE p.id = r.pack_id AND ("
        "EXISTS (SELECT 1 FROM reviews w WHERE w.pack_id = r.pack_id AND w.revision = r.number) OR "
        "(jsonb_typeof(p.checked) = 'object' AND "
        "r.number = (SELECT max(n.number) FROM pack_revisions n WHERE n.pack_id = r.pack_id)))"
    )
    op.execute("GRANT UPDATE (submitted_at) ON pack_revisions TO project_one_app, project_one_api")


def downgrade() -> None:
    op.execute("REVOKE UPDATE (submitted_at) ON pack_revisions FROM project_one_app, project_one_api")
    op.drop_column("pack_revisions", "submitted_at")
    op.drop_table("ended_organisations")
    op.drop_column("organisations", "vendor_updated_at")
    _join(_JOINED.format(column="", value=""))
    op.drop_column("memberships", "joined_at")
