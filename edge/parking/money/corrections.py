"""Stays that had paid too much, now that the time is known: on record, and only ever in the driver's favour."""

from __future__ import annotations

from dataclasses import replace

from edge.parking.money import ledger
from edge.parking.stays import moments
from edge.parking.stays.moments import What
from edge.parking.stays.tickets import Ticket
from edge.parking.stays.tickets import ticket as find
from edge.parking.tariffs.pricing import priced
from edge.store import Transaction, boots
from models.facts import FeeCorrected, StayDated
from models.ids import TicketId
from models.instants import SECOND, Instant
from models.money import Minor
from models.tickets import TicketStatus

# Only what was settled in this boot can look different now: an earlier boot's clock isn't set any more, and a later
# one's tells nothing new of how long a stay was at least. Of a stay that was restored from the cloud only the wall time
# of its entry is known. What a stay within one boot cost by the wrong time of day is put right when it is dated.
_SETTLED_HERE = """
    SELECT settled.subject AS ticket FROM moments AS settled JOIN tickets ON tickets.id = settled.subject
    LEFT JOIN moments AS entered ON entered.subject = settled.subject AND entered.what = 'entered'
    WHERE settled.what = 'settled' AND settled.boot = ? AND (entered.boot IS NULL OR entered.boot < settled.boot)
        AND tickets.status = 'COMPLETED' ORDER BY ticket"""

_WRONG = 60 * SECOND
"""A stay whose times are wrong by less stays as it was written."""

Place = tuple[str, str]
"""How far a boot's moments have been looked through: what, of whom."""

_FROM_THE_START: Place = ("", "")
_NEXT = """
    SELECT what, subject FROM moments WHERE boot = ? AND (what, subject) > (?, ?) ORDER BY what, subject LIMIT ?"""
_TIMES = {What.ENTERED: "entry_time", What.SETTLED: "settled_at", What.EXITED: "exit_time"}


def correct_all(tx: Transaction) -> int:
    """After the clock was set: every stay whose fee depended on it. Returns how many were corrected."""
    boot = boots.present(tx).ordinal
    settled = tx.connection.execute(_SETTLED_HERE, (boot,)).fetchall()
    return sum(correct(tx, TicketId(row["ticket"])) for row in settled)


def correct(tx: Transaction, id: TicketId) -> bool:
    """What a stay that is over paid above its fee, by what is known now, is owed to its driver. Asks for nothing more.

    One that is still open is put right by its next bill.
    """
    stay = find(tx.connection, id)
    entered, settled = moments.marked(tx, id, What.ENTERED), moments.marked(tx, id, What.SETTLED)
    over_boots = entered is None or settled is None or entered.boot != settled.boot
    return over_boots and _put_right(tx, stay)


def _put_right(tx: Transaction, stay: Ticket) -> bool:
    if stay.status is not TicketStatus.COMPLETED or stay.settled_at is None:
        return False
    id = stay.id
    cost = priced(tx, stay, moments.when(tx, id, What.SETTLED, stay.settled_at)).fee
    before = stay.amount_due if stay.amount_due is not None else stay.amount_paid
    now = Minor(min(cost.total, before))
    owed = Minor(max(stay.amount_paid - now, stay.refund_owed))
    if now == before and owed == stay.refund_owed:
        return False
    ledger.raise_fee(tx, stay, replace(cost, total=now))
    tx.record(
        FeeCorrected(
            correction=tx.mint(),
            ticket=id,
            at=tx.at.wall,
            why="clock_set",
            fee_before=before,
            fee=now,
            paid=stay.amount_paid,
            refund_owed=owed,
            currency=stay.tariff.currency,
        )
    )
    ledger.settle(tx, id)
    return True


def date(tx: Transaction, after: Place | None, most: int) -> Place | None:
    """After a time server was heard: stays that this boot put on record by a wrong clock get their true times. Looks
    at so many moments, those `after` a place (None: from the start), and returns where to go on; None: that was all."""
    boot = boots.present(tx).ordinal
    found = tx.connection.execute(_NEXT, (boot, *(after or _FROM_THE_START), most)).fetchall()
    for row in found:
        if row["what"] in _TIMES:
            _date(tx, TicketId(row["subject"]), boot)
    return (found[-1]["what"], found[-1]["subject"]) if len(found) == most else None


def _date(tx: Transaction, id: TicketId, boot: int) -> None:
    said = tx.connection.execute("SELECT entry_time, settled_at, exit_time FROM tickets WHERE id = ?", (id,)).fetchone()
    zero, wrong = boots.zero_of(tx.at), False
    times: dict[What, Instant | None] = {}
    for what, column in _TIMES.items():
        times[what] = said[column]
        moment = moments.marked(tx, id, what)
        if said[column] is not None and moment is not None and moment.boot == boot:
            times[what] = Instant(zero + moment.monotonic)
            wrong = wrong or abs(zero + moment.monotonic - said[column]) > _WRONG
    entered = times[What.ENTERED]
    if wrong and entered is not None:
        tx.record(StayDated(ticket=id, entered=entered, settled=times[What.SETTLED], exited=times[What.EXITED]))
        _put_right(tx, find(tx.connection, id))
