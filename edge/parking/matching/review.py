"""What a person compares: the vehicle at an exit beside the stays that may be its own; exits that may be wrong."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

from edge.parking.matching import known
from edge.parking.matching.choosing import candidates
from edge.parking.stays.searching import Found, Sought, search, unread, with_ids
from models.ids import TicketId
from models.instants import Instant, Reading
from models.plates import Plate, SeenPlate
from models.plates.matching import match

_BY_LIKENESS = """
    SELECT tickets.id, exit_match, exit_picture, exit_time, EXISTS (
        SELECT 1 FROM ticket_suspicions WHERE ticket_id = tickets.id AND kind = 'matched_wrongly') AS disputed
    FROM tickets WHERE status = 'COMPLETED' AND exit_time >= :since
        AND (exit_match = 'alike' OR exit_match = 'by_hand' AND disputed)
    ORDER BY disputed DESC, exit_time DESC LIMIT :most"""
MOST = 200


@dataclass(frozen=True, slots=True)
class MayBe:
    """`odds`: how likely it is this one, of 1; None: nothing says how likely."""

    stay: Found
    odds: float | None = None


@dataclass(frozen=True, slots=True)
class UnsureExit:
    """A stay that was ended by a vehicle whose plate only looked like its own. `read`: what other plate was read there,
    unless it is erased; `disputed`: its own vehicle has come to an exit since; `by_hand`: no likeness, but a person
    ended it."""

    stay: Found
    read: str | None
    picture: str | None
    disputed: bool
    by_hand: bool = False


def may_be(connection: sqlite3.Connection, seen: SeenPlate | None, now: Reading) -> list[MayBe]:
    """The likeliest first, then what looks like it at all, then those inside without a plate."""
    nobody = [MayBe(stay) for stay in unread(connection, Sought())]
    if seen is None:
        return nobody
    likely = {one.inside.key: one.odds for one in candidates(match(seen, known.inside(connection, now)))}
    stays = {stay.id: stay for stay in with_ids(connection, [TicketId(key) for key in likely])}
    others = [one for one in search(connection, Sought(plate=Plate(seen.plate))) if one.id not in likely]
    first = [MayBe(stays[TicketId(key)], odds) for key, odds in likely.items() if key in stays]
    return [*first, *(MayBe(one) for one in others), *nobody]


def unsure_exits(connection: sqlite3.Connection, since: Instant) -> list[UnsureExit]:
    """Those whose own vehicle has come since stand first; of those that a person let out there are no others."""
    rows = connection.execute(_BY_LIKENESS, {"since": since, "most": MOST}).fetchall()
    stays = {stay.id: stay for stay in with_ids(connection, [TicketId(row["id"]) for row in rows])}
    return [_ended(connection, stays[row["id"]], row) for row in rows]


def _ended(connection: sqlite3.Connection, stay: Found, row: sqlite3.Row) -> UnsureExit:
    by_hand = row["exit_match"] == "by_hand"
    return UnsureExit(stay, _read(connection, stay.id), row["exit_picture"], bool(row["disputed"]), by_hand)


def _read(connection: sqlite3.Connection, ticket: TicketId) -> str | None:
    row = connection.execute(
        """SELECT json_extract(personal, '$.license_plate') AS plate FROM journal
           WHERE type = 'plate.differed' AND json_extract(body, '$.ticket') = ? AND personal IS NOT NULL
           ORDER BY seq DESC LIMIT 1""",
        (ticket,),
    ).fetchone()
    return None if row is None else row["plate"]
