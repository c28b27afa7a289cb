"""What time costs, and the most that it may cost."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import model_validator

from models.tariff.language.parts import Name, Names, Part, Several, Whose, Window, lengths_or, or_length
from models.tariff.language.written import ClockTime, Length, Price, WrittenDates, WrittenDays, WrittenSeason

_UNIT = or_length("day", "window", "stay")
_AGAIN = lengths_or("never", "each window", "each day")
_PERIOD = or_length("stay", "day", "week", "month")
_LENGTH_OR_DAY = or_length("day")


class Tier(Part):
    """One step of a rate's ladder, by how long the vehicle has been there."""

    up_to: Length | None = None
    """The step ends when the stay is so long; left out: it goes on"""
    next: Length | None = None
    """The step is so long, counted from where the one before ends; instead of up_to"""
    price: Price | None = None
    """For each `per`; without `per`: for the whole step, once it has begun"""
    total: Price | None = None
    """Instead of price: what the whole stay costs so far, as in a table"""
    per: Annotated[int | str | None, *_LENGTH_OR_DAY] = None
    """The unit that is charged once begun, such as 1 h"""
    in_steps_of: Length | None = None
    """The price for `per` is charged in parts of this length, such as 1 min"""

    @model_validator(mode="after")
    def _one_price(self) -> Self:
        if (self.price is None) == (self.total is None):
            raise ValueError("either `price` or `total` is expected")
        if self.total is not None and self.per is not None:
            raise ValueError("`total` is for the whole step: `per` doesn't go with it")
        if self.up_to is not None and self.next is not None:
            raise ValueError("either `up_to` or `next` is expected, not both")
        if self.in_steps_of is not None and not isinstance(self.per, int):
            raise ValueError("`in_steps_of` needs a `per` with a length of time")
        return self


class Rate(Window):
    """What the time in a window costs: one price for each unit, a flat price, or a ladder of tiers."""

    name: Name = ""
    """As on the price board and on the bill, such as Day"""
    price: Price | None = None
    """For each `per`; without `per`: once for each window (or stay) that the vehicle is there"""
    per: Annotated[int | str | None, *_UNIT] = None
    """The unit that is charged once begun: 1 h, 20 min, or day (of the calendar), window, stay"""
    in_steps_of: Length | None = None
    """The price for `per` is charged in parts of this length, such as 1 min"""
    tiers: tuple[Tier, ...] = ()
    """Instead of price: the steps of the ladder, first to last"""
    starts_again: Annotated[tuple[int | str, ...], *_AGAIN] = ()
    """When the ladder starts again: never (counted from entry), each window, each day, or so long after entry (24 h);
    or several of them. Left out: each window, where the rate has `from` or `to`, else never"""
    cap: Price | None = None
    """The most for one window"""
    holds_for: Length | None = None
    """Where the time of arrival decides (by_arrival): a stay longer than this goes on as a new arrival"""
    holds_until: ClockTime | None = None
    """The same, from the first such time after entry on, such as 06:00"""
    pauses: bool = False
    """While it holds, nothing is charged, and ladders and a running unit stand still; price: 0"""

    @model_validator(mode="after")
    def _priced(self) -> Self:
        if (self.price is None) == (not self.tiers):
            raise ValueError("either `price` or `tiers` is expected")
        if self.tiers and (self.per is not None or self.in_steps_of is not None):
            raise ValueError("`per` and `in_steps_of` belong into each of the `tiers`")
        if self.in_steps_of is not None and not isinstance(self.per, int):
            raise ValueError("`in_steps_of` needs a `per` with a length of time")
        if self.pauses and self.price != 0:
            raise ValueError("`pauses` goes with `price: 0`")
        if self.holds_for is not None and self.holds_until is not None:
            raise ValueError("either `holds_for` or `holds_until` is expected, not both")
        return self


class Extra(Rate):
    """A price on top of the rates, for the time in its window: an event, or a night."""

    at: ClockTime | None = None
    """The price is for each time that the clock shows this while the vehicle is there, such as 03:00"""

    name: Name = "Extra"
    under_caps: bool = False
    """Whether the caps hold for it too"""

    @model_validator(mode="after")
    def _once_each_time(self) -> Self:
        if self.at is not None and (
            self.from_ is not None or self.to is not None or self.per is not None or self.tiers
        ):
            raise ValueError("`at` goes with a flat `price`, without `from`, `to` and `per`")
        return self


class Cap(Whose):
    """The most that is charged for a period, however long the vehicle is there in it."""

    name: Name = ""
    amount: Price | None = None
    """The most for each period"""
    amounts: Annotated[tuple[Price, ...], Several] = ()
    """Instead of amount: for the first period, the second and so on; the last goes on"""
    per: Annotated[int | str, *_PERIOD]
    """stay; day, week or month of the calendar; or a length counted from entry, such as 24 h or 7 days"""
    resets: ClockTime | None = None
    """When the day or the week begins: 04:00, or mon 04:00; left out: day_starts, and Monday"""
    days: WrittenDays | None = None
    """Only for periods that begin on these days"""
    dates: WrittenDates | None = None
    """Only for periods that begin on these dates"""
    season: WrittenSeason | None = None
    """Only for periods that begin in this part of each year"""
    rates: Names = ()
    """Only what these rates charge; left out: all"""
    once: bool = False
    """Only for the first period of a stay"""
    ends_units: bool = False
    """A unit that is running when a period ends is cut there, and the next period begins a new one"""
    first: Length | None = None
    """Only for what begins in the first part of each period, such as the first 12 h of 24 h"""
    until: ClockTime | None = None
    """The same: only until the clock first shows this in each period, such as 24:00"""

    @model_validator(mode="after")
    def _one_amount(self) -> Self:
        if (self.amount is None) == (not self.amounts):
            raise ValueError("either `amount` or `amounts` is expected")
        return self

    @property
    def ladder(self) -> tuple[Price, ...]:
        return self.amounts if self.amount is None else (self.amount,)
