"""Which stay a vehicle at an exit means by what it shows: a plate, the code of its ticket, its permit's card."""

from __future__ import annotations

import sqlite3

from edge.lane.signals import Asked, Card, Code, Read, Unread
from edge.parking.access import passback
from edge.parking.access.passback import Ruling
from edge.parking.access.permits import Permit, Permits, permit_of_card
from edge.parking.money import validations
from edge.parking.stays.restoring import pending
from edge.parking.stays.tickets import Ticket, WithoutStay, open_ticket, ticket_with_code
from edge.parking.stays.vehicles import vehicle_for
from edge.store import Transaction
from models.facts import Match
from models.ids import LaneName
from models.qr import shown_code
from models.refusals import Refusal
from models.spots import VehicleType
from models.tickets import Direction, TicketStatus


def match_of(asked: Asked) -> Match:
    if asked.by_hand is not None:
        return "by_hand"
    match asked.credential:
        case Code(_, by_person):
            return "by_hand" if by_person else "code"
        case Card():
            return "card"
        case Read() | Unread():
            return "exact"


def stay_claimed(tx: Transaction, lane: LaneName, asked: Asked, permits: Permits) -> Ticket | WithoutStay | Refusal:
    """The open stay of the vehicle, or why it can't leave by what it shows."""
    claimed = _claimed(tx, lane, asked, permits)
    if isinstance(claimed, Ticket) and claimed.exit_lane not in (None, lane) and claimed.status is TicketStatus.ACTIVE:
        return Refusal.TICKET_USED  # it is just being let out by another lane
    return claimed


def _claimed(tx: Transaction, lane: LaneName, asked: Asked, permits: Permits) -> Ticket | WithoutStay | Refusal:
    match asked.credential:
        case Read(plate):
            return open_ticket(tx.connection, plate) or _by_permit(tx, lane, permits.get(plate)) or Refusal.NO_TICKET
        case Card(number):
            permit = permit_of_card(permits, number)
            if permit is None:
                return Refusal.CARD_UNKNOWN
            return open_ticket(tx.connection, permit.plate) or _by_permit(tx, lane, permit) or Refusal.NO_TICKET
        case Code(text, _):
            return _validated(tx, lane, asked, text) or _by_code(tx.connection, text)
        case Unread(by_policy):
            return WithoutStay() if by_policy else Refusal.NO_TICKET


def _validated(tx: Transaction, lane: LaneName, asked: Asked, text: str) -> Ticket | None:
    """A merchant's code, shown by the vehicle whose stay it is for: it counts, and the stay is the vehicle's."""
    stay = None if asked.plate is None else open_ticket(tx.connection, asked.plate)
    if stay is None or not validations.is_offer(stay, text):
        return None
    validations.give(tx, stay.id, lane, text, f"shown at {lane}")
    return open_ticket(tx.connection, stay.plate) if stay.plate is not None else None


def stay_known(connection: sqlite3.Connection, asked: Asked, permits: Permits) -> Ticket | WithoutStay:
    """The open stay that what the vehicle shows, or else its plate, leads to, for a person who lets it out."""
    match asked.credential:
        case Read(plate):
            found = open_ticket(connection, plate)
        case Card(number):
            permit = permit_of_card(permits, number)
            found = None if permit is None else open_ticket(connection, permit.plate)
        case Code(text):
            shown = _by_code(connection, text)
            found = None if isinstance(shown, Refusal) else shown
        case Unread():
            found = None
    if found is None and asked.plate is not None:
        found = open_ticket(connection, asked.plate)
    return found or WithoutStay()


def _by_code(connection: sqlite3.Connection, text: str) -> Ticket | Refusal:
    try:
        found = ticket_with_code(connection, shown_code(text))
    except ValueError:
        return Refusal.NO_SUCH_TICKET
    if found is None:
        return Refusal.NO_SUCH_TICKET
    return found if found.open else Refusal.TICKET_USED


def _by_permit(tx: Transaction, lane: LaneName, permit: Permit | None) -> WithoutStay | Refusal | None:
    """A permit that leaves without having entered; None where there is no permit."""
    if permit is None:
        return None
    # A store that is new knows nobody who is inside until it has been told.
    neutral = passback.is_neutral(tx.connection, permit.plate) or pending(tx.connection) is not None
    match passback.ruling(permit.passback, Direction.EXIT, inside=False, neutral=neutral):
        case Ruling.REFUSE:
            return Refusal.PASSBACK
        case Ruling.NOTE:
            vehicle = vehicle_for(tx, permit.plate, VehicleType.REGULAR)
            passback.note(tx, vehicle, lane, Direction.EXIT, permit.passback)
            return WithoutStay()
        case Ruling.PASS:
            return WithoutStay()
