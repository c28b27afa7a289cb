"""Plays the day: a morning with the network, the whole day without it, and an evening in which the books agree."""

from __future__ import annotations

import asyncio
import math
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from uuid import UUID

import asyncpg

from drivers.money import Reported
from models.instants import SECOND, Instant
from simulator.books import Books, Difference, cloud_books, differences, lot_books
from simulator.clock import RealTime
from simulator.day.bookings import SOLD_AS, Bookings
from simulator.day.errands import People
from simulator.day.far_ends import Coins, FarEnds
from simulator.day.site import Site
from simulator.day.traffic import PlannedTraffic, barred, carried, permits, wanted
from simulator.day.visits import LEAVING, RESERVED, ComesIn
from simulator.twin.plan import TwinPlan, twin_plan
from simulator.twin.run import Twin
from simulator.twin.stage import Run, Stage

USUAL_LOT = Path(__file__).parents[2] / "config/lots/day.yaml"
OPENS_AFTER = 1200.0
"""Seconds from the beginning to the first car; until then the lot and the cloud are at one."""
_BEAT = 0.02
"""Real seconds between two looks at the daemon while the network is there."""
_AT_A_TIME = 0.2
"""How far the lot's time goes on meanwhile, in seconds."""
_SETTLES_FOR = 200.0
"""After the last car, so that every timer of the daemon has run out."""


class NeverHappened(Exception):
    """What the day waits for in real time hasn't come. The text says what."""


@dataclass(frozen=True, slots=True)
class Day:
    """A day that is over. `wall` is the UTC microsecond of its beginning; `unsent`: how many facts the cloud lacked
    when the network came back; `booked`: what became of each reservation at the lot, and in the cloud, by its id."""

    traffic: PlannedTraffic
    twin: Twin
    wall: Instant
    lot: Books
    cloud: Books
    unsent: int
    booked: tuple[dict[str, str], dict[str, str]] = field(default=({}, {}))
    taken: dict[str, list[Reported]] = field(default_factory=dict[str, list[Reported]])
    """By the records of those who took the money beside the twin, by account"""
    digests: tuple[str, ...] = ()
    """What the cloud found to differ by the lot's own digests; it may have put that right since"""

    @property
    def different(self) -> list[Difference]:
        return differences(self.lot, self.cloud)


def played(
    site: Site,
    traffic: PlannedTraffic,
    lot: Path = USUAL_LOT,
    *,
    within: float = 60.0,
    edge: tuple[str, ...] = ("parkgate-edge",),
) -> Day:
    """`within`: real seconds for whatever the day waits for while the network is there. `edge`: another daemon.

    Raises ServerError, LineError, Stalled, NeverHappened, NotDone, ValueError, httpx.HTTPError.
    """
    wall = tomorrow_at_six(RealTime().read().wall)
    run = Run(len(traffic.visits), 0.0, traffic.seed, edge_program=edge)
    with (
        FarEnds(site.lot_folder / "far") as far,
        Stage(site.lot_folder, _plan(lot, site, traffic, far), run, traffic, wall=wall) as stage,
    ):
        far.now, far.coins = lambda: Instant(wall + stage.twin.now), _puts_in(stage.twin, traffic)
        stage.twin.errands.append(far)
        far.away.touch()
        playing = _Playing(site, stage, traffic, wall, within)
        playing.nobody_comes_before(math.inf)
        codes = playing.morning()
        stage.twin.people.carried |= carried(traffic, codes)
        stage.twin.errands.append(People(stage.twin, stage.store).errands(traffic, OPENS_AFTER))
        playing.nobody_comes_before(OPENS_AFTER)
        stage.twin.run(lambda world: world.finished)
        stage.twin.until(stage.twin.now + round(_SETTLES_FOR * SECOND))
        unsent = lot_books(stage.store).facts - playing.in_cloud().facts
        far.away.unlink()
        playing.evening()
        booked = (playing.reservations(), playing.bookings.statuses())
        return Day(
            traffic,
            stage.twin,
            wall,
            lot_books(stage.store),
            playing.in_cloud(),
            unsent,
            booked,
            far.taken(),
            playing.digests(),
        )


_TOO_MUCH = 100
"""By so much in minor units do those overpay who have nothing smaller."""


