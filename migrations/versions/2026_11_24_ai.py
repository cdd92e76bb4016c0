"""ai: purses, calls, quotas and prompts, and the functions that move money

Revision: d1a0c5e7f501, after 5e1f0a7c92d4

The functions run with the owner's rights, since a firm's session must neither see the purses of the platform nor write
any purse. Each takes its locks in the same order: call, owner, day, month.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "d1a0c5e7f501"
down_revision = "5e1f0a7c92d4"
branch_labels = None
depends_on = None

_MOMENT = sa.TIMESTAMP(timezone=True)
_SCOPES = ("month", "day", "owner")
_PURPOSES = ("lint", "pack-check", "generation", "translation")
_STATES = ("reserved", "settled")
_STAFF = "(SELECT app_is_staff())"

_RESERVE = """
CREATE FUNCTION ai_reserve(
    the_call uuid, the_owner uuid, the_purpose text, the_prompt text, the_version integer, the_model text, hedge boolean,
    the_worst bigint, today date, month_cap bigint, owner_cap bigint, at timestamptz
) RETURNS text LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    month_key text := to_char(today, 'YYYY-MM');
    day_key text := to_char(today, 'YYYY-MM-DD');
    owner_key text := the_owner || '/' || to_char(today, 'YYYY-MM');
    the_cap bigint;
    refused text;
BEGIN
    BEGIN
        INSERT INTO ai_calls (id, owner, purpose, prompt, prompt_version, model, is_hedge, state, business_date, worst, reserved_at)
        VALUES (the_call, the_owner, the_purpose, the_prompt, the_version, the_model, hedge, 'reserved', today, the_worst, at);
        UPDATE ai_budgets SET reserved = reserved + the_worst, cap = owner_cap
        WHERE scope = 'owner' AND key = owner_key AND reserved + spent + the_worst <= owner_cap;
        IF NOT FOUND THEN
            INSERT INTO ai_budgets (scope, key, owner, cap, reserved, spent, alerted)
            VALUES ('owner', owner_key, the_owner, greatest(owner_cap, 0), 0, 0, 0) ON CONFLICT DO NOTHING;
            UPDATE ai_budgets SET reserved = reserved + the_worst, cap = owner_cap
            WHERE scope = 'owner' AND key = owner_key AND reserved + spent + the_worst <= owner_cap;
            IF NOT FOUND THEN
                refused := 'owner';
                RAISE EXCEPTION USING ERRCODE = 'P0AI1';
            END IF;
        END IF;
        UPDATE ai_budgets SET reserved = reserved + the_worst
        WHERE scope = 'day' AND key = day_key AND reserved + spent + the_worst <= cap;
        IF NOT FOUND THEN
            SELECT cap INTO the_cap FROM ai_budgets WHERE scope = 'month' AND key = month_key;
            INSERT INTO ai_budgets (scope, key, cap, reserved, spent, alerted)
            VALUES ('day', day_key, coalesce(the_cap, month_cap) * 2 / 30, 0, 0, 0) ON CONFLICT DO NOTHING;
            UPDATE ai_budgets SET reserved = reserved + the_worst
            WHERE scope = 'day' AND key = day_key AND reserved + spent + the_worst <= cap;
            IF NOT FOUND THEN
                refused := 'day';
                RAISE EXCEPTION USING ERRCODE = 'P0AI1';
            END IF;
        END IF;
        UPDATE ai_budgets SET reserved = reserved + the_worst
        WHERE scope = 'month' AND key = month_key AND reserved + spent + the_worst <= cap;
        IF NOT FOUND THEN
            INSERT INTO ai_budgets (scope, key, cap, reserved, spent, alerted)
            VALUES ('month', month_key, month_cap, 0, 0, 0) ON CONFLICT DO NOTHING;
            UPDATE ai_budgets SET reserved = reserved + the_worst
            WHERE scope = 'month' AND key = month_key AND reserved + spent + the_worst <= cap;
            IF NOT FOUND THEN
                refused := 'month';
                RAISE EXCEPTION USING ERRCODE = 'P0AI1';
            END IF;
        END IF;
    EXCEPTION WHEN SQLSTATE 'P0AI1' THEN
        RETURN refused;
    END;
    RETURN NULL;
END $$
"""

_SETTLE = """
CREATE FUNCTION ai_settle(
    the_call uuid, known_cost bigint, input bigint, cached bigint, cache_written bigint, output bigint,
    the_outcome text, took double precision, at timestamptz
) RETURNS jsonb LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    call ai_calls;
    purse ai_budgets;
    booked bigint;
    passed integer;
    due jsonb := '[]';
    month_key text;
