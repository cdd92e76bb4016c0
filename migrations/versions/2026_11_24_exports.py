"""exports: answers kept for a repeated request, who added a fallback pack, the history in the order it is read

Revision: c4d1e2f3a405, after c4d1e2f3a403
"""

import sqlalchemy as sa
from alembic import op

revision = "c4d1e2f3a405"
down_revision = "c4d1e2f3a403"
branch_labels = None
depends_on = None

_STATES = ("running", "done")
_MOMENT = sa.TIMESTAMP(timezone=True)


def upgrade() -> None:
    op.add_column("packs", sa.Column("added_by", sa.Text(), nullable=True))
    op.create_index("ix_messages_history", "messages", ["business_date", "id"])
    op.create_table(
        "idempotency_keys",
        sa.Column("key_sha256", sa.Text(), nullable=False),
        sa.Column("request_sha256", sa.Text(), nullable=False),
        sa.Column("state", sa.Enum(*_STATES, name="state", native_enum=False, length=32), nullable=False),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("media_type", sa.Text(), nullable=True),
        sa.Column("body", sa.LargeBinary(), nullable=True),
        sa.Column("expires_at", _MOMENT, nullable=False),
        sa.CheckConstraint(f"state IN {_STATES}", name=op.f("ck_idempotency_keys_state")),
        sa.PrimaryKeyConstraint("key_sha256", name=op.f("pk_idempotency_keys")),
    )
    op.create_index("ix_idempotency_keys_expires_at", "idempotency_keys", ["expires_at"])
    op.execute("GRANT SELECT, INSERT, UPDATE, DELETE ON idempotency_keys TO project_one_app, project_one_api")


def downgrade() -> None:
    op.drop_table("idempotency_keys")
    op.drop_index("ix_messages_history", "messages")
    op.drop_column("packs", "added_by")
