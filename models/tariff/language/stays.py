"""What changes the price of some stays: specials, free minutes, grace, shares."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Any, Literal, Self, cast

from pydantic import Field, PlainSerializer, PlainValidator, model_validator

from models.tariff.language.parts import Arrival, Leave, Name, Names, Part, Whose, or_length
from models.tariff.language.written import ClockTime, Length, Percent, Price, price


def _lost_charge(value: Any) -> Decimal | str:
    if isinstance(value, str) and " ".join(value.split()).lower() == "day maximum":
        return "day maximum"
    try:
        return price(value)
    except ValueError as error:
        raise ValueError(f"{error}; or: day maximum") from None


class Special(Whose):
    """A price for who comes and leaves at certain times: early bird, overnight, weekend, event."""

    name: Name
    price: Price
    """For the stay, or for the time that `pays_until` or `pays_for` says"""
    arrive: Arrival = Field(default_factory=Arrival)
    leave: Leave | None = None
    at_least: Length | None = None
    """How long the stay has to be"""
    at_most: Length | None = None
    charge: Literal["if cheaper", "instead", "on top"] = "if cheaper"
    """if cheaper: than the ordinary price; instead: in any case; on top: of the ordinary price"""
    pays_until: ClockTime | None = None
    """The price pays until the first such time after entry; from then on the ordinary rates hold"""
    pays_for: Length | None = None
    """The price pays for so long; from then on the ordinary rates hold"""

    @model_validator(mode="after")
    def _one_end(self) -> Self:
        ends = [self.pays_until is not None, self.pays_for is not None, self.leave is not None]
        if ends.count(True) > 1:
            raise ValueError("one of `leave`, `pays_until` and `pays_for` is expected, not several")
        return self


class Free(Whose):
    """The first minutes that cost nothing."""

    first: Length
    lost: bool = False
    """Once the stay is longer, the whole of it is charged; otherwise they are taken off"""
    keeps_ladder: bool = False
    """The steps of ladders count from entry all the same: the first of them are free"""
    entry_moves: bool = False
    """As if the vehicle had come so much later: caps, and ladders that start again, count from then, too"""
    arrive: Arrival = Field(default_factory=Arrival)
    """Only for who comes then"""

    @model_validator(mode="before")
    @classmethod
    def _alone(cls, written: Any) -> Any:
        return {"first": written} if isinstance(written, str) else written


class Grace(Part):
    """Minutes that nobody is charged for."""

    entry: Length | None = None
    """Who leaves within so long pays nothing: no space, or a change of mind; a longer stay is charged in full"""
    exit: Length | None = None
    """After paying, so long to leave; left out: 10 min"""
    unit: Length | None = None
    """A unit counts as begun only after so long"""


class Factor(Whose):
    """A share of the price that some vehicles or spots pay."""

    name: Name
    percent: Percent
    """50 %: half the price; 200 %: twice"""
    rates: Names = ()
    """Only the prices of these rates; left out: all that parking costs"""


class ReEntry(Part):
    """Who comes back soon goes on with the stay before."""

    within: Length
    """The new stay counts from the first entry, and what was paid is taken off"""


class Lost(Whose):
    """What a lost ticket costs."""

    charge: Annotated[Decimal | str, PlainValidator(_lost_charge), PlainSerializer(str)]
    """An amount, or `day maximum`: the first day's cap"""
    per: Annotated[int | str | None, *or_length("day")] = None
    """The charge is for each such time begun since entry, such as 24 h, or for each day (of the calendar), where the
    camera knows when it came"""
    plus: Price | None = None
    """A fee for the work, on top"""
    from_entry_if_known: bool = False
    """Where the camera knows when the vehicle came, the ordinary price holds instead (and `plus`)"""

    @model_validator(mode="before")
    @classmethod
    def _alone(cls, written: Any) -> Any:
        return cast("Any", written) if isinstance(written, dict) else {"charge": written}
