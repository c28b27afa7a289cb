"""The permits and the tariff that hold now: those in the lot's own file, and those that the cloud has set."""

from __future__ import annotations

import json
import sqlite3
from bisect import bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import structlog

from edge.parking.access.lists import NO_LISTS, ListsInForce, OwnLists
from edge.parking.access.lot_time import LotTime
from edge.parking.access.permits import Permit
from edge.parking.access.rates import unknown_rates
from edge.parking.tariffs.pinning import Pins
from models.access.hours import within
from models.instants import Clock, Instant
from models.intents import PermitGranted
from models.passback import Passback
from models.plates import Plate
from models.tariff import Tariff, read_pinned
from models.tariff.engine.localtime import local_time
from models.tariff.spoken import spoken

_LOG = structlog.get_logger()


class PermitsInForce(Mapping[Plate, Permit]):
    """Who may enter at this moment, by plate. A permit ends by itself, whether or not the cloud can be reached.

    A plate in the lot's own file is the technician's: while that permit holds, what the cloud says of the same plate
    doesn't touch it. Of
    several permits of the cloud for one plate, the one that was granted last holds among those that are valid now; one
    whose hours it is goes before one whose hours it isn't.
    """

    def __init__(self, own: Mapping[Plate, Permit], time: LotTime, zone: str = "UTC") -> None:
        self._own, self._time, self._local = own, time, local_time(zone)
        self._granted: Mapping[Plate, tuple[Permit, ...]] = {}
        self._plates_of_card: Mapping[str, list[Plate]] = {}
        self.shadowed: tuple[Plate, ...] = ()
        """Plates of which both the lot's file and the cloud say something: the file holds."""

    def hear(self, granted: Mapping[Plate, tuple[Permit, ...]]) -> None:
        """What the cloud has granted now, by plate, what was granted last first."""
        self.shadowed = tuple(plate for plate in granted if plate in self._own)
        cards: dict[str, list[Plate]] = {}
        for plate, held in granted.items():
            for card in {card for each in held for card in each.cards}:
                cards.setdefault(card, []).append(plate)
        self._granted, self._plates_of_card = granted, cards

    def holder_of(self, card: str) -> Permit | None:
        """Whose permit that holds now has this card."""
        now = self._time.bounds()
        own = next((permit for permit in self._own.values() if card in permit.cards and permit.holds(now)), None)
        if own is not None:
            return own
        found = (self.get(plate) for plate in self._plates_of_card.get(card, ()))
        return next((permit for permit in found if permit is not None and card in permit.cards), None)

    def __getitem__(self, plate: Plate) -> Permit:
        own = self._own.get(plate)
        found = self._best(() if own is None else (own,)) or self._best(self._granted.get(plate, ()))
        if found is None:
            raise KeyError(plate)
        return found

    def in_hours(self, permit: Permit) -> bool:
        """Whether it lets in at this hour of the week."""
        return within(permit.limits.hours, self._local, self._time.bounds())

    def _best(self, held: tuple[Permit, ...]) -> Permit | None:
        now = self._time.bounds()
        valid = [permit for permit in held if permit.holds(now)]
        return next(filter(self.in_hours, valid), valid[0] if valid else None)

    def __iter__(self) -> Iterator[Plate]:
        return (plate for plate in dict.fromkeys((*self._own, *self._granted)) if self.get(plate) is not None)

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def all(self) -> Iterator[Permit]:
        """Whether or not they hold now."""
        yield from self._own.values()
        for held in self._granted.values():
            yield from held

    def knows(self, plate: Plate) -> bool:
        """Whether it has a permit at all, whether or not that holds now."""
        return plate in self._own or plate in self._granted

    def holders(self) -> frozenset[Plate]:
        """Who has a permit at all, whether or not it holds now."""
        return frozenset((*self._own, *self._granted))

    @property
    def plates(self) -> int:
        """How many that are."""
        return len(self._own) + len(self._granted) - len(self.shadowed)


@dataclass(frozen=True, slots=True)
class _Priced:
    valid_from: Instant
    name: str
    tariff: Tariff


