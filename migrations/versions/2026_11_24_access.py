"""access: users, organisations, memberships, revoked sessions, api keys; webhooks known by their sender's id

Revision: c4d1e2f3a402, after c4d1e2f3a401
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "c4d1e2f3a402"
down_revision = "c4d1e2f3a401"
branch_labels = None
depends_on = None

_MOMENT = sa.TIMESTAMP(timezone=True)
_JSON = postgresql.JSONB(astext_type=sa.Text())


def upgrade() -> None:
    op.create_table(
        "users",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("clerk_id", sa.Text(), nullable=False),
        sa.Column("status", sa.Enum("active", "deleted", name="status", native_enum=False, length=32), nullable=False),
        sa.Column("staff_roles", _JSON, server_default=sa.text("'[]'::jsonb"), nullable=False),
        sa.Column("vendor_updated_at", _MOMENT, nullable=True),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.CheckConstraint("status IN ('active', 'deleted')", name=op.f("ck_users_status")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_users")),
        sa.UniqueConstraint("clerk_id", name=op.f("uq_users_clerk_id")),
    )
    op.create_table(
        "organisations",
        sa.Column("clerk_org_id", sa.Text(), nullable=False),
        sa.Column("firm_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["firm_id"], ["firms.id"], name=op.f("fk_organisations_firm_id")),
        sa.PrimaryKeyConstraint("clerk_org_id", name=op.f("pk_organisations")),
    )
    op.create_index(op.f("ix_organisations_firm_id"), "organisations", ["firm_id"])
    op.create_table(
        "memberships",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("firm_id", sa.Uuid(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("vendor_id", sa.Text(), nullable=False),
        sa.Column("vendor_updated_at", _MOMENT, nullable=False),
        sa.Column("ended_at", _MOMENT, nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_memberships_user_id")),
        sa.ForeignKeyConstraint(["firm_id"], ["firms.id"], name=op.f("fk_memberships_firm_id")),
        sa.PrimaryKeyConstraint("user_id", "firm_id", name=op.f("pk_memberships")),
    )
    op.create_index(op.f("ix_memberships_firm_id"), "memberships", ["firm_id"])
    op.create_table(
        "revoked_sessions",
        sa.Column("session_id", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("revoked_at", _MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("session_id", name=op.f("pk_revoked_sessions")),
    )
    op.create_table(
        "api_keys",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("firm_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("prefix", sa.Text(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("scopes", _JSON, nullable=False),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.Column("expires_at", _MOMENT, nullable=False),
        sa.Column("revoked_at", _MOMENT, nullable=True),
        sa.Column("last_used_at", _MOMENT, nullable=True),
        sa.ForeignKeyConstraint(["firm_id"], ["firms.id"], name=op.f("fk_api_keys_firm_id")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_api_keys_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_keys")),
        sa.UniqueConstraint("sha256", name=op.f("uq_api_keys_sha256")),
    )
    op.create_index("ix_api_keys_firm_id", "api_keys", ["firm_id", "created_at", "id"])
    op.add_column("inbox", sa.Column("sender_id", sa.Text(), nullable=True))
    op.create_index(
        "uq_inbox_sender_id",
        "inbox",
        ["source", "sender_id"],
        unique=True,
        postgresql_where=sa.text("sender_id IS NOT NULL"),
    )
    _grant()


def _grant() -> None:
    op.execute("GRANT SELECT, INSERT, UPDATE ON users, organisations, memberships, api_keys TO project_one_app")
    op.execute("GRANT SELECT, INSERT ON revoked_sessions TO project_one_app")
    op.execute("GRANT SELECT ON users, organisations, memberships TO project_one_api")
    # Enter a person at first sight, yes; give her roles or a firm, no: the columns and tables of those are the workers'.
    op.execute("GRANT INSERT (id, clerk_id, status, created_at) ON users TO project_one_api")
    op.execute("GRANT SELECT, INSERT ON revoked_sessions TO project_one_api")
    op.execute("GRANT SELECT, INSERT ON api_keys TO project_one_api")
    op.execute("GRANT UPDATE (revoked_at, last_used_at) ON api_keys TO project_one_api")
    op.execute("ALTER TABLE api_keys ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY")
    op.execute("CREATE POLICY house ON api_keys TO project_one_app, CURRENT_USER USING (true) WITH CHECK (true)")
    op.execute(
        "CREATE POLICY firm ON api_keys TO project_one_api USING ((SELECT app_is_staff()) OR firm_id = app_tenant()) "
        "WITH CHECK ((SELECT app_is_staff()) OR firm_id = app_tenant())"
    )
    # Who presents a key has no firm yet; she sees the one row whose key she knows.
    op.execute(
        "CREATE POLICY presented ON api_keys FOR SELECT TO project_one_api "
        "USING (sha256 = current_setting('app.key_sha256', true))"
    )


def downgrade() -> None:
    op.drop_index("uq_inbox_sender_id", table_name="inbox")
    op.drop_column("inbox", "sender_id")
    for table in ("api_keys", "revoked_sessions", "memberships", "organisations", "users"):
        op.drop_table(table)
