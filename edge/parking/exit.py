"""A vehicle leaves: what does it owe, who takes the money, and when is its stay over?"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from drivers.contract import Charged, ChargeOutcome, PaymentTerminal
from edge.parking.tickets import Ticket, open_ticket
from edge.parking.tickets import ticket as find
from edge.store import Store, Transaction
from models.facts import ExitAbandoned, ExitAllowed, PaymentTaken, TicketClosed, UnableToCollect
from models.ids import LaneName, PaymentId, TicketId
from models.instants import SECOND, Clock, Instant
from models.money import Minor
from models.plates import Plate
from models.refusals import Refusal
from models.tariff import Fee, fee

PAY_WITHIN = 90
"""Seconds that a driver has at the terminal. Nobody is kept in by one that has hung."""
GRACE = 10 * 60 * SECOND
"""After a payment the vehicle has this long to leave before more is due (UK private parking code of practice)."""


@dataclass(frozen=True, slots=True)
class Bill:
    """What one ticket owes, for the time until `until`."""

    ticket: Ticket
    fee: Fee
    owed: Minor
    until: Instant


@dataclass(frozen=True, slots=True)
class Charge:
    """A sum that a terminal is asked for, on record before it is asked."""

    payment: PaymentId
    ticket: TicketId
    amount: Minor
    currency: str


@dataclass(frozen=True, slots=True)
class Cleared:
    """On record and about to be let out. `uncollected` is the debt that was left, in minor units."""

    ticket: TicketId
    code: str
    amount_due: Minor
    uncollected: Minor
    currency: str


def bill(ticket: Ticket, now: Instant) -> Bill:
    """What the stay costs until `now`, less what was paid or is already on record as a debt.

    Within the grace after a settlement nothing more falls due.
    """
    settled = ticket.settled_at
    # The grace counts from the settlement itself: coming back to the exit within it doesn't begin another.
    until = settled if settled is not None and now - settled <= GRACE else now
    stay = fee(ticket.tariff, ticket.entered, until)
    owed = max(stay.total - ticket.amount_paid - ticket.uncollected, 0)
    return Bill(ticket, stay, Minor(owed), until)


async def clear(
    store: Store, terminal: PaymentTerminal | None, lane: LaneName, plate: Plate, clock: Clock
) -> Cleared | Refusal:
    """Find the stay, take what it owes, and put on record that it may leave. Raises StoreUnavailable.

    A terminal that can't be reached doesn't keep a vehicle in: the sum becomes a debt on record. A charge
    whose answer was lost (the daemon died) is asked for again under the same id, so nobody pays twice.
    """
    while True:
        step = await store.write(lambda tx: _next_step(tx, lane, plate))
        if not isinstance(step, Charge):
            return step
        done = await _collect(store, terminal, lane, step, clock)
        if done is not None:
            return done


def close(tx: Transaction, ticket: TicketId, lane: LaneName) -> None:
    """The vehicle passed the exit: the stay is over and its spot free."""
    stay = find(tx.connection, ticket)
    tx.record(
        TicketClosed(
            ticket=ticket,
            lane=lane,
            exited=tx.at.wall,
            amount_due=stay.amount_due or Minor(0),
            amount_paid=stay.amount_paid,
        )
    )


def abandon(tx: Transaction, ticket: TicketId, lane: LaneName) -> None:
    """The vehicle backed away from the exit: it is still inside, and what it paid still counts."""
    tx.record(ExitAbandoned(ticket=ticket, lane=lane, at=tx.at.wall))


def _next_step(tx: Transaction, lane: LaneName, plate: Plate) -> Charge | Cleared | Refusal:
    stay = open_ticket(tx.connection, plate)
    if stay is None:
        return Refusal.NO_TICKET
    unanswered = _unanswered(tx, stay)
    if unanswered is not None:
        return unanswered
    due = bill(stay, tx.at.wall)
    if due.owed == 0:
        return _allow(tx, lane, due)
    charge = Charge(PaymentId(tx.mint()), stay.id, due.owed, stay.tariff.currency)
    tx.connection.execute("INSERT INTO charges VALUES (?, ?, ?)", (charge.payment, charge.ticket, charge.amount))
    return charge


def _unanswered(tx: Transaction, stay: Ticket) -> Charge | None:
    row = tx.connection.execute("SELECT * FROM charges WHERE ticket_id = ?", (stay.id,)).fetchone()
    return Charge(row["payment_id"], stay.id, row["amount"], stay.tariff.currency) if row else None


async def _collect(
    store: Store, terminal: PaymentTerminal | None, lane: LaneName, charge: Charge, clock: Clock
) -> Cleared | Refusal | None:
    """One charge, asked and booked. None when more has fallen due in the meantime."""
    charged = await _ask(terminal, charge, clock)
    match charged.outcome:
        case ChargeOutcome.TAKEN:
            return await store.write(lambda tx: _take(tx, lane, charge, charged.reference))
        case ChargeOutcome.UNREACHABLE:
            return await store.write(lambda tx: _let_out_unpaid(tx, lane, charge, charged.detail))
        case ChargeOutcome.DECLINED:
            await store.write(lambda tx: _drop(tx, charge))
            return Refusal.PAYMENT_DECLINED


async def _ask(terminal: PaymentTerminal | None, charge: Charge, clock: Clock) -> Charged:
    """The terminal's answer; one that says nothing for PAY_WITHIN seconds counts as unreachable."""
    if terminal is None:
        return Charged(ChargeOutcome.UNREACHABLE, detail="the lane has no payment terminal")
    asked = asyncio.ensure_future(terminal.charge(charge.payment, charge.amount, charge.currency))
    patience = asyncio.ensure_future(clock.sleep(PAY_WITHIN))
    try:
        await asyncio.wait({asked, patience}, return_when=asyncio.FIRST_COMPLETED)
        if asked.done():
            return asked.result()
        return Charged(ChargeOutcome.UNREACHABLE, detail=f"the terminal said nothing for {PAY_WITHIN} s")
    finally:
        patience.cancel()
        asked.cancel()


