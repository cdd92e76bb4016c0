"""tenancy: the api login sees of a firm's tables only that firm's rows

Revision: c4d1e2f3a401, after 7b2e9d4c1f08
"""

from alembic import op

revision = "c4d1e2f3a401"
down_revision = "7b2e9d4c1f08"
branch_labels = None
depends_on = None

_OF_A_FIRM = {
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
_READ_BY_ALL = {
    "packs": "is_fallback AND firm_id IS NULL",
    "variants": "pack_id IN (SELECT id FROM packs WHERE is_fallback AND firm_id IS NULL)",
}
_WRITTEN = (
    "firms, advisors, packs, variants, schedules, consents, approvals, frames, inbox, outbox, policies, overrides, "
    "subject_keys, suppressions"
)
_APPENDED = "audit_events, verdicts"


def upgrade() -> None:
    op.execute(
        "DO $$ BEGIN IF NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = 'project_one_api') "
        "THEN CREATE ROLE project_one_api NOLOGIN; END IF; END $$"
    )
    op.execute(
        "CREATE FUNCTION app_tenant() RETURNS uuid LANGUAGE sql STABLE PARALLEL SAFE AS "
        "$$ SELECT nullif(current_setting('app.tenant', true), '')::uuid $$"
    )
    op.execute(
        "CREATE FUNCTION app_is_staff() RETURNS boolean LANGUAGE sql STABLE PARALLEL SAFE AS "
        "$$ SELECT coalesce(current_setting('app.staff', true), '') = 'on' $$"
    )
    op.execute("GRANT USAGE ON SCHEMA public TO project_one_api")
    op.execute("GRANT SELECT ON ALL TABLES IN SCHEMA public TO project_one_api")
    op.execute(f"GRANT INSERT, UPDATE, DELETE ON {_WRITTEN} TO project_one_api")
    op.execute(f"GRANT INSERT ON {_APPENDED} TO project_one_api")
    for table, own in _OF_A_FIRM.items():
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY")
        op.execute(f"CREATE POLICY house ON {table} TO project_one_app, CURRENT_USER USING (true) WITH CHECK (true)")
        op.execute(
            f"CREATE POLICY firm ON {table} TO project_one_api USING ((SELECT app_is_staff()) OR {own}) "
            f"WITH CHECK ((SELECT app_is_staff()) OR {own})"
        )
    for table, shared in _READ_BY_ALL.items():
        op.execute(f"CREATE POLICY shared ON {table} FOR SELECT TO project_one_api USING ({shared})")


def downgrade() -> None:
    for table in _READ_BY_ALL:
        op.execute(f"DROP POLICY shared ON {table}")
    for table in _OF_A_FIRM:
        op.execute(f"DROP POLICY firm ON {table}")
        op.execute(f"DROP POLICY house ON {table}")
        op.execute(f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY, DISABLE ROW LEVEL SECURITY")
    op.execute("REVOKE ALL ON ALL TABLES IN SCHEMA public FROM project_one_api")
    op.execute("REVOKE USAGE ON SCHEMA public FROM project_one_api")
    op.execute("DROP FUNCTION app_is_staff()")
    op.execute("DROP FUNCTION app_tenant()")
