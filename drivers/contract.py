"""What a piece of hardware must be able to do for a lane, whoever made it.

Everything here is called on the daemon's event loop and must not block it, except `FrameSource` and
`PlateReader`, which live in the vision process and may.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol, runtime_checkable

from drivers.money import Abilities as Abilities
from drivers.money import Became as Became
from drivers.money import Charged as Charged
from drivers.money import ChargeOutcome as ChargeOutcome
from drivers.money import Fate as Fate
from drivers.money import Refunded as Refunded
from drivers.money import RefundOutcome as RefundOutcome
from drivers.money import Reported as Reported
from drivers.plate_sources.heard import Heard
from models.faults import Fault
from models.ids import PaymentId, RefundId
from models.instants import Clock, Instant
from models.money import Minor
from models.spots import VehicleType


class DriverError(Exception):
    """The hardware couldn't do what was asked. `fault` is one that the driver declared."""

    def __init__(self, fault: Fault, detail: str) -> None:
        super().__init__(f"{fault.code}: {detail}")
        self.fault, self.detail = fault, detail


class NotSent(DriverError):
    """The order hasn't left this machine, and won't. Of any other DriverError the device may have heard the order."""


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
    HELD = "held"
    """Up, and kept there until it is released"""
    MOVING = "moving"
    FAULTED = "faulted"
    """The barrier itself says that something is wrong with it: the arm broken off, the motor blocked"""
    UNKNOWN = "unknown"

    @property
    def is_up(self) -> bool:
        return self in (Position.OPEN, Position.HELD)


@runtime_checkable
class Barrier(Driver, Protocol):
    """An arm that closes by itself once its own closing loop is clear.

    Every order is sent at most once: what can't be sent now is never sent later, and DriverError is raised.
    """

    @property
    def position(self) -> Position: ...

    @property
    def reads_back(self) -> bool:
        """Whether `position` is read from the product. Otherwise it is assumed from what the arm was told."""
        ...

    @property
    def can_hold(self) -> bool:
        """Whether the product keeps its arm up by itself; otherwise `hold` is never asked for."""
        ...

    @property
    def can_lower(self) -> bool:
        """Whether the product can be told to close; otherwise `lower` is never asked for."""
        ...

    def on_position(self, heard: Callable[[Position], None]) -> None: ...

    async def vend(self, vend_id: str) -> None:
        """Raise the arm for one vehicle."""
        ...

    async def hold(self) -> None:
        """Raise the arm and keep it up until it is released. Told again while it is held, changes nothing."""
        ...

    async def release(self) -> None:
        """End the hold. The arm comes down by its own controller's rules."""
        ...

    async def lower(self) -> None:
        """Bring the arm down. The lane never asks while anything may be under it."""
        ...


@runtime_checkable
class Relay(Driver, Protocol):
    """One contact of a relay board, whatever carries the order to it."""

    @property
    def on(self) -> bool | None:
        """As read back from the board, or as last switched where it can't be read; None while nobody knows."""
        ...

    @property
    def reads_back(self) -> bool: ...

    @property
    def times_pulses(self) -> bool:
        """Whether the board ends a pulse by itself, so that a dead daemon can't leave the contact made."""
        ...

    async def pulse(self, seconds: float, within: float | None = None) -> None:
        """Make the contact for so long. Returns once the board has taken the order (one that times its own
        pulses), or when the contact is open again. Raises DriverError; then it is left open, if that is possible.

        An order that can't be sent `within` so many seconds isn't sent: NotSent. Without it, the driver's own
        patience counts.
        """
        ...

    async def switch(self, on: bool) -> None:
        """Make or open the contact until told otherwise; what was read back is compared. Raises DriverError.

        One that stays made and is told so again isn't opened, not even when that fails: it may hold an arm up.
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
    async def show(self, lines: Sequence[str]) -> None:
        """Replace what stands there. Raises DriverError; the newest text is shown as soon as the sign is back."""
        ...


@dataclass(frozen=True, slots=True)
class PrintedTicket:
    """What stands on a paper ticket. `code` is what people read; `qr` is what a scanner reads; times are local text."""

    lot: str
    code: str
    qr: str
    entered: str
    lines: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PrintedReceipt:
    """A receipt: its lines for paper that is so many letters wide, which only the printer knows."""

    laid_out: Callable[[int], Sequence[str]]


@runtime_checkable
class TicketPrinter(Driver, Protocol):
    async def print_ticket(self, ticket: PrintedTicket) -> None:
        """Print and cut. Raises DriverError when the paper is out or the printer is gone; nothing is printed later."""
        ...

    async def print_receipt(self, receipt: PrintedReceipt) -> None:
        """Likewise, line by line, with letters that are all equally wide."""
        ...


@runtime_checkable
class CodeScanner(Driver, Protocol):
    """Reads the codes on tickets and telephones."""

    def on_code(self, heard: Callable[[str], None]) -> None: ...


@runtime_checkable
class CardReader(Driver, Protocol):
    """Reads cards and tags: `heard` gets the card's number as its maker prints it, such as `17-04711`."""

    def on_card(self, heard: Callable[[str], None]) -> None: ...


