"""Reservations are sold: what is kept of each, what the lot is still to be told, and the function that sells."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0018"
branch_labels = None
depends_on = None

_STATUSES = "status IN ('HELD', 'BOOKED', 'ARRIVED', 'CANCELLED', 'EXPIRED')"
_CASES = (
    *("fact_parked", "stream_forked", "stream_superseded", "window_refused"),
    *("lot_claimed_twice", "stays_unknown_to_lot", "facts_missing", "cloud_restored"),
    *("intents_parked", "intents_withheld", "intents_forked", "intents_differ"),
    *("digest_differs", "money_unknown_to_lot", "snapshot_refused"),
    "more_sold_than_kept",
)
_LENGTH_CLASS = (
    "CASE WHEN end_time - start_time <= 7200000000 THEN 1 WHEN end_time - start_time <= 28800000000 THEN 2"
    " WHEN end_time - start_time <= 115200000000 THEN 3 WHEN end_time - start_time <= 460800000000 THEN 4"
    " WHEN end_time - start_time <= 2764800000000 THEN 5 ELSE 6 END"
)

_CLASSES = {1: 7_200_000_000, 2: 28_800_000_000, 3: 115_200_000_000, 4: 460_800_000_000, 5: 2_764_800_000_000}
_ANY_LENGTH = 1_000_000_000_000_000
_OF_A_CLASS = """
            SELECT start_time, end_time FROM reservations
            WHERE lot_id = of_lot AND spot_type = of_type AND length_class = {number} AND holds_place
                AND start_time > begins - {longest} AND start_time < ends AND end_time > begins
                AND status <> 'EXPIRED' AND (status <> 'HELD' OR held_until > still_held)"""
_SOLD = " UNION ALL".join(
    _OF_A_CLASS.format(number=number, longest=longest) for number, longest in (*_CLASSES.items(), (6, _ANY_LENGTH))
)
"""One search of the index for each class: a planner that knows nothing of the table can't do it otherwise."""

_PEAK = f"""
CREATE FUNCTION booked_peak_v1(of_lot uuid, of_type text, begins bigint, ends bigint, still_held bigint)
RETURNS bigint LANGUAGE plpgsql STABLE SET enable_seqscan = off AS $$
-- The most places that are sold at one moment from `begins` until just before `ends`: models/reservations/peak.py.
-- A hold counts until `still_held`.
BEGIN
    RETURN (
        WITH sold AS MATERIALIZED ({_SOLD}
        )
        SELECT coalesce(max(standing), 0) FROM (
            -- Of one moment those who leave come first: -1 sorts before +1.
            SELECT sum(step) OVER (ORDER BY at, step) AS standing FROM (
                SELECT greatest(start_time, begins) AS at, 1 AS step FROM sold
                UNION ALL SELECT end_time, -1 FROM sold WHERE end_time < ends
            ) AS steps
        ) AS levels
    );
END $$
"""

_ROOM = """
CREATE FUNCTION booking_room_v1(of_lot uuid, of_type text)
RETURNS bigint LANGUAGE sql STABLE AS $$
-- How many places may be sold: what the lot says that it keeps back, and no more than the least that it was asked for
-- since, for it may take that up at any time. NULL: it keeps nothing back.
    SELECT least(quota.kept, (
        SELECT min((asked.body::jsonb ->> 'places')::bigint) FROM intents AS asked
        WHERE asked.lot_id = of_lot AND asked.subject = 'quota:' || of_type AND asked.revision >= quota.revision
    ))
    FROM reservation_quotas AS quota WHERE quota.lot_id = of_lot AND quota.spot_type = of_type
$$
"""

