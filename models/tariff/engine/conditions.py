"""Whether a stay came, stayed and left as a special price asks."""

from __future__ import annotations

from models.instants import SECOND, Instant
from models.tariff.engine.plan import Plan
from models.tariff.engine.windows import Bounded, covers
from models.tariff.language.parts import Arrival
from models.tariff.language.stays import Special
from models.tariff.language.written import MINUTES_OF_A_DAY


def arrives(arrival: Arrival, plan: Plan, entered: Instant) -> bool:
    """Whether the vehicle came in that window. Who comes at its end to the second is in time, but not at midnight."""
    if arrival.always:
        return True
    shown = plan.time.local(entered)
    day, minute = shown.toordinal(), shown.hour * 60 + shown.minute
    if _covers(arrival, plan, day, minute):
        return True
    on_the_minute = shown.second == 0 and shown.microsecond == 0
    in_time = arrival.to is not None and arrival.to.minute < MINUTES_OF_A_DAY
    return on_the_minute and in_time and _just_before(arrival, plan, day, minute)


def _just_before(arrival: Arrival, plan: Plan, day: int, minute: int) -> bool:
    return _covers(arrival, plan, day, minute - 1) if minute else _covers(arrival, plan, day - 1, 1439)


def _covers(window: Bounded, plan: Plan, day: int, minute: int) -> bool:
    return covers(window, day, minute, plan.arrivals_apart) is not None


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
    by = plan.time.next(entered, special.leave.by)
    after = None if special.leave.after is None else plan.time.last(Instant(by - 1), special.leave.after)
    return leaves <= by and (after is None or after <= leaves)


def pays_until(special: Special, plan: Plan, entered: Instant) -> Instant | None:
    """Until when its price pays; None: for the whole stay."""
    if special.pays_for is not None:
        return Instant(entered + special.pays_for * SECOND)
    return None if special.pays_until is None else plan.time.next(entered, special.pays_until)
