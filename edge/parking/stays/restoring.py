"""Takes over what the cloud knew of this lot before its store was new. Only adds: what the lot has is never touched."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

import structlog

from edge.parking.stays.hanging_on import take_over_what_hangs_on
from edge.parking.stays.vehicles import known_vehicle
from edge.store import Transaction
from edge.store.journal import head_of
from edge.store.streams import Piece, line_of
from edge.store.trouble import in_words
from models.facts import LotRestored, TicketRestored
from models.facts.digests import BEFORE_ALL
from models.ids import SpotId, StreamId, TicketId, VehicleId, minted_at
from models.instants import MILLISECOND
from models.plates import Plate
from models.tickets import OPEN, TicketStatus
from models.wire.restoring import KnownStay, Told

_LOG = structlog.get_logger("edge.parking")


@dataclass(frozen=True, slots=True)
class Pending:
    """A store that waits for the cloud to say what it knew. `request` is good for this one time."""

    request: str
    why: str


def want(tx: Transaction, why: str) -> None:
    """From now on the lot asks the cloud what it knew. For whoever begins a store anew; harmless when it is asked."""
    if pending(tx.connection) is None:
        tx.connection.execute("INSERT INTO restorations VALUES (?, ?, ?, NULL)", (tx.mint(), why, tx.at.wall))


def want_if_new(tx: Transaction) -> None:
    """Before the first fact of a store's life is written."""
    if tx.connection.execute("SELECT 1 FROM streams").fetchone() is None:
        want(tx, "new")


def pending(connection: sqlite3.Connection) -> Pending | None:
    row = connection.execute("SELECT id, why FROM restorations WHERE ended_at IS NULL").fetchone()
    return Pending(row["id"], row["why"]) if row else None


class Unheard(NamedTuple):
    """Facts of the lot's own ledger of which the cloud hadn't heard when it told what it knew: those behind `after`."""

    stream_id: StreamId
    after: int
    to: int


def unheard(connection: sqlite3.Connection, told: Told | None) -> list[Unheard]:
    """Of the stream that stands, and of those that it goes on from where the cloud was still at one of them."""
    head = head_of(connection, "ledger")
    if head is None:
        return []
    line = [*line_of(connection, "ledger"), Piece(head.stream_id, head.seq)]
    heard = [number for number, piece in enumerate(line) if told is not None and piece.stream_id == told.stream_id]
    if told is None or not heard:
        return [Unheard(head.stream_id, 0, head.seq)]
    first, *later = line[heard[0] :]
    return [Unheard(first.stream_id, told.seq, first.to), *(Unheard(each.stream_id, 0, each.to) for each in later)]


def take_over(tx: Transaction, stays: Iterable[KnownStay]) -> list[TicketId]:
    """Those that the lot doesn't have. Returns the ones that can't be: what the lot has rules them out."""
    return [stay.ticket for stay in stays if not _could_take_over(tx, stay)]


def finish(
    tx: Transaction, was: Pending, applied: int, stays: int, left_out: Iterable[TicketId], newest: str = BEFORE_ALL
) -> None:
    """`newest`: the last id of a row that the cloud had. Whatever this lot's clock said when it began to want: up to
    that one there may be rows that it never had."""
    tx.record(
        LotRestored(
            request=was.request, why=was.why, applied=applied, stays=stays, left_out=tuple(left_out), at=tx.at.wall
        )
    )
    tx.connection.execute(
        "UPDATE restorations SET ended_at = ?, at = max(at, ?) WHERE id = ?",
        (tx.at.wall, minted_at(newest) + MILLISECOND, was.request),
    )


def _could_take_over(tx: Transaction, stay: KnownStay) -> bool:
    """A stay that breaks a rule of the lot's tables is undone alone: the others wait for nobody to mend it."""
    tx.connection.execute("SAVEPOINT stay")
    try:
        return _take_over(tx, stay)
    except (sqlite3.IntegrityError, ValueError, OverflowError) as wrong:
        tx.connection.execute("ROLLBACK TO stay")
        _LOG.error("restoring.stay_left_out", ticket=stay.ticket, why=in_words(wrong))
        return False
    finally:
        tx.connection.execute("RELEASE stay")


