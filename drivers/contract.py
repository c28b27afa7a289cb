"""What a piece of hardware must be able to do for a lane, whoever made it.

Everything here is called on the daemon's event loop and must not block it, except `FrameSource` and
`PlateReader`, which live in the vision process and may.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol, runtime_checkable

from models.faults import Fault
from models.ids import PaymentId
from models.instants import Clock
from models.money import Minor
from models.spots import VehicleType


class DriverError(Exception):
    """The hardware couldn't do what was asked. `fault` is one that the driver declared."""

    def __init__(self, fault: Fault, detail: str) -> None:
        super().__init__(f"{fault.code}: {detail}")
        self.fault, self.detail = fault, detail


class FaultReporter(Protocol):
    """Told by a driver when one of its declared faults begins and ends. Repeats are harmless."""

    def raised(self, fault: Fault, detail: str) -> None: ...

    def cleared(self, fault: Fault) -> None: ...


@dataclass(frozen=True)
class DriverContext:
    """What the daemon lends to a driver: time, a place for faults, secrets, and shared connections.

    `part` names the piece for faults and logs, such as `entry.barrier`. `shared` lets drivers of one kind
    share something costly (one broker connection for twenty loops): keyed by whatever identifies it.
    """

    part: str
    clock: Clock
    faults: FaultReporter
    shared: dict[Any, Any] = field(default_factory=dict[Any, Any])


class Driver(Protocol):
    async def start(self) -> None:
        """Begin to talk to the hardware; returns at once and keeps trying when it is absent. Moves nothing."""
        ...

    async def stop(self) -> None:
        """Leave the hardware in its configured safe state."""
        ...


class Position(StrEnum):
    """Where the arm is, as far as anybody knows."""

    OPEN = "open"
    CLOSED = "closed"
    MOVING = "moving"
    UNKNOWN = "unknown"


@runtime_checkable
class Barrier(Driver, Protocol):
    """An arm that closes by itself once its own closing loop is clear."""

    @property
    def position(self) -> Position: ...

    def on_position(self, heard: Callable[[Position], None]) -> None: ...

    async def vend(self, vend_id: str) -> None:
        """Raise the arm for one vehicle. At most once: a vend that can't be sent now is never sent later.

        Raises DriverError when the barrier can't be reached.
        """
        ...


@runtime_checkable
class DigitalInput(Driver, Protocol):
    """A loop, a push button, a fire contact. `None` until its level was read live."""

    @property
    def level(self) -> bool | None: ...

    def on_level(self, heard: Callable[[bool | None], None]) -> None: ...


@runtime_checkable
class VehicleClassifier(Driver, Protocol):
    """Tells what kind of vehicle stands at the arming loop: a camera's class, a height or axle detector."""

    @property
    def vehicle_type(self) -> VehicleType | None:
        """Of the vehicle that is there now; None when it isn't known."""
        ...


@runtime_checkable
class Sign(Driver, Protocol):
    async def show(self, lines: Sequence[str]) -> None: ...


class ChargeOutcome(StrEnum):
    TAKEN = "taken"
    DECLINED = "declined"
    UNREACHABLE = "unreachable"
    """The terminal or its network is down, and no money moved."""


@dataclass(frozen=True, slots=True)
class Charged:
    """How a charge ended. `reference` is the terminal's own token, never a card number."""

    outcome: ChargeOutcome
    reference: str = ""
    detail: str = ""


@runtime_checkable
class PaymentTerminal(Driver, Protocol):
    async def charge(self, payment: PaymentId, amount: Minor, currency: str) -> Charged:
        """Take `amount` minor units. Asked again with the same `payment`, answers as before and takes nothing more."""
        ...


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle in a picture, in pixels from the top left."""

    x: int
    y: int
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class PlateCandidate:
    """One plate in one picture: its text (normalised), one confidence per character from 0 to 1, its box,
    and how sure the detector was that there is a plate."""

    text: str
    confidences: tuple[float, ...]
    box: Box
    detection: float


class FrameSource(Protocol):
    """A camera, opened. Blocking."""

    def read(self) -> Any | None:
        """The next frame (height x width x 3, uint8, BGR), or None at the end of a file.

        Raises OSError when the stream is lost.
        """
        ...

    def close(self) -> None: ...


@runtime_checkable
class Recording(FrameSource, Protocol):
    """A source whose frames were filmed earlier, `interval` seconds apart; none of them is skipped.

    `realtime`: played as fast as it was filmed; otherwise as fast as its frames are looked at.
    """

    interval: float
    realtime: bool


class CameraSettings(Protocol):
    """What a camera driver's settings can do: open themselves, in the vision process."""

    def open(self) -> FrameSource: ...


class PlateReader(Protocol):
    """Finds and reads the plates in one frame. Blocking."""

    @property
    def name(self) -> str:
        """For people and for `read --json`: engine and weights."""
        ...

    def read(self, frame: Any) -> list[PlateCandidate]:
        """The plates in a BGR frame, in no order."""
        ...
