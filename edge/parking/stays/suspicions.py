"""Tickets that are shown by the wrong vehicle, or twice: what the lot's rule makes of it, and what is on record."""

from __future__ import annotations

from enum import StrEnum

from edge.lane.signals import Button
from edge.parking import lanes
from edge.parking.stays.tickets import Ticket, WithoutStay, open_ticket, ticket_with_code
from edge.store import Transaction
from models.facts import Suspicion, TicketSuspected
from models.ids import LaneName, TicketId
from models.instants import HOUR, SECOND, Instant
from models.plates import Plate
from models.plates.alike import MISREAD, apart
from models.qr import shown_code
from models.refusals import Refusal

SAME_OCCASION = 600 * SECOND
"""A ticket that is shown again at the same lane within so long is no second suspicion."""

WRONG_AT_TIMES = ("alike", "by_hand")
"""How a stay may have been found wrongly: by a likeness, or by a person."""
RECENT = 14 * 24 * HOUR
"""A vehicle that comes with the plate of a stay that was ended like that so long ago, or longer, isn't taken for its
own: it was rather read wrongly itself, or came in unread."""


class Swapped(StrEnum):
    """What becomes of a vehicle with another vehicle's ticket."""

    REFUSE = "refuse"
    """It stays where it is until a person lets it out, or it shows its own"""
    CALL = "call"
    """The same, and a person is called at once"""
    NOTE = "note"
    """Let out on what it shows, and on record"""


def looked_at(
    tx: Transaction,
    lane: LaneName,
    code: str,
    plate: Plate | None,
    claimed: Ticket | WithoutStay | Refusal,
    rule: Swapped,
) -> Ticket | WithoutStay | Refusal:
    """What a ticket's code leads to, once it was compared with what was read of the vehicle that shows it."""
    if claimed is Refusal.TICKET_USED:
        _used_again(tx, lane, code, plate)
        return claimed
    if not isinstance(claimed, Ticket) or plate is None:
        return claimed
    own = open_ticket(tx.connection, plate)
    own = None if own is None or own.id == claimed.id else own
    kind = _suspicion(claimed, plate, own)
    if kind is None:
        return claimed
    _suspect(tx, lane, kind, claimed, own, plate, refused=rule is not Swapped.NOTE, calls=rule is Swapped.CALL)
    return claimed if rule is Swapped.NOTE else Refusal.TICKET_SWAPPED


def may_be_wrong(match: str | None, left: int | None, masked: int | None, now: Instant) -> bool:
    """Whether a stay that is over, found by that `match`, may have been ended by a vehicle that wasn't its own."""
    return match in WRONG_AT_TIMES and masked is None and left is not None and now - left < RECENT


def matched_wrongly(tx: Transaction, lane: LaneName, ended: Ticket, plate: Plate | None) -> None:
    """The stay was ended by a vehicle that only looked like its own, or that a person took for it, and here stands its
    own: a person is called at once, for its driver has done nothing wrong."""
    _suspect(tx, lane, Suspicion.MATCHED_WRONGLY, ended, None, plate, refused=True, calls=True)


def _suspicion(claimed: Ticket, plate: Plate, own: Ticket | None) -> Suspicion | None:
    """What is odd. A plate that was likely misread on the way in or out is held against nobody."""
    if claimed.plate is not None and apart(claimed.plate, plate) <= MISREAD and own is None:
        return None
    if claimed.plate is not None and claimed.plate != plate:
        return Suspicion.OTHER_PLATE
    return None if own is None else Suspicion.TWO_TICKETS


def _used_again(tx: Transaction, lane: LaneName, code: str, plate: Plate | None) -> None:
    """The ticket says where and when its vehicle left; this says where it was shown after that. Of a stay that was
    masked since, no plate goes on record any more."""
    used = ticket_with_code(tx.connection, shown_code(code))
    if used is None:
        return
    row = tx.connection.execute("SELECT masked_at, exit_time FROM tickets WHERE id = ?", (used.id,)).fetchone()
    read = plate if row["masked_at"] is None else None
    if may_be_wrong(used.exit_match, row["exit_time"], row["masked_at"], tx.at.wall):
        matched_wrongly(tx, lane, used, read)
        return
    _suspect(tx, lane, Suspicion.USED_AGAIN, used, None, read, refused=True, calls=False)


def _suspect(
    tx: Transaction,
    lane: LaneName,
    kind: Suspicion,
    stay: Ticket,
    own: Ticket | None,
    plate: Plate | None,
    *,
    refused: bool,
    calls: bool,
) -> None:
    if _is_known(tx, stay.id, kind, lane):
        return
    tx.record(
        TicketSuspected(
            suspicion=tx.mint(),
            kind=kind,
            ticket=stay.id,
            other=None if own is None else own.id,
            lane=lane,
            done="refused" if refused else "noted",
            at=tx.at.wall,
            license_plate=plate,
        )
    )
    if calls:
        lanes.call(tx, lane, Button.HELP, plate)


def _is_known(tx: Transaction, ticket: TicketId, kind: Suspicion, lane: LaneName) -> bool:
    found = """SELECT 1 FROM ticket_suspicions WHERE ticket_id = ? AND kind = ? AND lane = ?
        AND at BETWEEN ? AND ?"""
    now = tx.at.wall
    asked = (ticket, kind.value, lane, now - SAME_OCCASION, now + SAME_OCCASION)
    return tx.connection.execute(found, asked).fetchone() is not None
