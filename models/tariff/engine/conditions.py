"""Whether a stay came, stayed and left as a special price asks."""

from __future__ import annotations

from typing import NamedTuple

from models.instants import SECOND, Instant
from models.tariff.engine.plan import Plan
from models.tariff.engine.windows import covers
from models.tariff.language.parts import Arrival
from models.tariff.language.stays import Special
from models.tariff.language.written import MINUTES_OF_A_DAY, At, DateSpan, Days, Season


class _Window(NamedTuple):
    days: Days | None
    from_: At | None
    to: At | None
    dates: tuple[DateSpan, ...] | None
    season: Season | None


def arrives(arrival: Arrival, plan: Plan, entered: Instant) -> bool:
    """Whether the vehicle came in that window. Who comes at its end to the second is in time, but not at midnight."""
    if arrival.always and arrival.before is None:
        return True
    window = _Window(arrival.days, arrival.from_, arrival.to or arrival.before, arrival.dates, arrival.season)
    shown = plan.time.local(entered)
    day, minute = shown.toordinal(), shown.hour * 60 + shown.minute
    if _covers(window, plan, day, minute):
        return True
    on_the_minute = shown.second == 0 and shown.microsecond == 0
    in_time = arrival.to is not None and arrival.to.minute < MINUTES_OF_A_DAY
    return on_the_minute and in_time and _just_before(window, plan, day, minute)


def _just_before(window: _Window, plan: Plan, day: int, minute: int) -> bool:
    return _covers(window, plan, day, minute - 1) if minute else _covers(window, plan, day - 1, 1439)


def _covers(window: _Window, plan: Plan, day: int, minute: int) -> bool:
    return covers(window, day, minute, plan.apart) is not None


def holds(special: Special, plan: Plan, entered: Instant, leaves: Instant) -> bool:
    length = leaves - entered
    if special.at_least is not None and length < special.at_least * SECOND:
        return False
    if special.at_most is not None and length > special.at_most * SECOND:
        return False
    if not arrives(special.arrive, plan, entered):
        return False
    if special.leave is None:
        return True
    by = plan.time.next(entered, special.leave.end)
    after = None if special.leave.after is None else plan.time.last(Instant(by - 1), special.leave.after)
    in_time = leaves < by or (leaves == by and special.leave.by is not None)
    return in_time and (after is None or after <= leaves)


def pays_until(special: Special, plan: Plan, entered: Instant) -> Instant | None:
    """Until when its price pays; None: for the whole stay."""
    if special.pays_for is not None:
        return Instant(entered + special.pays_for * SECOND)
    return None if special.pays_until is None else plan.time.next(entered, special.pays_until)
