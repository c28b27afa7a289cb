"""One ticket that in truth is two stays: the first ended when its vehicle left unseen, the second goes on."""

from __future__ import annotations

from dataclasses import dataclass

from edge.parking.money import charges, ledger, mended
from edge.parking.money.charges import Charge
from edge.parking.stays.mending import CantBeMended, at_rest, in_the_books, moved, state_of
from edge.parking.stays.moments import When
from edge.parking.stays.numbering import next_serial, unused_code
from edge.parking.stays.tickets import Ticket, open_ticket
from edge.parking.stays.tickets import ticket as find
from edge.parking.stays.vehicles import known_vehicle, registered
from edge.parking.stays.word import Word
from edge.parking.tariffs.pricing import priced
from edge.store import Transaction
from models.facts import MendedTicket, MovedPayment, TicketClosed, TicketConfirmed, TicketOpened, TicketSplit
from models.ids import LaneName, PaymentId, TicketId, VehicleId
from models.instants import Instant
from models.money import Minor
from models.plates import Plate
from models.tickets import PaymentStatus


@dataclass(frozen=True, slots=True)
class Second:
    """The stay that goes on. `plate`: of its vehicle, where that is another one. `left` is when the first vehicle left,
    `entered` when this one came: what the person knows of it."""

    left: Instant
    entered: Instant
    plate: Plate | None = None


def split(tx: Transaction, id: TicketId, second: Second, word: Word) -> TicketId:
    """The first stay ends as it did; what it owes beyond what was paid until then is a debt on record. What was paid
    later is paid for the second. Raises CantBeMended. Returns the second stay's ticket."""
    first = find(tx.connection, id)
    at_rest(tx, first)
    if not first.entered <= second.left <= second.entered <= tx.at.wall:
        raise CantBeMended("the first vehicle came, left, and then the second came: those times are in another order")
    in_the_books(tx, first)
    before = state_of(tx, first)
    paid_later = moved(tx, first.id, first.id, since=second.left)
    _end(tx, first, second.left, paid_later, word)
    ended = state_of(tx, first)
    opened = _opened(tx, first, second)
    tx.record(opened)
    tx.record(TicketConfirmed(ticket=opened.ticket, lane=opened.lane, passed=second.entered))
    parted = tuple(each.model_copy(update={"ticket": opened.ticket}) for each in paid_later)
    _part(tx, (before, ended), opened.ticket, parted, word)
    mended.follow(tx, parted, word)
    ledger.settle(tx, first.id)
    return opened.ticket


def _end(tx: Transaction, first: Ticket, left: Instant, later: tuple[MovedPayment, ...], word: Word) -> None:
    fee = priced(tx, first, When(None, left)).fee
    ledger.raise_fee(tx, first, fee)
    paid = Minor(first.amount_paid - _of(tx, later, PaymentStatus.TAKEN))
    owed = fee.total - paid - first.uncollected + _of(tx, later, PaymentStatus.UNCOLLECTED)
    lane = LaneName(first.exit_lane or first.entry_lane)
    if owed > 0:
        until = When(None, left)
        charge = Charge(PaymentId(tx.mint()), first.id, Minor(owed), first.tariff.currency, until)
        charges.owe(tx, lane, charge, f"left unseen; split by {word.by}: {word.reason}"[:300])
    closed = TicketClosed(ticket=first.id, lane=lane, exited=left, amount_due=fee.total, amount_paid=paid)
    tx.record(closed)


def _opened(tx: Transaction, first: Ticket, second: Second) -> TicketOpened:
    """Its spot is the one where the first vehicle is on record; whoever stands there, the count is right."""
    another = None if second.plate in (None, first.plate) else second.plate
    same = another is None
    vehicle = first.vehicle if another is None else _vehicle(tx, another, first)
    row = tx.connection.execute("SELECT permit_id, account FROM tickets WHERE id = ?", (first.id,)).fetchone()
    return TicketOpened(
        ticket=TicketId(tx.mint()),
        code=unused_code(tx),
        vehicle=vehicle,
        vehicle_type=first.vehicle_type,
        lane=LaneName(first.entry_lane),
        spot=first.spot,
        entered=second.entered,
        tariff=first.tariff,
        confidence_permille=0,
        serial=next_serial(tx),
        by="by_hand",
        permit=row["permit_id"] if same else None,
        account=row["account"] if same else None,
    )


def _vehicle(tx: Transaction, plate: Plate, first: Ticket) -> VehicleId:
    known = known_vehicle(tx.connection, plate)
    if known is None:
        return registered(tx, plate, first.vehicle_type)
    inside = open_ticket(tx.connection, plate)
    if inside is not None:
        raise CantBeMended(f"the vehicle {plate} is inside already, on {inside.code}")
    return known


def _part(
    tx: Transaction,
    states: tuple[MendedTicket, MendedTicket],
    second: TicketId,
    later: tuple[MovedPayment, ...],
    word: Word,
) -> None:
    """The fact that says of the two that they were one, and takes along what was paid for the second."""
    before, ended = states
    goes_on = state_of(tx, find(tx.connection, second))
    paid = _of(tx, later, PaymentStatus.TAKEN)
    tx.record(
        TicketSplit(
            mending=tx.mint(),
            ticket=before.ticket,
            other=second,
            before=(before, goes_on),
            mended=(ended, goes_on.model_copy(update={"amount_paid": paid})),
            moved=later,
            freed=None,
            taken=None,
            by=word.by,
            reason=word.reason,
            at=tx.at.wall,
        )
    )


def _of(tx: Transaction, payments: tuple[MovedPayment, ...], status: PaymentStatus) -> Minor:
    found = "SELECT amount FROM payments WHERE id = ? AND status = ?"
    amounts = (tx.connection.execute(found, (each.payment, status)).fetchone() for each in payments)
    return Minor(sum(row["amount"] for row in amounts if row is not None))
