"""A vehicle leaves: what does it owe, who takes the money, and when is its stay over?"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from drivers.contract import Charged, ChargeOutcome, PaymentTerminal
from edge.parking.tickets import Ticket, WithoutStay
from edge.parking.tickets import ticket as find
from edge.store import Store, Transaction
from models.facts import ExitAbandoned, ExitAllowed, Match, PaymentTaken, PlateDiffered, TicketClosed, UnableToCollect
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
class Departure:
    """A vehicle at an exit. `stay` finds what it owes for, `match` says by what; `plate` was read of it."""

    lane: LaneName
    stay: Callable[[Transaction], Ticket | WithoutStay | Refusal]
    match: Match
    plate: Plate | None = None


@dataclass(frozen=True, slots=True)
class Bill:
    """What one ticket owes, for the time until `until`."""

    ticket: Ticket
    fee: Fee
    owed: Minor
    until: Instant


@dataclass(frozen=True, slots=True)
class Charge:
    """A sum that a terminal is asked for, on record before it is asked. It pays for the time until `until`: what a
    terminal takes to answer costs the driver nothing."""

    payment: PaymentId
    ticket: TicketId
    amount: Minor
    currency: str
    until: Instant

    def paid_until(self, now: Instant) -> Instant:
        """An answer that was lost, and comes much later, pays for what it was asked for and no more."""
        return self.until if now - self.until <= GRACE else now


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
    store: Store, terminal: PaymentTerminal | None, departure: Departure, clock: Clock
) -> Cleared | WithoutStay | Refusal:
    """Find the stay, take what it owes, and put on record that it may leave. Raises StoreUnavailable.

    A terminal that can't be reached doesn't keep a vehicle in: the sum becomes a debt on record. A charge
    whose answer was lost (the daemon died) is asked for again under the same id, so nobody pays twice.
    """
    while True:
        step = await store.write(lambda tx: _next_step(tx, departure))
        if not isinstance(step, Charge):
            return step
        done = await _collect(store, terminal, departure, step, clock)
        if done is not None:
            return done


def let_out(tx: Transaction, departure: Departure, why: str) -> Cleared | WithoutStay:
    """A person lets the vehicle out: nobody is asked for money, and whatever is owed becomes a debt on record.

    A charge that a terminal hasn't answered counts as not taken; should its answer come after all, it is booked too.
    """
    stay = departure.stay(tx)
    if not isinstance(stay, Ticket):
        return WithoutStay()
    unanswered = _unanswered(tx, stay)
    if unanswered is not None:
        _owe(tx, departure.lane, unanswered, why)
        _drop(tx, unanswered)
    due = bill(find(tx.connection, stay.id), tx.at.wall)
    if due.owed:
        _owe(tx, departure.lane, _charge(tx, due), why)
    return _allow(tx, departure, bill(find(tx.connection, stay.id), tx.at.wall))


def close(tx: Transaction, ticket: TicketId, lane: LaneName) -> None:
    """The vehicle passed the exit: the stay is over and its spot free."""
    stay = _being_let_out(tx, ticket)
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
    _being_let_out(tx, ticket)
    tx.record(ExitAbandoned(ticket=ticket, lane=lane, at=tx.at.wall))


def _being_let_out(tx: Transaction, ticket: TicketId) -> Ticket:
    """Raises LookupError for a stay that is over: nothing that comes later changes it."""
    stay = find(tx.connection, ticket)
    if not stay.open:
        raise LookupError(f"ticket {ticket} is {stay.status.lower()} already")
    return stay


def _next_step(tx: Transaction, departure: Departure) -> Charge | Cleared | WithoutStay | Refusal:
    stay = departure.stay(tx)
    if not isinstance(stay, Ticket):
        return stay
    unanswered = _unanswered(tx, stay)
    if unanswered is not None:
        return unanswered
    due = bill(stay, tx.at.wall)
    if due.owed == 0:
        return _allow(tx, departure, due)
    charge = _charge(tx, due)
    row = (charge.payment, charge.ticket, charge.amount, charge.until)
    tx.connection.execute("INSERT INTO charges (payment_id, ticket_id, amount, until) VALUES (?, ?, ?, ?)", row)
    return charge


def _charge(tx: Transaction, due: Bill) -> Charge:
    return Charge(PaymentId(tx.mint()), due.ticket.id, due.owed, due.ticket.tariff.currency, due.until)


def _unanswered(tx: Transaction, stay: Ticket) -> Charge | None:
    row = tx.connection.execute("SELECT * FROM charges WHERE ticket_id = ?", (stay.id,)).fetchone()
    if row is None:
        return None
    return Charge(row["payment_id"], stay.id, row["amount"], stay.tariff.currency, row["until"])


async def _collect(
    store: Store, terminal: PaymentTerminal | None, departure: Departure, charge: Charge, clock: Clock
) -> Cleared | Refusal | None:
    """One charge, asked and booked. None when it has to be looked at again: more has fallen due, or a person has let
    the vehicle out in the meantime."""
    charged = await _ask(terminal, charge, clock)
    match charged.outcome:
        case ChargeOutcome.TAKEN:
            return await store.write(lambda tx: _take(tx, departure, charge, charged.reference))
        case ChargeOutcome.UNREACHABLE:
            return await store.write(lambda tx: _let_out_unpaid(tx, departure, charge, charged.detail))
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


def _take(tx: Transaction, departure: Departure, charge: Charge, reference: str) -> Cleared | None:
    awaited = _drop(tx, charge)
    before = find(tx.connection, charge.ticket)
    tx.record(
        PaymentTaken(
            # One that was given up is on record under its own id, as a debt: the money has to be, too.
            payment=charge.payment if awaited else PaymentId(tx.mint()),
            ticket=charge.ticket,
            lane=departure.lane,
            amount=charge.amount,
            currency=charge.currency,
            method="terminal",
            reference=reference,
            taken=tx.at.wall,
            paid_in_all=Minor(before.amount_paid + charge.amount),
        )
    )
    due = bill(find(tx.connection, charge.ticket), charge.paid_until(tx.at.wall))
    return _allow(tx, departure, due) if awaited and due.owed == 0 else None


def _let_out_unpaid(tx: Transaction, departure: Departure, charge: Charge, reason: str) -> Cleared | None:
    if not _drop(tx, charge):
        return None
    _owe(tx, departure.lane, charge, reason)
    due = bill(find(tx.connection, charge.ticket), charge.paid_until(tx.at.wall))
    if due.owed:
        _owe(tx, departure.lane, _charge(tx, due), reason)
    return _allow(tx, departure, bill(find(tx.connection, charge.ticket), due.until))


def _owe(tx: Transaction, lane: LaneName, charge: Charge, reason: str) -> None:
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


def _allow(tx: Transaction, departure: Departure, due: Bill) -> Cleared:
    stay = due.ticket
    if stay.plate is not None and departure.plate is not None and departure.plate != stay.plate:
        tx.record(PlateDiffered(ticket=stay.id, lane=departure.lane, at=tx.at.wall, license_plate=departure.plate))
    tx.record(
        ExitAllowed(
            ticket=stay.id,
            lane=departure.lane,
            at=tx.at.wall,
            settled_until=due.until,
            amount_due=due.fee.total,
            amount_paid=stay.amount_paid,
            started_hours=due.fee.started_hours,
            match=departure.match,
        )
    )
    return Cleared(stay.id, stay.code, due.fee.total, stay.uncollected, due.fee.currency)


def _drop(tx: Transaction, charge: Charge) -> bool:
    """Whether the charge was still waited for."""
    return tx.connection.execute("DELETE FROM charges WHERE payment_id = ?", (charge.payment,)).rowcount == 1
