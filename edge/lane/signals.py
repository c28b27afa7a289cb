"""What a lane can be told, and what it can ask for. Values only."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from drivers.contract import Position
from models.ids import TicketId
from models.plates import Plate
from models.refusals import Refusal


class Phase(StrEnum):
    IDLE = "idle"
    READING = "reading"
    DECIDING = "deciding"
    REFUSED = "refused"
    VENDED = "vended"
    PASSING = "passing"


# --- signals ---


@dataclass(frozen=True, slots=True)
class Presence:
    """A vehicle stands before the arm: by the arming loop, or by the camera where there is none. None: unknown."""

    present: bool | None


@dataclass(frozen=True, slots=True)
class UnderArm:
    """The closing loop. None: unknown, which counts as occupied."""

    occupied: bool | None


@dataclass(frozen=True, slots=True)
class Read:
    """The plate of the vehicle that is there, once the vote is certain. Confidence 0..1."""

    plate: Plate
    confidence: float


@dataclass(frozen=True, slots=True)
class Allowed:
    """The parking service has put it on record that this vehicle may pass."""

    ticket: TicketId
    greeting: str


@dataclass(frozen=True, slots=True)
class Refused:
    reason: Refusal


@dataclass(frozen=True, slots=True)
class VendFailed:
    """The barrier couldn't be told to rise; nothing moved."""


@dataclass(frozen=True, slots=True)
class Arm:
    position: Position


@dataclass(frozen=True, slots=True)
class TimeUp:
    """A timer ran out; one that isn't the lane's latest is no longer of interest."""

    timer: int


Signal = Presence | UnderArm | Read | Allowed | Refused | VendFailed | Arm | TimeUp


# --- actions ---


@dataclass(frozen=True, slots=True)
class Watch:
    """Begin or end reading plates; each beginning is a new vehicle with a vote of its own."""

    on: bool


@dataclass(frozen=True, slots=True)
class Decide:
    read: Read


@dataclass(frozen=True, slots=True)
class Vend:
    ticket: TicketId


@dataclass(frozen=True, slots=True)
class Confirm:
    """The vehicle passed."""

    ticket: TicketId


@dataclass(frozen=True, slots=True)
class Withdraw:
    """The vehicle didn't pass. `vended`: the arm had been told to rise."""

    ticket: TicketId
    vended: bool


@dataclass(frozen=True, slots=True)
class Unresolve:
    """Nobody saw whether the vehicle passed."""

    ticket: TicketId


@dataclass(frozen=True, slots=True)
class RecordRefusal:
    reason: Refusal
    plate: Plate | None


@dataclass(frozen=True, slots=True)
class Show:
    line: str


@dataclass(frozen=True, slots=True)
class StartTimer:
    timer: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Raise:
    code: str
    detail: str


@dataclass(frozen=True, slots=True)
class Clear:
    code: str


Action = Watch | Decide | Vend | Confirm | Withdraw | Unresolve | RecordRefusal | Show | StartTimer | Raise | Clear
