"""What is added to a price and taken off it before it is asked for: validations, charging, tax, rounding."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self, cast

from pydantic import AfterValidator, Field, PlainValidator, model_validator

from models.documents.written import as_written
from models.tariff.language.parts import Name, Part, Window
from models.tariff.language.written import ClockTime, Length, Percent, Price, WrittenDays


def _together(value: Any) -> int | str:
    text = as_written(value)
    if isinstance(text, str) and text.strip().lower() in ("all", "best"):
        return text.strip().lower()
    if isinstance(text, str) and text.strip().isdigit() and int(text) > 0:
        return int(text)
    raise ValueError("all, best, or a number of validations is expected")


Code = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,39}$")]


class Validation(Part):
    """What a merchant takes off."""

    name: Name = ""
    time: Length | None = None
    """So long from entry is paid for"""
    keeps_ladder: bool = False
    """With time: the steps of ladders count from entry all the same"""
    amount: Price | None = None
    percent: Percent | None = None
    price: Price | None = None
    """Instead of what parking costs"""
    per: Length | None = None
    """The price is for each such time begun, such as 24 h"""
    at: ClockTime | None = None
    """The price is for each time that the clock shows this while the vehicle is there, such as 03:00 for nights"""
    charge: Literal["if cheaper", "instead"] = "if cheaper"
    """Whether the price holds only where it is lower, or in any case"""
    longer_than: Length | None = None
    """Only for a stay that is longer"""
    own_rates: bool = False
    """The rates, extras, caps and specials that name this code under `validations` hold"""
    uses: Annotated[int, Field(ge=1, le=20)] = 1
    """How often it counts when it is given several times"""
    floor: Price | None = None
    """So much stays to pay in any case"""
    alone: bool = False
    """Doesn't go with any other"""

    @model_validator(mode="after")
    def _takes_something_off(self) -> Self:
        if [self.time, self.amount, self.percent, self.price, self.own_rates or None].count(None) != 4:
            raise ValueError("one of `time`, `amount`, `percent`, `price` and `own_rates` is expected")
        if self.price is None and (self.per is not None or self.at is not None):
            raise ValueError("`per` and `at` go with `price`")
        if self.per is not None and self.at is not None:
            raise ValueError("either `per` or `at` is expected, not both")
        if self.percent is not None and self.percent > 100:
            raise ValueError("at most 100 % can be taken off")
        return self


def _by_code(offers: dict[str, Validation]) -> dict[str, Validation]:
    """In one order on both sides: a fact's keys travel sorted, and the text that is pinned on a ticket is compared."""
    return dict(sorted(offers.items()))


class Validations(Part):
    """What merchants and others may take off, by the code that is scanned or typed."""

    offers: Annotated[dict[Code, Validation], AfterValidator(_by_code)]
    together: Annotated[int | str, PlainValidator(_together)] = "all"
    """all; best: only the one that saves most; or how many may be used together"""
    most_time: Length | None = None
    """So much is paid for at most, by all of them together"""
    floor: Price | None = None
    """So much stays to pay, whatever is taken off (but never more than without)"""


class Idle(Window):
    """What it costs to stay at the charger when charging has ended."""

    price: Price
    per: Length
    after: Length | None = None
    """So long is free"""
    cap: Price | None = None


class Charging(Part):
    """What the energy costs, and a vehicle that only stands there."""

    per_kwh: Price | None = None
    session: Price | None = None
    """Once, for who charged at all"""
    idle: Idle | None = None
    parking: Literal["as usual", "free while charging", "free"] = "as usual"
    """For who charges: free until charging has ended, or altogether"""


class Tax(Part):
    """A tax on the price."""

    name: Name = "Tax"
    percent: Percent
    days: WrittenDays | None = None
    """Only where the vehicle leaves on these days"""
    also_on_taxes: bool = False
    """It is charged on the taxes before it, too"""

    @model_validator(mode="before")
    @classmethod
    def _alone(cls, written: Any) -> Any:
        return cast("Any", written) if isinstance(written, dict) else {"percent": written}


class Rounding(Part):
    """To what the sum is rounded, at the very end."""

    to: Price | None = None
    """The smallest step of a price, such as 0.05; left out: the smallest coin"""
    how: Literal["nearest", "up", "down", "nearest even"] = "nearest"
    """nearest: a half goes up; nearest even: a half goes to the even step"""
