"""A pay station: takes what a stay owes before its vehicle drives to an exit, which then lets it out at once."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TypeVar

from drivers.contract import Charged, ChargeOutcome, Fate
from edge.parking import exit
from edge.parking.access.code_limit import WRONG, CodeLimit
from edge.parking.exit import Bill
from edge.parking.money import charges, corrections, sums, validations
from edge.parking.money.charges import Charge
from edge.parking.money.till import Silent, Till
from edge.parking.stays import moments
from edge.parking.stays.tickets import Ticket, open_ticket, ticket_with_code
from edge.parking.stays.tickets import ticket as find
from edge.store import Store, Transaction
from models.ids import LaneName, PaymentId, TicketId
from models.money import Minor
from models.plates import normalised
from models.qr import shown_code
from models.refusals import Refusal


@dataclass(frozen=True, slots=True)
class Owed:
    """What the station shows before it asks for the money."""

    ticket: TicketId
    amount: Minor
    currency: str


@dataclass(frozen=True, slots=True)
class Settled:
    """Paid: the vehicle may leave within `grace` microseconds. `paid` is what its stay has paid in all."""

    ticket: TicketId
    paid: Minor
    currency: str
    grace: int


_WRONG = WRONG | {Refusal.NO_TICKET}
_Answer = TypeVar("_Answer", bound="Owed | Settled | Refusal")


class PayStation:
    """Finds the stay by the code on its ticket or by its plate, as typed. Nobody is let out here, so nothing becomes a
    debt here either: what can't be taken is still owed at the exit."""

    def __init__(self, name: LaneName, store: Store, till: Till, limit: CodeLimit | None = None) -> None:
        """`limit` slows down who guesses codes here; without it nobody waits."""
        self.name, self._store, self._till = name, store, till
        self._limit = CodeLimit() if limit is None else limit

    async def show(self, shown: str) -> Owed | Refusal:
        """What it owes now. Raises StoreUnavailable, as the others do."""
        if self._limit.has_to_wait():
            return Refusal.TOO_MANY_CODES
        return self._noted(shown, await self._store.write(lambda tx: _shown(tx, shown)))

    async def validate(self, shown: str, code: str) -> str:
        """A merchant's code for the stay; why not, or empty."""

        def give(tx: Transaction) -> str:
            stay = _stay(tx, shown)
            if isinstance(stay, Refusal):
                return stay.operator
            return validations.give(tx, stay.id, self.name, code, f"station {self.name}")

        if self._limit.has_to_wait():
            return Refusal.TOO_MANY_CODES.operator
        why_not = await self._store.write(give)
        if why_not:
            self._limit.wrong(code)
        return why_not

    async def pay(self, shown: str, gone: asyncio.Event | None = None) -> Settled | Refusal:
        """Takes what it owes. One that walks away (`gone`) isn't waited for; what is taken then counts all the same."""
        if self._limit.has_to_wait():
            return Refusal.TOO_MANY_CODES
        while True:
            step = await self._store.write(lambda tx: self._next(tx, shown))
            if not isinstance(step, Charge):
                return self._noted(shown, step)
            done = await self._collect(step, gone or asyncio.Event())
            if done is not None:
                if isinstance(done, Settled):
                    self._limit.right()
                return done

    def _noted(self, shown: str, answer: _Answer) -> _Answer:
        """A wrong code counts, and a wrong plate too: nobody is told which vehicles are inside. Only what is paid for
        forgives: a ticket that is right could be shown between any two guesses."""
        if answer in _WRONG:
            self._limit.wrong(shown)
        return answer

    def _next(self, tx: Transaction, shown: str) -> Charge | Settled | Refusal:
        stay = _stay(tx, shown)
        if isinstance(stay, Refusal):
            return stay
        waiting = charges.awaited(tx, stay)
        if waiting is not None:
            return waiting
        due = exit.bill(tx, stay.id, moments.now(tx))
        if due.needs_person:
            why = "more than a machine may take"
            sums.person_needed(tx, stay.id, self.name, due.owed, due.fee.currency, why)
            return Refusal.NEEDS_PERSON
        if due.owed == 0:
            return self._settled(tx, due)
        where = (self._till.name, self._till.provider)
        charge = Charge(PaymentId(tx.mint()), stay.id, due.owed, due.fee.currency, due.until, *where)
        charges.await_answer(tx, charge)
        return charge

    async def _collect(self, charge: Charge, gone: asyncio.Event) -> Settled | Refusal | None:
        """None: to be looked at again."""
        other = self._till.elsewhere(charge)
        if other is not None:
            return await self._resolve(other, charge, gone)
        said = await self._till.ask(charge, gone)
        match said:
            case Charged(ChargeOutcome.TAKEN):
                return await self._store.write(lambda tx: self._take(tx, charge, said, self._till))
            case Charged(ChargeOutcome.DECLINED | ChargeOutcome.UNREACHABLE):
                await self._store.write(lambda tx: charges.end(tx, charge))
            case Charged() | Silent() | None:
                # It stays awaited: the exit, or the next round of questions, hears what became of it.
                self._till.listen(charge, lambda tx, late: exit.settle_late(tx, self.name, charge, late, self._till))
        return Refusal.PAYMENT_DECLINED

    async def _resolve(self, other: Till, charge: Charge, gone: asyncio.Event) -> Settled | Refusal | None:
        became = await other.resolve(charge, gone)
        if became is None or not became.fate.final:
            return Refusal.PAYMENT_DECLINED
        if became.fate is Fate.TAKEN:
            charged = Charged(ChargeOutcome.TAKEN, became.reference, became.detail, became.amount)
            return await self._store.write(lambda tx: self._take(tx, charge, charged, other))
        await self._store.write(lambda tx: charges.end(tx, charge))
        return None

    def _take(self, tx: Transaction, charge: Charge, charged: Charged, till: Till) -> Settled | None:
        charges.book(tx, charge, till.receipt(self.name, charged.reference), charged.amount)
        corrections.correct(tx, charge.ticket)
        due = exit.bill(tx, charge.ticket, exit.paid_until(tx, charge))
        return self._settled(tx, due) if due.owed == 0 and due.ticket.open else None

    def _settled(self, tx: Transaction, due: Bill) -> Settled:
        exit.settle(tx, self.name, due)
        stay = find(tx.connection, due.ticket.id)
        return Settled(stay.id, stay.amount_paid, due.fee.currency, charges.grace(stay.tariff))


def _shown(tx: Transaction, shown: str) -> Owed | Refusal:
    stay = _stay(tx, shown)
    if isinstance(stay, Refusal):
        return stay
    due = exit.bill(tx, stay.id, moments.now(tx))
    return Owed(stay.id, due.owed, due.fee.currency)


def _stay(tx: Transaction, shown: str) -> Ticket | Refusal:
    """By the code, or else by exactly the plate."""
    try:
        found = ticket_with_code(tx.connection, shown_code(shown))
    except ValueError:
        found = None
    if found is not None:
        return found if found.open else Refusal.TICKET_USED
    try:
        return open_ticket(tx.connection, normalised(shown)) or Refusal.NO_TICKET
    except ValueError:
        return Refusal.NO_SUCH_TICKET
