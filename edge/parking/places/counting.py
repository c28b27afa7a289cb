"""Sets the count right after a person has counted, so that no stay and no money is lost by it.

A ticket whose vehicle can't be on the level gives its spot back and becomes unresolved: its vehicle may have left
unseen, or stand somewhere else. Its next passage settles it, at the fee that it would have paid anyway. A vehicle more
than there are tickets blocks a spot, until it is seen to leave or somebody counts again.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from edge.parking.places.upkeep import Level
from edge.store import Transaction
from models.facts import CountReset, SpotTakenByUnknown, StayMoved, TicketUnresolved, UnknownVehicleGone
from models.facts.lanes import LONGEST_TEXT
from models.ids import SpotId, TicketId
from models.instants import Instant
from models.tickets import TicketStatus

Sensed = Mapping[SpotId, bool | None]
"""Whether spots with a sensor are taken; None: it isn't known."""

# Whoever stands in a lane now isn't counted, nor let go of: that lane will tell how it ends.
_TAKEN = """
    SELECT spots.id, tickets.id AS ticket, tickets.status, entry_time FROM spots
    LEFT JOIN tickets ON spot_id = spots.id AND (tickets.status = 'UNRESOLVED'
        OR (tickets.status = 'ACTIVE' AND exit_lane IS NULL))
    WHERE removed = 0 AND level_id = coalesce(?, level_id)
        AND (tickets.id IS NOT NULL OR (spots.status = 'AVAILABLE' AND blocked = 'unknown_vehicle'))
    ORDER BY spots.rowid"""
_FREE = """
    SELECT id FROM spots WHERE removed = 0 AND level_id = coalesce(?, level_id)
        AND status = 'AVAILABLE' AND blocked IS NULL ORDER BY rowid"""


@dataclass(frozen=True, slots=True)
class Taken:
    """A spot that is taken on record: by a ticket's vehicle, or (None) by one of which nobody knows."""

    spot: SpotId
    ticket: TicketId | None = None
    status: TicketStatus | None = None
    entered: Instant | None = None


@dataclass(frozen=True, slots=True)
class Difference:
    """What makes the books agree with what was counted. `beyond`: so many stand where there is no spot for them."""

    known: int
    let_go: tuple[Taken, ...] = ()
    block: tuple[SpotId, ...] = ()
    beyond: int = 0

    def said(self, counted: int, where: str) -> str:
        unresolved = sum(taken.ticket is not None for taken in self.let_go)
        parts = [f"{where}: {_vehicles(counted)} counted, {self.known} known"]
        if unresolved:
            parts.append(f"{unresolved} {'stay is' if unresolved == 1 else 'stays are'} unresolved, without a spot now")
        if self.block:
            spots = "spot is" if len(self.block) == 1 else "spots are"
            parts.append(f"{len(self.block)} free {spots} taken by unknown")
        if self.beyond:
            parts.append(f"{_vehicles(self.beyond)} more than there are spots")
        return "; ".join(parts)


def difference(counted: int, taken: Sequence[Taken], free: Sequence[SpotId], sensed: Sensed) -> Difference:
    """Pure. `taken` and `free` in the order in which the spots fill.

    Let go of first is whatever is the least certain: what a sensor calls free; a vehicle of which nobody knew; a stay
    that is unresolved already; then who came first. What a sensor calls taken is let go of last.
    """
    more = counted - len(taken)
    if more < 0:
        return Difference(len(taken), tuple(sorted(taken, key=lambda each: _certainty(each, sensed))[:-more]))
    # From the end of the order in which spots fill: the longest are the others led to free ones.
    from_the_end = enumerate(free)
    likely = [spot for _, spot in sorted(from_the_end, key=lambda each: (-_says(sensed, each[1]), -each[0]))]
    return Difference(len(taken), block=tuple(likely[:more]), beyond=max(0, more - len(free)))


def reset_count(tx: Transaction, level: Level | None, counted: int, by: str, reason: str, sensed: Sensed) -> str:
    """Put on record that a person counted so many vehicles on a level (None: in the lot). Returns what came of it."""
    on = None if level is None else level.id
    taken = [_taken(row) for row in tx.connection.execute(_TAKEN, (on,))]
    free = [SpotId(row["id"]) for row in tx.connection.execute(_FREE, (on,))]
    found = difference(counted, taken, free, sensed)
    told = CountReset(level=on, counted=counted, known=found.known, by=by, reason=reason[:LONGEST_TEXT], at=tx.at.wall)
    tx.record(told)
    _let_go(tx, found.let_go, by)
    for spot in found.block:
        tx.record(SpotTakenByUnknown(spot=spot, why="count_reset", at=tx.at.wall))
    return found.said(counted, "the lot" if level is None else level.name)


def _let_go(tx: Transaction, gone: Iterable[Taken], by: str) -> None:
    for taken in gone:
        if taken.ticket is None:
            tx.record(UnknownVehicleGone(spot=taken.spot, why="count_reset", at=tx.at.wall))
            continue
        if taken.status is TicketStatus.ACTIVE:
            tx.record(TicketUnresolved(ticket=taken.ticket, at=tx.at.wall, during="exit"))
        moved = StayMoved(
            ticket=taken.ticket, was=taken.spot, spot=None, why="count_reset", by=by[:LONGEST_TEXT], at=tx.at.wall
        )
        tx.record(moved)


def _certainty(taken: Taken, sensed: Sensed) -> tuple[int, int, Instant]:
    kind = 0 if taken.ticket is None else 1 if taken.status is TicketStatus.UNRESOLVED else 2
    return _says(sensed, taken.spot), kind, taken.entered or Instant(0)


def _says(sensed: Sensed, spot: SpotId) -> int:
    """-1 free, 0 unknown, 1 taken."""
    taken = sensed.get(spot)
    return 0 if taken is None else 1 if taken else -1


def _vehicles(count: int) -> str:
    return "1 vehicle" if count == 1 else f"{count} vehicles"


def _taken(row: sqlite3.Row) -> Taken:
    if row["ticket"] is None:
        return Taken(SpotId(row["id"]))
    return Taken(SpotId(row["id"]), TicketId(row["ticket"]), TicketStatus(row["status"]), Instant(row["entry_time"]))