_BOOK = """
CREATE FUNCTION book_place_v1(
    of_tenant uuid, of_lot uuid, new_id uuid, of_type text, begins bigint, ends bigint, plate text, of_user uuid,
    hash text, key text, by_whom text, at bigint, hold bigint, still_held bigint,
    OUT outcome text, OUT reservation uuid, OUT free bigint
) LANGUAGE plpgsql SET enable_seqscan = off AS $$
-- Sells one place, in one transaction and one question, so that no client can hold the lock on a lot's places. Each
-- statement sees what was committed before it, and so, under the lock, everything that was sold.
BEGIN
    -- Locked: the intent that stands of this type's places. Who lowers them waits for us, or we for them.
    PERFORM 1 FROM standing_intents
    WHERE lot_id = of_lot AND tenant_id = of_tenant AND subject = 'quota:' || of_type FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        outcome := 'no_quota';
    ELSIF EXISTS (SELECT 1 FROM policies WHERE lot_id = of_lot AND forked) THEN
        outcome := 'unsettled';
    END IF;
    -- Whoever asks again is told what came of it, whatever is free by now.
    SELECT id INTO reservation FROM reservations WHERE tenant_id = of_tenant AND request_key = key;
    IF FOUND THEN
        outcome := 'known';
        RETURN;
    ELSIF outcome IS NOT NULL THEN
        RETURN;
    END IF;
    free := coalesce(booking_room_v1(of_lot, of_type), 0);
    IF free = 0 THEN
        outcome := 'no_quota';
        RETURN;
    END IF;
    free := free - booked_peak_v1(of_lot, of_type, begins, ends, still_held);
    IF free <= 0 THEN
        outcome := 'sold_out';
        RETURN;
    END IF;
    INSERT INTO reservations (tenant_id, lot_id, id, spot_type, start_time, end_time, license_plate, user_id, code_hash,
        request_key, booked_by, booked_at, held_until, status, to_tell)
    VALUES (of_tenant, of_lot, new_id, of_type, begins, ends, plate, of_user, hash,
        key, by_whom, at, hold, CASE WHEN hold IS NULL THEN 'BOOKED' ELSE 'HELD' END, hold IS NULL)
    ON CONFLICT (tenant_id, request_key) WHERE request_key IS NOT NULL DO NOTHING
    RETURNING id INTO reservation;
    IF FOUND THEN
        outcome := 'booked';
        RETURN;
    END IF;
    -- The same request was on its way twice, for another lot or type: the other one was first.
    SELECT id INTO reservation FROM reservations WHERE tenant_id = of_tenant AND request_key = key;
    outcome := 'known';
END $$
"""


def upgrade() -> None:
    op.drop_constraint(op.f("reservations_status"), "reservations", type_="check")
    op.create_check_constraint(op.f("reservations_status"), "reservations", _STATUSES)
    for column in (
        sa.Column("license_plate", sa.Text(), nullable=True),
        sa.Column("code_hash", sa.Text(), nullable=True),
        sa.Column("request_key", sa.Text(), nullable=True),
        sa.Column("booked_at", sa.BigInteger(), nullable=True),
        sa.Column("booked_by", sa.Text(), nullable=True),
        sa.Column("held_until", sa.BigInteger(), nullable=True),
        sa.Column("cancelled_at", sa.BigInteger(), nullable=True),
        sa.Column("cancelled_by", sa.Text(), nullable=True),
        sa.Column("holds_place", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("to_tell", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("made_revision", sa.BigInteger(), nullable=True),
        sa.Column("ended_revision", sa.BigInteger(), nullable=True),
        sa.Column("length_class", sa.SmallInteger(), sa.Computed(_LENGTH_CLASS, persisted=True), nullable=False),
    ):
        op.add_column("reservations", column)
    op.drop_index(op.f("reservations_lot_id_start_time"), "reservations")
    op.create_index(op.f("reservations_lot_id_start_time_id"), "reservations", ["lot_id", "start_time", "id"])
    _index("reservations_places", ["lot_id", "spot_type", "length_class", "start_time", "end_time"], "holds_place")
    _index("reservations_request", ["tenant_id", "request_key"], "request_key IS NOT NULL", unique=True)
    _index("reservations_to_tell", ["lot_id", "booked_at"], "to_tell")
    _index("reservations_to_free", ["lot_id"], "holds_place AND cancelled_at IS NOT NULL")
    _index("reservations_held", ["held_until"], "status = 'HELD'")
    _index("reservations_standing", ["end_time"], "made_revision IS NOT NULL AND ended_revision IS NULL")
    taken = sa.text("type = 'intents.taken'")
    op.create_index("facts_intents_taken", "facts", ["lot_id", "stream_id", "seq"], postgresql_where=taken)
    op.drop_constraint(op.f("cases_kind"), "cases", type_="check")
    op.create_check_constraint(op.f("cases_kind"), "cases", sa.column("kind").in_(_CASES))
    for function in (_PEAK, _ROOM, _BOOK):
        op.execute(function)


def _index(name: str, columns: list[str], where: str, *, unique: bool = False) -> None:
    op.create_index(name, "reservations", columns, unique=unique, postgresql_where=sa.text(where))
