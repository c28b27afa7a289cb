"""A vehicle leaves: what does it owe, who takes the money, and when is its stay over?"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from drivers.contract import Charged, ChargeOutcome, Fate
from edge.lane.signals import Question
from edge.parking.bills import Bill, bill
from edge.parking.money import charges, corrections, debts, ledger, sums
from edge.parking.money.charges import GRACE, Charge, Standing
from edge.parking.money.debts import Debt
from edge.parking.money.policy import AboveCeiling, DebtsAtExit
from edge.parking.money.till import Silent, Till
from edge.parking.stays import moments
from edge.parking.stays.moments import What, When, between
from edge.parking.stays.tickets import Ticket, WithoutStay
from edge.parking.stays.tickets import ticket as find
from edge.store import Store, Transaction
from models.facts import (
    ExitAbandoned,
    ExitAllowed,
    ExitPictured,
    FeeBounded,
    Match,
    PlateDiffered,
    StaySettled,
    TicketClosed,
)
from models.ids import LaneName, PaymentId, TicketId
from models.money import Minor
from models.plates import Plate
from models.refusals import Refusal


@dataclass(frozen=True, slots=True)
class Departure:
    """A vehicle at an exit. `stay` finds what it owes for, `match` says by what; `plate` was read of it. `alone`: why
    it is let out though it owes more than a machine may take, and no person came; empty: a person has to come.
    `confirmed`: its driver said that the stay is theirs."""

    lane: LaneName
    stay: Callable[[Transaction], Ticket | WithoutStay | Question | Refusal]
    match: Match
    plate: Plate | None = None
    alone: str = ""
    confirmed: bool = False


@dataclass(frozen=True, slots=True)
class Cleared:
    """On record and about to be let out. `uncollected` is the debt that was left, in minor units."""

    ticket: TicketId
    code: str
    amount_due: Minor
    uncollected: Minor
    currency: str


async def clear(
    store: Store, till: Till, departure: Departure, gone: asyncio.Event | None = None
) -> Cleared | WithoutStay | Question | Refusal:
    """Find the stay, take what it owes, and put on record that it may leave. Raises StoreUnavailable.

    A terminal that can't be reached doesn't keep a vehicle in: the sum becomes a debt on record. A charge
    whose answer was lost (the daemon died) is asked for again under the same id, so nobody pays twice.
    Once the vehicle has `gone`, nobody is waited for; what the terminal takes after that is booked all the same.
    """
    while True:
        step = await store.write(lambda tx: _next_step(tx, departure, till))
        if not isinstance(step, Charge):
            return step
        done = await _collect(store, till, departure, step, gone or asyncio.Event())
        if done is not None:
            return done


def let_out(tx: Transaction, departure: Departure, why: str) -> Cleared | WithoutStay:
    """A person lets the vehicle out: nobody is asked for money, and whatever is owed becomes a debt on record.

    A charge that a terminal hasn't answered counts as not taken; should its answer come after all, it is booked too.
    """
    stay = departure.stay(tx)
    if not isinstance(stay, Ticket):
        return WithoutStay()
    unanswered = charges.awaited(tx, stay)
    if unanswered is not None:
        charges.give_up(tx, departure.lane, unanswered, why)
    due = bill(tx, stay.id, moments.now(tx))
    if due.owed:
        charges.owe(tx, departure.lane, _charge(tx, due), why)
    return _allow(tx, departure, bill(tx, stay.id, due.until))


def settle_late(tx: Transaction, place: LaneName, charge: Charge, charged: Charged, till: Till) -> None:
    """Nobody waits for this answer any more: the vehicle was let out without it, or backed away, or the daemon was
    down."""
    _book_late(tx, Departure(place, lambda tx: find(tx.connection, charge.ticket), "code"), charge, charged, till)


def close(tx: Transaction, ticket: TicketId, lane: LaneName, picture: str | None = None) -> None:
    """The vehicle passed the exit: the stay is over and its spot free. `picture`: the hash under which that of it
    lies."""
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
    if picture is not None:
        tx.record(ExitPictured(ticket=ticket, lane=lane, picture=picture, at=tx.at.wall))
    moments.mark(tx, ticket, What.EXITED, moments.now(tx).moment)
    corrections.correct(tx, ticket)
    ledger.settle(tx, ticket)


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


def _next_step(
    tx: Transaction, departure: Departure, till: Till
) -> Charge | Cleared | WithoutStay | Question | Refusal:
    stay = departure.stay(tx)
    if not isinstance(stay, Ticket):
        return stay
    unanswered = charges.awaited(tx, stay)
    if unanswered is not None:
        return unanswered
    due = bill(tx, stay.id, moments.now(tx))
    owing = _former_debts(tx, departure, due, till)
    if due.owed == 0 and not owing:
        return _allow(tx, departure, due)
    if due.needs_person:
        return _let_out_alone(tx, departure, due) if departure.alone else _call_person(tx, departure, due)
    charge = _charge(tx, due, owing, till)
    charges.await_answer(tx, charge)
    return charge


def _let_out_alone(tx: Transaction, departure: Departure, due: Bill) -> Cleared:
    """It is too much for a machine to take, and nobody came: nobody is kept in for it, and all of it is a debt."""
    charges.owe(tx, departure.lane, _charge(tx, due), departure.alone)
    return _allow(tx, departure, bill(tx, due.ticket.id, due.until))


def _call_person(tx: Transaction, departure: Departure, due: Bill) -> Refusal:
    why = "more than a machine may take"
    sums.person_needed(tx, due.ticket.id, departure.lane, due.owed, due.fee.currency, why)
    return Refusal.NEEDS_PERSON


def _former_debts(tx: Transaction, departure: Departure, due: Bill, till: Till) -> tuple[Debt, ...]:
    """What is asked for together with the fee: only of a vehicle whose plate was read, and is exactly the stay's."""
    stay = due.ticket
    if till.policy.debts_at_exit is not DebtsAtExit.ASK or due.needs_person:
        return ()
    if stay.plate is None or departure.plate != stay.plate:
        return ()
    return debts.within(debts.of_former_stays(tx.connection, stay), due.owed, due.machine_maximum)


