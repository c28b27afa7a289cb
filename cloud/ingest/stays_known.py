"""The stays of which a lot whose store is new is told, with all that hangs on them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import asyncpg

from models.facts import RefundDeclined, RefundPromised
from models.facts.restoring import RestoredEntry, RestoredPayment
from models.ids import LotId
from models.instants import HOUR
from models.ledger.accounts import DISPUTED
from models.tickets import OPEN, PaymentStatus
from models.wire.restoring import KnownKey, KnownRefund, KnownStay

LATELY = 24 * HOUR
"""Before the last vehicle that left. A clock that is wrong counts for all of them alike."""
_STAYS = """
    SELECT * FROM (SELECT t.id::text AS ticket, t.code,
        t.vehicle_id::text AS vehicle, v.license_plate, t.vehicle_type, t.entry_lane,
        l.floor_number AS floor, s.spot_number, t.entry_time AS entered, t.status, t.exit_lane, t.exit_time,
        t.settled_at, t.amount_due, t.amount_paid, t.currency, t.tariff, t.fee_bounded, t.refund_owed,
        t.serial, t.entered_by AS by, t.permit_id::text AS permit, t.account, t.reservation_id::text AS reservation,
        t.lost, t.entry_known, t.picture, t.validations, t.exit_match, t.exit_picture
    FROM tickets t
    JOIN vehicles v ON v.lot_id = t.lot_id AND v.id = t.vehicle_id
    LEFT JOIN spots s ON s.lot_id = t.lot_id AND s.id = t.spot_id
    LEFT JOIN levels l ON l.lot_id = s.lot_id AND l.id = s.level_id
    WHERE t.lot_id = $1 AND (t.status = ANY($2::text[]) OR t.refund_owed > 0
        OR t.id IN (SELECT ticket_id FROM payments WHERE lot_id = $1 AND status = $3)
        OR t.id IN (SELECT ticket_id FROM ledger_entries WHERE lot_id = $1 AND account = $4
            GROUP BY ticket_id HAVING sum(amount) <> 0)
        OR t.status = 'COMPLETED' AND t.exit_time > (
            SELECT max(exit_time) FROM tickets WHERE lot_id = $1 AND status = 'COMPLETED') - $5)
    ORDER BY t.status = 'COMPLETED', t.id LIMIT $6) AS known ORDER BY ticket"""
"""Everybody inside, everybody who owes something or is owed it, what banks dispute, and who left lately: they may come
again on the same fee, or want their money back."""
_REFUNDS = f"""
    SELECT body FROM facts AS promised WHERE lot_id = $1 AND type = '{RefundPromised.type}'
        AND NOT EXISTS (SELECT 1 FROM ledger_entries AS paid
            WHERE paid.lot_id = $1 AND paid.id = (promised.body::jsonb ->> 'refund')::uuid)
        AND NOT EXISTS (SELECT 1 FROM facts AS declined
            WHERE declined.lot_id = $1 AND declined.type = '{RefundDeclined.type}'
                AND declined.body::jsonb ->> 'refund' = promised.body::jsonb ->> 'refund')
    ORDER BY stream_id, seq"""
_KEYS = """
    SELECT ticket_id::text AS ticket, tag, state, taken_by, taken_at, floor_number AS floor, spot_number, place,
        parked_at, called_at, fetching_by, ready_at
    FROM valet_stays AS kept
    LEFT JOIN spots ON spots.lot_id = kept.lot_id AND spots.id = kept.spot_id
    LEFT JOIN levels ON levels.lot_id = spots.lot_id AND levels.id = spots.level_id
    WHERE kept.lot_id = $1 AND state <> 'handed_back'"""


async def stays_known(connection: asyncpg.Connection, lot: LotId, most: int) -> Sequence[KnownStay]:
    """In the order in which they began. If there are too many, those who have left are left out first."""
    asked = ([str(status) for status in OPEN], PaymentStatus.UNCOLLECTED.value, DISPUTED, LATELY)
    rows = await connection.fetch(_STAYS, lot, *asked, most)
    paid: dict[str, list[RestoredPayment]] = defaultdict(list)
    for row in await connection.fetch(
        "SELECT id::text AS payment, ticket_id::text AS ticket, lane, amount, currency, method, reference, status, at,"
        " provider, charge_id::text AS charge"
        " FROM payments WHERE lot_id = $1 AND ticket_id = ANY($2::uuid[]) ORDER BY id",
        *(lot, [row["ticket"] for row in rows]),
    ):
        paid[row["ticket"]].append(RestoredPayment.model_validate(dict(row)))
    booked = await _booked(connection, lot, [row["ticket"] for row in rows])
    due = await _refunds_due(connection, lot)
    keys = {row["ticket"]: KnownKey.model_validate(dict(row)) for row in await connection.fetch(_KEYS, lot)}
    return [
        KnownStay.model_validate(
            {
                **row,
                "payments": paid.get(row["ticket"], []),
                "entries": booked.get(row["ticket"], []),
                "refunds": due.get(row["ticket"], []),
                "key": keys.get(row["ticket"]),
            }
        )
        for row in rows
    ]


async def _booked(connection: asyncpg.Connection, lot: LotId, tickets: Sequence[str]) -> dict[str, list[RestoredEntry]]:
    """What stands of them in the lot's books."""
    booked: dict[str, list[RestoredEntry]] = defaultdict(list)
    for row in await connection.fetch(
        "SELECT id::text AS entry, posting_id::text AS posting, ticket_id::text AS ticket, kind, account, amount,"
        " currency, payment_id::text AS payment, reverses::text AS reverses, day, given_by AS by, reason, at"
        " FROM ledger_entries WHERE lot_id = $1 AND ticket_id = ANY($2::uuid[]) ORDER BY id",
        *(lot, tickets),
    ):
        booked[row["ticket"]].append(RestoredEntry.model_validate(dict(row)))
    return booked


async def _refunds_due(connection: asyncpg.Connection, lot: LotId) -> dict[str, list[KnownRefund]]:
    """Promised, and neither paid nor declined as far as it is known here."""
    due: dict[str, list[KnownRefund]] = defaultdict(list)
    for row in await connection.fetch(_REFUNDS, lot):
        fact = RefundPromised.model_validate_json(row["body"])
        due[fact.ticket].append(KnownRefund.model_validate(fact.model_dump()))
    return due
