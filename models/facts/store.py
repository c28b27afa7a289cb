"""Facts about the lot's records themselves."""

from __future__ import annotations

from models.facts.base import Fact
from models.ids import StreamId
from models.instants import Instant


class StoreQuarantined(Fact, type="store.quarantined", version=1):
    """The lot's store was found damaged: it was set aside as `file`, and a new one begun with what could be read of it.

    `former_stream` is the stream that ended with it, `former_seq` the last of its facts that the lot still has in
    one piece, and `facts_lost` how many came after that; None and 0 where the stream of this fact was whole and goes
    on. `rows_lost` names the tables of which not everything could be read.
    """

    file: str
    why: str
    former_stream: StreamId | None
    former_seq: int
    facts_lost: int
    rows_lost: tuple[str, ...]
    at: Instant
