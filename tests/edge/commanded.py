"""A lot on a real broker that takes commands, and the honest cloud that gives them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from drivers.broker import BrokerSettings
from edge.faults import FaultBoard
from edge.local import Asked, Obeyed
from edge.sync.keys import TrustedKeys
from edge.sync.link import CloudLink
from models.instants import Clock
from models.wire.envelopes import LaneNow
from simulator.servers import Mosquitto
from tests.brokers import USERS
from tests.chaos.command_senders import Caller
from tests.edge.clouds import HurriedClock, becomes, forget_beacon, nothing_to_reload, written
from tests.edge.lots import Lot
from tests.keys import SIGNER

LANES = (LaneNow(name="in", direction="entry", phase="idle", barrier="closed"),)


@dataclass
class Gate:
    """Whoever carries orders out. It looks whether each is on record by then."""

    lot: Lot
    answers: Obeyed = field(default_factory=lambda: Obeyed(said="the arm was told to rise"))
    obeyed: list[tuple[Asked, str]] = field(default_factory=list[tuple[Asked, str]])
    unrecorded: int = 0
    jammed: bool = False

    async def obey(self, asked: Asked, order_id: str) -> Obeyed:
        self.unrecorded += self.lot.one("SELECT 1 FROM taken_commands WHERE id = ?", order_id) is None
        self.obeyed.append((asked, order_id))
        if self.jammed:
            await asyncio.Event().wait()
        return self.answers

    @property
    def moved(self) -> int:
        return len(self.obeyed)


@dataclass
class Commanded:
    """The lot, its gate and its faults."""

    lot: Lot
    gate: Gate
    board: FaultBoard
    link: CloudLink

    def refusals(self) -> list[str]:
        return [str(reason) for (reason,) in self.lot.rows(
            "SELECT json_extract(body, '$.reason') FROM journal WHERE type = 'command.refused' ORDER BY seq"
        )]  # fmt: skip

    def ended(self) -> list[Any]:
        return [end for (end,) in self.lot.rows("SELECT outcome FROM taken_commands ORDER BY taken_at")]

    @property
    def faults(self) -> set[str]:
        return {fault.code for fault in self.board.open()}


@asynccontextmanager
async def commanded(
    lot: Lot, broker: Mosquitto, keys: Path, gate: Gate | None = None, clock: Clock | None = None
) -> AsyncIterator[Commanded]:
    """The lot's link at work; stopped, as a daemon that is killed stops, afterwards."""
    board = FaultBoard(lambda decision: None)
    faults = board.reporter("link")
    gate = gate or Gate(lot)
    password = written(lot.path.with_name("password"), USERS["lot"])
    login = BrokerSettings(host="127.0.0.1", port=broker.port, username="lot", password_file=password, keepalive=5)
    clock = clock or HurriedClock()
    link = CloudLink(
        login,
        lot.id,
        "0.1.0",
        lot.store,
        lambda: LANES,
        gate.obey,
        TrustedKeys(keys, faults),
        clock,
        faults,
        nothing_to_reload,
    )
    task = asyncio.create_task(link.run())
    try:
        await becomes(lambda: link.connected)
        yield Commanded(lot, gate, board, link)
        assert not task.done(), "the link never gives up by itself"
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        await asyncio.to_thread(forget_beacon, broker, lot.id)


def the_cloud(broker: Mosquitto, lot: Lot) -> Caller:
    return Caller(broker.port, "parkgate", USERS["parkgate"], lot.id, SIGNER)
