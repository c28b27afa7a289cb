"""Facts about vehicles at an exit whose stay isn't sure: what looked like theirs, and what a person said of it."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict

from models.facts.base import Fact
from models.ids import LaneName, TicketId
from models.instants import Instant


class LookalikeStay(BaseModel):
    """A stay that may be the vehicle's. `odds_permille`: how likely, of a thousand; `picture`: of its entry."""

    model_config = ConfigDict(frozen=True)

    ticket: TicketId
    odds_permille: int
    picture: str | None


class ExitDoubted(Fact, type="exit.doubted", version=1, personal=("license_plate",)):
    """A vehicle stood at an exit with a plate that is exactly nobody's, and what looks like it wasn't enough to let it
    out: a person has to look, or its driver shows the ticket.

    `ticket` is the likeliest, with which the plate is masked. `why` is the lot's own word for what spoke against it;
    `denied`: its driver said no. `among`: the stays, the likeliest first. `picture`: of the vehicle. `license_plate`:
    what was read of it.
    """

    ticket: TicketId
    lane: LaneName
    at: Instant
    why: str
    denied: bool
    among: tuple[LookalikeStay, ...]
    picture: str | None
    license_plate: str


class MatchDecided(Fact, type="match.decided", version=1):
    """A person said which stay is that of a vehicle at an exit; the lane went on with it as if it had shown its ticket.

    `seen`: what the person went by, both `pictures` or `words` alone. `picture`: of the vehicle.
    """

    ticket: TicketId
    lane: LaneName
    at: Instant
    by: str
    reason: str
    seen: Literal["pictures", "words"]
    picture: str | None
