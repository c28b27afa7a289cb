"""The lines of JSON between the daemon and its vision process."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, cast

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from drivers import registry
from drivers.contract import Box, CameraSettings
from drivers.settings import DriverSettings
from edge.clock import Remembered
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
from edge.vision.settings import ViewSettings, VisionSettings
from models.facts.base import without_values
from models.ids import LaneName
from models.plates import Plate

LONGEST_LINE = 1 << 20


@dataclass(frozen=True, slots=True)
class Ready:
    """The reader is loaded; `reader` is its name. The process waits for its word to begin. `memory_limit` in bytes."""

    reader: str
    memory_limit: int = 0


@dataclass(frozen=True, slots=True)
class Alive:
    """Said four times a second. `turning`: how long the loop has been at one picture, in microseconds; `slowest`: what
    that took at most of late; `memory`: bytes that the process holds; `asked`: those that it may write to."""

    turning: int = 0
    slowest: int = 0
    memory: int = 0
    asked: int = 0


@dataclass(frozen=True, slots=True)
class CameraPace:
    """How a camera's pictures come: how many a second, how old the newest is (microseconds; None: there was none)."""

    lane: LaneName
    rate: float
    age: int | None


@dataclass(frozen=True, slots=True)
class Standing:
    """A plate, and where it has stood since before any vehicle came: a parked car's, or a sign."""

    text: str
    box: Box


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What stands around the empty loop of a lane. Said when it has changed."""

    lane: LaneName
    standing: tuple[Standing, ...]


@dataclass(frozen=True, slots=True)
class Unusable:
    """The reader can't be loaded with these settings."""

    why: str


Said = VisionEvent | Ready | Alive | CameraPace | Surroundings | Unusable
_KINDS: dict[str, type[Said]] = {
    kind.__name__: kind
    for kind in (
        VehicleInView,
        PlateDecided,
        PlateGuessed,
        VehicleGone,
        VehiclePictured,
        CameraFault,
        CameraCleared,
        Ready,
        Alive,
        CameraPace,
        Surroundings,
        Unusable,
    )
}
_ADAPTERS: dict[str, TypeAdapter[Any]] = {name: TypeAdapter(kind) for name, kind in _KINDS.items()}


def said_line(said: Said) -> bytes:
    """One line from the vision process."""
    return json.dumps({type(said).__name__: asdict(said)}).encode() + b"\n"


def read_said(line: bytes) -> Said:
    """Raises ValueError for a line that isn't one of ours; it doesn't show the line, in which a plate may stand."""
    loaded = json.loads(line)
    if not isinstance(loaded, dict) or len(cast(dict[str, Any], loaded)) != 1:
        raise ValueError("a line with one message is expected")
    [(name, fields)] = cast(dict[str, Any], loaded).items()
    if name not in _ADAPTERS:
        raise ValueError(f"{name} isn't a message of the vision process")
    try:
        return _ADAPTERS[name].validate_python(fields)
    except ValidationError as wrong:
        raise ValueError(f"{name}: {without_values(wrong)}") from None


class LaneOrder(BaseModel):
    """One lane as the vision process is told of it. `camera` carries the driver's name among its settings."""

    model_config = ConfigDict(frozen=True)

    lane: LaneName
    camera: dict[str, Any]
    view: ViewSettings
    loop_gated: bool

    @classmethod
    def of(cls, lane: LaneName, camera: BaseModel, view: ViewSettings, loop_gated: bool) -> LaneOrder:
        return cls(lane=lane, camera=camera.model_dump(mode="json"), view=view, loop_gated=loop_gated)

    def camera_settings(self) -> CameraSettings:
        """The camera's settings, rebuilt. Raises UnknownDriver or pydantic's ValidationError."""
        kind: type[DriverSettings] = registry.find(CameraSettings, self.camera["driver"])
        return cast(CameraSettings, kind.model_validate(self.camera))


class Orders(BaseModel):
    """The first line to the vision process: everything it has to know. Not in its arguments, which all users see."""

    model_config = ConfigDict(frozen=True)

    settings: VisionSettings
    lanes: tuple[LaneOrder, ...]
    pictures: Path | None = None
    """The folder where a picture of each vehicle is kept; None: none is"""


class BeginOrder(BaseModel):
    """The second line, once the reader is loaded and the process is the one that reads: open the cameras."""

    model_config = ConfigDict(frozen=True)

    open_after: dict[LaneName, float] = {}
    """Seconds for which a camera that is suspected of crashing the process is left alone"""
    time: Remembered = Remembered()
    """What the daemon knows of the time: pictures are dated by it, and go by their dates"""


class WatchOrder(BaseModel):
    """A vehicle is on the arming loop, or (`vehicle` empty) off it."""

    model_config = ConfigDict(frozen=True)

    kind: Literal["watch"] = "watch"
    lane: LaneName
    vehicle: int | None


class LetGoOrder(BaseModel):
    """At a lane without an arming loop: this vehicle has passed."""

    model_config = ConfigDict(frozen=True)

    kind: Literal["let go"] = "let go"
    lane: LaneName
    vehicle: int


class KnownOrder(BaseModel):
    """Of a vehicle that a process before this one had read: its plate, and where it stood. `passed`: the lane was done
    with it."""

    model_config = ConfigDict(frozen=True)

    kind: Literal["known"] = "known"
    lane: LaneName
    plate: Plate
    box: Box
    passed: bool = False


class SurroundingsOrder(BaseModel):
    """What a process before this one had seen around the loop of this lane."""

    model_config = ConfigDict(frozen=True)

    kind: Literal["surroundings"] = "surroundings"
    lane: LaneName
    standing: tuple[Standing, ...]


LaterOrder = Annotated[WatchOrder | LetGoOrder | KnownOrder | SurroundingsOrder, Field(discriminator="kind")]
"""Every further line"""
_LATER: TypeAdapter[LaterOrder] = TypeAdapter(LaterOrder)


def order_line(order: Orders | BeginOrder | LaterOrder) -> bytes:
    return order.model_dump_json().encode() + b"\n"


def read_order(line: bytes) -> LaterOrder:
    return _LATER.validate_json(line)
