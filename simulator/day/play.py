"""Plays the day: a morning with the network, the whole day without it, and an evening in which the books agree."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from models.instants import SECOND, Instant
from simulator.books import Books, Difference, cloud_books, differences, lot_books
from simulator.clock import RealTime
from simulator.day.site import Site
from simulator.day.traffic import PlannedTraffic, carried, permits
from simulator.twin.plan import TwinPlan, twin_plan
from simulator.twin.run import Twin
from simulator.twin.stage import Run, Stage

USUAL_LOT = Path(__file__).parents[2] / "config/lots/day.yaml"
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
    when the network came back."""

    traffic: PlannedTraffic
    twin: Twin
    wall: Instant
    lot: Books
    cloud: Books
    unsent: int

    @property
    def different(self) -> list[Difference]:
        return differences(self.lot, self.cloud)


def played(site: Site, traffic: PlannedTraffic, lot: Path = USUAL_LOT, *, within: float = 60.0) -> Day:
    """`within`: real seconds for the morning and for the evening each.

    Raises ServerError, LineError, Stalled, NeverHappened, ValueError.
    """
    plan = _plan(lot, site, traffic)
    run = Run(len(traffic.visits), 0.0, traffic.seed)
    wall = tomorrow_at_six(RealTime().read().wall)
    with Stage(site.folder / "lot", plan, run, traffic, wall=wall) as stage:
        twin = stage.twin
        twin.people.carried |= carried(traffic)
        _lives(twin, lambda: _all_sent(stage.store), within, "the lot hasn't reached the cloud in the morning")
        site.network_goes()
        twin.run(lambda world: world.finished)
        twin.until(twin.now + round(_SETTLES_FOR * SECOND))
        unsent = lot_books(stage.store).facts - _in_cloud(site).facts
        site.network_comes_back()
        _lives(twin, lambda: _all_sent(stage.store), within, "the lot hasn't sent everything in the evening")
        return Day(traffic, twin, wall, lot_books(stage.store), _in_cloud(site), unsent)


def tomorrow_at_six(now: Instant) -> Instant:
    """UTC: what is booked in the cloud for that day lies ahead, by any clock."""
    day = 86_400 * SECOND
    return Instant((now // day + 1) * day + 6 * 3600 * SECOND)


def _plan(lot: Path, site: Site, traffic: PlannedTraffic) -> TwinPlan:
    plan = twin_plan(lot)
    named = {**plan.written["lot"], "id": site.lot_id}
    return replace(plan, written={**plan.written, "lot": named, "link": site.link, "permits": permits(traffic)})


def _in_cloud(site: Site) -> Books:
    return asyncio.run(cloud_books(site.database_url, site.lot_id))


def _all_sent(store: Path) -> bool:
    books = lot_books(store)
    return books.facts > 0 and len(books.acknowledged) == books.facts


def _lives(twin: Twin, until: Callable[[], bool], within: float, otherwise: str) -> None:
    """The lot's time goes on, slowly enough for the network to keep up. Raises NeverHappened."""
    clock = RealTime()
    ends = clock.monotonic() + round(within * SECOND)
    while not until():
        if clock.monotonic() > ends:
            raise NeverHappened(otherwise)
        twin.until(twin.now + round(_AT_A_TIME * SECOND))
        asyncio.run(clock.sleep(_BEAT))
