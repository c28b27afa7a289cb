"""Garages for the operators' page: they live at the present time, and what happens there reaches the cloud at once."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Awaitable, Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import asyncpg

from cloud.console.lot_reading import OpenTicket
from cloud.db import connect
from cloud.enrolment import enrol_lot, tenant_named
from cloud.ingest.apply import apply_window
from cloud.ingest.beacons import Shown, keep_beacons
from cloud.ingest.news import notify
from cloud.keys import mint_key, revoke_key
from cloud.settings import CloudSettings
from models.codes import ticket_code
from models.facts import (
    AccessRefused,
    DeclaredLane,
    DeclaredSpot,
    ExitAllowed,
    FaultRaised,
    LevelDeclared,
    LotDeclared,
    PaymentTaken,
    TicketClosed,
    TicketConfirmed,
    TicketOpened,
)
from models.ids import LaneName, LevelId, LotId, SpotId, TicketId
from models.instants import Instant
from models.money import Minor
from models.spots import SpotType, VehicleType
from models.tariff import HourlyTariff, Tariff, Terms, fee
from models.tickets import Direction, TicketStatus
from models.wire.envelopes import Beacon, LaneNow
from tests.cloud.lots import Lot, an_id

T = TypeVar("T")
MINUTE = 60_000_000
TARIFF = HourlyTariff(currency="EUR", hourly_rate=Minor(250), daily_maximum=Minor(1800))
AIRPORT = Terms.model_validate(
    {
        "tariff": "Airport",
        "version": "2026-11",
        "currency": "EUR",
        "timezone": "Europe/Berlin",
        "rates": [{"name": "Parking", "tiers": [{"up_to": "1 h", "price": "6"}, {"price": "4", "per": "1 h"}]}],
        "extras": [{"name": "Charging spot", "spots": "EV", "price": "1", "per": "1 h"}],
        "caps": [{"amount": "32", "per": "24 h"}, {"amount": "149", "per": "7 days"}],
        "factors": [{"name": "Large", "vehicles": "LARGE", "percent": "150 %"}],
        "tax": "19 %",
        "machine_maximum": "300",
    }
)
"""With hour, day and week caps"""
KINDS = (
    (SpotType.MOTORCYCLE, 2),
    (SpotType.COMPACT, 5),
    (SpotType.REGULAR, 9),
    (SpotType.LARGE, 2),
    (SpotType.HANDICAP, 1),
    (SpotType.EV, 2),
)
LANES = (
    DeclaredLane(name=LaneName("north-in"), direction=Direction.ENTRY),
    DeclaredLane(name=LaneName("north-out"), direction=Direction.EXIT),
)


def present() -> Instant:
    return Instant(time.time_ns() // 1000)


def elsewhere(work: Coroutine[None, None, T]) -> T:
    """Runs this in another thread: the browser's driver has its event loop in ours."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, work).result()


def an_open_ticket(entered: Instant, tariff: Tariff | None = TARIFF, spot_type: SpotType | None = None) -> OpenTicket:
    return OpenTicket(
        id=TicketId(an_id()),
        code=ticket_code(7),
        plate="AB12CDE",
        vehicle_type=VehicleType.REGULAR,
        spot=None,
        spot_number=None,
        spot_type=spot_type,
        level=None,
        lane="north-in",
        entered=entered,
        status=TicketStatus.ACTIVE,
        paid=Minor(0),
        currency="EUR",
        tariff=tariff,
    )


class Operator:
    """A company with lots, keys, and its lines to the cloud's database."""

    def __init__(self, settings: CloudSettings, name: str) -> None:
        self.settings, self.name = settings, name
        self.tenant = self.in_transaction(lambda c: tenant_named(c, name, present()))

    def in_transaction(self, work: Callable[..., Awaitable[T]]) -> T:
        async def doing() -> T:
            engine = connect.engine(self.settings)
            try:
                async with engine.begin() as connection:
                    return await work(connection)
            finally:
                await engine.dispose()

        return elsewhere(doing())

    def key(self, *scopes: str, name: str = "control room") -> str:
        return self.in_transaction(lambda c: mint_key(c, self.tenant, name, scopes, present()))

    def revokes(self, key: str) -> None:
        prefix = "_".join(key.split("_")[:2])
        assert self.in_transaction(lambda c: revoke_key(c, self.tenant, prefix, present()))

    def enrols(self, name: str) -> Garage:
        lot = self.in_transaction(lambda c: enrol_lot(c, self.tenant, name, present()))
        return Garage(lot, self.settings, name)


