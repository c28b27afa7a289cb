"""What the vision process tells the daemon, lane by lane."""

from __future__ import annotations

from dataclasses import dataclass

from drivers.contract import Box
from models.ids import LaneName
from models.plates import Plate, RunnerUp, SeenPlate


@dataclass(frozen=True, slots=True)
class PlateRead:
    """What the frames of one vehicle agree on.

    `confidence` is that of the weakest character, 0 to 1; `frames` is how many frames read exactly this
    plate; `box` and `width` (pixels of the camera's picture) are those of the best of them. `confidences`: one for
    each character; `others`: what else was read of the vehicle, the likeliest first.
    """

    plate: Plate
    confidence: float
    frames: int
    box: Box
    width: int
    confidences: tuple[float, ...] = ()
    others: tuple[RunnerUp, ...] = ()

    @property
    def seen(self) -> SeenPlate:
        return SeenPlate(self.plate, self.confidences, self.others)


@dataclass(frozen=True, slots=True)
class VehicleInView:
    """A vehicle has come near enough to be read. `vehicle` rises by lane. Only on lanes without an arming loop."""

    lane: LaneName
    vehicle: int


@dataclass(frozen=True, slots=True)
class PlateDecided:
    """The vote of one vehicle is certain. At most once for each vehicle."""

    lane: LaneName
    vehicle: int
    read: PlateRead


@dataclass(frozen=True, slots=True)
class PlateGuessed:
    """The vote of one vehicle takes long, and this plate leads: the driver may be asked. Nobody else may act on it.

    Once for each vehicle, and again only when another plate leads; the vote may still be decided afterwards.
    """

    lane: LaneName
    vehicle: int
    read: PlateRead


@dataclass(frozen=True, slots=True)
class VehicleGone:
    """The vehicle left the picture, or the arming loop."""

    lane: LaneName
    vehicle: int


@dataclass(frozen=True, slots=True)
class VehiclePictured:
    """A picture of the vehicle lies under this hash, and one of its plate alone, where a plate was found, under `crop`.

    Again when a better one was taken: when its plate is known for sure, that one shows it.
    """

    lane: LaneName
    vehicle: int
    picture: str
    crop: str | None = None


@dataclass(frozen=True, slots=True)
class CameraFault:
    """A fault of `edge.vision.faults` began, or its detail changed."""

    lane: LaneName
    code: str
    detail: str


@dataclass(frozen=True, slots=True)
class CameraCleared:
    lane: LaneName
    code: str


VisionEvent = VehicleInView | PlateDecided | PlateGuessed | VehicleGone | VehiclePictured | CameraFault | CameraCleared
