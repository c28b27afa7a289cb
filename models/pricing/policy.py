"""A price policy as data: the section `dynamic:` of a tariff, as a parking manager writes it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from decimal import ROUND_HALF_UP, Decimal
from itertools import pairwise
from typing import Annotated

from pydantic import ConfigDict, Field, ValidationInfo, field_validator, model_validator

from models.documents.section import Section
from models.documents.times import WEEKDAYS, clock_text
from models.pricing.written import (
    DAY,
    EVERY_DAY,
    ClockTime,
    Factor,
    Length,
    LocalTime,
    Share,
    Weekdays,
    local_text,
    share_text,
)

ONE = Decimal(1)


class OccupancyStep(Section):
    """`{over: 90 %, times: 2.0}`"""

    over: Share
    """More than this share of the spots is taken"""
    times: Factor
    """What the price is multiplied by then"""
    until_below: Share | None = None
    """Once reached, the step holds until occupancy is below this again, so that the price doesn't flutter; left out,
    until it is no longer over `over`"""

    @field_validator("until_below")
    @classmethod
    def _not_above(cls, until_below: Decimal | None, info: ValidationInfo) -> Decimal | None:
        over = info.data.get("over")
        if until_below is not None and over is not None and until_below > over:
            raise ValueError("until_below is above over: the step would end before it has begun")
        return until_below


class Occupancy(Section):
    """The fuller the lot, the dearer; or otherwise, as the steps say."""

    steps: tuple[OccupancyStep, ...]
    """From emptier to fuller"""
    otherwise: Factor = ONE
    """What the price is multiplied by where no step holds"""

    @field_validator("steps")
    @classmethod
    def _ascending(cls, steps: tuple[OccupancyStep, ...]) -> tuple[OccupancyStep, ...]:
        if not steps:
            raise ValueError("a step is expected, such as {over: 90 %, times: 2.0}")
        for lower, upper in pairwise(steps):
            if upper.over <= lower.over:
                raise ValueError(
                    f"the steps go from emptier to fuller: over {share_text(upper.over)} can't stand after over "
                    f"{share_text(lower.over)}"
                )
        return steps

    def times(self, level: int) -> Decimal:
        """Of a level: 0 where no step holds, else which step, counted from 1."""
        return self.steps[level - 1].times if level else self.otherwise

    def level(self, occupancy: Decimal, before: int = 0) -> int:
        """The level that holds at this occupancy, where `before` held until now."""
        reached = sum(occupancy > step.over for step in self.steps)
        for level in range(min(before, len(self.steps)), reached, -1):
            until_below = self.steps[level - 1].until_below
            if until_below is not None and occupancy >= until_below:
                return level
        return reached


class Band(Section):
    """`{from: 09:00, to: 19:00, days: mon-fri, times: 1.3}`: by the lot's own clock, across midnight where it ends
    earlier than it begins."""

    model_config = ConfigDict(serialize_by_alias=True)

    from_: Annotated[ClockTime, Field(alias="from")] = 0
    """The time at which it begins; left out: with the day"""
    to: ClockTime = DAY
    """The time at which it is over; before `from`: on the next day. Left out: with the day"""
    days: Weekdays = EVERY_DAY
    """The days on which it begins; left out: every day"""
    times: Factor
    """What the price is multiplied by for who arrives then"""

    @model_validator(mode="after")
    def _says_when(self) -> Band:
        if not {"from_", "to", "days"} & self.model_fields_set:
            raise ValueError("a band says when it holds: from, to, days; for all other times there is otherwise")
        if self.from_ == DAY:
            raise ValueError("a band that begins with the day begins from 00:00: 24:00 is the end of the day before")
        if self.from_ == self.to:
            raise ValueError("this band ends when it begins; leave from and to out for the whole day")
        return self

    @property
    def minutes(self) -> int:
        return self.to - self.from_ + (0 if self.to > self.from_ else DAY)

    def holds(self, at: dt.datetime) -> bool:
        """`at` is what the lot's own clock shows."""
        minute, weekday = at.hour * 60 + at.minute, at.weekday()
        today, since_yesterday = minute - self.from_, minute + DAY - self.from_
        return (weekday in self.days and 0 <= today < self.minutes) or (
            (weekday - 1) % 7 in self.days and since_yesterday < self.minutes
        )

    def spans(self) -> Iterator[tuple[int, int]]:
        """The parts of a week in which it holds, in minutes since Monday began."""
        for day in self.days:
            begins = day * DAY + self.from_
            ends = begins + self.minutes
            yield begins, min(ends, 7 * DAY)
            if ends > 7 * DAY:
                yield 0, ends - 7 * DAY


class Arrival(Section):
    """By the time of arrival."""

    bands: tuple[Band, ...]
    """At most one holds at any time"""
    otherwise: Factor = ONE
    """What the price is multiplied by where no band holds"""

    @field_validator("bands")
    @classmethod
    def _apart(cls, bands: tuple[Band, ...]) -> tuple[Band, ...]:
        if not bands:
            raise ValueError("a band is expected, such as {from: 09:00, to: 19:00, times: 1.3}")
        spans = sorted((*span, number) for number, band in enumerate(bands, 1) for span in band.spans())
        for (_, ends, one), (begins, _, other) in pairwise(spans):
            if begins < ends:
                day, minute = divmod(begins, DAY)
                first, second = sorted((one, other))
                raise ValueError(
                    f"bands {first} and {second} both hold on {WEEKDAYS[day]} at {clock_text(minute)}: let one end "
                    "where the other begins"
                )
        return bands

    def times(self, at: dt.datetime | None) -> Decimal:
        """None: nobody knows what time it is; it is the lowest that can hold, so that nobody pays for another hour."""
        if at is None:
            return min((*(band.times for band in self.bands), *([] if self._whole_week else [self.otherwise])))
        return next((band.times for band in self.bands if band.holds(at)), self.otherwise)

    @property
    def _whole_week(self) -> bool:
        return sum(ends - begins for band in self.bands for begins, ends in band.spans()) == 7 * DAY