class LotPolicy:
    """Read at the start and after each change of what the cloud has set; asked at each decision."""

    def __init__(
        self,
        permits: Mapping[Plate, Permit],
        tariff: Tariff,
        passback: Passback,
        clock: Clock,
        lists: OwnLists = NO_LISTS,
        zone: str = "UTC",
    ) -> None:
        """`permits`, `tariff` and `lists` are those of the lot's own file; `passback` is for permits that don't say,
        `zone` (an IANA name) the clock by which hours go."""
        self._time = LotTime(clock)
        self.permits = PermitsInForce(permits, self._time, zone)
        self.lists = ListsInForce(lists, self.permits.in_hours, self._time)
        self._own_tariff, self._passback, self._clock, self._pins = tariff, passback, clock, Pins()
        self._tariffs: tuple[_Priced, ...] = ()

    def tariff(self) -> Tariff:
        """What is pinned on a ticket that is opened now: the cloud's tariff that began last, else the lot's own."""
        priced, now = self._priced(), self._clock.read()
        tariff = self._own_tariff if priced is None else priced.tariff
        return self._pins.pinned(tariff, now.wall, dated=now.synced)

    def tariffs(self) -> tuple[Tariff, ...]:
        """All that may hold, now or later."""
        return (self._own_tariff, *(priced.tariff for priced in self._tariffs))

    @property
    def tariff_name(self) -> str | None:
        """None: the lot's own."""
        priced = self._priced()
        return None if priced is None else priced.name

    def unknown_rates(self) -> list[str]:
        """What permits that hold, or will, say of rates that no tariff has."""
        return unknown_rates(self.permits.all(), self.tariffs())

    def load(self, connection: sqlite3.Connection) -> None:
        self._time.learn(connection)
        granted = _granted(connection, self._passback)
        rows = connection.execute("SELECT * FROM tariffs ORDER BY valid_from, revision").fetchall()
        self._tariffs = tuple(priced for priced in map(_readable, rows) if priced is not None)
        self.permits.hear(granted)
        self.lists.load(connection)

    def _priced(self) -> _Priced | None:
        begun = bisect_right(self._tariffs, self._time.surely(), key=lambda priced: priced.valid_from)
        return self._tariffs[begun - 1] if begun else None


def _readable(row: sqlite3.Row) -> _Priced | None:
    """None for terms that this release can't read or hold to (a newer one may have taken them): the tariff before
    holds, for no row may stop a lot."""
    try:
        tariff = read_pinned(row["tariff"])
        spoken(tariff)
    except (ValueError, ArithmeticError):
        _LOG.error("tariff.unreadable", tariff=row["name"])
        return None
    return _Priced(row["valid_from"], row["name"], tariff)


def _granted(connection: sqlite3.Connection, otherwise: Passback) -> dict[Plate, tuple[Permit, ...]]:
    """By plate, what was granted last first."""
    found: dict[Plate, tuple[Permit, ...]] = {}
    for row in connection.execute("SELECT * FROM permits ORDER BY revision DESC"):
        granted = _intent(row)
        if granted is None:
            continue
        first, *others = granted.plates
        whole = Permit(
            plate=first,
            rights=frozenset(granted.rights),
            cards=frozenset(granted.cards),
            passback=granted.passback or otherwise,
            id=granted.permit,
            account=granted.account,
            zones=frozenset(granted.zones),
            limits=granted.limits,
            kind=granted.kind,
            rates=granted.rates,
            valid_from=granted.valid_from,
            valid_until=granted.valid_until,
        )
        each = (whole, *(replace(whole, plate=plate, cards=frozenset[str]()) for plate in others))
        for permit in each:
            known = found.get(permit.plate, ())
            found[permit.plate] = (*known, permit)
    return found


def _intent(row: sqlite3.Row) -> PermitGranted | None:
    """As it was put in force: `edge.store.policy` wrote the row from one. None for terms of a newer release, which may
    have run here before: no row may stop a lot."""
    written = {name: json.loads(row[name]) for name in ("cards", "rights")}
    columns = {name: row[name] for name in ("passback", "valid_from", "valid_until", "account")}
    plates = json.loads(row["license_plates"])
    whole = {**json.loads(row["terms"]), **written, **columns, "permit": row["id"], "plates": plates}
    try:
        return PermitGranted.model_validate(whole)
    except ValueError:
        _LOG.error("permit.unreadable", permit=row["id"])
        return None
