"""What can't be judged exactly: while a loop of a lane is out of order, nobody can say what the lane must make of it.

What stays forbidden even then: a stay that nobody made, and the end of one that goes on. A lane that can't know may
only leave a ticket unresolved. Times in microseconds since the run began.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from models.instants import SECOND
from models.tickets import TicketStatus
from simulator.troubles import Trouble
from simulator.twin.truth import Truth, Visit

_LOOPS = frozenset(trouble for trouble in Trouble if "_loop_" in trouble)
_BELIEVED_AFTER = 30 * SECOND
"""A loop that is mended is believed again by then, and who stood there meanwhile has gone."""
_NEVER = 2**62


@dataclass(frozen=True)
class Unjudged:
    """`spells` are the times when a lane's loops can't be believed; `cars` those that visited it then."""

    spells: Mapping[str, tuple[tuple[int, int], ...]]
    cars: frozenset[int]

    def covers(self, lane: str, at: int) -> bool:
        return any(began <= at <= ended for began, ended in self.spells.get(lane, ()))

    def excuses(self, car: int, recorded: str) -> bool:
        """Whether the ticket of that car may be on record as it is, whatever it should be."""
        return car in self.cars and recorded == TicketStatus.UNRESOLVED


def unjudged(truth: Truth) -> Unjudged:
    spells: dict[str, tuple[tuple[int, int], ...]] = {}
    for spell in truth.over():
        if spell.what in _LOOPS:
            ended = _NEVER if spell.ended is None else spell.ended + _BELIEVED_AFTER
            spells[spell.lane] = (*spells.get(spell.lane, ()), (spell.began, ended))
    cars = {
        number
        for number, life in truth.lives.items()
        for visit in life.visits
        if any(_overlaps(visit, window) for window in spells.get(visit.lane, ()))
    }
    return Unjudged(spells, frozenset(cars))


def _overlaps(visit: Visit, window: tuple[int, int]) -> bool:
    went: list[Any] = [visit.passed, visit.turned_back]
    gone = min((at for at in went if at is not None), default=_NEVER)
    # The arm stays up for a while behind one that turned back, and waits for it.
    return visit.came <= window[1] and gone + _BELIEVED_AFTER >= window[0]
