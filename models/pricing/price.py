"""What a policy makes of what is seen now, and how the standing price follows it. Pure."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from decimal import Decimal
from zoneinfo import ZoneInfo

from models.instants import SECOND, Instant, to_datetime
from models.pricing.policy import ONE, Policy


def share(taken: int, spots: int) -> Decimal:
    """How full a lot is. One without spots is full."""
    return Decimal(max(taken, 0)) / spots if spots > 0 else ONE


@dataclass(frozen=True, slots=True)
class Seen:
    """What a price goes by: how full the lot is, what its own clock shows, how many events are nearby besides those
    that the policy names. `local_time` None: nobody knows what time it is."""

    occupancy: Decimal
    local_time: dt.datetime | None
    events: int = 0

    @classmethod
    def at(cls, now: Instant, zone: ZoneInfo, taken: int, spots: int, events: int = 0) -> Seen:
        return cls(share(taken, spots), to_datetime(now).astimezone(zone), events)

    @classmethod
    def unknown(cls, taken: int, spots: int) -> Seen:
        """While nobody knows what time it is."""
        return cls(share(taken, spots), None)


@dataclass(frozen=True, slots=True)
class Parts:
    """Where a wanted factor comes from, for whoever asks why the price is what it is."""

    occupancy: Decimal
    arrival: Decimal
    events: Decimal

    @property
    def product(self) -> Decimal:
        return self.occupancy * self.arrival * self.events


@dataclass(frozen=True, slots=True)
class Standing:
    """The price of the lot now, kept in its store: the factor, since when it stands, and which occupancy step holds."""

    factor: Decimal
    since: Instant
    level: int = 0


def parts(policy: Policy, seen: Seen, level: int = 0) -> Parts:
    """What each part of the policy multiplies by, where occupancy stood on `level` until now."""
    occupancy, arrival, events = policy.occupancy, policy.arrival, policy.events
    return Parts(
        occupancy=ONE if occupancy is None else occupancy.times(occupancy.level(seen.occupancy, level)),
        arrival=ONE if arrival is None else arrival.times(seen.local_time),
        events=ONE if events is None else events.times(seen.events + events.nearby_at(seen.local_time)),
    )


def wanted(policy: Policy, occupancy: Decimal, local_time: dt.datetime, events: int) -> Decimal:
    """The factor that this policy wants, whatever it was before: the parts multiplied, rounded to the step, between
    floor and cap."""
    return policy.allowed(parts(policy, Seen(occupancy, local_time, events)).product)


def next_price(policy: Policy, standing: Standing | None, seen: Seen, now: Instant) -> Standing:
    """The price that stands from `now` on; None before: the wanted one, at once.

    Asked again at the same moment it says the same, so it may be asked as often as anything happens. In any stretch of
    time shorter than `change.every` the price changes at most once, by at most `change.most`. Only what the policy
    doesn't allow at all, because the price is an older policy's, is put right at once, and a price goes down at once
    where nobody knows any more what time it is: a dear hour that may be over is nobody's to pay. A clock that was set
    back begins the wait anew.
    """
    level = _level(policy, seen.occupancy, standing.level if standing else 0)
    goal = policy.allowed(parts(policy, seen, level).product)
    if standing is None:
        return Standing(goal, now, level)
    held = replace(standing, since=min(standing.since, now), level=level)
    unknown = seen.local_time is None and goal < held.factor
    factor = goal if unknown else _towards(policy, held, goal, now)
    return held if factor == held.factor else Standing(factor, now, level)


def _level(policy: Policy, occupancy: Decimal, before: int) -> int:
    return 0 if policy.occupancy is None else policy.occupancy.level(occupancy, before)


def _towards(policy: Policy, held: Standing, goal: Decimal, now: Instant) -> Decimal:
    if policy.change is None:
        return goal
    allowed = policy.allowed(held.factor)
    if allowed != held.factor:
        return allowed
    if now - held.since < policy.change.every * SECOND:
        return held.factor
    most = policy.change.most
    return held.factor + max(-most, min(most, goal - held.factor))
