"""Facts about tickets that aren't what they should be: lost, found again, shown twice, shown by another vehicle."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

from models.facts.base import Fact
from models.ids import LaneName, TicketId
from models.instants import Instant


class Suspicion(StrEnum):
    """What is odd about a ticket that was shown."""

    USED_AGAIN = "used_again"
    """Its vehicle has left with it already, or is just leaving: one of the two is a copy"""
    OTHER_PLATE = "other_plate"
    """Another vehicle shows it than the one that took it, and both were read well"""
    TWO_TICKETS = "two_tickets"
    """The vehicle that shows it is inside on another ticket as well, and shows the one that costs less"""
    MATCHED_WRONGLY = "matched_wrongly"
    """It was ended by another vehicle, whose plate only looked like its own or that a person took for it, and now its
    own vehicle stands at an exit"""


class TicketLost(Fact, type="ticket.lost", version=1):
    """A person found the stay of a driver who had no ticket to show: what a lost ticket costs holds for it.

    `entry_known`: somebody or a camera knows when the vehicle came; else the stay was only put on record now.
    """

    ticket: TicketId
    lane: LaneName | None
    entry_known: bool
    by: str
    reason: str
    at: Instant


class TicketFound(Fact, type="ticket.found", version=1):
    """The ticket was found after all: the ordinary price holds again."""

    ticket: TicketId
    by: str
    reason: str
    at: Instant


class TicketPictured(Fact, type="ticket.pictured", version=1):
    """The camera of the entry took this picture of the vehicle; it lies at the lot under its hash until it is old."""

    ticket: TicketId
    lane: LaneName
    picture: str
    at: Instant


class TicketSuspectedV1(Fact, type="ticket.suspected", version=1, personal=("license_plate",)):
    """The same as version 2, from when no stay was ended by a plate that only looked like its own. No longer
    written."""

    suspicion: str
    kind: Literal["used_again", "other_plate", "two_tickets"]
    ticket: TicketId
    other: TicketId | None
    lane: LaneName
    done: Literal["refused", "noted"]
    at: Instant
    license_plate: str | None


class TicketSuspected(Fact, type="ticket.suspected", version=2, personal=("license_plate",)):
    """A ticket was shown that may be a copy, swapped, or not the whole truth; or its stay was ended by another vehicle.
    `done` is what the lot's rule made of it.

    `other`: the ticket that the vehicle should have shown. `license_plate`: what was read of the vehicle.
    """

    suspicion: str
    kind: Suspicion
    ticket: TicketId
    other: TicketId | None
    lane: LaneName
    done: Literal["refused", "noted"]
    at: Instant
    license_plate: str | None
