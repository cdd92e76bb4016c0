"""occurrences keep their job

Revision: 3f1c0d5b7a92, after a58636499b3a
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "3f1c0d5b7a92"
down_revision = "a58636499b3a"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("DELETE FROM occurrences")  # all done: they were marked when they were raised
    op.add_column("occurrences", sa.Column("queue", sa.Text(), nullable=False))
    op.add_column("occurrences", sa.Column("name", sa.Text(), nullable=False))
    op.add_column("occurrences", sa.Column("payload", postgresql.JSONB(astext_type=sa.Text()), nullable=False))
    op.drop_index("ix_occurrences_open", table_name="occurrences")
    op.create_index("ix_occurrences_open", "occurrences", ["raised_at"], postgresql_where=sa.text("done_at IS NULL"))


def downgrade() -> None:
    op.drop_index("ix_occurrences_open", table_name="occurrences")
    op.create_index("ix_occurrences_open", "occurrences", ["due_at"], postgresql_where=sa.text("done_at IS NULL"))
    for name in ("payload", "name", "queue"):
        op.drop_column("occurrences", name)
