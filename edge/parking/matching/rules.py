"""When a plate that only looks like a stay's leads to it: by itself, once the driver says so, or never. Pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto

from models.facts import EnteredBy
from models.tickets import TicketStatus

TRANSIENTS: frozenset[EnteredBy] = frozenset(("plate", "button", "by_hand", "policy"))
"""What anybody may come in on; all else is somebody's right, which isn't given away by a likeness."""


class Ruling(Enum):
    NEVER = auto()
    """Only its own ticket, or a person"""
    ONCE_CONFIRMED = auto()
    BY_ITSELF = auto()


class Why(Enum):
    """What speaks against it. The name stands in facts; the value is for a person."""

    NEW_STORE = "this lot's store is new, and hasn't been told yet who is inside"
    PERMIT_READ = "the plate that was read is a permit's"
    BARRED_READ = "the plate that was read is barred"
    RESERVED_READ = "the plate that was read has a reservation"
    OWN_STAY_ENDED = "the stay of exactly this plate was ended by another vehicle, it seems"
    BY_RIGHT = "the stay is on a permit, a card, an account or a reservation"
    PERMIT_PLATE = "the stay's plate is a permit's"
    BARRED_PLATE = "the stay's plate is barred"
    RESERVED_PLATE = "the stay's plate has a reservation"
    VALET = "an attendant has the vehicle of that stay"
    LOST = "the stay's ticket is on record as lost"
    IN_A_LANE = "the vehicle of that stay stands in another lane"
    PAYING = "a payment for that stay is under way elsewhere"
    OWES = "money is owed for the stay"
    UNRESOLVED = "nobody knows whether the vehicle of that stay is inside"
    UNCERTAIN = "nobody knows for how long the vehicle of that stay was there"
    BEEN_HERE = "exactly the plate that was read has been here before"
    NOT_ALONE = "it isn't the only one that may be it"
    ALWAYS_ASKED = "this lot always asks"
    UNLIKELY = "none of them is likely enough to ask its driver"


@dataclass(frozen=True, slots=True)
class Vehicle:
    """What is known of exactly the plate that was read. `own_stay_ended`: its last stay was ended by a likeness
    or a person's word; `been_here`: it has had one; `untold`: it may be inside, as far as the cloud hasn't said yet."""

    permit: bool = False
    barred: bool = False
    reserved: bool = False
    own_stay_ended: bool = False
    been_here: bool = False
    untold: bool = False


@dataclass(frozen=True, slots=True)
class Lookalike:
    """What is known of a stay whose plate looks like it. `right`: it is on a permit, an account or a reservation;
    `in_a_lane`: it is being let in or out elsewhere; `paying`: a till elsewhere was asked for its fee."""

    by: EnteredBy = "plate"
    right: bool = False
    permit: bool = False
    barred: bool = False
    reserved: bool = False
    valet: bool = False
    lost: bool = False
    in_a_lane: bool = False
    paying: bool = False
    status: TicketStatus = TicketStatus.ACTIVE
    owed: int = 0
    """In minor units; where it isn't `certain`, the least that it can be"""
    certain: bool = True


@dataclass(frozen=True, slots=True)
class Ruled:
    """`why`: what spoke against it first; None: nothing did."""

    ruling: Ruling
    why: Why | None = None


_NEVER: tuple[tuple[Why, Callable[[Vehicle, Lookalike], bool]], ...] = (
    (Why.NEW_STORE, lambda vehicle, _: vehicle.untold),
    (Why.PERMIT_READ, lambda vehicle, _: vehicle.permit),
    (Why.BARRED_READ, lambda vehicle, _: vehicle.barred),
    (Why.RESERVED_READ, lambda vehicle, _: vehicle.reserved),
    (Why.OWN_STAY_ENDED, lambda vehicle, _: vehicle.own_stay_ended),
    (Why.BY_RIGHT, lambda _, stay: stay.right or stay.by not in (*TRANSIENTS, "valet")),
    (Why.PERMIT_PLATE, lambda _, stay: stay.permit),
    (Why.BARRED_PLATE, lambda _, stay: stay.barred),
    (Why.RESERVED_PLATE, lambda _, stay: stay.reserved),
    (Why.VALET, lambda _, stay: stay.valet or stay.by == "valet"),
    (Why.LOST, lambda _, stay: stay.lost),
    (Why.IN_A_LANE, lambda _, stay: stay.in_a_lane),
    (Why.PAYING, lambda _, stay: stay.paying),
)
_ASKED: tuple[tuple[Why, Callable[[Vehicle, Lookalike], bool]], ...] = (
    (Why.OWES, lambda _, stay: stay.owed > 0),
    (Why.UNRESOLVED, lambda _, stay: stay.status is not TicketStatus.ACTIVE),
    (Why.UNCERTAIN, lambda _, stay: not stay.certain),
    (Why.BEEN_HERE, lambda vehicle, _: vehicle.been_here),
)


def ruled(vehicle: Vehicle, stay: Lookalike, *, sure: bool, always_ask: bool = False) -> Ruled:
    """`sure`: nothing else looks like it. Whatever forbids it goes before whatever wants the driver's word."""
    for why, holds in _NEVER:
        if holds(vehicle, stay):
            return Ruled(Ruling.NEVER, why)
    for why, holds in _ASKED:
        if holds(vehicle, stay):
            return Ruled(Ruling.ONCE_CONFIRMED, why)
    if not sure:
        return Ruled(Ruling.ONCE_CONFIRMED, Why.NOT_ALONE)
    return Ruled(Ruling.ONCE_CONFIRMED, Why.ALWAYS_ASKED) if always_ask else Ruled(Ruling.BY_ITSELF)
