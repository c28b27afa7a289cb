"""A reservation's code at the exit finds the stay that is on it, or puts on it the stay of whoever shows it there."""

from __future__ import annotations

from dataclasses import replace

from edge.lane.signals import Asked, Code
from edge.parking.access.entitlement import Reserved
from edge.parking.reservations.arriving import arrive, keep_terms
from edge.parking.reservations.bookings import Booking, known_time, ticket_on
from edge.parking.reservations.claiming import Claims
from edge.parking.stays.tickets import Ticket, open_ticket, ticket
from edge.store import Transaction
from models.ids import LaneName
from models.reservations.rules import Rules, Standing, standing
from models.tickets import ReservationStatus, TicketStatus
from models.timeline import Bounds


def as_ticket(tx: Transaction, claims: Claims, lane: LaneName, asked: Asked) -> Asked:
    """The same, with the ticket's code in the place of its reservation's; as it is where that leads to none."""
    if not isinstance(asked.credential, Code):
        return asked
    named = claims.named(tx, asked.credential.text)
    if not isinstance(named, Booking):
        return asked
    on = ticket_on(tx.connection, named.id)
    found = _put_on_it(tx, claims, lane, named, asked) if on is None else ticket(tx.connection, on)
    return asked if found is None else replace(asked, credential=Code(found.code))


def _put_on_it(tx: Transaction, claims: Claims, lane: LaneName, named: Booking, asked: Asked) -> Ticket | None:
    """The camera was quicker at the entry than the driver with the code: the stay is one on that reservation all the
    same, if it was its time."""
    assert isinstance(asked.credential, Code)
    stay = None if asked.plate is None else open_ticket(tx.connection, asked.plate)
    if stay is None or stay.status is not TicketStatus.ACTIVE or stay.reservation is not None:
        return None
    if not _good_for(named, stay, known_time(tx.connection, tx.at), claims.rules):
        return None
    arrive(tx, Reserved(named.id, named.spot_type, named.window, "code"), stay.id, lane)
    keep_terms(tx, named.id, claims.rules, asked.credential.text)
    return stay


def _good_for(named: Booking, stay: Ticket, now: Bounds, rules: Rules) -> bool:
    waited_for = named.status in (ReservationStatus.BOOKED, ReservationStatus.EXPIRED) and not named.withdrawn
    began = standing(named.window, now, rules) is not Standing.TOO_EARLY
    return waited_for and began and stay.entered < named.window.end
