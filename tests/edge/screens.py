"""A lane that has a screen and nothing else, and its page served by a real server in a loop of its own."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeVar

import httpx

from edge.clock import SystemClock
from edge.kiosk.contract import Screen
from edge.kiosk.server import Kiosk
from edge.kiosk.settings import KioskSettings
from edge.lane.signals import Button, Phase
from models.faults import Fault
from models.ids import LaneName
from models.plates import Plate
from models.spots import VehicleType
from models.tickets import Direction

IN, OUT = LaneName("north-in"), LaneName("south-out")
T = TypeVar("T")


@dataclass
class LaneWithScreen:
    """Fulfils `KioskLane`: shows what a test says, and remembers what was passed on."""

    now: Screen
    passed_on: list[Any] = field(default_factory=list)
    _changed: list[Callable[[], None]] = field(default_factory=list)

    def screen(self) -> Screen:
        return self.now

    def on_change(self, changed: Callable[[], None]) -> None:
        self._changed.append(changed)

    def press(self, button: Button) -> None:
        self.passed_on.append(button)

    def choose(self, vehicle_type: VehicleType) -> None:
        self.passed_on.append(vehicle_type)

    def present_code(self, text: str) -> None:
        self.passed_on.append(text)

    def shows(self, phase: Phase, line: str = "", *asks: Button, plate: str | None = None, **more: Any) -> None:
        self.now = replace(
            self.now, phase=phase, line=line, asks=asks, plate=None if plate is None else Plate(plate), **more
        )
        for changed in self._changed:
            changed()


def an_entry() -> LaneWithScreen:
    return LaneWithScreen(Screen(IN, Direction.ENTRY, Phase.IDLE))


def an_exit() -> LaneWithScreen:
    return LaneWithScreen(Screen(OUT, Direction.EXIT, Phase.IDLE))


@dataclass
class Heard:
    """A `FaultReporter` that keeps what is open."""

    open: dict[str, str] = field(default_factory=dict)

    def raised(self, fault: Fault, detail: str) -> None:
        self.open[fault.code] = detail

    def cleared(self, fault: Fault) -> None:
        self.open.pop(fault.code, None)


@dataclass
class KioskAtWork:
    """A kiosk in a thread of its own, as a browser meets it."""

    settings: KioskSettings
    lanes: Mapping[LaneName, LaneWithScreen]
    secret_file: Path
    faults: Heard = field(default_factory=Heard)

    def __post_init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="kiosk", daemon=True)
        self._thread.start()
        self._kiosk: Kiosk | None = None

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.settings.port}"

    def start(self) -> None:
        self._kiosk = Kiosk(self.settings, self.lanes, self.secret_file, SystemClock(), self.faults)
        self._wait(self._kiosk.start())
        wait_for(self._answers)

    def stop(self) -> None:
        if self._kiosk is not None:
            self._wait(self._kiosk.stop())
            self._kiosk = None

    def close(self) -> None:
        self.stop()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(timeout=10)

    def shows(self, lane: LaneName, phase: Phase, line: str = "", *asks: Button, **more: Any) -> None:
        """The lane's screen changes, on the kiosk's own loop."""

        async def showing() -> None:
            self.lanes[lane].shows(phase, line, *asks, **more)

        self._wait(showing())

    def _wait(self, work: Awaitable[T]) -> T:
        async def working() -> T:
            return await work

        return asyncio.run_coroutine_threadsafe(working(), self._loop).result(timeout=20)

    def _answers(self) -> bool:
        try:
            return httpx.get(f"{self.address}/{IN}").status_code == 200
        except httpx.TransportError:
            return False


def wait_for(true: Callable[[], bool], seconds: float = 20) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it didn't come about"
        time.sleep(0.01)