def _charge(tx: Transaction, due: Bill, owing: tuple[Debt, ...] = (), till: Till | None = None) -> Charge:
    total = Minor(due.owed + sum(debt.amount for debt in owing))
    where = ("", "") if till is None else (till.name, till.provider)
    return Charge(PaymentId(tx.mint()), due.ticket.id, total, due.ticket.tariff.currency, due.until, *where, owing)


async def _collect(
    store: Store, till: Till, departure: Departure, charge: Charge, gone: asyncio.Event
) -> Cleared | Refusal | None:
    """One charge, asked and booked. None when it has to be looked at again: more has fallen due, or a person has let
    the vehicle out in the meantime."""
    other = till.elsewhere(charge)
    if other is not None:
        return await _resolve_elsewhere(store, other, departure, charge, gone)
    said = await till.ask(charge, gone)
    match said:
        case Charged(ChargeOutcome.TAKEN):
            return await store.write(lambda tx: _take(tx, departure, charge, said, till))
        case Charged(ChargeOutcome.UNREACHABLE, _, why):
            return await _without_bank(store, till, departure, charge, why)
        case Charged(ChargeOutcome.STORED):
            return await store.write(lambda tx: _authorise(tx, departure, charge, said, till))
        case Charged():
            await store.write(lambda tx: charges.end(tx, charge))
            return Refusal.PAYMENT_DECLINED
        case Silent() | None:
            # An answer that comes while the debt is being written isn't missed.
            till.listen(charge, lambda tx, late: _book_late(tx, departure, charge, late, till))
    if said is None:
        return Refusal.PAYMENT_DECLINED
    return await store.write(lambda tx: _give_up(tx, departure, charge, said.why))


def paid_until(tx: Transaction, charge: Charge) -> When:
    """An answer that was lost, and comes much later, pays for what it was asked for and no more. However short the
    tariff's own grace is: what a terminal takes to answer costs the driver nothing."""
    now = moments.now(tx)
    return charge.until if between(tx, charge.until, now).least <= GRACE else now


async def _resolve_elsewhere(
    store: Store, other: Till, departure: Departure, charge: Charge, gone: asyncio.Event
) -> Cleared | Refusal | None:
    """Another till was asked for it, and its answer never came. It is asked about there: taking the money here too
    would be taking it twice. As long as nobody knows, the sum is a debt and no second charge."""
    became = await other.resolve(charge, gone)
    if became is None:
        return Refusal.PAYMENT_DECLINED
    match became.fate:
        case Fate.TAKEN:
            charged = Charged(ChargeOutcome.TAKEN, became.reference, became.detail, became.amount)
            return await store.write(lambda tx: _take(tx, departure, charge, charged, other))
        case Fate.DECLINED | Fate.NOTHING:
            await store.write(lambda tx: charges.end(tx, charge))
            return None
        case Fate.PENDING | Fate.UNKNOWN:
            why = f"asked for at {charge.till}, and nobody knows yet what became of it"
            return await store.write(lambda tx: _give_up(tx, departure, charge, why))


async def _without_bank(
    store: Store, till: Till, departure: Departure, charge: Charge, why: str
) -> Cleared | Refusal | None:
    """The terminal can't reach its bank: it stores the payment if it may, or the sum becomes a debt."""
    policy = till.policy
    if not policy.stores or not till.abilities.stores:
        return await store.write(lambda tx: _let_out_unpaid(tx, departure, charge, why))
    if not await store.write(lambda tx: sums.may_be_stored(tx, charge, policy)):
        return await store.write(lambda tx: _above_ceiling(tx, departure, charge, till, why))
    said = await till.store(charge)
    match said:
        case Charged(ChargeOutcome.STORED):
            return await store.write(lambda tx: _authorise(tx, departure, charge, said, till))
        case Charged(ChargeOutcome.TAKEN):
            return await store.write(lambda tx: _take(tx, departure, charge, said, till))
        case Silent():
            return await store.write(lambda tx: _give_up(tx, departure, charge, said.why))
        case Charged():
            return await store.write(lambda tx: _let_out_unpaid(tx, departure, charge, said.detail or why))


