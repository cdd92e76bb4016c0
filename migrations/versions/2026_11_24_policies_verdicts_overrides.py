"""policies, verdicts, overrides

Revision: 7b2e9d4c1f08, after 3f1c0d5b7a92
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "7b2e9d4c1f08"
down_revision = "3f1c0d5b7a92"
branch_labels = None
depends_on = None

_STATES = ("draft", "tested", "approved", "withdrawn")
_MOMENT = sa.TIMESTAMP(timezone=True)
_JSON = postgresql.JSONB(astext_type=sa.Text())


def upgrade() -> None:
    op.create_table(
        "policies",
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("state", sa.Enum(*_STATES, name="state", native_enum=False, length=32), nullable=False),
        sa.Column("files", sa.LargeBinary(), nullable=False),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("drafted_at", _MOMENT, nullable=False),
        sa.Column("regression", _JSON, nullable=True),
        sa.Column("tested_at", _MOMENT, nullable=True),
        sa.Column("approver", sa.Text(), nullable=True),
        sa.Column("approved_at", _MOMENT, nullable=True),
        sa.Column("effective_from", sa.Date(), nullable=True),
        sa.CheckConstraint(f"state IN {_STATES}", name=op.f("ck_policies_state")),
        sa.CheckConstraint("approver IS NULL OR approver <> author", name=op.f("ck_policies_four_eyes")),
        sa.CheckConstraint(
            "state <> 'approved' OR (approver IS NOT NULL AND effective_from IS NOT NULL)",
            name=op.f("ck_policies_approved"),
        ),
        sa.PrimaryKeyConstraint("version", name=op.f("pk_policies")),
    )
    op.create_table(
        "verdicts",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("content_sha256", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("context", _JSON, nullable=False),
        sa.Column("context_sha256", sa.Text(), nullable=False),
        sa.Column("policy_version", sa.Text(), nullable=False),
        sa.Column("business_date", sa.Date(), nullable=False),
        sa.Column("verdict", _JSON, nullable=False),
        sa.Column("verdict_sha256", sa.Text(), nullable=False),
        sa.Column("given_at", _MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_verdicts")),
        sa.UniqueConstraint(
            "content_sha256",
            "context_sha256",
            "policy_version",
            "business_date",
            name="uq_verdicts_question",
        ),
    )
    op.create_index("ix_verdicts_policy_version", "verdicts", ["policy_version"])
    op.create_table(
        "overrides",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("content_sha256", sa.Text(), nullable=False),
        sa.Column("policy_version", sa.Text(), nullable=False),
        sa.Column("fingerprints", _JSON, nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("first_reviewer", sa.Text(), nullable=False),
        sa.Column("asked_at", _MOMENT, nullable=False),
        sa.Column("second_reviewer", sa.Text(), nullable=True),
        sa.Column("granted_at", _MOMENT, nullable=True),
        sa.Column("revoked_at", _MOMENT, nullable=True),
        sa.CheckConstraint(
            "second_reviewer IS NULL OR second_reviewer <> first_reviewer", name=op.f("ck_overrides_four_eyes")
        ),
        sa.CheckConstraint(
            "first_reviewer <> author AND (second_reviewer IS NULL OR second_reviewer <> author)",
            name=op.f("ck_overrides_not_author"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_overrides")),
    )
    op.create_index("ix_overrides_content_sha256", "overrides", ["content_sha256"])
    op.execute("GRANT SELECT, INSERT, UPDATE ON policies, overrides TO project_one_app")
    op.execute("GRANT SELECT, INSERT ON verdicts TO project_one_app")


def downgrade() -> None:
    for table in ("overrides", "verdicts", "policies"):
        op.drop_table(table)
