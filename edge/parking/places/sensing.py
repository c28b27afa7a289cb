"""What the spots' sensors say beside what is on record: who stands elsewhere, who is unknown, who is missing. Pure.

A sensor is believed only once it has said the same for a while, and what it doesn't know changes nothing. A vehicle is
moved on record only where there is no doubt which one it is: the type of its spot may decide what it pays. Nothing is
ever taken to have left because a sensor says so.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from models.ids import SpotId, TicketId
from models.instants import SECOND, Monotonic
from models.spots import Blocked
from models.timeline import Moment


@dataclass(frozen=True, slots=True)
class Seen:
    """What a sensor says, and since when it has said so."""

    occupied: bool | None
    since: Moment


@dataclass(frozen=True, slots=True)
class Stay:
    """The ticket whose vehicle was led to a spot. `settled`: it isn't half way through a lane. `entered` None: before
    all that sensors have seen."""

    id: TicketId
    code: str
    entered: Moment | None
    settled: bool = True


@dataclass(frozen=True, slots=True)
class OnRecord:
    """A spot with a sensor, as the store has it."""

    id: SpotId
    stay: Stay | None = None
    blocked: Blocked | None = None


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds: how long a sensor has to say the same, and how long a spot may be empty that is taken on record."""

    settle: float = 30.0
    empty: float = 900.0


@dataclass(frozen=True, slots=True)
class Misparked:
    ticket: TicketId
    was: SpotId
    spot: SpotId
    was_unknown: bool


@dataclass(frozen=True, slots=True)
class Findings:
    """`misparked`: vehicles that stand elsewhere. `unknown`, `gone`: spots that a vehicle of which nobody knows has
    taken, or left. `empty`: spots that are taken on record and have long been empty, with their tickets' codes."""

    misparked: tuple[Misparked, ...] = ()
    unknown: tuple[SpotId, ...] = ()
    gone: tuple[SpotId, ...] = ()
    empty: tuple[tuple[SpotId, str], ...] = ()

    @property
    def changes_anything(self) -> bool:
        return bool(self.misparked or self.unknown or self.gone)


def compare(spots: Iterable[OnRecord], seen: Mapping[SpotId, Seen], now: Moment, patience: Patience) -> Findings:
    """What follows from the sensors at this moment."""
    every = [spot for spot in spots if spot.id in seen]

    def steady(spot: OnRecord, occupied: bool, seconds: float) -> bool:
        said = seen[spot.id]
        return said.occupied is occupied and _seconds_since(said.since, now) >= seconds

    lonely = [spot for spot in every if spot.stay is not None and steady(spot, False, patience.settle)]
    strange = [spot for spot in every if spot.stay is None and steady(spot, True, patience.settle)]
    misparked = _without_doubt(lonely, strange, seen)
    found = {moved.spot for moved in misparked}
    return Findings(
        misparked=misparked,
        unknown=tuple(spot.id for spot in strange if spot.blocked is None and spot.id not in found),
        gone=tuple(
            spot.id
            for spot in every
            if spot.blocked is Blocked.UNKNOWN_VEHICLE and spot.stay is None and steady(spot, False, patience.settle)
        ),
        empty=tuple(
            (spot.id, spot.stay.code)
            for spot in lonely
            if spot.stay is not None
            and steady(spot, False, patience.empty)
            and _seconds_since(spot.stay.entered, now) >= patience.empty
            and not any(moved.was == spot.id for moved in misparked)
        ),
    )


def _without_doubt(
    lonely: Sequence[OnRecord], strange: Sequence[OnRecord], seen: Mapping[SpotId, Seen]
) -> tuple[Misparked, ...]:
    """The vehicles of which it is certain where they stand: nobody else can be there, and they can be nowhere else."""
    could = {spot.id: [stay for stay in lonely if _could_stand(stay, seen[spot.id])] for spot in strange}
    moved: list[Misparked] = []
    for spot in strange:
        if len(could[spot.id]) != 1:
            continue
        [led] = could[spot.id]
        elsewhere = sum(led in others for others in could.values())
        if led.stay is not None and led.stay.settled and elsewhere == 1:
            unknown = spot.blocked is Blocked.UNKNOWN_VEHICLE
            moved.append(Misparked(led.stay.id, led.id, spot.id, unknown))
    return tuple(moved)


def _could_stand(led: OnRecord, there: Seen) -> bool:
    """It had come in before the other spot was taken; who is in a lane still may have been."""
    entered = None if led.stay is None else led.stay.entered
    return entered is None or entered <= there.since


def _seconds_since(then: Moment | None, now: Moment) -> float:
    """Across a start of the machine nothing is known but that it was before."""
    if then is None or then.boot != now.boot:
        return float("inf")
    return Monotonic(now.monotonic - then.monotonic) / SECOND
