"""ai groups: many calls of a process are set aside or booked in one transaction

Revision: d1a0c5e7f503, after d1a0c5e7f502

The locks are taken in one order, whatever the calls of a group: calls, owners (by key), day, month (by key). A group of
reservations is of one day. `ai_settle` stays for processes of the release before.
"""

from alembic import op

revision = "d1a0c5e7f503"
down_revision = "d1a0c5e7f502"
branch_labels = None
depends_on = None

_ITEMS = """jsonb_to_recordset(asked) AS item (
    id uuid, owner uuid, owner_cap bigint, purpose text, prompt text, version integer, model text, hedge boolean,
    worst bigint, at timestamptz, place integer
)"""

_RESERVE = f"""
CREATE FUNCTION ai_reserve_all(asked jsonb, today date, month_cap bigint) RETURNS text[]
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    month_key text := to_char(today, 'YYYY-MM');
    together bigint := (SELECT sum(worst) FROM {_ITEMS});
    refused text[] := array_fill(NULL::text, ARRAY[jsonb_array_length(asked)]);
    owners integer;
    found_owners integer;
    one record;
BEGIN
    INSERT INTO ai_budgets (scope, key, owner, cap, reserved, spent, alerted)
    SELECT 'owner', owner || '/' || month_key, owner, greatest(min(owner_cap), 0), 0, 0, 0
    FROM {_ITEMS} GROUP BY owner ORDER BY (owner || '/' || month_key) COLLATE "C"
    ON CONFLICT DO NOTHING;
    PERFORM 1 FROM ai_budgets
    WHERE scope = 'owner' AND key IN (SELECT owner || '/' || month_key FROM {_ITEMS})
    ORDER BY key COLLATE "C" FOR UPDATE;
    BEGIN
        SELECT count(DISTINCT owner) INTO owners FROM {_ITEMS};
        UPDATE ai_budgets SET reserved = reserved + mine.worst, cap = mine.owner_cap
        FROM (
            SELECT owner || '/' || month_key AS owner_key, sum(worst) AS worst, min(owner_cap) AS owner_cap
            FROM {_ITEMS} GROUP BY owner HAVING min(owner_cap) = max(owner_cap)
        ) AS mine
        WHERE scope = 'owner' AND key = mine.owner_key AND reserved + spent + mine.worst <= mine.owner_cap;
        GET DIAGNOSTICS found_owners = ROW_COUNT;
        IF found_owners < owners THEN
            RAISE EXCEPTION USING ERRCODE = 'P0AI1';
        END IF;
        UPDATE ai_budgets SET reserved = reserved + together
        WHERE scope = 'day' AND key = to_char(today, 'YYYY-MM-DD') AND reserved + spent + together <= cap;
        IF NOT FOUND THEN
            RAISE EXCEPTION USING ERRCODE = 'P0AI1';
        END IF;
        UPDATE ai_budgets SET reserved = reserved + together
        WHERE scope = 'month' AND key = month_key AND reserved + spent + together <= cap;
        IF NOT FOUND THEN
            RAISE EXCEPTION USING ERRCODE = 'P0AI1';
        END IF;
        INSERT INTO ai_calls (id, owner, purpose, prompt, prompt_version, model, is_hedge, state, business_date, worst, reserved_at)
        SELECT id, owner, purpose, prompt, version, model, hedge, 'reserved', today, worst, at FROM {_ITEMS};
        RETURN refused;
    EXCEPTION WHEN SQLSTATE 'P0AI1' THEN
        NULL; -- not all of them fit, or the day is new: one after the other
    END;
    FOR one IN SELECT * FROM {_ITEMS} ORDER BY place LOOP
        refused[one.place] := ai_reserve(
            one.id, one.owner, one.purpose, one.prompt, one.version, one.model, one.hedge, one.worst, today, month_cap,
            one.owner_cap, one.at
        );
    END LOOP;
    RETURN refused;
END $$
"""

_SETTLE = """
CREATE FUNCTION ai_settle_all(bills jsonb) RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    done jsonb;
BEGIN
    PERFORM 1 FROM ai_calls WHERE id IN (SELECT id FROM jsonb_to_recordset(bills) AS bill (id uuid))
    ORDER BY id FOR UPDATE;
    WITH booked AS (
        UPDATE ai_calls AS call SET state = 'settled', cost = least(coalesce(bill.cost, call.worst), call.worst),
            input_tokens = bill.input, cached_tokens = bill.cached, cache_written_tokens = bill.cache_written,
            output_tokens = bill.output, outcome = bill.outcome, took_ms = bill.took, settled_at = bill.at
        FROM jsonb_to_recordset(bills) AS bill (
            id uuid, cost bigint, input bigint, cached bigint, cache_written bigint, output bigint, outcome text,
            took double precision, at timestamptz
        )
        WHERE call.id = bill.id AND call.state = 'reserved'
        RETURNING call.owner || '/' || to_char(call.business_date, 'YYYY-MM') AS owner,
            to_char(call.business_date, 'YYYY-MM-DD') AS day, to_char(call.business_date, 'YYYY-MM') AS month,
            call.worst, call.cost
    ), purses AS (
        SELECT 'owner' AS scope, owner AS key, worst, cost FROM booked
        UNION ALL SELECT 'day', day, worst, cost FROM booked
        UNION ALL SELECT 'month', month, worst, cost FROM booked
    ), sums AS (
        SELECT scope, key, sum(worst) AS worst, sum(cost) AS cost FROM purses GROUP BY scope, key
    )
    SELECT jsonb_agg(to_jsonb(sums)) INTO done FROM sums;
    IF done IS NOT NULL THEN
        PERFORM 1 FROM ai_budgets AS purse JOIN jsonb_to_recordset(done) AS item (scope text, key text) USING (scope, key)
        ORDER BY array_position(ARRAY['owner', 'day', 'month'], purse.scope::text), purse.key COLLATE "C"
        FOR UPDATE OF purse;
        UPDATE ai_budgets AS purse SET reserved = purse.reserved - item.worst, spent = purse.spent + item.cost
        FROM jsonb_to_recordset(done) AS item (scope text, key text, worst bigint, cost bigint)
        WHERE purse.scope = item.scope AND purse.key = item.key;
    END IF;
    RETURN jsonb_build_object(
        'booked', (
            SELECT jsonb_object_agg(id, cost) FROM ai_calls
            WHERE id IN (SELECT id FROM jsonb_to_recordset(bills) AS bill (id uuid))
        ),
        'due', (
            SELECT coalesce(jsonb_agg(jsonb_build_object('scope', scope, 'key', key, 'percent', ai_passed(spent, cap))), '[]')
            FROM ai_budgets JOIN jsonb_to_recordset(done) AS item (scope text, key text) USING (scope, key)
            WHERE scope <> 'owner' AND ai_passed(spent, cap) > alerted
        )
    );
END $$
"""

_FUNCTIONS = {"ai_reserve_all(jsonb, date, bigint)": _RESERVE, "ai_settle_all(jsonb)": _SETTLE}


def upgrade() -> None:
    for signature, body in _FUNCTIONS.items():
        op.execute(body)
        op.execute(f"REVOKE ALL ON FUNCTION {signature} FROM PUBLIC")
        op.execute(f"GRANT EXECUTE ON FUNCTION {signature} TO project_one_app, project_one_api")


def downgrade() -> None:
    for signature in reversed(_FUNCTIONS):
        op.execute(f"DROP FUNCTION {signature}")