def _above_ceiling(
    tx: Transaction, departure: Departure, charge: Charge, till: Till, why: str
) -> Cleared | Refusal | None:
    if till.policy.above_ceiling is AboveCeiling.DEBT or departure.alone:
        return _let_out_unpaid(tx, departure, charge, why)
    charges.end(tx, charge)
    why = "no bank can be asked, and it is more than may be stored"
    sums.person_needed(tx, charge.ticket, departure.lane, charge.amount, charge.currency, why)
    return Refusal.NEEDS_PERSON


def _authorise(tx: Transaction, departure: Departure, charge: Charge, stored: Charged, till: Till) -> Cleared | None:
    """Stored by the terminal: a debt that it will most probably collect by itself."""
    if not charges.authorise(tx, charge, till.receipt(departure.lane, stored.reference)):
        return None
    return _allow_with_debts(tx, departure, charge, "authorised off line")


def _take(tx: Transaction, departure: Departure, charge: Charge, charged: Charged, till: Till) -> Cleared | None:
    stood = charges.book(tx, charge, till.receipt(departure.lane, charged.reference), charged.amount)
    corrections.correct(tx, charge.ticket)
    due = bill(tx, charge.ticket, paid_until(tx, charge))
    return _allow(tx, departure, due) if stood is Standing.AWAITED and due.owed == 0 else None


def _book_late(tx: Transaction, departure: Departure, charge: Charge, charged: Charged, till: Till) -> None:
    """Nobody waits at the arm for this answer: the vehicle was let out without it, or backed away."""
    if charged.outcome is ChargeOutcome.STORED:
        charges.authorise(tx, charge, till.receipt(departure.lane, charged.reference))
        return
    if charged.outcome is not ChargeOutcome.TAKEN:
        charges.end(tx, charge)
        return
    stood = charges.book(tx, charge, till.receipt(departure.lane, charged.reference), charged.amount)
    corrections.correct(tx, charge.ticket)
    due = bill(tx, charge.ticket, paid_until(tx, charge))
    if stood is Standing.AWAITED and due.ticket.open and due.owed == 0:
        settle(tx, departure.lane, due)


def _let_out_unpaid(tx: Transaction, departure: Departure, charge: Charge, reason: str) -> Cleared | None:
    if charges.end(tx, charge) is not Standing.AWAITED:
        return None
    charges.owe(tx, departure.lane, charge, reason)
    return _allow_with_debts(tx, departure, charge, reason)


def _give_up(tx: Transaction, departure: Departure, charge: Charge, reason: str) -> Cleared | None:
    if not charges.give_up(tx, departure.lane, charge, reason):
        return None
    return _allow_with_debts(tx, departure, charge, reason)


def _allow_with_debts(tx: Transaction, departure: Departure, charge: Charge, reason: str) -> Cleared:
    due = bill(tx, charge.ticket, paid_until(tx, charge))
    if due.owed:
        charges.owe(tx, departure.lane, _charge(tx, due), reason)
    return _allow(tx, departure, bill(tx, charge.ticket, due.until))


def _allow(tx: Transaction, departure: Departure, due: Bill) -> Cleared:
    stay = due.ticket
    if stay.plate is not None and departure.plate is not None and departure.plate != stay.plate:
        tx.record(PlateDiffered(ticket=stay.id, lane=departure.lane, at=tx.at.wall, license_plate=departure.plate))
    ledger.raise_fee(tx, stay, due.fee)
    tx.record(
        ExitAllowed(
            ticket=stay.id,
            lane=departure.lane,
            at=tx.at.wall,
            settled_until=due.until.wall,
            amount_due=due.fee.total,
            amount_paid=stay.amount_paid,
            started_hours=due.fee.started_hours,
            match="by_hand" if stay.lost else departure.match,
            confirmed=departure.confirmed,
        )
    )
    _settled_now(tx, departure.lane, due)
    return Cleared(stay.id, stay.code, due.fee.total, stay.uncollected, due.fee.currency)


def settle(tx: Transaction, place: LaneName, due: Bill) -> None:
    """Nothing is owed until then, and the vehicle is still inside: its grace runs from now on."""
    tx.record(
        StaySettled(
            ticket=due.ticket.id,
            lane=place,
            at=tx.at.wall,
            settled_until=due.until.wall,
            amount_due=due.fee.total,
            amount_paid=due.ticket.amount_paid,
            started_hours=due.fee.started_hours,
        )
    )
    _settled_now(tx, place, due)


def _settled_now(tx: Transaction, place: LaneName, due: Bill) -> None:
    moments.mark(tx, due.ticket.id, What.SETTLED, due.until.moment)
    sums.forget(tx, due.ticket.id)
    if not due.certain:
        least, most = due.length.least, due.length.most
        tx.record(FeeBounded(ticket=due.ticket.id, lane=place, at=tx.at.wall, shortest=least, longest=most))
