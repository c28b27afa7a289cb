"""What a stay owes at this moment: to be asked for at an exit or a pay station, or to know that nothing is."""

from __future__ import annotations

from dataclasses import dataclass, replace

from edge.parking.money import charges
from edge.parking.stays import moments
from edge.parking.stays.moments import What, When, between
from edge.parking.stays.tickets import Ticket
from edge.parking.stays.tickets import ticket as find
from edge.parking.tariffs.pricing import priced
from edge.store import Transaction
from models.ids import TicketId
from models.money import Minor, from_major
from models.tariff import Fee, Terms
from models.timeline import Length


@dataclass(frozen=True, slots=True)
class Bill:
    """What one ticket owes, for the time until `until`: the lowest fee that is consistent with what is known of it.
    `certain`: all is."""

    ticket: Ticket
    length: Length
    certain: bool
    fee: Fee
    owed: Minor
    until: When

    @property
    def machine_maximum(self) -> Minor | None:
        """What a machine may take at most; None: it may take any sum."""
        most = self.ticket.tariff.machine_maximum if isinstance(self.ticket.tariff, Terms) else None
        return None if most is None else from_major(most, self.fee.currency)

    @property
    def needs_person(self) -> bool:
        """Whether it is more than a machine may take."""
        most = self.machine_maximum
        return most is not None and self.owed > most


def bill(tx: Transaction, id: TicketId, now: When) -> Bill:
    """What the stay costs until `now`, less what was paid or is already on record as a debt.

    Within the grace after a settlement nothing more falls due, also when it has become known since how long the stay
    was. Where nobody knows, both the stay and the time since the settlement are as short as they can have been.
    """
    ticket = find(tx.connection, id)
    until, most = _settled(tx, ticket, now) or (now, None)
    cost = priced(tx, ticket, until)
    stay = cost.fee if most is None or most >= cost.fee.total else replace(cost.fee, total=most)
    owed = max(stay.total - ticket.amount_paid - ticket.uncollected, 0)
    return Bill(ticket, cost.length, cost.certain, stay, Minor(owed), until)


def _settled(tx: Transaction, ticket: Ticket, now: When) -> tuple[When, Minor | None] | None:
    """Until when the stay was settled and at what fee, while the grace goes on. It counts from the settlement itself:
    coming back to the exit within it doesn't begin another."""
    if ticket.settled_at is None:
        return None
    settled = moments.when(tx, ticket.id, What.SETTLED, ticket.settled_at)
    return (settled, ticket.amount_due) if between(tx, settled, now).least <= charges.grace(ticket.tariff) else None
