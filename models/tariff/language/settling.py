"""What is added to a price and taken off it before it is asked for: validations, charging, tax, rounding."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self, cast

from pydantic import Field, PlainValidator, model_validator

from models.documents.written import as_written
from models.tariff.language.parts import Name, Part, Window
from models.tariff.language.written import Length, Percent, Price


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
    amount: Price | None = None
    percent: Percent | None = None
    price: Price | None = None
    """Instead of what parking costs"""
    per: Length | None = None
    """The price is for each such time begun, such as 24 h"""
    floor: Price | None = None
    """So much stays to pay in any case"""
    alone: bool = False
    """Doesn't go with any other"""

    @model_validator(mode="after")
    def _takes_something_off(self) -> Self:
        if [self.time, self.amount, self.percent, self.price].count(None) != 3:
            raise ValueError("one of `time`, `amount`, `percent` and `price` is expected")
        if self.per is not None and self.price is None:
            raise ValueError("`per` goes with `price`")
        if self.percent is not None and self.percent > 100:
            raise ValueError("at most 100 % can be taken off")
        return self


class Validations(Part):
    """What merchants and others may take off, by the code that is scanned or typed."""

    offers: dict[Code, Validation]
    together: Annotated[int | str, PlainValidator(_together)] = "all"
    """all; best: only the one that saves most; or how many may be used together"""
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
    parking_free_while_charging: bool = False


class Tax(Part):
    """A tax on the price."""

    name: Name = "Tax"
    percent: Percent

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
