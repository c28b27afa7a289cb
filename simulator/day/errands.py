"""What the day's people do beside driving: they pay at the station, lose their tickets, and are helped."""

from __future__ import annotations

import heapq
import itertools
import json
import socket
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from models.instants import SECOND
from simulator.day.far_ends import STATION_COINS
from simulator.day.traffic import PlannedTraffic
from simulator.day.visits import GoesOut
from simulator.twin.line import Event
from simulator.twin.run import Twin

STATION = "hall"
_BEFORE_LEAVING = 300.0
"""Whoever pays at the station does so this long before they leave."""
_IN_THE_LANE_AFTER = 75.0
"""From the planned departure on: by then the car has stood before the arm for a while."""
_ANSWERS_WITHIN = 10.0
_MOST = 1 << 16


class NotDone(Exception):
    """The daemon didn't do what a person told it. The text says why."""


class Errands:
    """Each is done once, at its moment (microseconds since the run began)."""

    def __init__(self) -> None:
        self._planned: list[tuple[int, int, Callable[[], list[Event]]]] = []
        self._numbers = itertools.count()

    def plan(self, at: int, does: Callable[[], list[Event]]) -> None:
        heapq.heappush(self._planned, (at, next(self._numbers), does))

    def next_due(self) -> int | None:
        return self._planned[0][0] if self._planned else None

    def due(self, now: int) -> list[Event]:
        events: list[Event] = []
        while self._planned and self._planned[0][0] <= now:
            events += heapq.heappop(self._planned)[2]()
        return events


@dataclass(frozen=True)
class People:
    """`store` is the lot's: the daemon's socket lies beside it. `lost`: the codes of tickets that are lost, by car."""

    twin: Twin
    store: Path
    lost: dict[int, str] = field(default_factory=dict[int, str])

    def errands(self, traffic: PlannedTraffic, opens_after: float) -> Errands:
        """Of those who have some."""
        planned = Errands()
        for number, visit in enumerate(traffic.visits):
            leaves = opens_after + traffic.comes_at(number) + traffic.car(number).stay
            match visit.goes_out:
                case GoesOut.STATION | GoesOut.STATION_COINS:
                    planned.plan(_at(leaves - _BEFORE_LEAVING), lambda number=number: self._pays(traffic, number))
                case GoesOut.LOST_TICKET:
                    planned.plan(_at(leaves - _BEFORE_LEAVING), lambda number=number: self._loses(number))
                    planned.plan(_at(leaves + _IN_THE_LANE_AFTER), lambda number=number: self._is_found(number))
                case _:
                    pass
        return planned

    def _pays(self, traffic: PlannedTraffic, number: int) -> list[Event]:
        """Shows the ticket at the station, or types the plate there."""
        paper = self.twin.people.papers.get(number)
        coins = traffic.visits[number].goes_out is GoesOut.STATION_COINS
        station = STATION_COINS if coins else STATION
        if not coins:
            self.twin.at_stations[STATION] = number
        return [(f"{station}.code_scanner", traffic.car(number).text if paper is None else paper.qr)]

    def _loses(self, number: int) -> list[Event]:
        self.lost[number] = self.twin.people.papers.pop(number).code
        return []

    def _is_found(self, number: int) -> list[Event]:
        """A person has found the stay, by its picture say, and the lane goes on with it."""
        code = self.lost[number]
        lane = self.twin.truth.lives[number].visits[-1].lane
        tell(self.store, {"lose": "ticket", "code": code, "lane": lane, "by": "attendant", "reason": "its picture"})
        return []


def tell(store: Path, order: dict[str, Any]) -> None:
    """Over the daemon's socket, as its commands do. Raises NotDone, OSError."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as line:
        line.settimeout(_ANSWERS_WITHIN)
        line.connect(f"{store}.sock")
        line.sendall(json.dumps(order).encode() + b"\n")
        answer = json.loads(b"".join(iter(lambda: line.recv(_MOST), b"")))
    if answer["why_not"] or answer["failed"]:
        raise NotDone(f"{order}: {answer['why_not'] or answer['said']}")


def _at(seconds: float) -> int:
    return round(seconds * SECOND)
