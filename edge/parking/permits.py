"""Permits: vehicles that this lot knows, what they may do, and the cards that stand for them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from models.passback import Passback
from models.plates import Plate
from models.spots import Right


@dataclass(frozen=True, slots=True)
class Permit:
    """One vehicle's permit. `cards` are card numbers as `card_number` writes them."""

    plate: Plate
    rights: frozenset[Right] = frozenset()
    cards: frozenset[str] = frozenset()
    passback: Passback = Passback.HARD


Permits = Mapping[Plate, Permit]
"""The lot's permits by the plate of their vehicle."""


def card_number(text: str) -> str:
    """One spelling for each number: `17-04711` as its reader says it, whatever spaces and letter case a person writes.

    Leading zeros and dashes count: `17-4711` is another card.
    """
    return "".join(text.split()).upper()


def permit_of_card(permits: Permits, number: str) -> Permit | None:
    wanted = card_number(number)
    return next((permit for permit in permits.values() if wanted in permit.cards), None)
