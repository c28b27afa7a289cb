"""An arm alone, without loops, for a lane whose cars come from elsewhere, such as a video."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from drivers.contract import Position
from models.instants import SECOND, Clock
from simulator.arm import Arm, BarrierMake, hold, lower, moved, release, vend
from simulator.hardware import Broker, Devices, VendHeard
from simulator.topics import LaneState, LaneTopics
from simulator.witness import Witness

_TICK = 0.05


class LoneArm:
    """Rises on each fresh vend and closes by itself `open_for` seconds later. It can't know what stands under it."""

    def __init__(
        self,
        topics: LaneTopics,
        broker: Broker,
        witness: Witness,
        clock: Clock,
        open_for: float = 4.0,
        obeyed: frozenset[str] = frozenset(),
        tell: Callable[[str], None] = lambda _line: None,
    ) -> None:
        self._topics, self._witness, self._clock = topics, witness, clock
        self._arm = Arm(BarrierMake(closes_unused_after=open_for), obeyed=obeyed)
        self._heard: asyncio.Queue[VendHeard] = asyncio.Queue()
        self._devices = Devices(broker, [topics], clock, self._heard.put_nowait, tell)
        self._told: set[str] = set()
        self.vends: list[str] = []
        """Those obeyed in this run."""

    @property
    def connected(self) -> bool:
        return self._devices.connected

    @property
    def position(self) -> Position:
        return self._arm.position

    async def run(self, until_vends: int | None = None) -> None:
        """For ever, or until it has obeyed so many vends and is down again."""
        self._devices.start()
        try:
            before = self._clock.monotonic()
            while until_vends is None or len(self.vends) < until_vends or self.position is not Position.CLOSED:
                self._obey()
                now = self._clock.monotonic()
                self._move((now - before) / SECOND)
                before = now
                await self._clock.sleep(_TICK)
        finally:
            await self._devices.stop()

    def _obey(self) -> None:
        while not self._heard.empty():
            heard = self._heard.get_nowait()
            if heard.told != "vend":
                self._hold(heard)
                continue
            risen = vend(self._arm, heard.vend_id) if heard.refused is None and heard.vend_id else None
            why = heard.refused or (None if risen else "repeated")
            self._witness.vend(self._topics.lane, heard.vend_id, why, None, heard.at)
            if risen is not None and heard.vend_id is not None:
                self.vends.append(heard.vend_id)
                self._arm = risen

    def _hold(self, heard: VendHeard) -> None:
        if heard.refused is not None or heard.vend_id in self._told:
            return
        self._told.add(heard.vend_id or "")
        if heard.told == "lower":
            self._arm = lower(self._arm, occupied=False)
        else:
            self._arm = hold(self._arm) if heard.told == "hold" else release(self._arm)

    def _move(self, seconds: float) -> None:
        position = self._arm.position
        self._arm = moved(self._arm, seconds, occupied=False)
        if self._arm.position is not position:
            self._witness.arm(self._topics.lane, self._arm.position, self._clock.read())
        self._devices.say(self._topics.lane, LaneState(self._arm.position))
        self._devices.repeat_when_due()
