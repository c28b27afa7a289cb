"""What the cloud can tell a lot to do, and why a lot doesn't do it."""

from __future__ import annotations

from enum import Enum, StrEnum
from typing import NamedTuple


class CommandKind(StrEnum):
    """What can be ordered from afar. The end of a fire alarm isn't among it: somebody has to stand there for that."""

    OPEN = "open"
    """Raise the arm once"""
    CLOSE = "close"
    KEEP_OPEN = "keep_open"
    RELEASE = "release"
    """End of keep-open"""
    SET_STATE = "set_state"
    RESET_FAULTS = "reset_faults"
    RESET_PASSBACK = "reset_passback"
    """Of the whole lot or of one permit"""
    RESET_COUNT = "reset_count"
    """So many vehicles were counted on a level, or in the whole lot"""
    SPOT_OUT_OF_SERVICE = "spot_out_of_service"
    SPOT_IN_SERVICE = "spot_in_service"

    @property
    def names_lane(self) -> bool:
        """The others are for the whole lot."""
        return self not in _OF_THE_LOT

    @property
    def names_spot(self) -> bool:
        return self in (self.SPOT_OUT_OF_SERVICE, self.SPOT_IN_SERVICE)


_OF_THE_LOT = (
    CommandKind.RESET_PASSBACK,
    CommandKind.RESET_COUNT,
    CommandKind.SPOT_OUT_OF_SERVICE,
    CommandKind.SPOT_IN_SERVICE,
)


class CommandEnd(StrEnum):
    """How a command ended, as far as it is known."""

    DONE = "done"
    NOT_OBEYED = "not_obeyed"
    """The lane has a reason not to; nothing moved"""
    FAILED = "failed"
    """The lane obeyed, but the barrier couldn't be told"""
    REFUSED = "refused"
    """The lot didn't take it at all: see `CommandRefusal`"""
    UNKNOWN = "unknown"
    """It was taken, and then power or link went: nobody knows, and it is never tried again"""


class Explained(NamedTuple):
    meaning: str
    remedy: str


class CommandRefusal(Enum):
    """Why a lot doesn't take a command. The name is stable: it stands in facts, logs and the API."""

    MALFORMED = Explained(
        "It can't be read",
        "Somebody else writes to the lot's topics at the broker, or the cloud is much newer than the lot",
    )
    FORGED = Explained(
        "It isn't signed by a cloud that the lot knows, or was signed to say something else",
        "Look who may write to the lot's topics at the broker; was the cloud given a new key?",
    )
    RETAINED = Explained(
        "The broker had kept it: nobody orders this now",
        "Delete the retained message at the broker, and look who left it there",
    )
    ANOTHER_LOT = Explained("It was signed for another lot", "Look who may write to the lot's topics at the broker")
    NO_SUCH_LANE = Explained("The lot has no lane of that name", "Look at the lanes that the lot reports")
    UNKNOWN_KIND = Explained("The lot doesn't know such a command", "Upgrade the lot, or give the order there")
    UNKNOWN_NONCE = Explained(
        "The lot never asked for it, or has started anew since",
        "Give the order again; many of these mean that somebody tries old commands",
    )
    REPLAYED = Explained(
        "It was taken once already",
        "The network may have doubled it; many of these mean that somebody tries old commands",
    )
    LATE = Explained("It came too long after the lot had agreed to take it", "Give the order again if it still stands")
    CROWDED = Explained(
        "More came at once than the lot looks at", "Look who writes to the lot's topics at the broker; then order again"
    )
    NOT_RECORDED = Explained(
        "The lot's store couldn't put it on record, so nothing was moved", "Check the disk of the edge computer"
    )

    @property
    def hostile(self) -> bool:
        """Whether an honest cloud and an honest network hardly ever bring this about."""
        return self in (self.MALFORMED, self.FORGED, self.RETAINED, self.ANOTHER_LOT, self.REPLAYED)
