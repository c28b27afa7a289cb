"""What a lane asks for: of its hardware, of the parking service, of its sign. Values only."""

from __future__ import annotations

from dataclasses import dataclass

from drivers.contract import PrintedTicket
from edge.lane.signals import Asked, Button, Order, Vend, Which
from models.ids import TicketId
from models.lanes import HoldCause, PassageKind
from models.plates import Plate
from models.refusals import Refusal
from models.tickets import Direction


@dataclass(frozen=True, slots=True)
class Watch:
    """Begin or end reading plates; each beginning is a new vehicle with a vote of its own. `far`: by the camera of
    the other side."""

    on: bool
    far: bool = False


@dataclass(frozen=True, slots=True)
class LetGo:
    """Where the camera alone tells who is there: the vehicle at the arm has passed, however long it is still seen."""


@dataclass(frozen=True, slots=True)
class Decide:
    asked: Asked
    direction: Direction


@dataclass(frozen=True, slots=True)
class Hold:
    """Raise the arm and keep it up."""


@dataclass(frozen=True, slots=True)
class Release:
    """End the hold."""


@dataclass(frozen=True, slots=True)
class Lower:
    """Bring the arm down. Never asked for while anything is, or may be, on the closing loop."""


ToBarrier = Vend | Hold | Release | Lower
"""What the barrier is told."""


@dataclass(frozen=True, slots=True)
class Confirm:
    """The vehicle passed."""

    ticket: TicketId
    direction: Direction


@dataclass(frozen=True, slots=True)
class Withdraw:
    """The vehicle didn't pass. `vended`: the arm had been told to rise."""

    ticket: TicketId
    direction: Direction
    vended: bool


@dataclass(frozen=True, slots=True)
class Unresolve:
    """Nobody saw whether the vehicle passed."""

    ticket: TicketId
    direction: Direction


@dataclass(frozen=True, slots=True)
class Count:
    """A vehicle passed that no ticket stands for. `plate`: if one was read; `order`: on whose order."""

    kind: PassageKind
    direction: Direction
    plate: Plate | None = None
    order: Order | None = None


@dataclass(frozen=True, slots=True)
class RecordRefusal:
    reason: Refusal
    plate: Plate | None
    direction: Direction


@dataclass(frozen=True, slots=True)
class RecordOrder:
    """A person's order, and whether the lane obeyed. `why_not` is one line for that person, empty if it did."""

    order: Order
    why_not: str = ""


@dataclass(frozen=True, slots=True)
class RecordHold:
    """The arm is kept up from now on for this cause, or (None) no longer."""

    cause: HoldCause | None
    order: Order | None = None


@dataclass(frozen=True, slots=True)
class Call:
    """The driver wants a person."""

    why: Button
    plate: Plate | None


@dataclass(frozen=True, slots=True)
class Print:
    ticket: PrintedTicket


@dataclass(frozen=True, slots=True)
class Show:
    """One line on the sign. `asks`: which buttons make sense now."""

    line: str
    asks: tuple[Button, ...] = ()


@dataclass(frozen=True, slots=True)
class StartTimer:
    timer: int
    seconds: float
    which: Which = Which.PHASE


@dataclass(frozen=True, slots=True)
class Raise:
    code: str
    detail: str


@dataclass(frozen=True, slots=True)
class Clear:
    code: str


OnPaper = Confirm | Withdraw | Unresolve | Count | RecordRefusal | RecordOrder | RecordHold | Call
"""What is put on record."""

Beside = OnPaper | Decide | Watch | LetGo | Show | Print | StartTimer | Raise | Clear
"""What is done beside the barrier."""

Action = ToBarrier | Beside