@runtime_checkable
class SpotSensor(Driver, Protocol):
    """Tells whether one spot is taken. `None` until it was heard live, and again when it has fallen silent."""

    @property
    def occupied(self) -> bool | None: ...

    def on_occupied(self, heard: Callable[[bool | None], None]) -> None: ...


@runtime_checkable
class PaymentTerminal(Driver, Protocol):
    """Whoever takes the money: a card terminal, a machine for coins and notes, a provider in the network.

    Everything goes by ids that the lot gives: what is asked twice under one id happens once, also after a restart of
    the daemon. Amounts are minor units; what comes back are tokens, and never a card number. What a provider isn't able
    to do (`abilities`) is never asked of it.
    """

    @property
    def provider(self) -> str:
        """In whose books the payments stand: terminals of one provider know each other's payments. Stable: it is on
        record with each payment."""
        ...

    @property
    def abilities(self) -> Abilities: ...

    async def charge(self, payment: PaymentId, amount: Minor, currency: str) -> Charged:
        """Take `amount`. Asked again with the same `payment`, answers as before and takes nothing more.

        Raises NotSent if it never left this machine; any other DriverError: whether the money was taken isn't known,
        and the payment is asked about, never charged anew. PENDING: the same, without anything being wrong.
        """
        ...

    async def store(self, payment: PaymentId, amount: Minor, currency: str) -> Charged:
        """Keep a payment of which `charge` has said UNREACHABLE until the bank can be asked: STORED with a token, or
        DECLINED or UNREACHABLE if that can't be. What becomes of it later is told by `ask`."""
        ...

    async def ask(self, payment: PaymentId) -> Became:
        """What became of a payment. Moves no money. Never raises: who can't be reached answers UNKNOWN."""
        ...

    async def refund(self, payment: PaymentId, refund: RefundId, amount: Minor, currency: str) -> Refunded:
        """Give back part or all of what `payment` took. Under the same `refund` it is given back once."""
        ...

    async def report(self, since: Instant, until: Instant) -> Sequence[Reported]:
        """The provider's own record of what it took and gave back from `since` until just before `until`, in order.
        Raises DriverError when it can't be had."""
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
    and how sure the detector was that there is a plate. `cut`: it reaches the picture's edge, and may go on there."""

    text: str
    confidences: tuple[float, ...]
    box: Box
    detection: float
    cut: bool = False


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


@runtime_checkable
class PlateSource(Driver, Protocol):
    """A camera or recorder that reads plates itself, and says so. It decides nothing: what it says is weighed."""

    def on_heard(self, heard: Callable[[Heard], None]) -> None: ...


class PlateReader(Protocol):
    """Finds and reads the plates in one frame. Blocking."""

    @property
    def name(self) -> str:
        """For people and for `read --json`: engine and weights."""
        ...

    def read(self, frame: Any) -> list[PlateCandidate]:
        """The plates in a BGR frame, in no order."""
        ...