def _puts_in(twin: Twin, traffic: PlannedTraffic) -> Coins:
    def coins(place: str, amount: int) -> tuple[int, ...]:
        lane = next((lane for lane in twin.world.lanes if lane.name == place), None)
        there = None if lane is None else lane.at_arming_loop()
        over = there is not None and LEAVING[traffic.visits[there.car.number].goes_out].overpaid
        return (amount + _TOO_MUCH,) if over else (amount - 50, 50)

    return coins


def tomorrow_at_six(now: Instant) -> Instant:
    """UTC: what is booked in the cloud for that day lies ahead, by any clock."""
    day = 86_400 * SECOND
    return Instant((now // day + 1) * day + 6 * 3600 * SECOND)


@dataclass(frozen=True)
class _Playing:
    """What happens while the network is there, with a lot whose time goes on slowly enough for it."""

    site: Site
    stage: Stage
    traffic: PlannedTraffic
    wall: Instant
    within: float

    @cached_property
    def bookings(self) -> Bookings:
        return Bookings(self.site.address, self.site.api_key, self.site.lot_id)

    def nobody_comes_before(self, seconds: float) -> None:
        """Since the run began."""
        self.stage.twin.world = replace(self.stage.twin.world, next_due=seconds)

    def morning(self) -> dict[int, str]:
        """The lot hears what was sold of what it keeps, and then nothing more. The codes of all that is sold, by car:
        some is sold when the lot hears nothing."""
        site, opens, bookings = self.site, Instant(self.wall + round(OPENS_AFTER * SECOND)), self.bookings
        self._lives_until(self._all_sent, "the lot hasn't reached the cloud")
        places = len(self.traffic.of(*RESERVED))
        if places:
            site.keep_back(SOLD_AS, places)
            self._lives_until(lambda: bool(self.in_cloud().rows["reservation_quotas"]), "the lot keeps no places back")
            sold = wanted(self.traffic, opens, ComesIn.RESERVATION_CODE, ComesIn.RESERVATION_PLATE)
            bookings.sell(sold)
            self._lives_until(lambda: len(self.reservations()) == len(sold), "the lot hasn't heard of the reservations")
        site.network_goes()
        bookings.sell(wanted(self.traffic, opens, ComesIn.RESERVATION_UNHEARD))
        return bookings.codes

    def evening(self) -> None:
        self.site.network_comes_back()
        self._lives_until(self._all_sent, "the lot hasn't sent everything")

    def in_cloud(self) -> Books:
        return asyncio.run(cloud_books(self.site.database_url, self.site.lot_id))

    def digests(self) -> tuple[str, ...]:
        return asyncio.run(_digests(self.site.database_url, self.site.lot_id))

    def _lives_until(self, done: Callable[[], bool], otherwise: str) -> None:
        """The lot's time goes on. Raises NeverHappened."""
        clock, twin = RealTime(), self.stage.twin
        ends = clock.monotonic() + round(self.within * SECOND)
        while not done():
            if clock.monotonic() > ends:
                raise NeverHappened(f"{otherwise} within {self.within:g} s")
            twin.until(twin.now + round(_AT_A_TIME * SECOND))
            asyncio.run(clock.sleep(_BEAT))

    def _all_sent(self) -> bool:
        books = lot_books(self.stage.store)
        return books.facts > 0 and len(books.acknowledged) == books.facts

    def reservations(self) -> dict[str, str]:
        """What became of those that the lot has heard of, by their ids."""
        with closing(sqlite3.connect(f"file:{self.stage.store}?mode=ro", uri=True)) as connection:
            return dict(connection.execute("SELECT id, status FROM reservations"))


def _plan(lot: Path, site: Site, traffic: PlannedTraffic, far: FarEnds) -> TwinPlan:
    plan = twin_plan(lot)
    for place in (*plan.written["lanes"], *plan.written.get("stations", ())):
        terminal = far.terminal(place["name"])
        if terminal is not None:
            place["payment_terminal"] = terminal
    named = {**plan.written["lot"], "id": site.lot_id}
    lists = {"permits": permits(traffic), "barred": barred(traffic)}
    return replace(plan, written={**plan.written, "lot": named, "link": site.link, **lists})


async def _digests(database_url: str, lot: str) -> tuple[str, ...]:
    connection = await asyncpg.connect(database_url)
    try:
        differ = "SELECT detail FROM cases WHERE lot_id = $1 AND kind = 'digest_differs'"
        return tuple(str(row["detail"]) for row in await connection.fetch(differ, UUID(lot)))
    finally:
        await connection.close()
