"""A reservation's code at the exit finds the stay that is on it, or puts on it the stay of whoever shows it there."""

from __future__ import annotations

from dataclasses import replace

from edge.lane.signals import Asked, Code, Read
from edge.parking.access.entitlement import Reserved
from edge.parking.reservations.arriving import arrive, keep_terms
from edge.parking.reservations.bookings import Booking, bookings_of_plate, known_time, ticket_on
from edge.parking.reservations.claiming import Claims
from edge.parking.stays.tickets import Ticket, open_ticket, ticket
from edge.store import Transaction
from models.ids import LaneName
from models.plates import Plate
from models.reservations.rules import Rules, Standing, standing
from models.tickets import ReservationStatus, TicketStatus
from models.timeline import Bounds


def as_ticket(tx: Transaction, claims: Claims, lane: LaneName, asked: Asked) -> Asked:
    """The same, with the ticket's code in the place of its reservation's; as it is where that leads to none."""
    match asked.credential:
        case Code(text):
            named = claims.named(tx, text)
            if not isinstance(named, Booking):
                return asked
            on = ticket_on(tx.connection, named.id)
            if on is None and not _put_on(tx, claims, lane, named, asked.plate, text):
                return asked
            on = ticket_on(tx.connection, named.id)
            return asked if on is None else replace(asked, credential=Code(ticket(tx.connection, on).code))
        case Read(plate):
            # Who came hours before it, like anybody, is inside on it once it has begun.
            for named in bookings_of_plate(tx.connection, plate):
                _put_on(tx, claims, lane, named, plate)
            return asked
        case _:
            return asked


def _put_on(
    tx: Transaction, claims: Claims, lane: LaneName, named: Booking, plate: Plate | None, code: str | None = None
) -> bool:
    """The stay that began like anybody's is one on that reservation, if it was its time: the camera was quicker at the
    entry than the driver with the code, or the vehicle came too early. Whether it is now."""
    stay = None if plate is None else open_ticket(tx.connection, plate)
    if stay is None or stay.status is not TicketStatus.ACTIVE or stay.reservation is not None:
        return False
    if not _good_for(named, stay, known_time(tx.connection, tx.at), claims.rules):
        return False
    by = "plate" if code is None else "code"
    arrive(tx, Reserved(named.id, named.spot_type, named.window, by), stay.id, lane)
    keep_terms(tx, named.id, claims.rules, code)
    return True


def _good_for(named: Booking, stay: Ticket, now: Bounds, rules: Rules) -> bool:
    waited_for = named.status in (ReservationStatus.BOOKED, ReservationStatus.EXPIRED) and not named.withdrawn
    began = standing(named.window, now, rules) in (Standing.DUE, Standing.OVER)
    return waited_for and began and stay.entered < named.window.end
