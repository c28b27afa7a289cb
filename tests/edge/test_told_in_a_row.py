"""Several vehicles before a lane without an arming loop, whose camera reads plates itself: one after the other."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from drivers.contract import DriverContext
from drivers.plate_sources.heard import HeardPlate
from edge.faults import FaultBoard
from edge.lane.controller import LaneController
from edge.lane.hardware import Hardware
from edge.lane.lane import Fitted, a_lane
from edge.lane.signals import Button, Phase
from edge.parking.desks import EntryDesk
from edge.sight import Sight
from edge.vision.told.told import Source, Told
from models.spots import VehicleType
from models.tickets import Direction
from tests.drivers.conftest import Notebook
from tests.edge.clouds import becomes
from tests.edge.lots import IN, TARIFF, a_lot
from tests.edge.test_controller import Arm, Clock, Loop, Part
from tests.vision.test_told import PuppetSettings


class Row:
    """An entry without an arming loop, its camera, and the arm."""

    def __init__(self, folder: Path) -> None:
        self.clock = Clock()
        self.lot = a_lot(folder, clock=self.clock)
        desk = EntryDesk(IN, self.lot.store, lambda: TARIFF, {}, lambda: VehicleType.REGULAR)
        self.closing, self.arm, faults = Loop(), Arm(), FaultBoard(self.lot.decide)
        self.lane = LaneController(
            IN,
            a_lane(Fitted(direction=Direction.ENTRY, arming_loop=False)),
            Hardware(self.arm, None, closing_loop=self.closing, others=(Part(),)),
            {Direction.ENTRY: desk},
            self.lot.store,
            self._watch,
            faults,
            self.clock,
        )
        self.sight = Sight({IN: self.lane}, [IN], faults)
        context = DriverContext("in.camera", self.clock, Notebook())
        source = Source(PuppetSettings(gone_after=30), gated=False)
        self.told = Told({IN: source}, lambda camera: context, self.clock, self.sight.heard)
        self._tell = self.told._ears[IN].source.tell  # type: ignore[attr-defined] # pyright: ignore

    def _watch(self, on: bool, far: bool) -> None:
        if on:
            self.sight.look_again(IN)
        elif self.lane.at_the_arm is not None:
            self.told.let_go(IN, self.lane.at_the_arm)

    def says(self, event: str, plate: str) -> None:
        self._tell(HeardPlate(event, plate, 0.97))

    async def comes_under_the_arm(self) -> None:
        self.closing.becomes(True)
        await becomes(lambda: self.lane.lane.phase is Phase.PASSING)

    async def drives_through(self) -> None:
        await self.comes_under_the_arm()
        self.clock.seconds_pass(2)
        self.closing.becomes(False)


@pytest.fixture
async def row(tmp_path: Path) -> AsyncIterator[Row]:
    row = Row(tmp_path)
    await row.lane.start()
    row.closing.becomes(False)
    yield row
    await row.lane.stop()
    await row.told.stop()
    row.lot.store.close()


async def test_the_one_behind_is_still_there_when_the_one_before_it_has_passed(row: Row) -> None:
    row.says("1", "AA11AAA")
    await becomes(lambda: len(row.arm.vends) == 1)
    row.says("2", "BB22BBB")
    await row.drives_through()
    await becomes(lambda: len(row.arm.vends) == 2)
    await row.drives_through()
    await becomes(lambda: row.lane.lane.present is False)
    await becomes(lambda: len(row.lot.rows("SELECT 1 FROM tickets WHERE status = 'ACTIVE'")) == 2)


async def test_whoever_stands_there_after_one_that_took_long_is_asked_for_the_plate_that_was_read_long_ago(
    row: Row,
) -> None:
    row.says("1", "AA11AAA")
    await becomes(lambda: len(row.arm.vends) == 1)
    row.says("2", "BB22BBB")
    await row.comes_under_the_arm()
    for again in range(4):
        row.clock.seconds_pass(10)
        row.says(f"1, again {again}", "AA11AAA")
    row.closing.becomes(False)
    await becomes(lambda: row.lane.lane.phase is Phase.READING)
    row.clock.seconds_pass(3)
    await becomes(lambda: row.lane.lane.guess is not None and row.lane.lane.guess.plate == "BB22BBB")
    assert len(row.arm.vends) == 1
    row.lane.press(Button.CONFIRM)
    await becomes(lambda: len(row.arm.vends) == 2)
