"""A driver without a ticket: a person says which stay is theirs, or puts one on record of which nothing is known."""

from __future__ import annotations

from edge.parking import entry
from edge.parking.stays.tickets import Ticket, open_ticket, ticket_with_code
from edge.parking.stays.word import Word
from edge.store import Transaction
from models.facts import TicketFound, TicketLost
from models.ids import LaneName
from models.lanes import LaneState
from models.plates import Plate
from models.qr import shown_code
from models.spots import VehicleType
from models.tariff import Tariff


class NotThisOne(ValueError):
    """That stay can't be taken for the driver's. The text says why."""


def declare_lost(tx: Transaction, code: str, lane: LaneName | None, word: Word) -> Ticket:
    """What a lost ticket costs holds for this stay from now on. Raises NotThisOne."""
    stay = stay_of(tx, code)
    if stay.half_way:
        raise NotThisOne(f"the vehicle of {stay.code} stands in a lane: wait until it has passed")
    if stay.lost:
        return stay
    tx.record(
        TicketLost(
            ticket=stay.id, lane=lane, entry_known=stay.entry_known, by=word.by, reason=word.reason, at=tx.at.wall
        )
    )
    return stay


def take_in_unknown(
    tx: Transaction, lane: LaneName, plate: Plate | None, vehicle: VehicleType, tariff: Tariff, word: Word
) -> Ticket:
    """No stay is on record of this vehicle: it gets one now, of which nobody knows when it began. Raises NotThisOne."""
    known = None if plate is None else open_ticket(tx.connection, plate)
    if known is not None:
        raise NotThisOne(f"{plate} is on record: its ticket is {known.code}")
    arrival = entry.Arrival(lane, plate, 0.0, vehicle, state=LaneState.OPEN, by_hand=True, by="by_hand")
    admitted = entry.admit(tx, arrival, tariff)
    assert isinstance(admitted, entry.Admitted), "a person's word lets in whoever isn't inside"
    entry.confirm(tx, admitted.ticket, lane)
    lost = TicketLost(
        ticket=admitted.ticket, lane=lane, entry_known=False, by=word.by, reason=word.reason, at=tx.at.wall
    )
    tx.record(lost)
    return stay_of(tx, admitted.code)


def declare_found(tx: Transaction, code: str, word: Word) -> Ticket:
    """The ticket was found after all: the ordinary price holds again. Raises NotThisOne."""
    stay = stay_of(tx, code)
    if not stay.lost:
        raise NotThisOne(f"{stay.code} isn't on record as lost")
    if not stay.entry_known:
        raise NotThisOne(
            f"{stay.code} was made for a vehicle of which nothing was known: merge the found ticket with it"
        )
    tx.record(TicketFound(ticket=stay.id, by=word.by, reason=word.reason, at=tx.at.wall))
    return stay


def stay_of(tx: Transaction, code: str) -> Ticket:
    """The open stay of this code. Raises NotThisOne."""
    try:
        stay = ticket_with_code(tx.connection, shown_code(code))
    except ValueError as wrong:
        raise NotThisOne(str(wrong)) from None
    if stay is None:
        raise NotThisOne(f"no ticket of this lot has the code {code}")
    if not stay.open:
        raise NotThisOne(f"the stay of {stay.code} is over ({stay.status.lower()})")
    return stay
