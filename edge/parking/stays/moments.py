"""When things happened to a stay, by the machine's own time: what the wall clock said then may have been wrong."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from edge.store import Transaction, boots
from models.instants import Instant
from models.timeline import Bounds, Length, Moment, apart


class What(StrEnum):
    """What is remembered of a ticket (the first three), a charge, a vehicle or the lot, a call, a lane."""

    ENTERED = "entered"
    SETTLED = "settled"
    """Until then it is paid, or a debt on record"""
    EXITED = "exited"
    ASKED = "asked"
    """The time until which a charge pays"""
    NEUTRAL = "neutral"
    """Nobody's passage before that is held against them"""
    CALLED = "called"
    """A driver wanted a person"""
    TOLD = "told"
    """A person told a lane something, and it obeyed"""


@dataclass(frozen=True, slots=True)
class When:
    """A moment, and what the clock said then. `moment` None: only that is known of it, and is believed (a stay that was
    restored from the cloud)."""

    moment: Moment | None
    wall: Instant


def now(tx: Transaction) -> When:
    return When(boots.moment(tx), tx.at.wall)


def mark(tx: Transaction, subject: str, what: What, moment: Moment | None) -> None:
    """That happened to it at that moment; the last time counts."""
    if moment is None:
        tx.connection.execute("DELETE FROM moments WHERE subject = ? AND what = ?", (subject, what))
        return
    row = (subject, what, *moment)
    tx.connection.execute("INSERT OR REPLACE INTO moments (subject, what, boot, monotonic) VALUES (?, ?, ?, ?)", row)


def forget(tx: Transaction, subject: str) -> None:
    tx.connection.execute("DELETE FROM moments WHERE subject = ?", (subject,))


def marked(tx: Transaction, subject: str, what: What) -> Moment | None:
    found = "SELECT boot, monotonic FROM moments WHERE subject = ? AND what = ?"
    row = tx.connection.execute(found, (subject, what)).fetchone()
    return None if row is None else Moment(row["boot"], row["monotonic"])


def when(tx: Transaction, subject: str, what: What, wall: Instant) -> When:
    """When that was, of which the store has the wall time."""
    return When(marked(tx, subject, what), wall)


def between(tx: Transaction, begun: When, ended: When) -> Length:
    """How long it was, as far as is known now. Of what has no moment, the clock of now can tell nothing that no time
    server said: while none was heard, it may be 2099 on the wall."""
    if begun.moment is not None and ended.moment is not None:
        first = min(begun.moment, ended.moment)
        return boots.timeline(tx.connection, first, tx.at).between(begun.moment, ended.moment)
    return apart(possible(tx, begun), possible(tx, ended))


def possible(tx: Transaction, when: When) -> Bounds:
    """The earliest and the latest true time at which that can have been; None: no bound is known."""
    if when.moment is None:
        return when.wall, when.wall
    return boots.timeline(tx.connection, when.moment, tx.at).possible(when.moment)