BEGIN
    SELECT * INTO call FROM ai_calls WHERE id = the_call FOR UPDATE;
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;
    IF call.state = 'settled' THEN
        RETURN jsonb_build_object('booked', call.cost, 'due', due);
    END IF;
    booked := least(coalesce(known_cost, call.worst), call.worst);
    UPDATE ai_calls SET state = 'settled', cost = booked, input_tokens = input, cached_tokens = cached,
        cache_written_tokens = cache_written, output_tokens = output, outcome = the_outcome, took_ms = took, settled_at = at
    WHERE id = the_call;
    month_key := to_char(call.business_date, 'YYYY-MM');
    UPDATE ai_budgets SET reserved = reserved - call.worst, spent = spent + booked
    WHERE scope = 'owner' AND key = call.owner || '/' || month_key;
    UPDATE ai_budgets SET reserved = reserved - call.worst, spent = spent + booked
    WHERE scope = 'day' AND key = to_char(call.business_date, 'YYYY-MM-DD') RETURNING * INTO purse;
    passed := ai_passed(purse.spent, purse.cap);
    IF passed > purse.alerted THEN
        due := due || jsonb_build_object('scope', purse.scope, 'key', purse.key, 'percent', passed);
    END IF;
    UPDATE ai_budgets SET reserved = reserved - call.worst, spent = spent + booked
    WHERE scope = 'month' AND key = month_key RETURNING * INTO purse;
    passed := ai_passed(purse.spent, purse.cap);
    IF passed > purse.alerted THEN
        due := due || jsonb_build_object('scope', purse.scope, 'key', purse.key, 'percent', passed);
    END IF;
    RETURN jsonb_build_object('booked', booked, 'due', due);
END $$
"""

_FUNCTIONS = {
    "ai_passed(bigint, bigint)": """
CREATE FUNCTION ai_passed(spent bigint, cap bigint) RETURNS integer LANGUAGE sql IMMUTABLE AS $$
SELECT CASE WHEN cap <= 0 THEN 0 WHEN spent >= cap * 0.95 THEN 95 WHEN spent >= cap * 0.8 THEN 80
    WHEN spent >= cap * 0.5 THEN 50 ELSE 0 END $$
""",
    "ai_reserve(uuid, uuid, text, text, integer, text, boolean, bigint, date, bigint, bigint, timestamptz)": _RESERVE,
    "ai_settle(uuid, bigint, bigint, bigint, bigint, bigint, text, double precision, timestamptz)": _SETTLE,
    "ai_call_terms(uuid)": """
