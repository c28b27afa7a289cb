"""Permits: vehicles that this lot knows, what they may do, and the cards that stand for them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from models.cards import card_number
from models.passback import Passback
from models.plates import Plate
from models.spots import Right


@dataclass(frozen=True, slots=True)
class Permit:
    """One vehicle's permit. `cards` are card numbers as `card_number` writes them. `zones`: it is bound to them; empty:
    to none."""

    plate: Plate
    rights: frozenset[Right] = frozenset()
    cards: frozenset[str] = frozenset()
    passback: Passback = Passback.HARD
    zones: frozenset[str] = frozenset()


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