def _take(tx: Transaction, lane: LaneName, charge: Charge, reference: str) -> Cleared | None:
    before = find(tx.connection, charge.ticket)
    tx.record(
        PaymentTaken(
            payment=charge.payment,
            ticket=charge.ticket,
            lane=lane,
            amount=charge.amount,
            currency=charge.currency,
            method="terminal",
            reference=reference,
            taken=tx.at.wall,
            paid_in_all=Minor(before.amount_paid + charge.amount),
        )
    )
    _drop(tx, charge)
    due = bill(find(tx.connection, charge.ticket), tx.at.wall)
    return _allow(tx, lane, due) if due.owed == 0 else None


def _let_out_unpaid(tx: Transaction, lane: LaneName, charge: Charge, reason: str) -> Cleared:
    tx.record(
        UnableToCollect(
            payment=charge.payment,
            ticket=charge.ticket,
            lane=lane,
            amount=charge.amount,
            currency=charge.currency,
            reason=reason,
            at=tx.at.wall,
        )
    )
    _drop(tx, charge)
    return _allow(tx, lane, bill(find(tx.connection, charge.ticket), tx.at.wall))


def _allow(tx: Transaction, lane: LaneName, due: Bill) -> Cleared:
    stay = due.ticket
    tx.record(
        ExitAllowed(
            ticket=stay.id,
            lane=lane,
            at=tx.at.wall,
            settled_until=due.until,
            amount_due=due.fee.total,
            amount_paid=stay.amount_paid,
            started_hours=due.fee.started_hours,
            match="exact",
        )
    )
    return Cleared(stay.id, stay.code, due.fee.total, stay.uncollected, due.fee.currency)


def _drop(tx: Transaction, charge: Charge) -> None:
    tx.connection.execute("DELETE FROM charges WHERE payment_id = ?", (charge.payment,))
