"""Several vehicles before a lane without an arming loop, whose camera reads plates itself: one after the other."""

from __future__ import annotations

from pathlib import Path

from drivers.contract import DriverContext
from drivers.plate_sources.heard import HeardPlate
from edge.faults import FaultBoard
from edge.lane.controller import LaneController
from edge.lane.hardware import Hardware
from edge.lane.lane import Fitted, a_lane
from edge.lane.signals import Phase
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


async def test_the_one_behind_is_still_there_when_the_one_before_it_has_passed(tmp_path: Path) -> None:
    clock = Clock()
    lot = a_lot(tmp_path, clock=clock)
    desk = EntryDesk(IN, lot.store, lambda: TARIFF, {}, lambda: VehicleType.REGULAR)
    closing, arm, faults = Loop(), Arm(), FaultBoard(lot.decide)

    def watch(on: bool, far: bool) -> None:
        if on:
            sight.look_again(IN)
        elif lane.at_the_arm is not None:
            told.let_go(IN, lane.at_the_arm)

    lane = LaneController(
        IN,
        a_lane(Fitted(direction=Direction.ENTRY, arming_loop=False)),
        Hardware(arm, None, closing_loop=closing, others=(Part(),)),
        {Direction.ENTRY: desk},
        lot.store,
        watch,
        faults,
        clock,
    )
    sight = Sight({IN: lane}, [IN], faults)
    context = DriverContext("in.camera", clock, Notebook())
    told = Told({IN: Source(PuppetSettings(), gated=False)}, lambda camera: context, clock, sight.heard)
    says = told._ears[IN].source.tell  # type: ignore[attr-defined] # pyright: ignore
    await lane.start()
    closing.becomes(False)

    async def drives_through() -> None:
        closing.becomes(True)
        await becomes(lambda: lane.lane.phase is Phase.PASSING)
        clock.seconds_pass(2)
        closing.becomes(False)

    says(HeardPlate("1", "AA11AAA", 0.97))
    await becomes(lambda: len(arm.vends) == 1)
    says(HeardPlate("2", "BB22BBB", 0.97))
    await drives_through()
    await becomes(lambda: len(arm.vends) == 2)
    await drives_through()
    await becomes(lambda: lane.lane.present is False)
    await becomes(lambda: len(lot.rows("SELECT 1 FROM tickets WHERE status = 'ACTIVE'")) == 2)
    await lane.stop()
    await told.stop()
    lot.store.close()