CREATE FUNCTION ai_call_terms(the_call uuid, OUT model text, OUT day date, OUT worst bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
SELECT model, business_date, worst FROM ai_calls WHERE id = the_call $$
""",
    "ai_crashed(double precision)": """
CREATE FUNCTION ai_crashed(seconds double precision) RETURNS SETOF uuid
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
SELECT id FROM ai_calls WHERE state = 'reserved' AND held_since <= clock_timestamp() - make_interval(secs => seconds)
ORDER BY held_since LIMIT 1000 $$
""",
    "ai_alert(text, text, integer)": """
CREATE FUNCTION ai_alert(the_scope text, the_key text, percent integer) RETURNS TABLE (cap bigint, spent bigint)
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
UPDATE ai_budgets SET alerted = percent
WHERE scope = the_scope AND key = the_key AND alerted < percent AND ai_passed(spent, cap) >= percent
RETURNING cap, spent $$
""",
    "ai_month_left(date)": """
CREATE FUNCTION ai_month_left(today date) RETURNS double precision
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
SELECT (cap - spent - reserved)::double precision / nullif(cap, 0) FROM ai_budgets
WHERE scope = 'month' AND key = to_char(today, 'YYYY-MM') $$
""",
    "ai_take(uuid, text, date, integer)": """
CREATE FUNCTION ai_take(the_owner uuid, the_purpose text, today date, per_day integer) RETURNS boolean
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
WITH had AS (
    INSERT INTO ai_quotas (owner, purpose, business_date, taken) SELECT the_owner, the_purpose, today, 1 WHERE per_day > 0
    ON CONFLICT (owner, purpose, business_date) DO UPDATE SET taken = ai_quotas.taken + 1 WHERE ai_quotas.taken < per_day
    RETURNING 1
) SELECT EXISTS (SELECT 1 FROM had) $$
""",
    "ai_put_back(uuid, text, date)": """
CREATE FUNCTION ai_put_back(the_owner uuid, the_purpose text, today date) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
UPDATE ai_quotas SET taken = taken - 1
WHERE owner = the_owner AND purpose = the_purpose AND business_date = today AND taken > 0 $$
""",
}


def upgrade() -> None:
    _create()
    for role in ("project_one_app", "project_one_api"):
        op.execute(f"GRANT SELECT, INSERT ON ai_prompts TO {role}")
        op.execute(f"GRANT SELECT ON ai_budgets, ai_calls, ai_quotas TO {role}")
    op.execute("GRANT INSERT, UPDATE ON ai_budgets TO project_one_app")
    for table in ("ai_budgets", "ai_calls", "ai_quotas"):
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY")
        op.execute(f"CREATE POLICY house ON {table} TO project_one_app, CURRENT_USER USING (true) WITH CHECK (true)")
        op.execute(
            f"CREATE POLICY firm ON {table} FOR SELECT TO project_one_api USING ({_STAFF} OR owner = app_tenant())"
        )
    for signature, body in _FUNCTIONS.items():
        op.execute(body)
        op.execute(f"REVOKE ALL ON FUNCTION {signature} FROM PUBLIC")
        op.execute(f"GRANT EXECUTE ON FUNCTION {signature} TO project_one_app, project_one_api")


def _create() -> None:
    op.create_table(
        "ai_budgets",
        sa.Column("scope", sa.Enum(*_SCOPES, name="scope", native_enum=False, length=32), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("owner", sa.Uuid(), nullable=True),
        sa.Column("cap", sa.BigInteger(), nullable=False),
        sa.Column("reserved", sa.BigInteger(), nullable=False),
        sa.Column("spent", sa.BigInteger(), nullable=False),
        sa.Column("alerted", sa.Integer(), nullable=False),
        sa.CheckConstraint(f"scope IN {_SCOPES}", name=op.f("ck_ai_budgets_scope")),
        sa.CheckConstraint(
            "reserved >= 0 AND spent >= 0 AND reserved + spent <= cap", name=op.f("ck_ai_budgets_within_cap")
        ),
        sa.CheckConstraint("(scope = 'owner') = (owner IS NOT NULL)", name=op.f("ck_ai_budgets_owned")),
        sa.PrimaryKeyConstraint("scope", "key", name=op.f("pk_ai_budgets")),
    )
    op.create_table(
        "ai_calls",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("owner", sa.Uuid(), nullable=False),
        sa.Column("purpose", sa.Enum(*_PURPOSES, name="purpose", native_enum=False, length=32), nullable=False),
        sa.Column("prompt", sa.Text(), nullable=False),
        sa.Column("prompt_version", sa.Integer(), nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("is_hedge", sa.Boolean(), nullable=False),
        sa.Column("state", sa.Enum(*_STATES, name="state", native_enum=False, length=32), nullable=False),
        sa.Column("business_date", sa.Date(), nullable=False),
        sa.Column("worst", sa.BigInteger(), nullable=False),
        sa.Column("cost", sa.BigInteger(), nullable=True),
        sa.Column("input_tokens", sa.BigInteger(), nullable=True),
        sa.Column("cached_tokens", sa.BigInteger(), nullable=True),
        sa.Column("cache_written_tokens", sa.BigInteger(), nullable=True),
        sa.Column("output_tokens", sa.BigInteger(), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("took_ms", sa.Double(), nullable=True),
        sa.Column("reserved_at", _MOMENT, nullable=False),
        sa.Column("held_since", _MOMENT, server_default=sa.func.clock_timestamp(), nullable=False),
        sa.Column("settled_at", _MOMENT, nullable=True),
        sa.CheckConstraint(f"purpose IN {_PURPOSES}", name=op.f("ck_ai_calls_purpose")),
        sa.CheckConstraint(f"state IN {_STATES}", name=op.f("ck_ai_calls_state")),
        sa.CheckConstraint("worst >= 0 AND cost >= 0 AND cost <= worst", name=op.f("ck_ai_calls_within_worst")),
        sa.CheckConstraint(
            "(state = 'settled') = (cost IS NOT NULL AND settled_at IS NOT NULL)", name=op.f("ck_ai_calls_settled")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ai_calls")),
    )
    op.create_index(
        "ix_ai_calls_held_since", "ai_calls", ["held_since"], postgresql_where=sa.text("state = 'reserved'")
    )
    op.create_index("ix_ai_calls_owner", "ai_calls", ["owner", "business_date"])
    op.create_index("ix_ai_calls_business_date", "ai_calls", ["business_date"])
    op.create_table(
        "ai_quotas",
        sa.Column("owner", sa.Uuid(), nullable=False),
        sa.Column("purpose", sa.Enum(*_PURPOSES, name="purpose", native_enum=False, length=32), nullable=False),
        sa.Column("business_date", sa.Date(), nullable=False),
        sa.Column("taken", sa.Integer(), nullable=False),
        sa.CheckConstraint(f"purpose IN {_PURPOSES}", name=op.f("ck_ai_quotas_purpose")),
        sa.CheckConstraint("taken >= 0", name=op.f("ck_ai_quotas_taken")),
        sa.PrimaryKeyConstraint("owner", "purpose", "business_date", name=op.f("pk_ai_quotas")),
    )
    op.create_table(
        "ai_prompts",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("changelog", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("registered_at", _MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ai_prompts")),
        sa.UniqueConstraint("name", "version", name=op.f("uq_ai_prompts_name_version")),
    )


def downgrade() -> None:
    for signature in reversed(_FUNCTIONS):
        op.execute(f"DROP FUNCTION {signature}")
    for table in ("ai_prompts", "ai_quotas", "ai_calls", "ai_budgets"):
        op.drop_table(table)
