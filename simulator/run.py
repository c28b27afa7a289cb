"""A simulated lot running in real time: the world stepped, its devices speaking, its cameras showing."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from drivers.contract import Position
from models.ids import LaneName
from models.instants import SECOND, Clock, Reading, to_rfc3339
from simulator.account import Account
from simulator.camera import Cameras
from simulator.happenings import Happening, What
from simulator.hardware import Broker, Devices, VendHeard
from simulator.lanes import Lane, said
from simulator.orders import Hold, Lower, Signal, Vend
from simulator.render import Scene, scene_of
from simulator.scenario import Scenario, Wish, wished
from simulator.topics import LaneState, LaneTopics, LotTopics
from simulator.troubles import Trouble
from simulator.witness import Witness
from simulator.world import World, step

TICK = 0.05
LONGEST_STEP = 0.2
"""A machine that stalls slows the cars down; they never jump over a loop."""


@dataclass(frozen=True, slots=True)
class Stuck:
    """A car that waited in vain."""

    lane: LaneName
    plate: str
    waited: float

    def __str__(self) -> str:
        return f"{self.lane}: {self.plate} got no vend in {self.waited:.0f} s"


class Simulation:
    """One run. Ends when all wanted cars have come and gone, or more than `tolerated` got stuck."""

    def __init__(
        self,
        world: World,
        broker: Broker,
        topics: Sequence[LaneTopics],
        witness: Witness,
        account: Account,
        clock: Clock,
        camera_port: int = 0,
        tolerated: int = 0,
        lot: LotTopics | None = None,
        scenario: Scenario | None = None,
    ) -> None:
        self._world = world
        self._scenario = scenario or Scenario()
        self._wishes: list[Wish] = []
        self._told: set[tuple[LaneName, str]] = set()
        self._witness, self._account, self._clock = witness, account, clock
        self._tolerated = tolerated
        self._vends: list[VendHeard] = []
        self._heard_at: dict[tuple[LaneName, str], Reading] = {}
        self._stuck: list[Stuck] = []
        scenes = {lane.name: self._scene(lane) for lane in world.lanes}
        self.cameras = Cameras(scenes, clock, port=camera_port)
        self._devices = Devices(broker, topics, clock, self._vends.append, account.say, lot, self._injected)

    @property
    def world(self) -> World:
        return self._world

    @property
    def stuck(self) -> tuple[Stuck, ...]:
        return tuple(self._stuck)

    async def run(self) -> None:
        """Raises OSError when the cameras' port is taken."""
        await self.cameras.start()
        self._devices.start()
        try:
            for lane in self._world.lanes:
                self._account.say(f"camera of {lane.name}: {self.cameras.url(lane.name)}")
            before = self._clock.monotonic()
            while not self._over():
                await self._clock.sleep(TICK)
                now = self._clock.monotonic()
                self._advance(min((now - before) / SECOND, LONGEST_STEP))
                before = now
        finally:
            await self._devices.stop()
            await self.cameras.stop()

    def _over(self) -> bool:
        if len(self._stuck) > self._tolerated:
            return True
        at_rest = all(not lane.cars and lane.arm.position is Position.CLOSED for lane in self._world.lanes)
        return self._world.finished and at_rest

    def _advance(self, seconds: float) -> None:
        orders = [*self._wished(), *self._ordered()]
        self._world, happened = step(self._world, seconds, orders)
        at = self._clock.read()
        for happening in happened:
            self._testify(happening, at)
            self._account.tell(happening, self._world, at)
            self._devices.tell_truth(happening.lane, happening.what.value, as_told(happening, at))
        for lane in self._world.lanes:
            told = said(lane, self._world.now)
            state = LaneState(told.position, told.arming_loop, told.closing_loop, told.vehicle_type, told.far_loop)
            self._devices.say(lane.name, state)
            self.cameras.show(lane.name, self._scene(lane))
        self._devices.say_fire(any(Trouble.FIRE in lane.troubles for lane in self._world.lanes))
        self._devices.repeat_when_due()

    def _ordered(self) -> list[Signal]:
        """What the barriers were told, each order once."""
        fresh = [heard for heard in self._vends if self._is_to_be_obeyed(heard)]
        self._vends.clear()
        orders: list[Signal] = []
        for heard in fresh:
            order_id = heard.vend_id or ""
            if heard.told == "vend":
                self._heard_at[heard.lane, order_id] = heard.at
                orders.append(Vend(heard.lane, order_id))
            elif (heard.lane, order_id) not in self._told:
                self._told.add((heard.lane, order_id))
                orders.append(Lower(heard.lane) if heard.told == "lower" else Hold(heard.lane, heard.told == "hold"))
        return orders

    def _wished(self) -> list[Signal]:
        now, names = self._world.now, [lane.name for lane in self._world.lanes]
        wishes = [*self._scenario.due(now), *self._wishes]
        self._wishes.clear()
        return [signal for wish in wishes for signal in wish.signals(names, now)]

    def _injected(self, payload: bytes) -> None:
        """A message on the lot's topic; one that can't be understood is told and changes nothing."""
        try:
            written = json.loads(payload)
            if not isinstance(written, dict):
                raise ValueError("a JSON object is expected")
            self._wishes.append(wished(written, [lane.name for lane in self._world.lanes]))
        except (ValueError, UnicodeDecodeError) as wrong:
            self._account.say(f"an injection is passed over: {wrong}")

    def _is_to_be_obeyed(self, vend: VendHeard) -> bool:
        if vend.refused is not None and vend.told == "vend":
            on_loop = self._world.lane(vend.lane).arming_loop
            self._witness.vend(vend.lane, vend.vend_id, vend.refused, on_loop, vend.at)
        return vend.refused is None

    def _testify(self, happening: Happening, at: Reading) -> None:
        lane, car = happening.lane, happening.car
        match happening.what:
            case What.VENDED | What.VEND_REPEATED:
                heard_at = self._heard_at.pop((lane, happening.vend or ""), at)
                refused = "repeated" if happening.what is What.VEND_REPEATED else None
                self._witness.vend(lane, happening.vend, refused, happening.on_loop, heard_at)
            case What.ARM if happening.position is not None:
                self._witness.arm(lane, happening.position, at)
            case _ if car is not None:
                self._witness.car(lane, happening.what.value, car, at)
            case _:
                pass
        if happening.what is What.GAVE_UP and car is not None:
            self._stuck.append(Stuck(lane, car.plate.shown, happening.waited))

    def _scene(self, lane: Lane) -> Scene:
        # A lens that is covered: nobody is seen, however near.
        seen = replace(lane, cars=()) if Trouble.CAMERA_BLIND in lane.troubles else lane
        return scene_of(seen, self._world.manners.comes_from)


def with_memory(world: World, obeyed: dict[LaneName, frozenset[str]]) -> World:
    """The world with arms that know which vends they have obeyed in earlier runs."""
    lanes = tuple(
        replace(lane, arm=replace(lane.arm, obeyed=obeyed.get(lane.name, frozenset()))) for lane in world.lanes
    )
    return replace(world, lanes=lanes)


def as_told(happening: Happening, at: Reading) -> dict[str, Any]:
    """A happening as the lot's truth topics tell it: what isn't known is left out."""
    car = happening.car
    known = {
        "plate": car.text if car else None,
        "vehicle_type": car.vehicle_type.value if car else None,
        "vend": happening.vend,
        "how": happening.how,
        "position": happening.position,
        "fault": happening.trouble,
        "order": happening.order,
    }
    told = {key: value for key, value in known.items() if value is not None}
    return {"what": happening.what, "lane": happening.lane, "at": to_rfc3339(at.wall), **told}


@dataclass(frozen=True, slots=True)
class Silence:
    """An account that tells nobody: for tests."""

    def tell(self, happening: Happening, world: World, at: Reading) -> None: ...

    def say(self, line: str) -> None: ...
