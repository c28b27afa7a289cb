"""What a person at the lot tells the daemon of tickets and of vehicles with an attendant, as the socket has it."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from models.instants import Instant
from models.plates import Plate, RunnerUp, SeenPlate
from models.spots import VehicleType

_By = Annotated[str, Field(min_length=1, max_length=80)]
_Reason = Annotated[str, Field(min_length=1, max_length=300)]
_Code = Annotated[str, Field(min_length=1, max_length=60)]
_Plate = Annotated[str, Field(max_length=40)]


class TicketOrder(BaseModel):
    """What both kinds say."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    by: _By
    reason: _Reason


class LoseTicket(TicketOrder):
    """The driver of this stay has no ticket to show. `code` None: no stay is on record, it gets one now. `lane`: the
    exit at which the vehicle stands, which goes on with it."""

    lose: Literal["ticket"] = "ticket"
    code: _Code | None
    lane: str | None = None
    plate: _Plate | None = None
    vehicle_type: VehicleType = VehicleType.REGULAR


class FindTicket(TicketOrder):
    """The ticket was found after all."""

    found: _Code


class MergeTickets(TicketOrder):
    """Two tickets are of one stay."""

    merge: tuple[_Code, _Code]
    later_plate: bool = False


class SplitTicket(TicketOrder):
    """One ticket is of two stays."""

    split: _Code
    left: Instant
    entered: Instant
    plate: _Plate | None = None


class UndoMending(TicketOrder):
    """A merge or split was wrong."""

    undo: _Code


class ThisOne(TicketOrder):
    """The vehicle that stands at this exit is that of this ticket. `vehicle`: which one, as VehicleThere named it;
    `pictures`: the person has seen both."""

    at: Annotated[str, Field(max_length=60)]
    this_one: _Code
    vehicle: Annotated[str, Field(min_length=1, max_length=60)]
    pictures: bool = False


class UndoMatch(TicketOrder):
    """The stay was ended by another vehicle. `right`: that vehicle's own ticket; None: it has none. `left`: the stay's
    own vehicle has left since, at that time."""

    unmatch: _Code
    right: _Code | None = None
    left: Instant | None = None


class WhoIsThere(BaseModel):
    """Nothing is done: a person asks what is known of the vehicle at a lane."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    who_is_at: Annotated[str, Field(max_length=60)]


class VehicleThere(BaseModel):
    """The vehicle that a lane serves now. `vehicle`: the name by which an order means this one; `plate` None: it wasn't
    read; `picture` is the hash under which its picture lies. `denied`: plates that its driver said aren't theirs."""

    model_config = ConfigDict(frozen=True)

    lane: str
    phase: str
    vehicle: str
    exit: bool
    present: bool | None
    plate: str | None = None
    confidences: tuple[float, ...] = ()
    others: tuple[tuple[str, float], ...] = ()
    denied: tuple[str, ...] = ()
    picture: str | None = None

    @property
    def seen(self) -> SeenPlate | None:
        others = tuple(RunnerUp(Plate(plate), share) for plate, share in self.others)
        return None if self.plate is None else SeenPlate(Plate(self.plate), self.confidences, others)


class ValetOrder(BaseModel):
    """One step of an attendant. `shown`: a ticket's code or a key's tag."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    valet: Literal["take", "park", "call", "end-call", "fetch", "ready", "hand-back"]
    by: _By
    shown: _Code | None = None
    tag: Annotated[str, Field(max_length=20)] | None = None
    place: Annotated[str, Field(max_length=60)] | None = None
    plate: _Plate | None = None
    vehicle_type: VehicleType = VehicleType.REGULAR
    word: Annotated[str, Field(max_length=300)] | None = None
    unpaid: bool = False


Order = LoseTicket | FindTicket | MergeTickets | SplitTicket | UndoMending | ThisOne | UndoMatch | ValetOrder
