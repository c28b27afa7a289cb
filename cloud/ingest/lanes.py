"""What each fact says about its lane: the last vehicle there and what it did. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from models.facts import (
    AccessRefused,
    DeclaredLane,
    ExitAbandoned,
    ExitAllowed,
    ExitAllowedV1,
    ExitAllowedV2,
    Fact,
    LotDeclared,
    TicketClosed,
    TicketConfirmed,
    TicketOpenedV1,
    TicketVoided,
)
from models.ids import LaneName, TicketId
from models.instants import Instant
from models.tickets import Direction


class LaneEvent(StrEnum):
    ADMITTED = "admitted"
    ENTERED = "entered"
    BACKED_OUT = "backed_out"
    ALLOWED_OUT = "allowed_out"
    TURNED_BACK = "turned_back"
    LEFT = "left"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class LastVehicle:
    """Either `ticket` or `refusal` leads to the vehicle's plate."""

    lane: LaneName
    direction: Direction
    event: LaneEvent
    at: Instant
    ticket: TicketId | None
    refusal: str | None = None


@dataclass(frozen=True, slots=True)
class Lanes:
    """`declared` is the lot's whole list, when one of the facts gave it; `last` the newest event of each lane."""

    declared: tuple[DeclaredLane, ...] | None
    last: tuple[LastVehicle, ...]


def lanes_after(facts: Sequence[Fact]) -> Lanes:
    declared: tuple[DeclaredLane, ...] | None = None
    last: dict[LaneName, LastVehicle] = {}
    for fact in reversed(facts):
        lane = vars(fact).get("lane")  # quicker than asking for its type, and most are of a lane that is known by then
        if lane is None:
            declared = declared or (fact.lanes if isinstance(fact, LotDeclared) else None)
        elif lane not in last and (vehicle := last_vehicle(fact)) is not None:
            last[vehicle.lane] = vehicle
    return Lanes(declared, tuple(last[name] for name in sorted(last)))


def last_vehicle(fact: Fact) -> LastVehicle | None:
    """None for facts that aren't about a vehicle in a lane."""
    match fact:
        case TicketOpenedV1():
            return LastVehicle(fact.lane, Direction.ENTRY, LaneEvent.ADMITTED, fact.entered, fact.ticket)
        case TicketConfirmed():
            return LastVehicle(fact.lane, Direction.ENTRY, LaneEvent.ENTERED, fact.passed, fact.ticket)
        case TicketVoided():
            return LastVehicle(fact.lane, Direction.ENTRY, LaneEvent.BACKED_OUT, fact.at, fact.ticket)
        case ExitAllowed() | ExitAllowedV2() | ExitAllowedV1():
            return LastVehicle(fact.lane, Direction.EXIT, LaneEvent.ALLOWED_OUT, fact.at, fact.ticket)
        case ExitAbandoned():
            return LastVehicle(fact.lane, Direction.EXIT, LaneEvent.TURNED_BACK, fact.at, fact.ticket)
        case TicketClosed():
            return LastVehicle(fact.lane, Direction.EXIT, LaneEvent.LEFT, fact.exited, fact.ticket)
        case AccessRefused():
            return LastVehicle(fact.lane, fact.direction, LaneEvent.REFUSED, fact.at, None, fact.refusal)
        case _:
            return None