def _take_over(tx: Transaction, stay: KnownStay) -> bool:
    found = tx.connection.execute(
        "SELECT id FROM tickets WHERE id = ? OR code = ?", (stay.ticket, stay.code)
    ).fetchall()
    if found:
        return any(row["id"] == stay.ticket for row in found)
    vehicle, plate, status = _whose(tx, stay)
    tx.record(
        TicketRestored(
            ticket=stay.ticket,
            code=stay.code,
            vehicle=vehicle,
            license_plate=plate,
            vehicle_type=stay.vehicle_type,
            entry_lane=stay.entry_lane,
            spot=_free_spot(tx.connection, stay) if status in OPEN else None,
            entered=stay.entered,
            status=status,
            exit_lane=None if status is TicketStatus.ACTIVE else stay.exit_lane,
            exit_time=stay.exit_time,
            settled_at=stay.settled_at,
            amount_due=stay.amount_due,
            amount_paid=stay.amount_paid,
            currency=stay.currency,
            tariff=stay.tariff,
            fee_bounded=stay.fee_bounded,
            refund_owed=stay.refund_owed,
            serial=stay.serial,
            by=stay.by,
            permit=stay.permit,
            account=stay.account,
            reservation=stay.reservation,
            lost=stay.lost,
            entry_known=stay.entry_known,
            picture=stay.picture,
            exit_match=stay.exit_match,
            exit_picture=stay.exit_picture,
            validations=stay.validations,
            payments=stay.payments,
            entries=stay.entries,
            at=tx.at.wall,
        )
    )
    _take_over_the_rest(tx, stay)
    return True


def _take_over_the_rest(tx: Transaction, stay: KnownStay) -> None:
    """What breaks a rule here costs only itself: the stay's fact is written."""
    tx.connection.execute("SAVEPOINT hangs_on")
    try:
        take_over_what_hangs_on(tx, stay)
    except (sqlite3.IntegrityError, ValueError, OverflowError) as wrong:
        tx.connection.execute("ROLLBACK TO hangs_on")
        _LOG.error("restoring.left_out", ticket=stay.ticket, why=in_words(wrong))
    finally:
        tx.connection.execute("RELEASE hangs_on")


def _whose(tx: Transaction, stay: KnownStay) -> tuple[VehicleId, str | None, TicketStatus]:
    """The vehicle and the state of a stay. Nobody saw how an entry ended that was under way; and a vehicle that has
    come in again since isn't inside twice: its old stay is found by its code alone, and for a person to settle."""
    status = TicketStatus.UNRESOLVED if stay.status is TicketStatus.ADMITTED else stay.status
    named = None if stay.license_plate is None else known_vehicle(tx.connection, Plate(stay.license_plate))
    vehicle = named or stay.vehicle  # a vehicle whose plate was lost here is still known by its id
    if status in OPEN and _is_inside(tx.connection, vehicle):
        return VehicleId(tx.mint()), None, TicketStatus.UNRESOLVED
    return vehicle, stay.license_plate, status


def _is_inside(connection: sqlite3.Connection, vehicle: VehicleId) -> bool:
    found = f"SELECT 1 FROM tickets WHERE vehicle_id = ? AND status IN ({', '.join('?' * len(OPEN))})"
    return connection.execute(found, (vehicle, *OPEN)).fetchone() is not None


def _free_spot(connection: sqlite3.Connection, stay: KnownStay) -> SpotId | None:
    """The spot where it stood, if nobody was led there since and it is in service."""
    row = connection.execute(
        """SELECT spots.id FROM spots JOIN levels ON levels.id = level_id
           WHERE floor_number = ? AND spot_number = ? AND NOT removed
               AND status = 'AVAILABLE' AND blocked IS NULL""",
        (stay.floor, stay.spot_number),
    ).fetchone()
    return SpotId(row["id"]) if row else None
