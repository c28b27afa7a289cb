"""Intents about permits: vehicles that may come in while others may not, and the accounts that they belong to."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field, model_validator

from models.access.hours import Hours
from models.access.passing import Beyond, Limits, PermitKind
from models.cards import card_number
from models.ids import PermitId
from models.instants import Instant
from models.intents.base import Intent
from models.passback import Passback
from models.plates import Plate, respelled
from models.spots import Right

MOST_PLATES = 50
MOST_HOURS = 20
Name = Annotated[str, Field(min_length=1, max_length=80)]
Count = Annotated[int, Field(ge=1, le=100_000)]


def _plate(text: str) -> str:
    """As it is spelled today: one of before may still come, out of a lot's store too, and must go on opening."""
    if not text.isalnum() or text.upper() != text:
        raise ValueError("not as a plate is written here")
    return respelled(text)


def _card(text: str) -> str:
    if not text or card_number(text) != text:
        raise ValueError("not as a card's number is written here")
    return text


SpelledPlate = Annotated[Plate, AfterValidator(_plate)]
"""As `normalised` writes it: one spelling for each."""


class PermitGrantedV1(Intent, type="permit.granted", version=1, about="permit", personal=("plates",)):
    """Any of these vehicles may enter from `valid_from` until just before `valid_until`; None: without that bound.

    Its cards stand for the first of the plates. `passback` None: as the lot has it. `account`: what several permits
    belong to. Still issued where it says all: lots of earlier releases act on it.
    """

    permit: PermitId
    plates: tuple[SpelledPlate, ...] = Field(min_length=1, max_length=MOST_PLATES)
    cards: tuple[Annotated[str, AfterValidator(_card)], ...] = Field(default=(), max_length=MOST_PLATES)
    rights: tuple[Right, ...] = ()
    passback: Passback | None = None
    valid_from: Instant | None = None
    valid_until: Instant | None = None
    account: str | None = None

    @model_validator(mode="after")
    def _in_order(self) -> PermitGrantedV1:
        if self.valid_from is not None and self.valid_until is not None and self.valid_from >= self.valid_until:
            raise ValueError("it ends before it begins")
        return self


class PermitGranted(PermitGrantedV1, type="permit.granted", version=2, about="permit", personal=("plates",)):
    """The same, within weekly `hours` by the lot's clock (none: always), for so many of its vehicles `in_at_a_time`
    (None: all), for so many `entries` in all (None: any number). What it doesn't cover is let in as a transient or
    refused, as `beyond` says.

    `zones` are the parts of the lot where it may park (none: all). Its stays are charged as anybody's; by the rates
    that the tariff has for the code `rates`; or, with the kind `courtesy`, not at all.
    """

    kind: PermitKind = PermitKind.MONTHLY
    hours: tuple[Hours, ...] = Field(default=(), max_length=MOST_HOURS)
    in_at_a_time: Count | None = None
    entries: Count | None = None
    beyond: Beyond = Beyond.TRANSIENT
    zones: tuple[Name, ...] = Field(default=(), max_length=MOST_HOURS)
    rates: Name | None = None

    @model_validator(mode="after")
    def _one_price(self) -> PermitGranted:
        if self.kind is PermitKind.COURTESY and self.rates is not None:
            raise ValueError("a courtesy permit is free of charge: it has no rates")
        return self

    @property
    def limits(self) -> Limits:
        return Limits(self.hours, self.in_at_a_time, self.entries, self.beyond)

    def plainly(self) -> PermitGrantedV1 | PermitGranted:
        """In the oldest words that say all of it."""
        first, later = PermitGrantedV1.model_fields, type(self).model_fields
        says_more = any(getattr(self, name) != later[name].default for name in later if name not in first)
        return self if says_more else PermitGrantedV1(**{name: getattr(self, name) for name in first})


class PermitRevoked(Intent, type="permit.revoked", version=1, about="permit", ends=True):
    """The permit no longer lets anybody in. Who is inside may leave."""

    permit: PermitId


class AccountLimited(Intent, type="account.limited", version=1, about="account"):
    """So many vehicles of all permits of this account are inside at a time; the next is let in as a transient or
    refused, as its permit says. 0: none."""

    account: Name
    in_at_a_time: int = Field(ge=0, le=100_000)


class AccountUnlimited(Intent, type="account.unlimited", version=1, about="account", ends=True):
    """The account has no limit of its own any more; its permits still have theirs."""

    account: Name
