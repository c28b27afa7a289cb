"""The permits and the tariff that hold now: those in the lot's own file, and those that the cloud has set."""

from __future__ import annotations

import json
import sqlite3
from bisect import bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import structlog

from edge.parking.access.permits import Permit
from edge.parking.tariffs.pinning import Pins
from edge.store import boots
from models.instants import Clock, Instant
from models.passback import Passback
from models.plates import Plate
from models.spots import Right
from models.tariff import Tariff, read_pinned
from models.tariff.spoken import spoken
from models.timeline import Bounds

_LOG = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class _Granted:
    """One vehicle of a permit that the cloud has granted, and when it holds."""

    permit: Permit
    valid_from: Instant | None
    valid_until: Instant | None

    def holds(self, now: Bounds) -> bool:
        """Whether it can hold now: while the time isn't known, no clock that is wrong keeps anybody out."""
        earliest, latest = now
        begun = self.valid_from is None or latest is None or self.valid_from <= latest
        ended = self.valid_until is not None and earliest is not None and self.valid_until <= earliest
        return begun and not ended


class _Time:
    """What is known of the time at this moment."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._earliest_zero: Instant | None = None

    def learn(self, connection: sqlite3.Connection) -> None:
        """What time servers have said in earlier boots."""
        self._earliest_zero = boots.earliest_zero(connection, self._clock.read().boot_id)

    def bounds(self) -> Bounds:
        at = self._clock.read()
        if at.synced:
            return at.wall, at.wall
        return None if self._earliest_zero is None else Instant(self._earliest_zero + at.monotonic), None

    def surely(self) -> Instant:
        """The earliest that it can be, else what the clock says."""
        earliest, _ = self.bounds()
        return self._clock.read().wall if earliest is None else earliest


class PermitsInForce(Mapping[Plate, Permit]):
    """Who may enter at this moment, by plate. A permit ends by itself, whether or not the cloud can be reached.

    A plate in the lot's own file is the technician's: what the cloud says of the same plate doesn't touch it. Of
    several permits of the cloud for one plate, the one that was granted last holds among those that are valid now.
    """

    def __init__(self, own: Mapping[Plate, Permit], time: _Time) -> None:
        self._own, self._time = own, time
        self._granted: Mapping[Plate, tuple[_Granted, ...]] = {}
        self._plates_of_card: Mapping[str, list[Plate]] = {}
        self.shadowed: tuple[Plate, ...] = ()
        """Plates of which both the lot's file and the cloud say something: the file holds."""

    def hear(self, granted: Mapping[Plate, tuple[_Granted, ...]]) -> None:
        """What the cloud has granted now, by plate, what was granted last first."""
        self.shadowed = tuple(plate for plate in granted if plate in self._own)
        cards: dict[str, list[Plate]] = {}
        for plate, held in granted.items():
            for card in {card for each in held for card in each.permit.cards}:
                cards.setdefault(card, []).append(plate)
        self._granted, self._plates_of_card = granted, cards

    def holder_of(self, card: str) -> Permit | None:
        """Whose permit that holds now has this card."""
        own = next((permit for permit in self._own.values() if card in permit.cards), None)
        if own is not None:
            return own
        found = (self.get(plate) for plate in self._plates_of_card.get(card, ()))
        return next((permit for permit in found if permit is not None and card in permit.cards), None)

    def __getitem__(self, plate: Plate) -> Permit:
        own = self._own.get(plate)
        if own is not None:
            return own
        held = self._granted.get(plate)
        found = None if held is None else _valid(held, self._time.bounds())
        if found is None:
            raise KeyError(plate)
        return found

    def __iter__(self) -> Iterator[Plate]:
        yield from self._own
        now = self._time.bounds()
        for plate, held in self._granted.items():
            if plate not in self._own and _valid(held, now) is not None:
                yield plate

    def __len__(self) -> int:
        return sum(1 for _ in self)

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

    def __init__(self, permits: Mapping[Plate, Permit], tariff: Tariff, passback: Passback, clock: Clock) -> None:
        """`permits` and `tariff` are those of the lot's own file; `passback` is for permits that don't say."""
        self._time = _Time(clock)
        self.permits = PermitsInForce(permits, self._time)
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

    def load(self, connection: sqlite3.Connection) -> None:
        self._time.learn(connection)
        granted = _granted(connection, self._passback)
        rows = connection.execute("SELECT * FROM tariffs ORDER BY valid_from, revision").fetchall()
        self._tariffs = tuple(priced for priced in map(_readable, rows) if priced is not None)
        self.permits.hear(granted)

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


def _granted(connection: sqlite3.Connection, otherwise: Passback) -> dict[Plate, tuple[_Granted, ...]]:
    """By plate, what was granted last first."""
    found: dict[Plate, tuple[_Granted, ...]] = {}
    for row in connection.execute("SELECT * FROM permits ORDER BY revision DESC"):
        for place, plate in enumerate(json.loads(row["license_plates"])):
            permit = Permit(
                plate=plate,
                rights=frozenset(map(Right, json.loads(row["rights"]))),
                cards=frozenset(json.loads(row["cards"]) if place == 0 else ()),
                passback=Passback(row["passback"]) if row["passback"] else otherwise,
            )
            found[plate] = (*found.get(plate, ()), _Granted(permit, row["valid_from"], row["valid_until"]))
    return found


def _valid(held: tuple[_Granted, ...], now: Bounds) -> Permit | None:
    return next((each.permit for each in held if each.holds(now)), None)
