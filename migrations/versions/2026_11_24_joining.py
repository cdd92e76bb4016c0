"""joining: the api makes somebody the first member of a firm without being able to write memberships otherwise

Revision: c4d1e2f3a406, after c4d1e2f3a404
"""

from alembic import op

revision = "c4d1e2f3a406"
down_revision = "c4d1e2f3a404"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        "CREATE FUNCTION app_join_own_firm(person uuid, firm uuid, at timestamptz) RETURNS boolean "
        "LANGUAGE sql SECURITY DEFINER SET search_path = public AS $$ "
        "WITH joined AS (INSERT INTO memberships (user_id, firm_id, role, vendor_id, vendor_updated_at) "
        "SELECT person, firm, 'owner', 'own:' || firm, at "
        "WHERE NOT EXISTS (SELECT 1 FROM memberships WHERE firm_id = firm) "
        "AND NOT EXISTS (SELECT 1 FROM memberships WHERE user_id = person AND ended_at IS NULL) "
        "RETURNING 1) SELECT EXISTS (SELECT 1 FROM joined) $$"
    )
    op.execute("REVOKE ALL ON FUNCTION app_join_own_firm(uuid, uuid, timestamptz) FROM PUBLIC")
    op.execute(
        "GRANT EXECUTE ON FUNCTION app_join_own_firm(uuid, uuid, timestamptz) TO project_one_api, project_one_app"
    )


def downgrade() -> None:
    op.execute("DROP FUNCTION app_join_own_firm(uuid, uuid, timestamptz)")
