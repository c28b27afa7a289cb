"""What the tests of serial relay boards share: each make of board, a peer on a pty, and a relay that talks to it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from drivers.contract import DriverContext
from drivers.kmtronic import KmtronicSettings
from drivers.lcus import LcusSettings
from drivers.numato import NumatoSettings
from drivers.over_serial.relay import SerialRelay, SerialRelaySettings
from drivers.rly16 import Rly16Settings
from edge.clock import SystemClock
from simulator.boards.cores import BoardCore, KmtronicCore, LcusCore, NumatoCore, Rly16Core
from simulator.boards.pty_board import PtyBoard
from simulator.boards.witness import Contact, contacts_of
from tests.drivers.conftest import Notebook


@dataclass(frozen=True)
class Make:
    """One make of board, and what is said to its relays `channel` and `other`."""

    name: str
    settings: Callable[..., SerialRelaySettings]
    core: Callable[[], BoardCore]
    channel: int
    other: int
    on: bytes
    off: bytes
    question: bytes = b""

    @property
    def reads_back(self) -> bool:
        return bool(self.question)

    @property
    def opening(self) -> bytes:
        """All that is said to open the contact and to see that it is."""
        return self.off + self.question

    @property
    def pulse(self) -> bytes:
        return self.on + self.question + self.opening

    def __str__(self) -> str:
        return self.name


LCUS = Make("lcus", LcusSettings, LcusCore, 1, 2, bytes.fromhex("A00101A2"), bytes.fromhex("A00100A1"))
KMTRONIC_2 = Make(
    "kmtronic-2",
    lambda **written: KmtronicSettings(channels=2, **written),
    lambda: KmtronicCore(2),
    2,
    1,
    bytes.fromhex("FF0201"),
    bytes.fromhex("FF0200"),
    bytes.fromhex("FF0203"),
)
KMTRONIC_8 = Make(
    "kmtronic-8",
    lambda **written: KmtronicSettings(channels=8, **written),
    lambda: KmtronicCore(8),
    5,
    3,
    bytes.fromhex("FF0501"),
    bytes.fromhex("FF0500"),
    bytes.fromhex("FF0900"),
)
NUMATO = Make("numato", NumatoSettings, NumatoCore, 12, 0, b"relay on C\r", b"relay off C\r", b"relay read C\r")
RLY16 = Make("rly16", Rly16Settings, Rly16Core, 3, 8, b"\x67", b"\x71", b"\x5b")
MAKES = (LCUS, KMTRONIC_2, KMTRONIC_8, NUMATO, RLY16)
READABLE = tuple(make for make in MAKES if make.reads_back)


@dataclass
class Bench:
    """A board of one make on a pty, its witness, and the lot's relays on it."""

    make: Make
    board: PtyBoard
    context: DriverContext
    faults: Notebook
    lines: list[dict[str, Any]]
    started: list[SerialRelay] = field(default_factory=list)

    def a_relay(self, channel: int | None = None, **written: Any) -> SerialRelay:
        channel = self.make.channel if channel is None else channel
        return self.make.settings(port=str(self.board.link), channel=channel, **written).build(self.context)

    async def a_started_relay(self, channel: int | None = None, **written: Any) -> SerialRelay:
        relay = self.a_relay(channel, **written)
        self.started.append(relay)
        await relay.start()
        return relay

    async def a_relay_at_rest(self, channel: int | None = None, **written: Any) -> SerialRelay:
        """Connected, known to be open."""
        relay = await self.a_started_relay(channel, **written)
        await within(lambda: relay.on is False)
        return relay

    @property
    def contacts(self) -> list[Contact]:
        """Each time that a contact was made."""
        return contacts_of(list(self.lines))

    async def at_rest(self) -> None:
        """What a board that can't be read was told may still be on its way."""
        await within(lambda: not any(self.board.core.relays.values()))

    @property
    def made(self) -> bool:
        return self.board.core.relays[self.make.channel]


def a_bench(make: Make, folder: Path) -> Bench:
    lines: list[dict[str, Any]] = []

    def saw(channel: int, on: bool, mono_us: int) -> None:
        lines.append({"board": make.name, "channel": channel, "on": on, "mono_us": mono_us})

    faults = Notebook()
    board = PtyBoard(make.core(), folder / "by-id" / "usb-board", saw)
    return Bench(make, board, DriverContext("north-in.barrier", SystemClock(), faults), faults, lines)


async def within(holds: Callable[[], bool], seconds: float = 5.0) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "this didn't come about in time"
        await asyncio.sleep(0.005)
