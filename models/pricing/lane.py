"""What a lane's sign shows, and so what is pinned on the ticket: it stands still while a vehicle waits there. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from models.instants import Instant
from models.pricing.price import Standing


@dataclass(frozen=True, slots=True)
class Quote:
    """The price on one lane's sign: the factor, and since when the lot's price was that. A ticket gets the factor."""

    factor: Decimal
    since: Instant


def lane_quote(shown: Quote | None, standing: Standing, waiting: bool | None) -> Quote:
    """What the lane's sign shows from now on; asked whenever the lot's price or the lane's arming loop has changed.

    A vehicle that waits sees the price with which it came, whatever the lot's price does meanwhile, and a ticket that
    is opened then gets that one. `waiting` is None where the loop can't be believed: somebody may be there. `shown` is
    what the sign shows until now, None where nothing has been shown since the lot began; it is kept over a restart.
    """
    if shown is not None and waiting is not False:
        return shown
    return Quote(standing.factor, standing.since)
