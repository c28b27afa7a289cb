"""The lot of `make chaos CHAOS=offline`: the real store and link in a process of their own, under a clock that is told
how late it is until the lot's long time off line is over."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from collections import deque
from pathlib import Path

from drivers.broker import BrokerSettings
from edge.clock import SystemClock
from edge.digests import Digests
from edge.faults import FaultBoard
from edge.parking import entry
from edge.parking.places.layout import declare
from edge.store import Store, Transaction, journal
from edge.sync.keys import TrustedKeys
from edge.sync.link import CloudLink
from edge.sync.presence import Presence
from models.ids import LotId, TicketId
from models.instants import SECOND, Instant, Reading
from models.plates import Plate
from models.spots import VehicleType
from models.wire.envelopes import Beacon
from tests.cloud.mirrors import pay_and_leave
from tests.edge.lots import IN, TARIFF, a_level, declared
from tests.edge.test_link import nobody_obeys

A_DAY = 2000
_APART = 24 * 3600 * SECOND // A_DAY
_INSIDE = 120
_DIGEST_EVERY = 100
"""Vehicles; each leaves about six facts."""
_LEVELS = (a_level(0, REGULAR=2 * _INSIDE),)


class ToldClock(SystemClock):
    """As late as it is told, and after that as late as it is. Waits are real."""

    told: Instant | None = None

    def read(self) -> Reading:
        real = super().read()
        return real if self.told is None else Reading(real.boot_id, real.monotonic, self.told, real.synced)


class BehindTheBacklog:
    """The control: the present is shown once the past has arrived."""

    def __init__(self, presence: type[Presence]) -> None:
        self.publish = presence._publish

    def __call__(self, presence: Presence, beacon: Beacon) -> bool:
        return not beacon.backlog and self.publish(presence, beacon)


def come_and_go(tx: Transaction, inside: deque[TicketId], number: int) -> None:
    """One more vehicle, and one that leaves when there are many."""
    admitted = entry.admit(tx, entry.Arrival(IN, Plate(f"{number:07}"), 0.98, VehicleType.REGULAR), TARIFF)
    assert isinstance(admitted, entry.Admitted), admitted
    entry.confirm(tx, admitted.ticket, IN)
    inside.append(admitted.ticket)
    if len(inside) > _INSIDE:
        pay_and_leave(tx, inside.popleft(), number)


async def story(store: Store, clock: ToldClock, vehicles: int, inside: deque[TicketId]) -> None:
    """The time off line."""
    digests, now = Digests(store, clock), clock.read().wall
    for number in range(vehicles):
        clock.told = Instant(now - (vehicles - number) * _APART)
        await store.write(lambda tx, number=number: come_and_go(tx, inside, number))
        if number % _DIGEST_EVERY == 0:
            await digests.write()
        if number % max(1, vehicles // 20) == 0:
            tell(during="offline", done=number)
    clock.told = None


async def afterwards(store: Store, first: int, inside: deque[TicketId]) -> None:
    """Vehicles go on coming while the backlog drains, until the parent has seen enough."""
    stop = asyncio.create_task(asyncio.to_thread(sys.stdin.readline))
    number = first
    while not stop.done():
        await store.write(lambda tx, number=number: come_and_go(tx, inside, number))
        number += 1
        head = await store.read(lambda connection: journal.head_of(connection, "ledger"))
        assert head is not None
        tell(during="drain", done=number, backlog=head.backlog)
        await asyncio.wait([stop], timeout=0.5)
    await Digests(store, SystemClock()).write()
    head = await store.read(lambda connection: journal.head_of(connection, "ledger"))
    assert head is not None
    tell(during="end", done=number, seq=head.seq, hash=head.hash)


def tell(**what: object) -> None:
    """One line for the parent, with the memory that this process has now. KiB."""
    status = Path("/proc/self/status").read_text()
    rss = next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS"))
    print(json.dumps({**what, "rss": rss}), flush=True)


async def run(folder: Path, lot: LotId, port: int, vehicles: int) -> None:
    clock = ToldClock()
    clock.told = Instant(clock.read().wall - (vehicles + 1) * _APART)
    store = Store(folder / "lot.sqlite", lot, clock)
    store.write_now(lambda tx: declare(tx, declared(_LEVELS), _LEVELS))
    board = FaultBoard(lambda decision: None).reporter("link")
    login = BrokerSettings(
        host="127.0.0.1", port=port, username="parkgate", password_file=folder / "password", keepalive=5
    )
    keys = TrustedKeys(folder / "cloud.keys", board)
    link = CloudLink(login, lot, "0.1.0", store, tuple, nobody_obeys, keys, clock, board)
    running = asyncio.create_task(link.run())
    inside: deque[TicketId] = deque()
    await story(store, clock, vehicles, inside)
    tell(during="over", done=vehicles)
    await afterwards(store, vehicles, inside)
    await asyncio.sleep(5)  # for what is still on its way
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    store.close()


def main() -> None:
    asked = argparse.ArgumentParser()
    asked.add_argument("folder", type=Path)
    asked.add_argument("lot")
    asked.add_argument("port", type=int)
    asked.add_argument("vehicles", type=int)
    asked.add_argument("--behind", action="store_true")
    given = asked.parse_args()
    if given.behind:
        behind = BehindTheBacklog(Presence)
        Presence._publish = lambda presence, beacon: behind(presence, beacon)  # type: ignore[method-assign]
    asyncio.run(run(given.folder, LotId(given.lot), given.port, given.vehicles))


if __name__ == "__main__":
    main()
