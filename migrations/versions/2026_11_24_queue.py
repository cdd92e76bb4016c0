"""queue: the reviewers' queue is read in its order instead of sorted at each look

Revision: 5e1f0a7c92d6, after d1a0c5e7f503
"""

from alembic import op

revision = "5e1f0a7c92d6"
down_revision = "d1a0c5e7f503"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        "CREATE INDEX ix_packs_queue ON packs (state, (-coalesce(risk_score, 100)), "
        "(coalesce(wanted_on, DATE '9999-12-31')), (coalesce(submitted_at, created_at)), id)"
    )


def downgrade() -> None:
    op.drop_index("ix_packs_queue", "packs")
