"""What a lane can be told. Values only."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from drivers.contract import Position, PrintedTicket
from models.ids import TicketId
from models.lanes import LaneState, OrderKind
from models.plates import Plate, SeenPlate
from models.refusals import Refusal
from models.spots import VehicleType
from models.tariff import Tariff


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
    seen: SeenPlate | None = None
    """How it was seen, character by character; None where nobody says"""


@dataclass(frozen=True, slots=True)
class Code:
    """A code that was scanned or typed: a ticket's, in time a reservation's. `by_person`: nobody showed it; a person
    says that it is this vehicle's, who saw that `plate_seen` was read of it."""

    text: str
    by_person: bool = False
    plate_seen: Plate | None = None


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
    `denied`: plates that its driver said aren't theirs.
    """

    credential: Credential
    state: LaneState = LaneState.OPEN
    vehicle_type: VehicleType | None = None
    by_hand: Order | None = None
    plate: Plate | None = None
    waited: float = 0.0
    tariff: Tariff | None = None
    denied: frozenset[Plate] = frozenset()


# --- signals ---


@dataclass(frozen=True, slots=True)
class Presence:
    """A vehicle stands before the arm: by the arming loop, or by the camera where there is none. None: unknown.
    `vehicle`: which one, where the camera says."""

    present: bool | None
    vehicle: int | None = None


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
    seen: SeenPlate | None = None


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
class Question:
    """Whether the driver came with this plate: the desk knows a stay that may be theirs. `shown` is as much of the
    plate as whoever stands there may see, and `line` ends with it."""

    plate: Plate
    shown: str
    line: str


@dataclass(frozen=True, slots=True)
class Refused:
    """`line` is what the driver is told, where that says more than the reason's own line. `question`: the driver is
    asked first; nothing is refused as long as they may answer."""

    reason: Refusal
    line: str = ""
    question: Question | None = None


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
