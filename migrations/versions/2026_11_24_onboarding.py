"""onboarding: documents, registers and their checks, tiers, compliance scores

Revision: c4d1e2f3a403, after c4d1e2f3a402
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "c4d1e2f3a403"
down_revision = "c4d1e2f3a402"
branch_labels = None
depends_on = None

_MOMENT = sa.TIMESTAMP(timezone=True)
_JSON = postgresql.JSONB(astext_type=sa.Text())
_STATUSES = ("format-ok", "evidence-uploaded", "verified", "expiring", "expired", "suspended", "surrendered")
_ADDED = (
    ("further_languages", _JSON, "'[]'::jsonb"),
    ("brand", _JSON, "'{}'::jsonb"),
    ("version", sa.Integer(), "1"),
)
_OF_A_FIRM = ("advisor_documents", "registration_checks", "compliance_scores")


def _words(name: str, *values: str) -> sa.Enum:
    return sa.Enum(*values, name=name, native_enum=False, length=32)


def _one_of(table: str, name: str, *values: str) -> sa.CheckConstraint:
    return sa.CheckConstraint(f"{name} IN {values}", name=op.f(f"ck_{table}_{name}"))


def _of_a_firm(table: str) -> tuple[sa.ForeignKeyConstraint, ...]:
    return tuple(
        sa.ForeignKeyConstraint([column], [f"{other}.id"], name=op.f(f"fk_{table}_{column}_{other}"))
        for column, other in (("advisor_id", "advisors"), ("firm_id", "firms"))
    )


def upgrade() -> None:
    for name, kind, default in _ADDED:
        op.add_column("advisors", sa.Column(name, kind, server_default=sa.text(default), nullable=False))
    for name, values, default in (
        ("tone", ("plain", "warm", "formal"), "plain"),
        ("tier", ("basic", "standard", "pro", "trial"), "basic"),
    ):
        op.add_column("advisors", sa.Column(name, _words(name, *values), server_default=default, nullable=False))
        op.create_check_constraint(op.f(f"ck_advisors_{name}"), "advisors", f"{name} IN {values}")
    op.add_column("advisors", sa.Column("trial_ends_at", _MOMENT, nullable=True))
    op.add_column("advisors", sa.Column("valid_until", sa.Date(), nullable=True))
    op.add_column("advisors", sa.Column("verified_at", _MOMENT, nullable=True))
    op.create_index("ix_advisors_page", "advisors", ["created_at", "id"])
    kinds = ("certificate", "nism-certificate", "pan", "address-proof")
    media = ("application/pdf", "image/jpeg", "image/png")
    op.create_table(
        "advisor_documents",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("advisor_id", sa.Uuid(), nullable=False),
        sa.Column("firm_id", sa.Uuid(), nullable=False),
        sa.Column("kind", _words("kind", *kinds), nullable=False),
        sa.Column("media_type", _words("media_type", *media), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("storage_key", sa.Text(), nullable=False),
        sa.Column("uploaded_by", sa.Text(), nullable=False),
        sa.Column("uploaded_at", _MOMENT, nullable=False),
        _one_of("advisor_documents", "kind", *kinds),
        _one_of("advisor_documents", "media_type", *media),
        *_of_a_firm("advisor_documents"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_advisor_documents")),
        sa.UniqueConstraint("storage_key", name=op.f("uq_advisor_documents_storage_key")),
    )
    op.create_index("ix_advisor_documents_advisor", "advisor_documents", ["advisor_id", "uploaded_at"])
    registers = ("amfi", "sebi-ia", "sebi-ra")
    op.create_table(
        "register_snapshots",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("register", _words("register", *registers), nullable=False),
        sa.Column("as_of", sa.Date(), nullable=False),
        sa.Column("file_sha256", sa.Text(), nullable=False),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("report", _JSON, nullable=False),
        sa.Column("imported_by", sa.Text(), nullable=False),
        sa.Column("imported_at", _MOMENT, nullable=False),
        _one_of("register_snapshots", "register", *registers),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_register_snapshots")),
        sa.UniqueConstraint(
            "register", "as_of", "file_sha256", name=op.f("uq_register_snapshots_register_as_of_file_sha256")
        ),
    )
    op.create_index("ix_register_snapshots_newest", "register_snapshots", ["register", "as_of", "imported_at"])
    op.create_table(
        "register_rows",
        sa.Column("snapshot_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("trade_name", sa.Text(), nullable=False),
        sa.Column("city", sa.Text(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=True),
        sa.Column("valid_until", sa.Date(), nullable=True),
        sa.Column("row_hash", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["snapshot_id"], ["register_snapshots.id"], name=op.f("fk_register_rows_snapshot_id_register_snapshots")
        ),
        sa.PrimaryKeyConstraint("snapshot_id", "number", name=op.f("pk_register_rows")),
    )
    results = ("matched", "name-differs", "not-found", "expired")
    op.create_table(
        "registration_checks",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("advisor_id", sa.Uuid(), nullable=False),
        sa.Column("firm_id", sa.Uuid(), nullable=False),
        sa.Column("at", _MOMENT, nullable=False),
        sa.Column("snapshot_id", sa.Uuid(), nullable=False),
        sa.Column("as_of", sa.Date(), nullable=False),
        sa.Column("result", _words("result", *results), nullable=False),
        sa.Column("row_hash", sa.Text(), nullable=True),
        sa.Column("register_name", sa.Text(), nullable=True),
        sa.Column("valid_until", sa.Date(), nullable=True),
        sa.Column("status_before", _words("status_before", *_STATUSES), nullable=False),
        sa.Column("status_after", _words("status_after", *_STATUSES), nullable=False),
        _one_of("registration_checks", "result", *results),
        _one_of("registration_checks", "status_before", *_STATUSES),
        _one_of("registration_checks", "status_after", *_STATUSES),
        *_of_a_firm("registration_checks"),
        sa.ForeignKeyConstraint(
            ["snapshot_id"],
            ["register_snapshots.id"],
            name=op.f("fk_registration_checks_snapshot_id_register_snapshots"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_registration_checks")),
    )
    op.create_index("ix_registration_checks_advisor", "registration_checks", ["advisor_id", "at"])
    op.create_table(
        "compliance_scores",
        sa.Column("advisor_id", sa.Uuid(), nullable=False),
        sa.Column("at", _MOMENT, nullable=False),
        sa.Column("firm_id", sa.Uuid(), nullable=False),
        sa.Column("score", sa.Numeric(5, 2), nullable=False),
        sa.Column("verdict_ids", _JSON, nullable=False),
        *_of_a_firm("compliance_scores"),
        sa.PrimaryKeyConstraint("advisor_id", "at", name=op.f("pk_compliance_scores")),
    )
    op.execute(
        "GRANT SELECT, INSERT ON advisor_documents, registration_checks, compliance_scores, register_snapshots, "
        "register_rows TO project_one_app, project_one_api"
    )
    own = "(SELECT app_is_staff()) OR firm_id = app_tenant()"
    for table in _OF_A_FIRM:
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY")
        op.execute(f"CREATE POLICY house ON {table} TO project_one_app, CURRENT_USER USING (true) WITH CHECK (true)")
        op.execute(f"CREATE POLICY firm ON {table} TO project_one_api USING ({own}) WITH CHECK ({own})")
    for table in ("register_snapshots", "register_rows"):
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY")
        op.execute(f"CREATE POLICY house ON {table} TO project_one_app, CURRENT_USER USING (true) WITH CHECK (true)")
        op.execute(
            f"CREATE POLICY staff ON {table} TO project_one_api USING ((SELECT app_is_staff())) "
            "WITH CHECK ((SELECT app_is_staff()))"
        )


def downgrade() -> None:
    for table in ("compliance_scores", "registration_checks", "register_rows", "register_snapshots"):
        op.drop_table(table)
    op.drop_table("advisor_documents")
    op.drop_index("ix_advisors_page", "advisors")
    for column in (
        "verified_at",
        "valid_until",
        "trial_ends_at",
        "tier",
        "tone",
        "version",
        "brand",
        "further_languages",
    ):
        op.drop_column("advisors", column)
