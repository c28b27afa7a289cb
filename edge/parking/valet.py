"""Attendants park the vehicles: each step is put on record if it follows from where the vehicle is."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from typing import Literal

from edge.parking import entry, exit
from edge.parking.exit import Departure
from edge.parking.stays import moments
from edge.parking.stays.lost import NotThisOne, stay_of
from edge.parking.stays.tickets import Ticket
from edge.parking.stays.tickets import ticket as find
from edge.parking.stays.word import Word
from edge.store import Transaction
from models.facts import (
    ValetCalled,
    ValetCallEnded,
    ValetFetching,
    ValetHandedBack,
    ValetParked,
    ValetReady,
    ValetTaken,
)
from models.ids import LaneName, SpotId, TicketId
from models.instants import Instant
from models.money import Minor, written
from models.plates import Plate
from models.refusals import Refusal
from models.spots import VehicleType
from models.tariff import Tariff
from models.valet.machine import NotNow, ValetState, ValetStep, after
from models.valet.queue import Expected, Waiting, expected

DESK = LaneName("valet")
"""Stands for a lane on tickets that an attendant gives out."""
_WAITING = """
    SELECT valet_stays.*, number FROM valet_stays JOIN valet_calls ON valet_calls.ticket_id = valet_stays.id
    WHERE state IN ('requested', 'fetching', 'ready')"""


@dataclass(frozen=True, slots=True)
class Kept:
    """One vehicle that attendants have, as it is listed."""

    ticket: Ticket
    tag: str
    state: ValetState
    place: str | None
    spot: str | None
    expected: Expected | None = None


def take(
    tx: Transaction, tag: str, by: str, tariff: Tariff, plate: Plate | None, vehicle: VehicleType, code: str | None
) -> Ticket:
    """An attendant takes vehicle and key: on the ticket that it has, or on a new one. Nothing of its driver is kept.

    Raises NotThisOne.
    """
    used = tx.connection.execute("SELECT 1 FROM valet_stays WHERE tag = ? AND state != 'handed_back'", (tag,))
    if used.fetchone() is not None:
        raise NotThisOne(f"a key hangs under the tag {tag} already")
    stay = _new_stay(tx, plate, vehicle, tariff) if code is None else stay_of(tx, code)
    row = _row(tx.connection, stay.id)
    if row is not None and row["state"] != ValetState.HANDED_BACK:
        raise NotThisOne(f"the vehicle of {stay.code} was taken over already, under the tag {row['tag']}")
    tx.record(ValetTaken(ticket=stay.id, tag=tag, by=by, at=tx.at.wall))
    return find(tx.connection, stay.id)


def park(tx: Transaction, shown: str, place: str, by: str) -> Ticket:
    """The vehicle stands there: on a spot of the lot if `place` is the number of one. Raises NotThisOne, NotNow."""
    stay, _ = _stepped(tx, shown, ValetStep.PARK)
    tx.record(ValetParked(ticket=stay.id, spot=_spot(tx.connection, place), place=place, by=by, at=tx.at.wall))
    tx.connection.execute("DELETE FROM valet_calls WHERE ticket_id = ?", (stay.id,))
    return stay


def call(tx: Transaction, shown: str, against: Literal["ticket", "word"], by: str) -> Ticket:
    """Its driver waits for it from now on. Calling twice moves nobody in the queue. Raises NotThisOne, NotNow."""
    stay, state = _found(tx, shown)
    if state is ValetState.REQUESTED:
        return stay
    after(state, ValetStep.CALL)
    tx.record(ValetCalled(ticket=stay.id, against=against, by=by, at=tx.at.wall))
    number = "SELECT ?, coalesce(max(number), 0) + 1 FROM valet_calls"
    tx.connection.execute(f"INSERT OR REPLACE INTO valet_calls (ticket_id, number) {number}", (stay.id,))
    return stay


def end_call(tx: Transaction, shown: str, by: str) -> Ticket:
    """The driver stays after all. Raises NotThisOne, NotNow."""
    stay, _ = _stepped(tx, shown, ValetStep.END_CALL)
    tx.record(ValetCallEnded(ticket=stay.id, by=by, at=tx.at.wall))
    tx.connection.execute("DELETE FROM valet_calls WHERE ticket_id = ?", (stay.id,))
    return stay


def fetch(tx: Transaction, shown: str | None, by: str) -> Ticket:
    """An attendant goes for this vehicle, or (None) for the next in the queue. Raises NotThisOne, NotNow."""
    stay, _ = _stepped(tx, shown or _next(tx.connection), ValetStep.FETCH)
    tx.record(ValetFetching(ticket=stay.id, by=by, at=tx.at.wall))
    return stay


def make_ready(tx: Transaction, shown: str, by: str) -> Ticket:
    """It stands where its driver gets it. Raises NotThisOne, NotNow."""
    stay, _ = _stepped(tx, shown, ValetStep.READY)
    tx.record(ValetReady(ticket=stay.id, by=by, at=tx.at.wall))
    return stay


@dataclass(frozen=True, slots=True)
class HandOver:
    """How a vehicle goes back to its driver. `word` says on whose word, where no ticket was shown. `ends_stay`: it is
    over then, and doesn't drive out through a lane; `unpaid`: what it still owes becomes a debt on record."""

    by: str
    word: Word | None = None
    ends_stay: bool = True
    unpaid: bool = False


