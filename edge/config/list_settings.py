"""Who may pass, as a technician writes it: permits, accounts, and vehicles that are barred."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Annotated, Any, Self

from pydantic import BeforeValidator, Field, model_validator

from edge.config.written import WrittenDay, WrittenPlate
from edge.parking.access.lists import OwnLists
from edge.parking.access.permits import Permit
from models.access.barred import LONGEST_REASON, Barred, BarredAction
from models.access.hours import Hours
from models.access.passing import Beyond, Limits, PermitKind
from models.cards import card_number
from models.documents.section import Section
from models.documents.written import as_written
from models.ids import LotId, permit_of_file
from models.instants import Instant
from models.passback import Passback
from models.plates import Plate
from models.spots import Right, VehicleType
from models.tariff.engine.localtime import local_time
from models.tariff.language.parts import Several

Name = Annotated[str, Field(min_length=1, max_length=80)]
Vehicles = Annotated[int, Field(ge=1, le=100_000)]


def _card(written: Any) -> str:
    text = as_written(written)
    if not isinstance(text, str) or not card_number(text):
        raise ValueError('the number of a card is expected as its reader says it, such as "17-04711"')
    return card_number(text)


class _Vehicles(Section):
    """Whom it is about."""

    plate: WrittenPlate | None = None
    """Spaces, dashes and letter case don't matter"""
    plates: tuple[WrittenPlate, ...] = ()
    """Instead of plate: those of several vehicles"""
    until: WrittenDay | None = None
    """The last day, such as 2026-12-31; left out: it doesn't end"""

    @property
    def all_plates(self) -> tuple[Plate, ...]:
        return self.plates if self.plate is None else (self.plate,)

    @model_validator(mode="after")
    def _of_somebody(self) -> Self:
        if (self.plate is None) == (not self.plates):
            raise ValueError("either `plate` or `plates` is expected")
        return self


class PermitSettings(_Vehicles):
    """Vehicles that this lot knows: they may enter while others may not."""

    name: Name | None = None
    """Names the permit, such as bakery; needed where its vehicles are counted"""
    rights: tuple[Right, ...] = ()
    """HANDICAP, EV, or both, for spots that are kept back"""
    cards: tuple[Annotated[str, BeforeValidator(_card)], ...] = ()
    """Numbers of its cards or tags as their reader says them, such as 17-04711; they stand for the first plate"""
    passback: Passback | None = None
    """`hard`, `soft` or `off`, where it isn't the lot's"""
    kind: PermitKind = PermitKind.MONTHLY
    """`monthly`, `fleet`, `guest`, or `courtesy`: free of charge"""
    from_: Annotated[WrittenDay | None, Field(alias="from")] = None
    """The first day, such as 2026-12-01; left out: it holds already"""
    hours: Annotated[tuple[Hours, ...], Several] = ()
    """When it lets in, such as mon-fri 07:00 to 18:00, by the clock on the wall; left out: always"""
    in_at_a_time: Vehicles | None = None
    """So many of its vehicles inside at once; left out: all of them"""
    entries: Vehicles | None = None
    """So often it lets in, all its vehicles together; left out: any number"""
    beyond: Beyond = Beyond.TRANSIENT
    """What becomes of a vehicle that it doesn't cover now: `transient` lets it in as anybody, `refuse` doesn't"""
    account: Name | None = None
    """The account that it belongs to"""
    zones: tuple[Name, ...] = ()
    """Parts of the lot where its vehicles may park; left out: all"""
    rates: Name | None = None
    """Code of a validation with `own_rates` in the tariff: its stays are charged by the rates that name the code"""
    vehicle_type: VehicleType | None = None
    """What kind its vehicles are; left out: as the lane tells"""

    @model_validator(mode="after")
    def _agrees(self) -> Self:
        if self.name is None and (self.in_at_a_time is not None or self.entries is not None):
            raise ValueError("a `name` is expected with `in_at_a_time` and `entries`: by it they are counted")
        if self.from_ is not None and self.until is not None and self.until < self.from_:
            raise ValueError("`until` can't be before `from`")
        if self.kind is PermitKind.COURTESY and self.rates is not None:
            raise ValueError("a courtesy is free of charge: `rates` don't go with it")
        return self

    def permits(self, lot: LotId, zone: str, otherwise: Passback) -> list[Permit]:
        """One for each vehicle, as the parking service knows them."""
        return [
            Permit(
                plate=plate,
                rights=frozenset(self.rights),
                cards=frozenset(self.cards if place == 0 else ()),
                passback=self.passback or otherwise,
                id=None if self.name is None else permit_of_file(lot, self.name),
                account=self.account,
                zones=frozenset(self.zones),
                limits=Limits(self.hours, self.in_at_a_time, self.entries, self.beyond),
                kind=self.kind,
                rates=self.rates,
                vehicle_type=self.vehicle_type,
                valid_from=None if self.from_ is None else local_time(zone).instant(self.from_.toordinal(), 0),
                valid_until=_after(self.until, zone),
            )
            for place, plate in enumerate(self.all_plates)
        ]


class BarredSettings(_Vehicles):
    """Vehicles that aren't let in, permit or not; by exactly these plates."""

    reason: Annotated[str, Field(min_length=1, max_length=LONGEST_REASON)]
    """Why, for whoever has to tell the driver"""
    action: BarredAction = BarredAction.REFUSE
    """`refuse`; `refuse_and_call` also calls a person to the lane; `admit_and_alert` lets in and tells an operator"""


class AccountSettings(Section):
    """What several permits belong to."""

    name: Name
    """As the permits have it under `account`"""
    in_at_a_time: Vehicles
    """So many vehicles of all its permits inside at once"""


def own_lists(barred: Iterable[BarredSettings], accounts: Iterable[AccountSettings], zone: str) -> OwnLists:
    """As the parking service knows them."""
    return OwnLists(
        {
            plate: Barred("of the lot's file", each.reason, each.action, _after(each.until, zone))
            for each in barred
            for plate in each.all_plates
        },
        {account.name: account.in_at_a_time for account in accounts},
    )


def _after(last: dt.date | None, zone: str) -> Instant | None:
    """When that day is over, by the lot's clock."""
    return None if last is None else local_time(zone).instant(last.toordinal() + 1, 0)
