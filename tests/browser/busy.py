"""An afternoon at three garages, for pictures: it looks like a working day, and is the same each time."""

from __future__ import annotations

import math
import random

from models.facts import DeclaredLane
from models.ids import LaneName
from models.tickets import Direction
from tests.browser.garages import Garage, Operator

LETTERS = "ABCDEFGHJKLMNPRSTUVWXYZ"
TWO_WAYS = tuple(
    DeclaredLane(name=LaneName(name), direction=way)
    for name, way in (
        ("Main Street in", Direction.ENTRY),
        ("River Road in", Direction.ENTRY),
        ("Main Street out", Direction.EXIT),
    )
)
QUAY = (
    DeclaredLane(name=LaneName("Quay in"), direction=Direction.ENTRY),
    DeclaredLane(name=LaneName("Quay out"), direction=Direction.EXIT),
)


def an_afternoon(operator: Operator, chance: random.Random) -> list[Garage]:
    """Three levels nearly full with a camera fault; a quiet one; one whose link is gone."""
    centre = operator.enrols("Market Square").minutes_ago(1500).opens(3, "12 Market Square, Regensburg", TWO_WAYS)
    _day(centre, chance, target=49)
    centre.minutes_ago(2.6).raises("camera.frozen", "River Road in", "no new picture for 30 s")
    centre.minutes_ago(2.2).turns_away(None, "NOT_READ", lane="River Road in")
    centre.minutes_ago(1.5).lets_out(next(iter(centre.inside)))
    centre.minutes_ago(0.3).lets_in("RMU1844", chance.choice(centre.free_spots), lane="Main Street in")
    centre.reports()

    station = operator.enrols("Central Station").minutes_ago(1500).opens(2, "1 Station Road, Regensburg", QUAY)
    _day(station, chance, target=17)
    station.reports()

    harbour = operator.enrols("Old Harbour").minutes_ago(1500).opens(1, "Quay 4, Regensburg", QUAY)
    _day(harbour, chance, target=9)
    harbour.reports().shows_itself(backlog=37).loses_its_link()
    return [centre, station, harbour]


def _day(garage: Garage, chance: random.Random, target: int) -> None:
    """Vehicles come and go, most in the middle of the day; at its end about `target` of them are inside."""
    minute = 23 * 60.0
    while minute > 3:
        late = minute < 240
        bustle = math.exp(-(((minute - 300) / 330) ** 2))
        wanted = target if late else max(1, round(target * (0.08 + 0.9 * bustle)))
        garage.minutes_ago(minute)
        if len(garage.inside) < wanted and garage.free_spots:
            spot, lane = chance.choice(garage.free_spots), chance.choice(_entries(garage))
            garage.lets_in(_plate(chance), spot, lane=lane)
        elif garage.inside:
            garage.lets_out(chance.choice(list(garage.inside)))
        minute -= chance.uniform(0.5, 6) if late else chance.uniform(2, 9)


def _entries(garage: Garage) -> list[str]:
    return [each.name for each in garage.lanes if each.direction is Direction.ENTRY]


def _plate(chance: random.Random) -> str:
    return "R" + "".join(chance.choices(LETTERS, k=2)) + str(chance.randint(10, 9899))
