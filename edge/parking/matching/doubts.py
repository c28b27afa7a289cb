"""What goes on record of a vehicle at an exit that a likeness doesn't let out: for the person who has to look."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass

from edge.parking.matching.rules import Why
from edge.store import Transaction
from models.facts import ExitDoubted, LookalikeStay
from models.ids import LaneName, TicketId
from models.instants import SECOND, Monotonic
from models.plates import Plate
from models.plates.matching import Candidate

SAME_OCCASION = 600 * SECOND
"""A lane asks again and again while the vehicle stands there: that is one doubt."""


@dataclass(frozen=True, slots=True)
class Doubt:
    """`among`: the likeliest first, one at least; `denied`: its driver said no to one of them."""

    lane: LaneName
    plate: Plate
    why: Why
    among: Sequence[Candidate]
    denied: bool
    picture: str | None


@dataclass(frozen=True, slots=True)
class Told:
    """The doubt that was put on record last, and when."""

    plate: Plate
    denied: bool
    at: Monotonic


def is_new(told: Told | None, doubt: Doubt, now: Monotonic) -> bool:
    """That its driver has said no meanwhile is news."""
    same = told is not None and told.plate == doubt.plate and now - told.at < SAME_OCCASION
    return not (same and told is not None and (told.denied or not doubt.denied))


def record(tx: Transaction, doubt: Doubt) -> None:
    tx.record(
        ExitDoubted(
            ticket=TicketId(doubt.among[0].inside.key),
            lane=doubt.lane,
            at=tx.at.wall,
            why=doubt.why.name.lower(),
            denied=doubt.denied,
            among=tuple(_as_told(tx.connection, one) for one in doubt.among),
            picture=doubt.picture,
            license_plate=doubt.plate,
        )
    )


def _as_told(connection: sqlite3.Connection, one: Candidate) -> LookalikeStay:
    row = connection.execute("SELECT picture FROM tickets WHERE id = ?", (one.inside.key,)).fetchone()
    picture = None if row is None else row["picture"]
    return LookalikeStay(ticket=TicketId(one.inside.key), odds_permille=round(one.odds * 1000), picture=picture)
