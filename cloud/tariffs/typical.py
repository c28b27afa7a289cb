"""The stays by which a parking manager knows a tariff. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from models.instants import HOUR, Instant
from models.tariff.engine.localtime import LocalTime, local_time
from models.tariff.language.written import At

_MONDAY_MORNING = At(9 * 60, weekday=0)
_SATURDAY_EVENING = At(19 * 60, weekday=5)
_EVENING, _MORNING = At(19 * 60), At(8 * 60)
NIGHT = "overnight, 19:00 to 08:00"
_BY_DAY = (("30 min", HOUR // 2), ("1 h", HOUR), ("2 h 15 min", 2 * HOUR + HOUR // 4), ("8 h", 8 * HOUR))
_LONG = (("24 h", 24 * HOUR), ("3 days", 72 * HOUR), ("a week", 168 * HOUR))


@dataclass(frozen=True, slots=True)
class Typical:
    """One stay. Lengths are of time that passes: over a change of the clocks, a day of 24 h ends at another hour."""

    name: str
    entered: Instant
    leaves: Instant


@dataclass(frozen=True, slots=True)
class Arrival:
    """Stays that begin at one time by the lot's clock; the night begins in the evening of that day."""

    at: Instant
    stays: tuple[Typical, ...]


def arrivals(after: Instant, timezone: str) -> tuple[Arrival, ...]:
    """From the next Monday morning, and from the next Saturday evening."""
    time = local_time(timezone)
    return tuple(_from(time.next(after, when), time) for when in (_MONDAY_MORNING, _SATURDAY_EVENING))


def _from(at: Instant, time: LocalTime) -> Arrival:
    evening = time.next(Instant(at - 1), _EVENING)
    night = Typical(NIGHT, evening, time.next(evening, _MORNING))
    by_day, long = ([Typical(name, at, Instant(at + length)) for name, length in stays] for stays in (_BY_DAY, _LONG))
    return Arrival(at, (*by_day, night, *long))
