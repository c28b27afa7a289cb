"""All cameras of a lot behind one face: those whose pictures are read here, and those that read plates themselves."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from drivers.contract import DriverContext
from edge.assembly import camera_part, cameras_of, told_of
from edge.config.settings import LotSettings
from edge.vision.events import VisionEvent
from edge.vision.process.keeper import VisionNow, VisionProcess
from edge.vision.told.told import Told
from models.ids import LaneName
from models.instants import Clock
from models.spots import VehicleType


class Cameras:
    """On the event loop. `context` lends a part what it needs of the daemon; `heard` is called for every event."""

    def __init__(
        self,
        settings: LotSettings,
        clock: Clock,
        context: Callable[[str], DriverContext],
        heard: Callable[[VisionEvent], None],
        *,
        played: bool,
    ) -> None:
        """`played`: a twin says what the cameras would; none is opened."""
        kept: Path | None = settings.store.pictures if settings.tickets.pictures else None
        seen, told = ({}, {}) if played else (cameras_of(settings), told_of(settings))
        self._reads_pictures = bool(seen)
        self._vision = VisionProcess(seen, settings.vision, clock, heard, kept)
        self._told = Told(told, lambda camera: context(camera_part(camera)), clock, heard, kept)

    @property
    def reader(self) -> str:
        """What reads the pictures, for people."""
        return self._vision.reader if self._reads_pictures else "none needed"

    @property
    def now(self) -> VisionNow:
        """How the processes and the cameras that they look at get on."""
        return self._vision.now

    async def start(self) -> None:
        if self._reads_pictures:
            await self._vision.start()
        await self._told.start()

    async def stop(self) -> None:
        await self._vision.stop()
        await self._told.stop()

    def watch(self, camera: LaneName, on: bool) -> None:
        """A vehicle is on the arming loop of that camera's lane, or off it."""
        (self._told if camera in self._told else self._vision).watch(camera, on)

    def loop_says(self, camera: LaneName, occupied: bool | None) -> None:
        """Whether a vehicle is on that camera's arming loop, looked at or not; None: unknown. Only cameras that read
        plates themselves go on speaking while nobody looks."""
        self._told.loop_says(camera, occupied)

    def let_go(self, lane: LaneName, vehicle: int) -> None:
        """At a lane without an arming loop, this vehicle has passed."""
        (self._told if lane in self._told else self._vision).let_go(lane, vehicle)

    def vehicle_type(self, camera: LaneName) -> VehicleType | None:
        """What a camera takes the vehicle for that stands before it now; None where it doesn't say."""
        return self._told.vehicle_type(camera)