def hand_back(tx: Transaction, shown: str, how: HandOver) -> Ticket:
    """The driver has vehicle and key, against the ticket or on a person's word. Raises NotThisOne, NotNow."""
    stay, state = _found(tx, shown)
    after(state, ValetStep.HAND_BACK)
    if how.word is None and not _is_code_of(shown, stay):
        raise NotThisOne("a key goes back only against the ticket: show its code, or say on whose word (--word)")
    if how.ends_stay:
        _end(tx, stay, how)
    against: Literal["ticket", "word"] = "ticket" if how.word is None else "word"
    reason = "" if how.word is None else how.word.reason
    tx.record(ValetHandedBack(ticket=stay.id, against=against, by=how.by, reason=reason, at=tx.at.wall))
    tx.connection.execute("DELETE FROM valet_calls WHERE ticket_id = ?", (stay.id,))
    return find(tx.connection, stay.id)


def kept(connection: sqlite3.Connection, attendants: int, now: Instant) -> list[Kept]:
    """All vehicles that attendants have: those that are waited for first, in their order, with the time expected."""
    queue = {each.waiting.ticket: each for each in _expected(connection, attendants, now)}
    rows = connection.execute(
        """SELECT valet_stays.*, spot_number FROM valet_stays LEFT JOIN spots ON spots.id = valet_stays.spot_id
           WHERE state != 'handed_back' ORDER BY taken_at"""
    ).fetchall()
    found = [
        Kept(
            ticket=find(connection, row["id"]),
            tag=row["tag"],
            state=ValetState(row["state"]),
            place=row["place"],
            spot=row["spot_number"],
            expected=queue.get(row["id"]),
        )
        for row in rows
    ]
    return sorted(found, key=lambda one: one.expected.place if one.expected else len(queue) + 1)


# --- what they share ---


def _new_stay(tx: Transaction, plate: Plate | None, vehicle: VehicleType, tariff: Tariff) -> Ticket:
    admitted = entry.admit(tx, entry.Arrival(DESK, plate, 1.0 if plate else 0.0, vehicle, by="valet"), tariff)
    if isinstance(admitted, Refusal):
        raise NotThisOne(admitted.operator.lower())
    assert isinstance(admitted, entry.Admitted), "nobody's word is asked for"
    entry.confirm(tx, admitted.ticket, DESK)
    return find(tx.connection, admitted.ticket)


def _end(tx: Transaction, stay: Ticket, how: HandOver) -> None:
    """What it owes is paid before the key goes back, or a person says that it becomes a debt."""
    if stay.half_way:
        raise NotThisOne(f"the vehicle of {stay.code} stands in a lane")
    due = exit.bill(tx, stay.id, moments.now(tx))
    if due.owed and not how.unpaid:
        owed = written(Minor(due.owed), due.fee.currency)
        raise NotThisOne(f"{owed} is still to pay for {stay.code}: take it first, or hand back with --unpaid")
    departure = Departure(DESK, lambda tx: find(tx.connection, stay.id), "by_hand" if how.word else "code")
    why = f"handed back by {how.by}" + ("" if how.word is None else f": {how.word.reason}")
    exit.let_out(tx, departure, why[:300])
    exit.close(tx, stay.id, DESK)


def _stepped(tx: Transaction, shown: str, step: ValetStep) -> tuple[Ticket, ValetState]:
    stay, state = _found(tx, shown)
    return stay, after(state, step)


def _found(tx: Transaction, shown: str) -> tuple[Ticket, ValetState]:
    """By the ticket's code, or the tag of its key. Raises NotThisOne."""
    row = tx.connection.execute(
        "SELECT id, state FROM valet_stays WHERE tag = ? AND state != 'handed_back'", (shown,)
    ).fetchone()
    if row is not None:
        return find(tx.connection, row["id"]), ValetState(row["state"])
    stay = stay_of(tx, shown)
    row = _row(tx.connection, stay.id)
    if row is None:
        raise NotThisOne(f"no attendant has the vehicle of {stay.code}")
    return stay, ValetState(row["state"])


def _is_code_of(shown: str, stay: Ticket) -> bool:
    plain = shown.upper().removeprefix("PG1:").replace("-", "").replace(" ", "")
    return plain == stay.code.replace("-", "")


def _row(connection: sqlite3.Connection, ticket: TicketId) -> sqlite3.Row | None:
    return connection.execute("SELECT * FROM valet_stays WHERE id = ?", (ticket,)).fetchone()


def _spot(connection: sqlite3.Connection, place: str) -> SpotId | None:
    """The spot of that number, if there is exactly one."""
    rows = connection.execute("SELECT id FROM spots WHERE spot_number = ? AND NOT removed", (place,)).fetchall()
    return SpotId(rows[0]["id"]) if len(rows) == 1 else None


def _next(connection: sqlite3.Connection) -> str:
    found = f"{_WAITING} AND state = 'requested' ORDER BY number LIMIT 1"
    row = connection.execute(found).fetchone()
    if row is None:
        raise NotThisOne("nobody waits for a vehicle")
    return str(row["tag"])


def _expected(connection: sqlite3.Connection, attendants: int, now: Instant) -> list[Expected]:
    waiting = [
        Waiting(row["id"], row["tag"], ValetState(row["state"]), row["number"], row["called_at"])
        for row in connection.execute(_WAITING)
        if row["called_at"] is not None
    ]
    took = connection.execute(
        """SELECT ready_at - called_at AS took FROM valet_stays
           WHERE ready_at > called_at ORDER BY ready_at DESC LIMIT 20"""
    ).fetchall()
    return expected(waiting, [row["took"] for row in reversed(took)], attendants, now)


__all__ = ["HandOver", "Kept", "NotNow", "call", "end_call", "fetch", "hand_back", "kept", "make_ready", "park", "take"]
