"""Builders: a lot with a real store in a temporary folder, and a clock that tests move by hand."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from edge.parking import entry, exit
from edge.parking.access.entitlement import Entitlement
from edge.parking.access.permits import Permit
from edge.parking.money.till import Till
from edge.parking.places.layout import PlannedLevel, declare
from edge.parking.stays.tickets import Ticket, open_ticket
from edge.store import Store, Transaction
from edge.store.database import looking_into
from models.facts import DeclaredLane, LotDeclared
from models.ids import LaneName, LotId, TicketId, VehicleId
from models.instants import HOUR, SECOND, Instant, Monotonic, Reading
from models.money import Minor
from models.plates import Plate, normalised
from models.refusals import Refusal
from models.spots import Right, SpotType, VehicleType
from models.tariff import HourlyTariff, Tariff
from models.tickets import Direction, TicketStatus
from models.wire.restoring import KnownStay

_T = TypeVar("_T")

LOT = LotId("0193e1a0-0000-7000-8000-000000000001")
IN, OUT = LaneName("in"), LaneName("out")
TARIFF = HourlyTariff(currency="EUR", hourly_rate=Minor(250), daily_maximum=Minor(1800))
NOON = Instant(1_795_000_000 * SECOND)


@dataclass
class HandClock:
    """Time stands still until a test moves it."""

    wall: Instant = NOON
    ticks: int = 0
    sleepers: list[asyncio.Future[None]] = field(default_factory=list)

    def read(self) -> Reading:
        self.ticks += 1
        return Reading("boot-1", self.monotonic(), self.wall, True)

    def monotonic(self) -> Monotonic:
        return Monotonic(self.wall - NOON)

    def forward(self, *, hours: float = 0, minutes: float = 0) -> None:
        self.wall = Instant(self.wall + round(hours * HOUR + minutes * 60 * SECOND))

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(0)


@dataclass
class Lot:
    store: Store
    clock: HandClock
    path: Path
    id: LotId = LOT

    def decide(self, decision: Callable[[Transaction], _T]) -> _T:
        return self.store.write_now(decision)

    def one(self, sql: str, *parameters: object) -> object:
        rows = self.rows(sql, *parameters)
        return rows[0][0] if rows else None

    def rows(self, sql: str, *parameters: object) -> list[tuple[object, ...]]:
        """What is committed, seen from beside the store, which may be at work."""
        with looking_into(self.path) as connection:
            return [tuple(row) for row in connection.execute(sql, parameters)]

    def arrives(
        self, plate: str, vehicle: VehicleType = VehicleType.REGULAR, rights: frozenset[Right] = frozenset()
    ) -> object:
        permit = Permit(normalised(plate), rights) if rights else None
        arrival = entry.Arrival(IN, normalised(plate), 0.98, vehicle, Entitlement(permit))
        return self.decide(lambda tx: entry.admit(tx, arrival, TARIFF))

    def enters(self, plate: str, vehicle: VehicleType = VehicleType.REGULAR) -> entry.Admitted:
        admitted = self.arrives(plate, vehicle)
        assert isinstance(admitted, entry.Admitted), admitted
        self.decide(lambda tx: entry.confirm(tx, admitted.ticket, IN))
        return admitted

    def till(self, terminal: object) -> Till:
        return Till(terminal, self.store, self.clock)  # type: ignore[arg-type]

    def departure(self, plate: str) -> exit.Departure:
        def stay(tx: Transaction) -> Ticket | Refusal:
            return open_ticket(tx.connection, Plate(plate)) or Refusal.NO_TICKET

        return exit.Departure(OUT, stay, "exact")

    def leaves(self, plate: str, terminal: object) -> object:
        return asyncio.run(exit.clear(self.store, self.till(terminal), self.departure(plate)))


_OPEN: list[Store] = []


def closed_in_the_end(store: Store) -> Store:
    """This store, which nobody needs after the test."""
    _OPEN.append(store)
    return store


def close_all() -> None:
    """Whatever a test has left open: a store has threads and files of its own."""
    while _OPEN:
        _OPEN.pop().close()


def a_lot(
    folder: Path, levels: tuple[PlannedLevel, ...] | None = None, clock: HandClock | None = None, id: LotId = LOT
) -> Lot:
    clock = clock or HandClock()
    store = closed_in_the_end(Store(folder / "lot.sqlite", id, clock))
    lot = Lot(store, clock, folder / "lot.sqlite", id)
    plan = levels or (a_level(0, REGULAR=4, COMPACT=2, MOTORCYCLE=1, LARGE=1, EV=1, HANDICAP=1),)
    lot.decide(lambda tx: declare(tx, declared(plan), plan))
    return lot


def a_level(floor: int, **counts: int) -> PlannedLevel:
    spots = [(f"{kind[0]}{n}", SpotType(kind)) for kind, count in counts.items() for n in range(1, count + 1)]
    return PlannedLevel(floor, f"Level {floor}", tuple(spots))


def declared(levels: tuple[PlannedLevel, ...]) -> LotDeclared:
    return LotDeclared(
        name="North",
        address="1 North Street",
        timezone="Europe/Berlin",
        currency="EUR",
        total_spots=sum(len(level.spots) for level in levels),
        lat_microdegrees=52_500_000,
        lng_microdegrees=13_400_000,
        lanes=(DeclaredLane(name=IN, direction=Direction.ENTRY), DeclaredLane(name=OUT, direction=Direction.EXIT)),
    )


def a_known_stay(plate: str, entered: Instant, tariff: Tariff = TARIFF) -> KnownStay:
    """One that the cloud tells a new store of: the vehicle is inside and hasn't paid."""
    return KnownStay(
        ticket=TicketId(f"ticket of {plate}"),
        code=f"code of {plate}",
        vehicle=VehicleId(f"vehicle {plate}"),
        license_plate=plate,
        vehicle_type=VehicleType.REGULAR,
        entry_lane=IN,
        floor=None,
        spot_number=None,
        entered=entered,
        status=TicketStatus.ACTIVE,
        exit_lane=None,
        exit_time=None,
        settled_at=None,
        amount_due=None,
        amount_paid=Minor(0),
        currency=tariff.currency,
        tariff=tariff.model_dump_json(),
        fee_bounded=False,
        refund_owed=Minor(0),
    )
