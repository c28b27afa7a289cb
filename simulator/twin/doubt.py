"""Of which passages the lane can't know whose they were: the next car stood so close behind that only what it shows
tells whether the one before has passed or rolled back. Times in microseconds since the run began."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter

from models.instants import SECOND
from simulator.twin.patience import Patience
from simulator.twin.truth import Truth, Visit

_LOOKS_BACK = 8
"""More cars than stand in one lane"""


@dataclass(frozen=True, slots=True)
class Shown:
    """When the plate of each car was read, and when its driver showed a ticket."""

    reads: Mapping[int, Sequence[int]]
    codes: Mapping[int, Sequence[int]]


class Doubts:
    """A plate tells nothing of a vehicle that came without one: it may be the same, read at last."""

    def __init__(self, truth: Truth, shown: Shown, patience: Patience) -> None:
        self._shown, self._waits = shown, round(patience.read_within * SECOND)
        self._lanes: dict[str, list[tuple[int, int, Visit]]] = {}
        for number, life in truth.lives.items():
            for visit in life.visits:
                self._lanes.setdefault(visit.lane, []).append((visit.came, number, visit))
        for visits in self._lanes.values():
            visits.sort(key=itemgetter(0))

    def stands(self, number: int, visit: Visit | None) -> bool:
        """Whether nobody can tell that this car passed on that visit."""
        if visit is None or visit.passed is None or not visit.crowded:
            return False
        passed, behind = visit.passed, self._behind(visit)
        if behind is None:
            return True
        tells = [*self._shown.codes.get(behind, ())]
        if any(visit.came <= read <= passed for read in self._shown.reads.get(number, ())):
            tells += self._shown.reads.get(behind, ())
        return not any(passed < at <= passed + self._waits for at in tells)

    def _behind(self, visit: Visit) -> int | None:
        """The car that stood before the arm as this one passed."""
        passed = visit.passed
        assert passed is not None, "only asked of a car that passed"
        visits = self._lanes[visit.lane]
        place = bisect_right(visits, passed, key=itemgetter(0))
        for _, number, other in visits[max(place - _LOOKS_BACK, 0) : place]:
            over = other.under_arm or other.turned_back
            if other is not visit and (over is None or over > passed):
                return number
        return None
