"""Permits: vehicles that this lot knows, what they may do, and the cards that stand for them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from models.access.passing import UNLIMITED, Limits, PermitKind
from models.cards import card_number
from models.ids import PermitId
from models.instants import Instant
from models.passback import Passback
from models.plates import Plate
from models.spots import Right, VehicleType
from models.timeline import Bounds


@dataclass(frozen=True, slots=True)
class Permit:
    """One vehicle of a permit. `cards` are card numbers as `card_number` writes them. `zones`: it is bound to them;
    empty: to none. `id` None: of the lot's file, where it has no name, and so nothing counts its vehicles. It holds
    from `valid_from` until just before `valid_until`; None: without that bound."""

    plate: Plate
    rights: frozenset[Right] = frozenset()
    cards: frozenset[str] = frozenset()
    passback: Passback = Passback.HARD
    id: PermitId | None = None
    account: str | None = None
    zones: frozenset[str] = frozenset()
    limits: Limits = UNLIMITED
    kind: PermitKind = PermitKind.MONTHLY
    rates: str | None = None
    valid_from: Instant | None = None
    valid_until: Instant | None = None
    vehicle_type: VehicleType | None = None
    """What kind of vehicle it is, where the lot's file says so"""

    def holds(self, now: Bounds) -> bool:
        """Whether it can hold now: while the time isn't known, no clock that is wrong keeps anybody out."""
        earliest, latest = now
        begun = self.valid_from is None or latest is None or self.valid_from <= latest
        ended = self.valid_until is not None and earliest is not None and self.valid_until <= earliest
        return begun and not ended


Permits = Mapping[Plate, Permit]
"""The lot's permits by the plate of their vehicle."""


@runtime_checkable
class KnowsCards(Protocol):
    """Permits that are too many to look through while somebody waits at the arm."""

    def holder_of(self, card: str) -> Permit | None: ...


def permit_of_card(permits: Permits, number: str) -> Permit | None:
    wanted = card_number(number)
    if isinstance(permits, KnowsCards):
        return permits.holder_of(wanted)
    return next((permit for permit in permits.values() if wanted in permit.cards), None)
