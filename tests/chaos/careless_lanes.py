"""The edge daemon with one safeguard of its lanes off, for the negative controls: PARKGATE_CARELESS says which."""

from __future__ import annotations

import asyncio
import os
from contextlib import closing
from typing import Any

from drivers.contacts import barrier as barrier_contact
from drivers.contract import DriverError
from drivers.over_serial import board_contact as relay_contact
from drivers.over_serial import relay as serial_relay
from edge import beginning
from edge.cli import main
from edge.lane.controller import LaneController
from edge.lane.signals import Vend
from edge.store import Transaction
from models.facts import ExitAbandoned, TicketVoided
from models.ids import LaneName, TicketId

_start, _decide, _order = LaneController.start, LaneController._decide, LaneController._order_the_barrier
_KEPT: list[asyncio.Task[None]] = []
_INTERRUPTED = "SELECT 1 FROM tickets WHERE status = 'UNRESOLVED' AND ? IN (entry_lane, exit_lane)"
_HALF_WAY = """SELECT id, status, entry_lane FROM tickets
    WHERE status = 'ADMITTED' OR (status = 'ACTIVE' AND exit_lane IS NOT NULL)"""


def leaves() -> None:
    """A pulse that the last daemon began is nobody's business."""
    serial_relay.a_contact = lambda channel, tell, _leave: relay_contact.a_contact(channel, tell, True)
    barrier_contact.Contact.open_when_possible = lambda self: None


def resends() -> None:
    """Whoever was about to be let in when the daemon died is let in now."""

    async def start(self: LaneController) -> None:
        await _start(self)
        _KEPT.append(asyncio.create_task(_send_again(self)))

    LaneController.start = start


async def _send_again(lane: LaneController) -> None:
    interrupted = await lane._store.read(lambda books: books.execute(_INTERRUPTED, (lane.name,)).fetchone())
    await asyncio.sleep(1)
    try:
        if interrupted:
            await lane._hardware.barrier.vend("again")
    except DriverError:
        pass


def hasty() -> None:
    """First the arm, then the paperwork."""

    async def decide(self: LaneController, *question: Any) -> None:
        await self._hardware.barrier.vend("hasty")
        await _decide(self, *question)

    def order(self: LaneController, order: Any, *, recorded_first: bool = False) -> None:
        if not isinstance(order, Vend):
            _order(self, order, recorded_first=recorded_first)

    LaneController._decide = decide
    LaneController._order_the_barrier = order


def voids() -> None:
    """What nobody saw didn't happen."""

    def settle(tx: Transaction) -> int:
        with closing(tx.connection.execute(_HALF_WAY)) as found:
            rows = found.fetchall()
        for row in rows:
            ticket, lane = TicketId(row["id"]), LaneName(row["entry_lane"])
            if row["status"] == "ADMITTED":
                tx.record(TicketVoided(ticket=ticket, lane=lane, at=tx.at.wall, reason="back_out"))
            else:
                tx.record(ExitAbandoned(ticket=ticket, lane=lane, at=tx.at.wall))
        return 0

    beginning.settle_after_restart = settle


if __name__ == "__main__":
    {"LEAVES": leaves, "RESENDS": resends, "HASTY": hasty, "VOIDS": voids}[os.environ["PARKGATE_CARELESS"]]()
    main()
