"""Facts about what the cloud wants of the lot: from when on the lot acts by it."""

from __future__ import annotations

from typing import Literal

from models.facts.base import Fact
from models.instants import Instant


class IntentsTaken(Fact, type="intents.taken", version=1):
    """The lot acts by all intents up to `revision`, but for those that it keeps and can't apply (`parked`) and those
    that the cloud kept from it (`withheld`), the first of each by their revisions. `hash` is that of all up to it."""

    revision: int
    hash: str
    by: Literal["deltas", "snapshot", "upgrade"]
    parked: tuple[int, ...]
    withheld: tuple[int, ...]
    at: Instant
