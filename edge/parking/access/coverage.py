"""Whether a permit covers one more vehicle at this moment: counted from the tickets, in the entry's own transaction."""

from __future__ import annotations

import sqlite3
from dataclasses import replace

from edge.parking.access.entitlement import Entitlement
from edge.parking.access.permits import Permit
from edge.store import Transaction
from models.access.passing import Beyond, Used, hindrance
from models.refusals import Refusal

_INSIDE = "status IN ('ADMITTED', 'ACTIVE', 'UNRESOLVED')"
"""Whoever may be inside counts, until it is known that they aren't."""
_OF_PERMIT = f"SELECT count(*) FROM tickets WHERE permit_id = ? AND {_INSIDE}"
_OF_ACCOUNT = f"SELECT count(*) FROM tickets WHERE account = ? AND {_INSIDE}"
_LET_IN = "SELECT count(*) FROM tickets WHERE permit_id = ? AND status != 'VOIDED'"
_FORGOTTEN = "SELECT coalesce(sum(entries), 0) FROM entries_forgotten WHERE permit_id = ?"


def covered(tx: Transaction, right: Entitlement, *, transients: bool, by_hand: bool) -> Entitlement | Refusal:
    """By what right the vehicle comes in, or which rule keeps it out. `transients`: who has no right is let in, too.

    What its permit doesn't cover comes in on its reservation, or as a transient, if the permit or a person says so.
    """
    permit = right.permit
    if permit is None:
        return right
    why_not = hindrance(
        permit.limits, right.account_limit, used(tx.connection, permit, right.account_limit), in_hours=right.in_hours
    )
    if why_not is None:
        return right
    without = replace(right, permit=None)
    if by_hand or right.reserved is not None or (transients and permit.limits.beyond is Beyond.TRANSIENT):
        return without
    return why_not


def used(connection: sqlite3.Connection, permit: Permit, account_limit: int | None) -> Used:
    """What it has taken up; what has no limit isn't counted."""
    limits = permit.limits
    return Used(
        inside=_count(connection, _OF_PERMIT, permit.id) if limits.in_at_a_time is not None else 0,
        of_account=_count(connection, _OF_ACCOUNT, permit.account) if account_limit is not None else 0,
        entries=_entries(connection, permit) if limits.entries is not None else 0,
    )


def forget_entry(connection: sqlite3.Connection, ticket: str) -> None:
    """The stay's row goes: that its permit let somebody in stays on count."""
    connection.execute(
        """INSERT INTO entries_forgotten
            SELECT permit_id, 1 FROM tickets WHERE id = ? AND permit_id IS NOT NULL AND status != 'VOIDED'
            ON CONFLICT (permit_id) DO UPDATE SET entries = entries + 1""",
        (ticket,),
    )


def _entries(connection: sqlite3.Connection, permit: Permit) -> int:
    return _count(connection, _LET_IN, permit.id) + _count(connection, _FORGOTTEN, permit.id)


def _count(connection: sqlite3.Connection, question: str, asked: str | None) -> int:
    return int(connection.execute(question, (asked,)).fetchone()[0])
