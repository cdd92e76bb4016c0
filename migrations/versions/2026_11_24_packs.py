"""packs: the life of a firm's own packs, their revisions, reviews and templates

Revision: c4d1e2f3a404, after c4d1e2f3a405
"""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "c4d1e2f3a404"
down_revision = "c4d1e2f3a405"
branch_labels = None
depends_on = None

_MOMENT = sa.TIMESTAMP(timezone=True)
_JSON = postgresql.JSONB(astext_type=sa.Text())
_STATES = (
    "draft",
    "checking",
    "in-review",
    "approved",
    "rejected",
    "changes-requested",
    "scheduled",
    "sent",
    "withdrawn",
)
_CLASSES = ("EDUCATION", "SERVICE", "ADVERTISEMENT")
_DECISIONS = ("approved", "rejected", "changes-requested")


def _of_packs() -> list[sa.Column[Any]]:
    return [
        sa.Column("state", sa.Enum(*_STATES, name="state", native_enum=False, length=32)),
        sa.Column("version", sa.Integer()),
        sa.Column("author_id", sa.Uuid()),
        sa.Column("ad_reference", sa.Text()),
        sa.Column("ad_valid_until", sa.Date()),
        sa.Column("figures", _JSON),
        sa.Column("wanted_on", sa.Date()),
        sa.Column("copied_from", sa.Uuid()),
        sa.Column("updated_at", _MOMENT),
        sa.Column("submitted_at", _MOMENT),
        sa.Column("checked", _JSON),
        sa.Column("risk_score", sa.Integer()),
        sa.Column("sketch", _JSON),
        sa.Column("likeness_group", sa.Uuid()),
        sa.Column("scheduled_on", sa.Date()),
        sa.Column("sent_at", _MOMENT),
    ]


_QUESTION = ["content_sha256", "context_sha256", "policy_version", "business_date"]
_STAFF = "(SELECT app_is_staff())"
_OWN = "firm_id = app_tenant()"
_OWN_PACK = "pack_id IN (SELECT id FROM packs WHERE firm_id = app_tenant())"


def upgrade() -> None:
    _extend()
    _create()
    _protect()


def _extend() -> None:
    for column in _of_packs():
        op.add_column("packs", column)
    op.create_check_constraint(op.f("ck_packs_state"), "packs", f"state IN {_STATES}")
    op.create_check_constraint(
        op.f("ck_packs_own"),
        "packs",
        "state IS NULL OR (firm_id IS NOT NULL AND author_id IS NOT NULL AND version IS NOT NULL)",
    )
    op.create_index("ix_packs_own", "packs", ["firm_id", "updated_at", "id"])
    op.create_index("ix_packs_state", "packs", ["state", "risk_score"])
    op.add_column("approvals", sa.Column("pack_id", sa.Uuid()))
    op.create_foreign_key(op.f("fk_approvals_pack_id"), "approvals", "packs", ["pack_id"], ["id"])
    op.drop_index("uq_approvals_live", "approvals")
    for name, columns, where in (
        ("uq_approvals_live", ["sha256", "reviewer_id"], "voided_at IS NULL AND pack_id IS NULL"),
        ("uq_approvals_live_of_pack", ["pack_id", "sha256", "reviewer_id"], "voided_at IS NULL"),
        ("ix_approvals_live_own", ["sha256"], "voided_at IS NULL AND pack_id IS NOT NULL"),
    ):
        op.create_index(name, "approvals", columns, unique=name.startswith("uq"), postgresql_where=sa.text(where))
    op.add_column("verdicts", sa.Column("firm_id", sa.Uuid()))
    op.drop_constraint("uq_verdicts_question", "verdicts", type_="unique")
    op.create_index(
        "uq_verdicts_question", "verdicts", _QUESTION, unique=True, postgresql_where=sa.text("firm_id IS NULL")
    )
    op.create_index("uq_verdicts_question_of_firm", "verdicts", ["firm_id", *_QUESTION], unique=True)


