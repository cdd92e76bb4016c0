"""ai runs: what firms asked a model to write, what came of it, and what the model had said of a reviewed text

Revision: d1a0c5e7f502, after d1a0c5e7f501
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "d1a0c5e7f502"
down_revision = "d1a0c5e7f501"
branch_labels = None
depends_on = None

_MOMENT = sa.TIMESTAMP(timezone=True)
_JSON = postgresql.JSONB(astext_type=sa.Text())
_KINDS = ("generation", "translation")
_STATES = ("waiting", "asking", "checking", "done")
_SEEN = "firm_id = (SELECT app_tenant())"  # what was asked and not submitted is nobody else's, also not of staff


def upgrade() -> None:
    op.create_table(
        "ai_runs",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("firm_id", sa.Uuid(), nullable=False),
        sa.Column("asked_by", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Enum(*_KINDS, name="kind", native_enum=False, length=32), nullable=False),
        sa.Column("state", sa.Enum(*_STATES, name="state", native_enum=False, length=32), nullable=False),
        sa.Column("question", _JSON, nullable=False),
        sa.Column("question_sha256", sa.Text(), nullable=False),
        sa.Column("result", _JSON, nullable=True),
        sa.Column("claimed_until", _MOMENT, nullable=True),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.Column("updated_at", _MOMENT, nullable=False),
        sa.Column("expires_at", _MOMENT, nullable=False),
        sa.CheckConstraint(f"kind IN {_KINDS}", name=op.f("ck_ai_runs_kind")),
        sa.CheckConstraint(f"state IN {_STATES}", name=op.f("ck_ai_runs_state")),
        sa.ForeignKeyConstraint(["firm_id"], ["firms.id"], name=op.f("fk_ai_runs_firm_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ai_runs")),
    )
    op.create_index("ix_ai_runs_question", "ai_runs", ["firm_id", "question_sha256", "created_at"])
    op.create_index("ix_ai_runs_expires_at", "ai_runs", ["expires_at"])
    op.add_column("reviews", sa.Column("model", _JSON, nullable=True))
    for role in ("project_one_app", "project_one_api"):
        op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON ai_runs TO {role}")
    op.execute("ALTER TABLE ai_runs ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY")
    op.execute("CREATE POLICY house ON ai_runs TO project_one_app, CURRENT_USER USING (true) WITH CHECK (true)")
    op.execute(f"CREATE POLICY firm ON ai_runs TO project_one_api USING ({_SEEN}) WITH CHECK ({_SEEN})")


def downgrade() -> None:
    op.drop_column("reviews", "model")
    op.drop_table("ai_runs")
