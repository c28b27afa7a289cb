"""What the lot remembers of its lanes, and what is put on record of them beside tickets."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

from edge.lane.actions import Count
from edge.lane.signals import Button, Order
from edge.parking.access.passback import neutralise
from edge.parking.stays import moments
from edge.parking.stays.moments import What
from edge.store import Transaction, boots
from models.facts import AccessRefused, HelpCalled, LaneHeld, LaneOrdered, LaneReleased, PassageCounted
from models.facts.lanes import LONGEST_TEXT
from models.ids import LaneName
from models.instants import SECOND, Instant, Reading
from models.lanes import HoldCause, LaneState, OrderKind, PassageKind
from models.plates import Plate
from models.refusals import Refusal
from models.tickets import Direction
from models.timeline import Moment
from models.wire.restoring import KnownLane

CALL_STANDS = 1800 * SECOND
"""Whoever called longer ago than that has gone, one way or another."""


_UNANSWERED = """
    SELECT lane, why, at, called.boot, called.monotonic FROM help_calls AS call
    JOIN moments AS called ON called.subject = call.id AND called.what = 'called'
    LEFT JOIN moments AS told ON told.subject = 'lane ' || call.lane AND told.what = 'told'
    WHERE told.boot IS NULL OR (told.boot, told.monotonic) < (called.boot, called.monotonic)
    ORDER BY called.boot, called.monotonic, call.rowid"""


@dataclass(frozen=True, slots=True)
class OpenCall:
    """A driver called for a person, and no person has told that lane anything since. `ago` is how long ago, as far as
    is known; `at` what the clock said then."""

    lane: LaneName
    why: str
    at: Instant
    ago: int


@dataclass(frozen=True, slots=True)
class LaneMemory:
    """What a lane was set to last, and why its arm is kept up, if it is. `kept_open`: the order to keep it open that
    stands, also beneath a fire; empty without one."""

    state: LaneState = LaneState.OPEN
    hold: HoldCause | None = None
    kept_open: str = ""


def lane_memory(connection: sqlite3.Connection, lane: LaneName) -> LaneMemory:
    """A lane never told anything is open."""
    row = connection.execute("SELECT state, hold FROM lane_states WHERE name = ?", (lane,)).fetchone()
    if row is None:
        return LaneMemory()
    last = connection.execute(
        """SELECT kind, order_id FROM lane_orders WHERE lane = ? AND obeyed = 1 AND kind IN ('keep_open', 'release')
           ORDER BY rowid DESC LIMIT 1""",
        (lane,),
    ).fetchone()
    kept = last["order_id"] if last is not None and last["kind"] == "keep_open" and row["hold"] else ""
    return LaneMemory(LaneState(row["state"]), HoldCause(row["hold"]) if row["hold"] else None, kept)


def was_told(connection: sqlite3.Connection, lane: LaneName) -> bool:
    """Whether anybody has told this lane anything, since the store was new."""
    return connection.execute("SELECT 1 FROM lane_states WHERE name = ?", (lane,)).fetchone() is not None


def standing_orders(before: KnownLane) -> list[tuple[OrderKind, LaneState | None]]:
    """What sets a lane as it was. A fire says so itself, through its own contact."""
    orders: list[tuple[OrderKind, LaneState | None]] = []
    if before.state is not LaneState.OPEN:
        orders.append((OrderKind.SET_STATE, before.state))
    if before.hold is HoldCause.KEEP_OPEN:
        orders.append((OrderKind.KEEP_OPEN, None))
    return orders


def refuse(tx: Transaction, lane: LaneName, direction: Direction, reason: Refusal, plate: Plate | None) -> None:
    refused = AccessRefused(
        refusal=tx.mint(), lane=lane, direction=direction, reason=reason.name, at=tx.at.wall, license_plate=plate
    )
    tx.record(refused)


def count(tx: Transaction, lane: LaneName, passage: Count) -> None:
    """A vehicle passed that no ticket stands for. Nothing else changes: no stay begins or ends by it."""
    tx.record(
        PassageCounted(
            passage=tx.mint(),
            lane=lane,
            direction=passage.direction,
            kind=passage.kind,
            order=None if passage.order is None else passage.order.id,
            unable_to_collect=passage.direction is Direction.EXIT and passage.kind is not PassageKind.PERMIT,
            at=tx.at.wall,
            license_plate=passage.plate,
        )
    )


def obey(tx: Transaction, lane: LaneName, order: Order, why_not: str) -> None:
    """A person's order, obeyed unless `why_not` says why not. With it the lane's new state, if it sets one."""
    tx.record(
        LaneOrdered(
            record=tx.mint(),
            order=order.id,
            lane=lane,
            kind=order.kind,
            by=order.by[:LONGEST_TEXT],
            reason=order.reason[:LONGEST_TEXT],
            state=order.state,
            obeyed=not why_not,
            why_not=why_not[:LONGEST_TEXT],
            at=tx.at.wall,
        )
    )
    if not why_not:
        moments.mark(tx, _lane(lane), What.TOLD, moments.now(tx).moment)


def hold(tx: Transaction, lane: LaneName, cause: HoldCause | None, order: Order | None) -> None:
    """The arm is kept up from now on, or (None) no longer; nothing is on record of the end of a hold that wasn't."""
    by, reason = (None, None) if order is None else (order.by[:LONGEST_TEXT], order.reason[:LONGEST_TEXT])
    if cause is not None:
        tx.record(LaneHeld(lane=lane, cause=cause, by=by, reason=reason, at=tx.at.wall))
        return
    ended = lane_memory(tx.connection, lane).hold
    if ended is not None:
        tx.record(LaneReleased(lane=lane, cause=ended, by=by, reason=reason, at=tx.at.wall))
        # Who drove through meanwhile wasn't always seen.
        neutralise(tx, f"the arm of {lane} was kept up ({ended})", by=by)


def call(tx: Transaction, lane: LaneName, why: Button, plate: Plate | None) -> None:
    """The driver wants a person."""
    called = HelpCalled(call=tx.mint(), lane=lane, why=why.value, at=tx.at.wall, license_plate=plate)
    tx.record(called)
    moments.mark(tx, called.call, What.CALLED, moments.now(tx).moment)


def open_calls(connection: sqlite3.Connection, now: Reading) -> list[OpenCall]:
    """Those of the last half hour that nobody has seen to, the oldest first; the clock may have been set since."""
    here = boots.place(connection, now)
    found: list[OpenCall] = []
    for row in connection.execute(_UNANSWERED):
        called = Moment(row["boot"], row["monotonic"])
        ago = boots.timeline(connection, min(called, here), now).between(called, here).least
        if ago < CALL_STANDS:
            found.append(OpenCall(LaneName(row["lane"]), row["why"], Instant(row["at"]), ago))
    return found


def _lane(name: LaneName) -> str:
    """What stands for a lane where moments are marked."""
    return f"lane {name}"
