"""What a lane can be told, and what it can ask for. Values only."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from drivers.contract import Position, PrintedTicket
from models.ids import TicketId
from models.lanes import HoldCause, LaneState, OrderKind, PassageKind
from models.plates import Plate
from models.refusals import Refusal
from models.spots import VehicleType
from models.tariff import Tariff
from models.tickets import Direction


class Phase(StrEnum):
    IDLE = "idle"
    READING = "reading"
    DECIDING = "deciding"
    REFUSED = "refused"
    VENDED = "vended"
    PASSING = "passing"
    UNSURE = "unsure"
    """Clear of the arm while the arming loop stayed occupied: passed with another close behind, or rolled back?"""


class Button(StrEnum):
    """What a driver can press, on the kiosk's screen or on the post."""

    TICKET = "ticket"
    LOST_TICKET = "lost_ticket"
    CONFIRM = "confirm"
    """Yes, that is my plate"""
    DENY = "deny"
    HELP = "help"


class Which(StrEnum):
    """The lane's timers, one running of each at most."""

    PHASE = "phase"
    ARM = "arm"
    ARMING_LOOP = "arming_loop"
    CLOSING_LOOP = "closing_loop"
    FAR_LOOP = "far_loop"


# --- what a vehicle shows ---


@dataclass(frozen=True, slots=True)
class Read:
    """The plate of the vehicle that is there, once the vote is certain, or the driver says so. Confidence 0..1."""

    plate: Plate
    confidence: float
    by_driver: bool = False


@dataclass(frozen=True, slots=True)
class Code:
    """A code that was scanned or typed: a ticket's, in time a reservation's."""

    text: str


@dataclass(frozen=True, slots=True)
class Card:
    number: str


@dataclass(frozen=True, slots=True)
class Unread:
    """No plate could be read: the driver pressed for a ticket, or the lane opens by policy (`by_policy`)."""

    by_policy: bool


Credential = Read | Code | Card | Unread


@dataclass(frozen=True, slots=True)
class Order:
    """What a person tells the lane to do. `by` and `reason` are never empty; `state` only with SET_STATE."""

    id: str
    kind: OrderKind
    by: str
    reason: str
    state: LaneState | None = None


@dataclass(frozen=True, slots=True)
class Asked:
    """What the desk decides about. `by_hand`: a person lets the vehicle pass; only what can be put on record is asked.

    `vehicle_type` is what the driver chose, if they did; `plate` was read of the vehicle, whatever it shows instead.
    `waited`: seconds for which its driver has waited for a person because the desk said so. `tariff`: the sign's price.
    """

    credential: Credential
    state: LaneState = LaneState.OPEN
    vehicle_type: VehicleType | None = None
    by_hand: Order | None = None
    plate: Plate | None = None
    waited: float = 0.0
    tariff: Tariff | None = None


# --- signals ---


@dataclass(frozen=True, slots=True)
class Presence:
    """A vehicle stands before the arm: by the arming loop, or by the camera where there is none. None: unknown."""

    present: bool | None


@dataclass(frozen=True, slots=True)
class FarPresence:
    """The arming loop on the other side of the arm, of a lane that works both ways. None: unknown."""

    present: bool | None


@dataclass(frozen=True, slots=True)
class UnderArm:
    """The closing loop. None: unknown, which counts as occupied."""

    occupied: bool | None


@dataclass(frozen=True, slots=True)
class Guess:
    """The likeliest plate of a vote that didn't become certain: the driver is asked."""

    plate: Plate
    confidence: float


@dataclass(frozen=True, slots=True)
class Pressed:
    button: Button


@dataclass(frozen=True, slots=True)
class Chosen:
    """The driver says what kind of vehicle it is."""

    vehicle_type: VehicleType


@dataclass(frozen=True, slots=True)
class Blind:
    """The plate reader of this lane is out of order, or in order again."""

    blind: bool


@dataclass(frozen=True, slots=True)
class Allowed:
    """The parking service has put it on record that this vehicle may pass. No ticket: a passage that only counts."""

    ticket: TicketId | None
    greeting: str
    printed: PrintedTicket | None = None


@dataclass(frozen=True, slots=True)
class Refused:
    """`line` is what the driver is told, where that says more than the reason's own line."""

    reason: Refusal
    line: str = ""


@dataclass(frozen=True, slots=True)
class Vend:
    """Raise the arm, for one vehicle or on one order (its id is in `order`)."""

    ticket: TicketId | None
    order: str | None = None


@dataclass(frozen=True, slots=True)
class VendFailed:
    """The barrier couldn't be told to rise. `maybe`: it may have heard it all the same. `vend`: which one that was."""

    maybe: bool = False
    vend: Vend | None = None


@dataclass(frozen=True, slots=True)
class HoldFailed:
    """The barrier couldn't be told to keep its arm up, or to end that; it is told again."""


@dataclass(frozen=True, slots=True)
class Arm:
    """What the barrier says of its arm. Only a position that was read back is evidence; an assumed one is shown."""

    position: Position


@dataclass(frozen=True, slots=True)
class Fire:
    """The fire contact. None: unknown, which changes nothing: what was held stays held."""

    active: bool | None


@dataclass(frozen=True, slots=True)
class Ordered:
    order: Order


@dataclass(frozen=True, slots=True)
class TimeUp:
    """A timer ran out; one that isn't the latest of its kind is no longer of interest."""

    timer: int
    which: Which = Which.PHASE


Signal = (
    Presence
    | FarPresence
    | UnderArm
    | Read
    | Guess
    | Code
    | Card
    | Pressed
    | Chosen
    | Blind
    | Allowed
    | Refused
    | VendFailed
    | HoldFailed
    | Arm
    | Fire
    | Ordered
    | TimeUp
)


# --- actions ---


@dataclass(frozen=True, slots=True)
class Watch:
    """Begin or end reading plates; each beginning is a new vehicle with a vote of its own. `far`: by the camera of
    the other side."""

    on: bool
    far: bool = False


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


Action = (
    Watch
    | Decide
    | Vend
    | Hold
    | Release
    | Lower
    | Confirm
    | Withdraw
    | Unresolve
    | Count
    | RecordRefusal
    | RecordOrder
    | RecordHold
    | Call
    | Print
    | Show
    | StartTimer
    | Raise
    | Clear
)