def _create() -> None:
    op.create_table(
        "pack_revisions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("firm_id", sa.Uuid(), nullable=False),
        sa.Column("pack_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("author_id", sa.Uuid(), nullable=False),
        sa.Column("at", _MOMENT, nullable=False),
        sa.Column("content", _JSON, nullable=False),
        sa.ForeignKeyConstraint(["firm_id"], ["firms.id"], name=op.f("fk_pack_revisions_firm_id")),
        sa.ForeignKeyConstraint(["pack_id"], ["packs.id"], name=op.f("fk_pack_revisions_pack_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pack_revisions")),
        sa.UniqueConstraint("pack_id", "number", name=op.f("uq_pack_revisions_pack_id_number")),
    )
    op.create_index(op.f("ix_pack_revisions_firm_id"), "pack_revisions", ["firm_id"])
    op.create_table(
        "reviews",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("firm_id", sa.Uuid(), nullable=False),
        sa.Column("pack_id", sa.Uuid(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("decision", sa.Enum(*_DECISIONS, name="decision", native_enum=False, length=32), nullable=False),
        sa.Column("reasons", _JSON, nullable=False),
        sa.Column("suggestions", _JSON, nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("reviewer_id", sa.Uuid(), nullable=False),
        sa.Column("policy_version", sa.Text(), nullable=False),
        sa.Column("hashes", _JSON, nullable=False),
        sa.Column("bulk_id", sa.Uuid(), nullable=True),
        sa.Column("at", _MOMENT, nullable=False),
        sa.CheckConstraint(f"decision IN {_DECISIONS}", name=op.f("ck_reviews_decision")),
        sa.ForeignKeyConstraint(["firm_id"], ["firms.id"], name=op.f("fk_reviews_firm_id")),
        sa.ForeignKeyConstraint(["pack_id"], ["packs.id"], name=op.f("fk_reviews_pack_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reviews")),
    )
    op.create_index("ix_reviews_pack_id", "reviews", ["pack_id", "at"])
    op.create_index(op.f("ix_reviews_firm_id"), "reviews", ["firm_id"])
    op.create_table(
        "pack_templates",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("firm_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column(
            "content_class", sa.Enum(*_CLASSES, name="content_class", native_enum=False, length=32), nullable=False
        ),
        sa.Column("content", _JSON, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.Column("updated_at", _MOMENT, nullable=False),
        sa.CheckConstraint(f"content_class IN {_CLASSES}", name=op.f("ck_pack_templates_content_class")),
        sa.ForeignKeyConstraint(["firm_id"], ["firms.id"], name=op.f("fk_pack_templates_firm_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pack_templates")),
        sa.UniqueConstraint("firm_id", "name", name=op.f("uq_pack_templates_firm_id_name")),
    )


def _protect() -> None:
    for role in ("project_one_app", "project_one_api"):
        op.execute(f"GRANT SELECT, INSERT ON pack_revisions, reviews TO {role}")
        op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON pack_templates TO {role}")
    for table in ("pack_revisions", "reviews", "pack_templates", "approvals", "verdicts", "overrides"):
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY")
        op.execute(f"CREATE POLICY house ON {table} TO project_one_app, CURRENT_USER USING (true) WITH CHECK (true)")
    for table in ("pack_revisions", "pack_templates", "verdicts"):
        op.execute(
            f"CREATE POLICY firm ON {table} TO project_one_api USING ({_STAFF} OR {_OWN}) WITH CHECK ({_STAFF} OR {_OWN})"
        )
    # What reviewers decide: theirs to write, the firm's to read; a firm may take an approval of its own back.
    for table in ("reviews", "approvals", "overrides"):
        op.execute(f"CREATE POLICY staff ON {table} TO project_one_api USING ({_STAFF}) WITH CHECK ({_STAFF})")
    op.execute(f"CREATE POLICY firm ON reviews FOR SELECT TO project_one_api USING ({_OWN})")
    op.execute(f"CREATE POLICY firm ON approvals FOR SELECT TO project_one_api USING (pack_id IS NULL OR {_OWN_PACK})")
    op.execute(
        f"CREATE POLICY firm_voids ON approvals FOR UPDATE TO project_one_api USING ({_OWN_PACK}) "
        f"WITH CHECK ({_OWN_PACK} AND voided_at IS NOT NULL)"
    )


def downgrade() -> None:
    for table in ("approvals", "verdicts", "overrides"):
        for policy in ("house", "firm", "staff", "firm_voids"):
            op.execute(f"DROP POLICY IF EXISTS {policy} ON {table}")
        op.execute(f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY, DISABLE ROW LEVEL SECURITY")
    for table in ("pack_templates", "reviews", "pack_revisions"):
        op.drop_table(table)
    for index in ("uq_verdicts_question_of_firm", "uq_verdicts_question"):
        op.drop_index(index, "verdicts")
    op.execute("DELETE FROM verdicts WHERE firm_id IS NOT NULL")
    op.execute("DELETE FROM approvals WHERE pack_id IS NOT NULL")
    op.drop_column("verdicts", "firm_id")
    op.create_unique_constraint("uq_verdicts_question", "verdicts", _QUESTION)
    for index in ("ix_approvals_live_own", "uq_approvals_live_of_pack", "uq_approvals_live"):
        op.drop_index(index, "approvals")
    op.drop_column("approvals", "pack_id")
    op.create_index(
        "uq_approvals_live",
        "approvals",
        ["sha256", "reviewer_id"],
        unique=True,
        postgresql_where=sa.text("voided_at IS NULL"),
    )
    for index in ("ix_packs_state", "ix_packs_own"):
        op.drop_index(index, "packs")
    for constraint in ("ck_packs_own", "ck_packs_state"):
        op.drop_constraint(op.f(constraint), "packs", type_="check")
    for column in reversed(_of_packs()):
        op.drop_column("packs", column.name)
