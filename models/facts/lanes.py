"""Facts about lanes: what people told them, arms kept up, vehicles without a ticket, calls for help."""

from __future__ import annotations

from models.facts.base import Fact
from models.ids import LaneName
from models.instants import Instant
from models.lanes import HoldCause, LaneState, OrderKind, PassageKind
from models.tickets import Direction

LONGEST_TEXT = 300
"""A fact has to fit into an envelope, whatever a person has to say. Characters."""


class LaneOrdered(Fact, type="lane.ordered", version=1):
    """A person told a lane to do something; `why_not` is empty if it obeyed. Obeyed, `state` is the lane's from now on.

    `record` is this entry, `order` what its giver calls it.
    """

    record: str
    order: str
    lane: LaneName
    kind: OrderKind
    by: str
    reason: str
    state: LaneState | None
    obeyed: bool
    why_not: str
    at: Instant


class LaneHeld(Fact, type="lane.held", version=1):
    """The arm is kept up from now on. Nobody gave an order for a fire."""

    lane: LaneName
    cause: HoldCause
    by: str | None
    reason: str | None
    at: Instant


class LaneReleased(Fact, type="lane.released", version=1):
    """The arm isn't kept up any longer; `cause` is what had kept it."""

    lane: LaneName
    cause: HoldCause
    by: str | None
    reason: str | None
    at: Instant


class PassageCounted(Fact, type="passage.counted", version=1, personal=("license_plate",)):
    """A vehicle passed that no ticket stands for. `direction` is the way it went, also against the lane's own.

    `unable_to_collect`: it left, so whatever it owed wasn't paid; nobody knows how much. `order`: on whose order.
    """

    passage: str
    lane: LaneName
    direction: Direction
    kind: PassageKind
    order: str | None
    unable_to_collect: bool
    at: Instant
    license_plate: str | None


class HelpCalled(Fact, type="help.called", version=1, personal=("license_plate",)):
    """A driver wants a person; `why` is the button that was pressed."""

    call: str
    lane: LaneName
    why: str
    at: Instant
    license_plate: str | None
