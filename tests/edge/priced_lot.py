"""A lot whose price moves: real store, real lanes, real desks, and a witness who reads the signs."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

from edge.assembly import follow
from edge.faults import FaultBoard
from edge.lane.controller import LaneController
from edge.lane.hardware import Hardware
from edge.lane.lane import Fitted, a_lane
from edge.lane.signals import Phase, Read
from edge.parking.access.policy import LotPolicy
from edge.parking.desks import EntryDesk
from edge.parking.places.layout import declare
from edge.parking.tariffs.prices import LotPrices, Quoting
from edge.store import Store
from models.ids import LaneName
from models.instants import Reading
from models.passback import Passback
from models.plates import Plate
from models.pricing import lane_quote
from models.spots import VehicleType
from models.tariff import Tariff, Terms, as_tariff, read_pinned
from models.tariff.headline import headline
from models.tickets import Direction
from tests.edge.clouds import becomes
from tests.edge.lots import LOT, Lot, a_level, declared
from tests.edge.test_controller import Arm, Clock, Loop, Part, Printer

NORTH, SOUTH = LaneName("north"), LaneName("south")
SPOTS = 100
MOVING: dict[str, Any] = {
    "occupancy": {"steps": [{"over": "70 %", "times": "1.5"}, {"over": "90 %", "times": "2.0"}]},
    "arrival": {"bands": [{"from": "09:00", "to": "19:00", "times": "1.3"}], "otherwise": "0.8"},
}
FULLER: dict[str, Any] = {"occupancy": {"steps": [{"over": "10 %", "times": "3.0"}], "otherwise": "1.1"}}


def terms(price: str = "2.00", dynamic: dict[str, Any] | None = None) -> Terms:
    said = {"dialect": 2, "currency": "EUR", "timezone": "Europe/Berlin", "rates": [{"price": price, "per": "1 h"}]}
    tariff = as_tariff(said | ({} if dynamic is None else {"dynamic": dynamic}))
    assert isinstance(tariff, Terms)
    return tariff


@dataclass
class Wall(Clock):
    """No time server may have been heard."""

    synced: bool = True

    def read(self) -> Reading:
        return Reading("boot-1", self.monotonic(), self.wall, self.synced)


@dataclass
class PriceSign(Part):
    texts: list[list[str]] = field(default_factory=list[list[str]])

    async def show(self, lines: Sequence[str]) -> None:
        self.texts.append(list(lines))

    @property
    def text(self) -> list[str]:
        return self.texts[-1] if self.texts else []


@dataclass
class AtWork:
    arming: Loop
    closing: Loop
    sign: PriceSign
    controller: LaneController

    @property
    def phase(self) -> Phase:
        return self.controller.lane.phase


class OwnPolicy(LotPolicy):
    """The tariff that a test says holds."""

    def __init__(self, tariff: Tariff, clock: Clock) -> None:
        super().__init__({}, tariff, Passback.HARD, clock)

    def now_holds(self, tariff: Tariff) -> None:
        self._own_tariff = tariff


class PricedLot:
    """`quoting`: what a lane's sign goes on showing."""

    def __init__(self, folder: Path, tariff: Tariff, quoting: Quoting = lane_quote, always: bool = False) -> None:
        self.folder, self.quoting, self.always = folder, quoting, always
        self.clock = Wall()
        self.policy = OwnPolicy(tariff, self.clock)
        self.lanes: dict[LaneName, AtWork] = {}
        self._cars = 0

    async def starts(self) -> None:
        path = self.folder / "lot.sqlite"
        self.store = Store(path, LOT, self.clock, synchronous="OFF")
        self.lot = Lot(self.store, self.clock, path)
        plan = (a_level(0, REGULAR=SPOTS),)
        self.lot.decide(lambda tx: declare(tx, declared(plan), plan))
        self.prices = LotPrices(self.policy, self.store, self.clock, self.quoting)
        self.lanes = {name: self._lane(name) for name in (NORTH, SOUTH)}
        self.store.write_now(self.prices.begin)
        for lane in self.lanes.values():
            await lane.controller.start()
        self._at_work = asyncio.ensure_future(self.prices.run())
        await self.settles()

    async def stops(self) -> None:
        self._at_work.cancel()
        await asyncio.gather(self._at_work, return_exceptions=True)
        for lane in self.lanes.values():
            await lane.controller.stop()
        self.store.close()

    async def restarts(self) -> None:
        """The loops are heard of again a moment later."""
        before = {name: (lane.arming.level, lane.closing.level) for name, lane in self.lanes.items()}
        await self.stops()
        await self.starts()
        for name, (arming, closing) in before.items():
            self.lanes[name].closing.becomes(closing)
            self.lanes[name].arming.becomes(arming)
        await self.settles()

    def _lane(self, name: LaneName) -> AtWork:
        arming, closing, sign = Loop(), Loop(), PriceSign()
        desk = EntryDesk(name, self.store, self.prices.tariff, {}, lambda: VehicleType.REGULAR, "North", "UTC")
        controller = LaneController(
            name,
            a_lane(Fitted(direction=Direction.ENTRY)),
            Hardware(Arm(), arming_loop=arming, closing_loop=closing, sign=sign, printer=Printer()),
            {Direction.ENTRY: desk},
            self.store,
            lambda on, far: None,
            FaultBoard(lambda decide: None),
            self.clock,
            offer=lambda: self.prices.offer(name),
        )
        follow(self.prices, controller, always=self.always)
        return AtWork(arming, closing, sign, controller)

    async def is_quiet(self) -> None:
        for lane in self.lanes.values():
            lane.closing.becomes(False)
            lane.arming.becomes(False)
        await self.settles()

    async def settles(self) -> None:
        """Whatever is to be put on record and shown is."""
        for _ in range(2):
            await self.prices.renew()
            await asyncio.sleep(0.006)

    async def is_taken(self, percent: int) -> None:
        await self.store.write(
            lambda tx: tx.connection.execute(
                "UPDATE spots SET status = CASE WHEN rowid <= ? THEN 'OCCUPIED' ELSE 'AVAILABLE' END"
                " WHERE id NOT IN (SELECT spot_id FROM tickets WHERE spot_id IS NOT NULL)",
                (percent,),
            )
        )
        await self.settles()

    async def passes(self, hours: float) -> None:
        self.clock.forward(hours=hours)
        await self.settles()

    async def new_tariff(self, tariff: Tariff) -> None:
        self.policy.now_holds(tariff)
        self.prices.policy_changed()
        await self.settles()

    async def gets_a_ticket(self, name: LaneName) -> Tariff:
        """The vehicle that stands there is read and let in; what is pinned on its ticket."""
        lane = self.lanes[name]
        self._cars += 1
        before = self.lot.one("SELECT count(*) FROM tickets")
        lane.controller.hear(Read(Plate(f"CAR{self._cars:03d}"), 0.97))
        await becomes(lambda: self.lot.one("SELECT count(*) FROM tickets") != before)
        await becomes(lambda: lane.phase is Phase.VENDED)
        return read_pinned(str(self.lot.one("SELECT tariff FROM tickets ORDER BY rowid DESC LIMIT 1")))

    async def drives_in(self, name: LaneName) -> None:
        lane = self.lanes[name]
        lane.closing.becomes(True)
        lane.arming.becomes(False)
        self.clock.seconds_pass(0.5)
        lane.closing.becomes(False)
        await becomes(lambda: lane.phase is Phase.IDLE)
        await self.settles()

    def price_on_sign(self, name: LaneName) -> str:
        """The last line that tells of money, of what the sign shows."""
        return next((line for line in reversed(self.lanes[name].sign.text) if "EUR" in line), "")

    def factor(self, name: LaneName) -> Decimal | None:
        offer = self.prices.offer(name)
        return None if offer is None else offer.factor


def said(tariff: Tariff) -> str:
    return headline(tariff, None)


@asynccontextmanager
async def a_priced_lot(
    folder: Path,
    tariff: Tariff | None = None,
    quoting: Quoting = lane_quote,
    always: bool = False,
    before: Callable[[PricedLot], None] = lambda lot: None,
) -> AsyncIterator[PricedLot]:
    lot = PricedLot(folder, tariff or terms(dynamic=MOVING), quoting, always)
    before(lot)
    await lot.starts()
    await lot.is_quiet()
    try:
        yield lot
    finally:
        await lot.stops()
