"""Facts about what a lot has forgotten on purpose."""

from __future__ import annotations

from models.facts.base import Fact
from models.instants import Instant
from models.retention import DiskClass, Why


class RecordsErased(Fact, type="records.erased", version=1):
    """So many of the lot's `what` were erased, none younger than `up_to`; written in the transaction that erases them.

    Where facts of a stream went, `seq` and `hash` are those of the last one: the chain goes on from there.
    """

    erasure: str
    disk_class: DiskClass
    what: str
    count: int
    up_to: Instant
    why: Why
    at: Instant
    stream_id: str | None = None
    seq: int | None = None
    hash: str | None = None