class Garage(Lot):
    """A lot that tells the cloud what happened when it `reports`."""

    def __init__(self, lot: LotId, settings: CloudSettings, name: str) -> None:
        super().__init__(lot)
        self.name, self._settings, self._sent = name, settings, 0
        self.now = present()
        self.lanes: tuple[DeclaredLane, ...] = LANES
        self.inside: dict[TicketId, tuple[SpotId | None, Instant]] = {}

    def opens(
        self, levels: int = 1, address: str = "1 North Street", lanes: tuple[DeclaredLane, ...] = LANES
    ) -> Garage:
        self.lanes = lanes
        self.says(
            LotDeclared(
                name=self.name,
                address=address,
                timezone="Europe/Berlin",
                currency="EUR",
                total_spots=levels * sum(count for _, count in KINDS),
                lat_microdegrees=52_500_000,
                lng_microdegrees=13_400_000,
                lanes=lanes,
            )
        )
        for floor in range(1, levels + 1):
            kinds = [kind for kind, count in KINDS for _ in range(count)]
            ids = [SpotId(an_id()) for _ in kinds]
            self.spots += ids
            spots = tuple(
                DeclaredSpot(id=spot, number=f"{floor}{n:02}", type=kind)
                for n, (spot, kind) in enumerate(zip(ids, kinds, strict=True), 1)
            )
            self.says(LevelDeclared(level=LevelId(an_id()), floor_number=floor, name=f"Level {floor}", spots=spots))
        return self

    def minutes_ago(self, minutes: float) -> Garage:
        self.now = Instant(present() - int(minutes * MINUTE))
        return self

    def lets_in(
        self,
        plate: str,
        spot: SpotId | None = None,
        *,
        lane: str | None = None,
        passed: bool = True,
        tariff: Tariff = TARIFF,
    ) -> TicketId:
        entry = LaneName(lane or self._lane(Direction.ENTRY))
        vehicle, ticket = self.meets(plate), TicketId(an_id(self.now))
        self.says(
            TicketOpened(
                ticket=ticket,
                code=ticket_code(secrets.randbits(35)),
                vehicle=vehicle,
                vehicle_type=VehicleType.REGULAR,
                lane=entry,
                spot=spot,
                entered=self.now,
                tariff=tariff,
                confidence_permille=990,
            )
        )
        self.inside[ticket] = (spot, self.now)
        if passed:
            self.says(TicketConfirmed(ticket=ticket, lane=entry, passed=self.now))
        return ticket

    def lets_out(self, ticket: TicketId, amount: int | None = None) -> None:
        """The car pays what its stay costs and passes the exit."""
        _, entered = self.inside.pop(ticket)
        at, lane = self.now, LaneName(self._lane(Direction.EXIT))
        money = fee(TARIFF, entered, at).total if amount is None else Minor(amount)
        paid = {"amount": money, "currency": "EUR", "method": "terminal", "reference": "sim-1", "paid_in_all": money}
        self.says(
            PaymentTaken.model_validate({"payment": an_id(), "ticket": ticket, "lane": lane, "taken": at, **paid})
        )
        due = {"amount_due": money, "amount_paid": money}
        allowed = {
            "ticket": ticket,
            "lane": lane,
            "at": at,
            "settled_until": at,
            "started_hours": 1,
            "match": "exact",
            **due,
        }
        self.says(ExitAllowed.model_validate(allowed))
        self.says(TicketClosed(ticket=ticket, lane=lane, exited=at, amount_due=money, amount_paid=money))

    @property
    def free_spots(self) -> list[SpotId]:
        taken = {spot for spot, _ in self.inside.values()}
        return [spot for spot in self.spots if spot not in taken]

    def turns_away(self, plate: str | None, reason: str = "LOT_FULL", lane: str | None = None) -> Garage:
        self.says(
            AccessRefused(
                refusal=an_id(),
                lane=LaneName(lane or self._lane(Direction.ENTRY)),
                direction=Direction.ENTRY,
                reason=reason,
                at=self.now,
                license_plate=plate,
            )
        )
        return self

    def raises(self, code: str, source: str, detail: str) -> Garage:
        self.says(FaultRaised(fault=an_id(), code=code, source=source, detail=detail, at=self.now))
        return self

    def reports(self) -> Garage:
        """Everything that the cloud hasn't been told yet, as one window, and a sign of life."""
        self._telling(self._tell)
        return self.shows_itself()

    def shows_itself(self, phase: str = "idle", barrier: str = "closed", backlog: int = 0) -> Garage:
        lanes = tuple(
            LaneNow(name=each.name, direction=each.direction, phase=phase, barrier=barrier) for each in self.lanes
        )
        return self.sends(Beacon(lot=self.id, online=True, at=present(), release="0.1.0", lanes=lanes, backlog=backlog))

    def loses_its_link(self) -> Garage:
        """The broker publishes the lot's will."""
        return self.sends(Beacon(lot=self.id, online=False))

    def sends(self, beacon: Beacon) -> Garage:
        self._telling(lambda connection: self._show(connection, beacon))
        return self

    async def _tell(self, connection: asyncpg.Connection) -> None:
        if len(self.facts) > self._sent:
            await apply_window(connection, self.window(self._sent + 1), present())
            await notify(connection, [self.id])
            self._sent = len(self.facts)

    async def _show(self, connection: asyncpg.Connection, beacon: Beacon) -> None:
        await keep_beacons(connection, [Shown(beacon, present())])
        await notify(connection, [self.id])

    def _telling(self, work: Callable[[asyncpg.Connection], Awaitable[None]]) -> None:
        async def doing() -> None:
            connection = await connect.connection(self._settings, "garage")
            try:
                await work(connection)
            finally:
                await connection.close()

        elsewhere(doing())

    def _lane(self, way: Direction) -> str:
        return next(lane.name for lane in self.lanes if lane.direction is way)
