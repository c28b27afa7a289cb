"""The places of each type that are kept back for reservations: from whom, how many, and what the cloud is told of it.

What the cloud asks for is kept back as soon as it can be and for as long as it asks, heard from or not; what it may
sell is only what the lot has said that it keeps. A place that a reservation uses in its time is one of them: whoever
stays on beyond that stands on one that is the lot's own, and another is kept back as soon as there is one.
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from edge.parking.places.allocation import free_for_all
from edge.parking.reservations.bookings import known_time
from edge.store import Transaction
from models.allocation import AS_WRITTEN, Plan
from models.allocation.choosing import NOTHING_KEPT
from models.facts import QuotaKept
from models.instants import Instant, Reading
from models.reservations.rules import Places, Window
from models.spots import SpotType
from models.timeline import Bounds

_ASKED = """
    SELECT spot_type, places AS asked, revision, 1 AS said FROM quotas_asked
    UNION ALL SELECT spot_type, kept, revision, 0 FROM reservation_quotas AS kept
    WHERE NOT EXISTS (SELECT 1 FROM quotas_asked WHERE quotas_asked.spot_type = kept.spot_type)"""
"""Where nothing is asked any more (the store is new, or what was asked can't be read), the lot keeps its word."""
_INSIDE = """
    SELECT spots.spot_type, start_time, end_time
    FROM reservations JOIN tickets ON tickets.reservation_id = reservations.id JOIN spots ON spots.id = tickets.spot_id
    WHERE reservations.status = 'ARRIVED' AND end_time > ? AND spots.spot_type = reservations.spot_type
        AND tickets.status IN ('ADMITTED', 'ACTIVE', 'UNRESOLVED')"""
_MISSED = "SELECT spot_type, start_time, end_time FROM reservations WHERE status = 'EXPIRED' AND end_time > ?"


class _Wanted(NamedTuple):
    places: int
    revision: int
    said: bool


def kept_back(tx: Transaction, plan: Plan = AS_WRITTEN) -> Mapping[SpotType, int]:
    """How many free places of each type must stay free of all that come without a reservation. Those in zones that
    `plan` reserves are nobody's to sell."""
    wanted = _wanted(tx.connection)
    if not any(each.places for each in wanted.values()):
        return NOTHING_KEPT
    places = _places(tx.connection, tx.at, wanted, plan)
    return {spot_type: each.kept_back for spot_type, each in places.items() if each.kept_back}


def settle(tx: Transaction, plan: Plan = AS_WRITTEN) -> int:
    """Tell the cloud what the lot keeps back from now on, where that is something else than before. Returns of how
    many types."""
    told = changes(tx.connection, tx.at, plan)
    for fact in told:
        tx.record(fact)
    return len(told)


def changes(connection: sqlite3.Connection, at: Reading, plan: Plan = AS_WRITTEN) -> list[QuotaKept]:
    """What there is to tell. While the time isn't known, a place in use may be one of those kept back, and is taken to
    be: nothing is taken back that may hold."""
    wanted = _wanted(connection)
    if not wanted:
        return []
    places = _places(connection, at, wanted, plan)
    before = {row["spot_type"]: row for row in connection.execute("SELECT * FROM reservation_quotas")}
    found: list[QuotaKept] = []
    for spot_type, asked in wanted.items():
        was, keeps = before.get(spot_type), places[spot_type].can_be_kept
        told = (asked.places if asked.said or was is None else was["asked"], keeps, asked.revision)
        if was is None or (was["asked"], was["kept"], was["revision"]) != told:
            asked_for, places_kept, revision = told
            found.append(
                QuotaKept(spot_type=spot_type, asked=asked_for, places=places_kept, revision=revision, at=at.wall)
            )
    return found


def _wanted(connection: sqlite3.Connection) -> dict[SpotType, _Wanted]:
    rows = connection.execute(_ASKED)
    return {SpotType(row["spot_type"]): _Wanted(row["asked"], row["revision"], bool(row["said"])) for row in rows}


def _places(
    connection: sqlite3.Connection, at: Reading, wanted: Mapping[SpotType, _Wanted], plan: Plan
) -> dict[SpotType, Places]:
    now = known_time(connection, at)
    free = {spot_type: free_for_all(connection, plan, spot_type) for spot_type in wanted}
    inside, missed = list(_windows(connection, _INSIDE, now)), list(_windows(connection, _MISSED, now))
    in_time = Counter(spot_type for spot_type, window in inside if _surely_in(window, now))
    perhaps = Counter(spot_type for spot_type, window in inside if _perhaps_in(window, now))
    given_up = Counter(spot_type for spot_type, window in missed if _surely_in(window, now))
    return {
        spot_type: Places(
            asked=asked.places,
            free=free[spot_type],
            in_time=in_time[spot_type],
            perhaps_in_time=perhaps[spot_type],
            missed=given_up[spot_type],
        )
        for spot_type, asked in wanted.items()
    }


def _windows(connection: sqlite3.Connection, found: str, now: Bounds) -> Iterator[tuple[SpotType, Window]]:
    """Those that may not be over yet."""
    for row in connection.execute(found, (now[0] or 0,)):
        yield SpotType(row["spot_type"]), Window(Instant(row["start_time"]), Instant(row["end_time"]))


def _surely_in(window: Window, now: Bounds) -> bool:
    earliest, latest = now
    return earliest is not None and latest is not None and window.start <= earliest and latest < window.end


def _perhaps_in(window: Window, now: Bounds) -> bool:
    earliest, latest = now
    return (latest is None or window.start <= latest) and (earliest is None or earliest < window.end)