class Nearby(Section):
    """`{name: Derby, from: 2026-12-05 17:00, to: 2026-12-05 23:00}`: who arrives in between pays for it."""

    model_config = ConfigDict(serialize_by_alias=True)

    name: Annotated[str, Field(min_length=1, max_length=80)]
    """What it is called"""
    from_: Annotated[LocalTime, Field(alias="from")]
    """When it begins to count, by the tariff's own clock"""
    to: LocalTime
    """When it no longer counts"""

    @field_validator("to")
    @classmethod
    def _after_it_began(cls, to: dt.datetime, info: ValidationInfo) -> dt.datetime:
        begins = info.data.get("from_")
        if begins is not None and to <= begins:
            raise ValueError(f"an event ends after it has begun: later than {local_text(begins)}")
        return to


class Events(Section):
    """`{each: 0.2, at_most: 0.6, nearby: [...]}`"""

    each: Factor
    """What each event nearby adds to the factor 1"""
    at_most: Factor | None = None
    """What all events together add at most"""
    nearby: tuple[Nearby, ...] = ()
    """The events: each counts from its `from` to its `to`, by the tariff's own clock"""

    def nearby_at(self, at: dt.datetime | None) -> int:
        """How many of them count when the clock shows `at`; none for certain where nobody knows what time it is."""
        shown = None if at is None else at.replace(tzinfo=None)
        return 0 if shown is None else sum(event.from_ <= shown < event.to for event in self.nearby)

    def times(self, events: int) -> Decimal:
        added = self.each * events
        return ONE + (added if self.at_most is None else min(added, self.at_most))


class Change(Section):
    """`{most: 0.2, every: 10 min}`"""

    most: Factor
    """By how much the factor goes up or down at once"""
    every: Length
    """How long a price stands before it may change again"""


class Policy(Section):
    """How the price moves. What is left out doesn't move it; the parts that are written are multiplied."""

    occupancy: Occupancy | None = None
    """By how full the lot is"""
    arrival: Arrival | None = None
    """By the time of arrival"""
    events: Events | None = None
    """By how many events there are nearby"""
    step: Factor = Decimal("0.01")
    """The smallest change: the factor is always a multiple of it, a half rounded up"""
    floor: Factor = Decimal(0)
    """The factor is never below"""
    cap: Factor | None = None
    """The factor is never above"""
    change: Change | None = None
    """How fast the price may change; left out: at once"""

    @field_validator("step")
    @classmethod
    def _is_something(cls, step: Decimal) -> Decimal:
        if step == 0:
            raise ValueError("a step of 0 is none: such as 0.05, or leave it out")
        return step

    @field_validator("floor", "cap")
    @classmethod
    def _on_a_step(cls, bound: Decimal | None, info: ValidationInfo) -> Decimal | None:
        step = info.data.get("step")
        if bound is not None and step is not None:
            _multiple(str(info.field_name), bound, step)
        return bound

    @field_validator("cap")
    @classmethod
    def _above_the_floor(cls, cap: Decimal | None, info: ValidationInfo) -> Decimal | None:
        floor = info.data.get("floor", Decimal(0))
        if cap is not None and cap < floor:
            raise ValueError(f"floor {floor} is above cap {cap}: no price would lie between them")
        return cap

    @field_validator("change")
    @classmethod
    def _in_steps(cls, change: Change | None, info: ValidationInfo) -> Change | None:
        step = info.data.get("step")
        if change is not None and step is not None:
            if change.most < step:
                raise ValueError(f"most {change.most} is less than step {step}: the price could never change")
            _multiple("most", change.most, step)
        return change

    def allowed(self, factor: Decimal) -> Decimal:
        """The nearest factor that this policy can say: a multiple of the step, between floor and cap."""
        steps = (factor / self.step).quantize(ONE, ROUND_HALF_UP)
        bounded = max(self.floor, steps * self.step)
        return bounded if self.cap is None else min(self.cap, bounded)


def _multiple(name: str, value: Decimal, step: Decimal) -> None:
    below = value // step * step
    if below != value:
        raise ValueError(f"{name} {value} isn't a multiple of step {step}: {below} or {below + step} would be")


DEFAULT = Policy.model_validate(
    {
        "occupancy": {"steps": [{"over": "0.7", "times": "1.5"}, {"over": "0.9", "times": "2.0"}], "otherwise": "1.0"},
        "arrival": {
            "bands": [
                {"from": "09:00", "to": "19:00", "times": "1.3"},
                {"from": "19:00", "to": "23:00", "times": "1.5"},
            ],
            "otherwise": "0.8",
        },
        "events": {"each": "0.2"},
    }
)
"""The policy of who has none of their own, as `config/tariffs/dynamic-default.yaml` writes it.

Hours count as whole: 9 to 18 inclusive is from 09:00 until 19:00, 19 to 22 inclusive from 19:00 until 23:00. The first
sketch of this rule had the evening begin at 18, which was business time already; the day's band holds for that hour.
"""
