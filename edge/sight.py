"""What the cameras see, told to the lanes: plates, guesses, vehicles in view, and cameras that see nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import structlog

from edge.assembly import camera_part, lane_of_camera
from edge.faults import FaultBoard
from edge.gallery import Gallery
from edge.lane.controller import LaneController
from edge.lane.in_view import InView
from edge.lane.signals import Blind, Guess, Read, Signal
from edge.vision.events import (
    CameraCleared,
    CameraFault,
    PlateDecided,
    PlateGuessed,
    VehicleGone,
    VehicleInView,
    VehiclePictured,
    VisionEvent,
)
from edge.vision.faults import STILL_READ
from models.ids import LaneName
from models.plates import masked

_LOG = structlog.get_logger("edge.sight")


class Sight:
    """Of a lane without an arming loop, the camera also tells which vehicle is the one at the arm."""

    def __init__(
        self,
        lanes: Mapping[LaneName, LaneController],
        camera_only: Iterable[LaneName],
        faults: FaultBoard,
        gallery: Gallery | None = None,
    ) -> None:
        self._lanes, self._faults = lanes, faults
        self.gallery = Gallery() if gallery is None else gallery
        self._in_view = {name: InView() for name in camera_only}
        self._blinded: dict[LaneName, dict[LaneName, set[str]]] = {}
        """By lane and camera, the faults that stand."""

    def heard(self, event: VisionEvent) -> None:
        """Something that the vision process says; only on the event loop."""
        match event:
            case PlateDecided(camera, vehicle, read):
                _LOG.info("lane.plate", lane=camera, plate=masked(read.plate), confidence=round(read.confidence, 3))
                self._decided(camera, vehicle, Read(read.plate, read.confidence, seen=read.seen))
            case PlateGuessed(camera, vehicle, read):
                self._guessed(camera, vehicle, Guess(read.plate, read.confidence, read.seen))
            case VehiclePictured(camera, _, picture):
                self.gallery.took(lane_of_camera(camera), picture)
            case VehicleInView(camera, vehicle):
                self.gallery.begins(lane_of_camera(camera))
                if camera in self._in_view:
                    self._sees(camera, *self._in_view[camera].comes(vehicle))
            case VehicleGone(camera, vehicle):
                if camera in self._in_view:
                    self._sees(camera, *self._in_view[camera].goes(vehicle))
            case CameraFault(camera, code, detail):
                self._faults.raise_(camera_part(camera), code, detail)
                if code not in STILL_READ:
                    self._blind(camera, code)
            case CameraCleared(camera, code):
                self._faults.clear(camera_part(camera), code)
                if code not in STILL_READ:
                    self._sees_again(camera, code)

    def look_again(self, lane: LaneName) -> None:
        """A camera-only lane is ready for the vehicle at the arm; what was read of it before is told again."""
        vehicles = self._in_view[lane].vehicles
        if vehicles and vehicles[0][1] is not None:
            self._lanes[lane].hear(vehicles[0][1])

    def _decided(self, camera: LaneName, vehicle: int, read: Read) -> None:
        if camera in self._in_view:
            self._sees(camera, *self._in_view[camera].decided(vehicle, read))
        else:
            self._lanes[lane_of_camera(camera)].hear(read)

    def _guessed(self, camera: LaneName, vehicle: int, guess: Guess) -> None:
        view = self._in_view.get(camera)
        if view is None or [number for number, _ in view.vehicles[:1]] == [vehicle]:
            self._lanes[lane_of_camera(camera)].hear(guess)

    def _blind(self, camera: LaneName, code: str) -> None:
        lane = lane_of_camera(camera)
        self._blinded.setdefault(lane, {}).setdefault(camera, set()).add(code)
        if camera in self._in_view:
            self._sees(camera, *self._in_view[camera].blinded())
        else:
            self._lanes[lane].hear(Blind(True))

    def _sees_again(self, camera: LaneName, code: str) -> None:
        """A lane with two cameras sees again when both of them do."""
        lane = lane_of_camera(camera)
        cameras = self._blinded.setdefault(lane, {})
        cameras.setdefault(camera, set()).discard(code)
        if camera not in self._in_view and not any(cameras.values()):
            self._lanes[lane].hear(Blind(False))

    def _sees(self, lane: LaneName, view: InView, signals: list[Signal]) -> None:
        self._in_view[lane] = view
        for said in signals:
            self._lanes[lane].hear(said)
