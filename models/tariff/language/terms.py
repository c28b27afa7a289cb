"""The second dialect of the tariff language: what a parking manager writes, and what is pinned on a ticket.

A stay is charged in this order: rates (with their tiers) and extras, under the caps; specials; factors; the minimum;
charging of electric vehicles; validations; tax; rounding. `docs/tariffs.md` says each rule in words, with examples.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated, Any, ClassVar, Literal, Self, cast

from pydantic import (
    AfterValidator,
    Field,
    PlainSerializer,
    PlainValidator,
    PrivateAttr,
    SerializationInfo,
    SerializerFunctionWrapHandler,
    model_serializer,
    model_validator,
)

from models.documents.written import ZoneName
from models.pricing import Policy
from models.tariff.language.parts import MIDNIGHT, Name, Part, Several
from models.tariff.language.rates import Cap, Extra, Rate
from models.tariff.language.settling import Charging, Rounding, Tax, Validations
from models.tariff.language.stays import Factor, Free, Grace, Lost, ReEntry, Special
from models.tariff.language.written import ClockTime, Length, Price, WrittenDates, price


def _factor(value: Any) -> Decimal:
    """Raises ValueError."""
    return price(value)


def _currency(code: str) -> str:
    """Raises ValueError."""
    if len(code) == 3 and code.isascii() and code.isalpha() and code.isupper():
        return code
    raise ValueError("three capital letters as in ISO 4217 are expected, such as EUR")


class Calendar(Part):
    """The holidays of the tariff."""

    country: str | None = None
    """Two letters as in ISO 3166, such as DE"""
    region: str | None = None
    """Part of the country, such as BY"""
    also: WrittenDates = ()
    """Days that count as holidays besides those of the country"""
    except_: Annotated[WrittenDates, Field(alias="except")] = ()
    """Holidays of the country that count as any other day"""

    @model_validator(mode="before")
    @classmethod
    def _dates_alone(cls, written: Any) -> Any:
        return cast("Any", written) if isinstance(written, dict) else {"also": written}


class Minimum(Part):
    """The least that parking costs that costs anything."""

    amount: Price
    per: Literal["stay", "day"] = "stay"
    """For the whole stay, or for each day of the calendar"""

    @model_validator(mode="before")
    @classmethod
    def _alone(cls, written: Any) -> Any:
        return cast("Any", written) if isinstance(written, dict) else {"amount": written}


class Terms(Part):
    """A tariff."""

    always_written: ClassVar[frozenset[str]] = frozenset({"dialect"})

    tariff: Name = "Tariff"
    """Its name"""
    dialect: Literal[2] = 2
    """Version of this language; its meaning never changes"""
    version: str = ""
    """The manager's own mark, such as 2026-04"""
    currency: Annotated[str, AfterValidator(_currency)]
    """Three letters as in ISO 4217, such as EUR"""
    timezone: ZoneName
    """Name of the IANA list, such as Europe/Berlin: by its clock the windows hold"""
    holidays: Calendar | None = None
    rates: Annotated[tuple[Rate, ...], Several, Field(min_length=1)]
    """What the time costs; together they cover the whole week"""
    by_arrival: bool = False
    """The rate in force at entry holds for the whole stay"""
    edges: Literal["cut", "run on"] = "cut"
    """A unit that runs over the end of a window: cut there, or it runs on and the next begins after it"""
    units: Literal["begun", "completed"] = "begun"
    """Which units are charged"""
    day_starts: ClockTime = MIDNIGHT
    """When a day begins for caps and ladders"""
    afresh: Length | None = None
    """After so long (24 h, from entry) all of it begins anew: each part is priced by itself"""
    whole_minutes: bool = False
    """Entry and exit count by the minute that the clock shows, without its seconds"""
    grace: Grace = Field(default_factory=Grace)
    free: Annotated[tuple[Free, ...], Several] = ()
    extras: Annotated[tuple[Extra, ...], Several] = ()
    caps: Annotated[tuple[Cap, ...], Several] = ()
    specials: Annotated[tuple[Special, ...], Several] = ()
    factors: Annotated[tuple[Factor, ...], Several] = ()
    factors_together: Literal["multiply", "best"] = "multiply"
    """Of several that fit: all multiply, or only the best for the driver counts"""
    minimum: Minimum | None = None
    """The least that a stay (or a day of it) costs that costs anything"""
    charging: Charging | None = None
    validations: Validations | None = None
    tax: Annotated[tuple[Tax, ...], Several] = ()
    prices: Literal["include tax", "exclude tax"] = "include tax"
    rounding: Rounding = Field(default_factory=Rounding)
    dynamic: Policy | None = None
    """How the price moves with how full the lot is, the time of arrival and events nearby: by this the rates are
    multiplied"""
    machine_maximum: Price | None = None
    """A machine takes no more than this; above it a person has to look"""
    lost_ticket: Annotated[tuple[Lost, ...], Several] = ()
    """What a lost ticket costs; of several, the most particular one that fits"""
    re_entry: ReEntry | None = None
    factor: Annotated[Decimal, PlainValidator(_factor), PlainSerializer(str)] = Decimal(1)
    """By what the rates are multiplied (dynamic price); on a ticket, it is the one that the sign showed at entry"""

    @model_validator(mode="after")
    def _day_starts_daily(self) -> Self:
        if self.day_starts.weekday is not None:
            raise ValueError("`day_starts` is a time of day, without a day of the week")
        return self

    holder: str | None = None
    """Code of a validation with `own_rates` that the stay has by its permit; it stands on tickets"""

    _plans: dict[Any, Any] = PrivateAttr(default_factory=dict[Any, Any])

    def __eq__(self, other: object) -> bool:
        """What is written counts, not what the engine has worked out of it."""
        return isinstance(other, Terms) and self.__dict__ == other.__dict__

    @model_serializer(mode="wrap")
    def _as_written(self, handler: SerializerFunctionWrapHandler, info: SerializationInfo) -> dict[str, Any]:
        """Worked out once: an arm waits while the tariff is written on a ticket and into its fact."""
        if info.include or info.exclude:
            return self._without_what_was_left_out(handler(self))
        key = ("written", info.mode, info.by_alias, info.exclude_unset, info.exclude_defaults, info.exclude_none)
        known: dict[str, Any] | None = self._plans.get(key)
        if known is None:
            known = self._plans[key] = self._without_what_was_left_out(handler(self))
        return known

    @property
    def plans(self) -> dict[Any, Any]:
        """Where the engine keeps what it has worked out of these terms."""
        return self._plans

    def at_factor(self, factor: Decimal) -> Terms:
        """The same terms with the rates multiplied by `factor`. Such a price moves no more: how it came about isn't
        part of it."""
        return self.model_copy(update={"factor": factor, "dynamic": None})

    def for_holder(self, code: str) -> Terms:
        """The same terms for the stay of a permit: with the rates that name this code."""
        return self.model_copy(update={"holder": code})

    def with_holidays(self, holidays: Calendar) -> Terms:
        return self.model_copy(update={"holidays": holidays})

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Terms:
        """What was worked out of these terms doesn't hold for others."""
        other = super().model_copy(update=update, deep=deep)
        other._plans = {}
        return other
