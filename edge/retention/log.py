"""Puts each deletion on record, in the transaction that deletes."""

from __future__ import annotations

from edge.store import Transaction
from edge.store.checkpoints import Checkpoint
from models.facts import RecordsErased
from models.instants import Instant
from models.retention import DiskClass, Why


def record_erased(
    tx: Transaction,
    disk_class: DiskClass,
    what: str,
    count: int,
    up_to: Instant,
    why: Why = "age",
    checkpoint: Checkpoint | None = None,
) -> None:
    """Nothing is said of nothing."""
    if count == 0:
        return
    tx.record(
        RecordsErased(
            erasure=tx.mint(),
            disk_class=disk_class,
            what=what,
            count=count,
            up_to=up_to,
            why=why,
            at=tx.at.wall,
            stream_id=checkpoint.stream_id if checkpoint else None,
            seq=checkpoint.seq if checkpoint else None,
            hash=checkpoint.hash if checkpoint else None,
        )
    )
