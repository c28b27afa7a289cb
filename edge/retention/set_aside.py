"""Damaged stores that were set aside hold plates, and the room of a whole store each: they don't lie there for ever."""

from __future__ import annotations

from pathlib import Path

from edge.retention.log import record_erased
from edge.store import Transaction
from edge.store.damage.quarantine import lies_since, set_aside, take_away
from models.instants import Instant


def due(store: Path, before: Instant) -> list[Path]:
    """Those that were set aside before; the last plate in them is at least as old."""
    return [aside for aside in set_aside(store) if lies_since(aside) <= before]


def put_on_record(tx: Transaction, going: list[Path]) -> None:
    """Before they go: a daemon that dies in between says so once more, but none goes unrecorded."""
    last = max((lies_since(aside) for aside in going), default=Instant(0))
    record_erased(tx, "tickets", "damaged stores that were set aside", len(going), last)


def forget(going: list[Path]) -> None:
    for aside in going:
        take_away(aside)
