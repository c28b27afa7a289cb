"""What really happened at the twin's lanes, car by car and arm by arm: written from the world alone.

Nothing here is taken from what the daemon believes; of its orders only those that reached an arm. Times are in
microseconds since the run began.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from drivers.contract import Position
from models.ids import LaneName
from models.instants import SECOND
from models.tickets import Direction
from simulator.cars import Car
from simulator.happenings import Happening, What
from simulator.lanes import How
from simulator.troubles import Trouble


@dataclass(slots=True)
class Visit:
    """One time at one lane. `shown_at`: when the driver first showed who they are, with the daemon able to hear it."""

    lane: LaneName
    direction: Direction
    came: int
    vends: list[int] = field(default_factory=list[int])
    shown_at: int | None = None
    by_order: str | None = None
    """An attendant's order, if the first vend was on one"""
    how: How | None = None
    under_arm: int | None = None
    passed: int | None = None
    crowded: bool = False
    """The next car followed so closely that the arming loop was never clear between the vend and the passage"""
    turned_back: int | None = None


@dataclass(slots=True)
class Life:
    """One car, from the street to the street."""

    car: Car
    visits: list[Visit] = field(default_factory=list[Visit])

    @property
    def entry(self) -> Visit | None:
        """How it came in, if it did."""
        return next((visit for visit in self.visits if visit.passed and visit.direction is Direction.ENTRY), None)

    @property
    def exit(self) -> Visit | None:
        """How it left, if it did."""
        return next((visit for visit in self.visits if visit.passed and visit.direction is Direction.EXIT), None)


@dataclass(frozen=True, slots=True)
class Spell:
    """Something about a lane that lasted: a trouble, an arm's position, an occupied loop."""

    lane: LaneName
    what: Trouble | Position | str
    began: int
    ended: int | None = None


@dataclass(slots=True)
class Truth:
    """`crushed`: cars that an arm came down on. It must stay empty."""

    lives: dict[int, Life] = field(default_factory=dict[int, Life])
    spells: list[Spell] = field(default_factory=list[Spell])
    crushed: list[tuple[LaneName, int]] = field(default_factory=list[tuple[LaneName, int]])
    moves: int = 0
    vends: int = 0
    phantom_vends: int = 0
    """Vends that raised an arm with nobody before it."""
    _now: dict[tuple[LaneName, str], Spell] = field(default_factory=dict[tuple[LaneName, str], Spell])
    _occupied: dict[tuple[LaneName, bool], int] = field(default_factory=dict[tuple[LaneName, bool], int])
    """Since when each arming loop with something on it is occupied; the far ones with True."""

    def note(self, happened: Iterable[Happening], now: int, shown_at: dict[int, int], orders: dict[str, int]) -> None:
        """`shown_at`: when cars showed who they are; `orders`: the attendants' orders that vends now are on, by car."""
        for happening in happened:
            self._note(happening, now, shown_at, orders)

    def loop(self, lane: LaneName, far: bool, occupied: bool, now: int) -> None:
        """What really is on an arming loop; told before what happens there."""
        if occupied:
            self._occupied.setdefault((lane, far), now)
        else:
            self._occupied.pop((lane, far), None)

    def begins(self, lane: LaneName, kind: str, what: Trouble | Position | str, now: int) -> None:
        self.ends(lane, kind, now)
        self._now[lane, kind] = Spell(lane, what, now)

    def ends(self, lane: LaneName, kind: str, now: int) -> None:
        began = self._now.pop((lane, kind), None)
        if began is not None:
            self.spells.append(Spell(began.lane, began.what, began.began, now))

    def over(self) -> list[Spell]:
        """Every spell, those that still last included."""
        return sorted([*self.spells, *self._now.values()], key=lambda spell: spell.began)

    def inside(self) -> int:
        return sum(life.entry is not None and life.exit is None for life in self.lives.values())

    def as_json(self) -> list[dict[str, Any]]:
        """For a file beside the run: a line for each car."""
        return [
            {
                "car": number,
                "plate": life.car.text,
                "at_entry": life.car.at_entry,
                "at_exit": life.car.at_exit,
                "readable": life.car.readable,
                "visits": [
                    {name: getattr(visit, name) for name in Visit.__dataclass_fields__} for visit in life.visits
                ],
            }
            for number, life in self.lives.items()
        ]

    def _note(self, happening: Happening, now: int, shown_at: dict[int, int], orders: dict[str, int]) -> None:
        match happening:
            case Happening(what=What.ARM, position=Position() as position, lane=lane):
                self.moves += 1
                self.begins(lane, "arm", position, now)
            case Happening(what=What.WENT_WRONG, trouble=Trouble() as trouble, lane=lane):
                self.begins(lane, trouble, trouble, now)
            case Happening(what=What.MENDED, trouble=Trouble() as trouble, lane=lane):
                self.ends(lane, trouble, now)
            case Happening(what=What.VENDED):
                self._vended(happening, now, shown_at, orders)
            case Happening(what=What.CRUSHED, car=Car() as car, lane=lane):
                if (lane, car.number) not in self.crushed:
                    self.crushed.append((lane, car.number))
            case Happening(car=Car() as car):
                self._of_car(happening, car, now)
            case _:
                pass

    def _vended(self, happening: Happening, now: int, shown_at: dict[int, int], orders: dict[str, int]) -> None:
        self.vends += 1
        if happening.car is None:
            self.phantom_vends += 1
            return
        number = happening.car.number
        visit = self._visit(happening, happening.car, now)
        if not visit.vends:
            visit.by_order = next((order for order, car in orders.items() if car == number), None)
            shown = shown_at.get(number)
            visit.shown_at = shown if shown is not None and shown >= visit.came else None
        visit.vends.append(now)

    def _of_car(self, happening: Happening, car: Car, now: int) -> None:
        visit = self._visit(happening, car, now)
        match happening.what:
            case What.UNDER_ARM:
                visit.how, visit.under_arm = happening.how, now
            case What.PASSED:
                since = self._occupied.get((happening.lane, happening.far))
                all_along = since is not None and bool(visit.vends) and since <= visit.vends[-1]
                visit.passed, visit.crowded = now, bool(happening.on_loop) and all_along
            case What.BACKED_OUT | What.GAVE_UP:
                visit.turned_back = now
            case _:
                pass

    def _visit(self, happening: Happening, car: Car, now: int) -> Visit:
        """The car's visit to that lane; a new one where it has come again."""
        life = self.lives.setdefault(car.number, Life(car))
        last = life.visits[-1] if life.visits else None
        over = last is not None and (last.turned_back is not None or last.passed is not None)
        if last is None or (over and happening.what in _BEGINS):
            last = Visit(happening.lane, _direction(life, happening), now)
            life.visits.append(last)
        return last


_BEGINS = (What.ARRIVED, What.CAME_TO_EXIT, What.UNDER_ARM)


def _direction(life: Life, happening: Happening) -> Direction:
    return Direction.EXIT if life.entry is not None else Direction.ENTRY


def seconds(microseconds: int) -> float:
    return microseconds / SECOND
