"""Puts right what isn't one ticket a stay: two tickets of one stay become one, one of two stays becomes two."""

from __future__ import annotations

import json
from typing import Any

from edge.parking.money import ledger, mended
from edge.parking.stays import moments
from edge.parking.stays.moments import What
from edge.parking.stays.tickets import Ticket
from edge.parking.stays.tickets import ticket as find
from edge.parking.stays.word import Word
from edge.store import Transaction
from models.facts import MendedTicket, MendingUndone, MovedPayment, TicketsMerged
from models.ids import PaymentId, SpotId, TicketId
from models.money import Minor
from models.spots import SpotStatus
from models.tickets import TicketStatus

_AWAITED = """
    SELECT 1 FROM charges WHERE ticket_id = :id UNION ALL SELECT 1 FROM charges_given_up WHERE ticket_id = :id"""


class CantBeMended(ValueError):
    """These tickets can't be merged, split or set back now. The text says why, for the person who asked."""


def merge(tx: Transaction, one: TicketId, another: TicketId, word: Word, *, later_plate: bool = False) -> TicketId:
    """Two open tickets are of one stay: the earlier entry holds, and what was paid for either is paid for it.

    The plate is the earlier ticket's, unless none was read then or (`later_plate`) the person says that the later one
    is right. Raises CantBeMended. Returns the ticket that stands.
    """
    kept, other = _in_order(tx, one, another)
    at_rest(tx, kept)
    at_rest(tx, other)
    if kept.tariff.currency != other.tariff.currency:
        raise CantBeMended("they are charged in different currencies")
    in_the_books(tx, kept, other)
    was, gone = state_of(tx, kept), state_of(tx, other)
    vehicle = other.vehicle if later_plate or kept.plate is None else kept.vehicle
    whole = was.model_copy(
        update={
            "vehicle": vehicle,
            "spot": kept.spot or other.spot,
            "status": TicketStatus.ACTIVE if TicketStatus.ACTIVE in (kept.status, other.status) else kept.status,
            "amount_paid": Minor(kept.amount_paid + other.amount_paid),
            **_right(was, gone),
        }
    )
    void = _void(gone, kept.id)
    paid = moved(tx, other.id, kept.id)
    tx.record(
        TicketsMerged(
            mending=tx.mint(),
            ticket=kept.id,
            other=other.id,
            before=(was, gone),
            mended=(void, whole),
            moved=paid,
            freed=other.spot if kept.spot is not None else None,
            taken=None,
            by=word.by,
            reason=word.reason,
            at=tx.at.wall,
        )
    )
    mended.merge(tx, other, kept, paid, word)
    return kept.id


def undo(tx: Transaction, mending: str, word: Word) -> None:
    """Sets both tickets back to how they stood before; what was paid since stays where it was paid. Raises
    CantBeMended."""
    row = tx.connection.execute("SELECT * FROM ticket_mendings WHERE id = ?", (mending,)).fetchone()
    if row is None:
        raise CantBeMended("nothing was mended under this number")
    if row["undone_at"] is not None:
        raise CantBeMended(f"{row['undone_by']} has undone it already")
    if row["kind"] == "match":
        raise CantBeMended("that undid a wrong match: merge or split the two tickets, or find the lost one again")
    _is_the_last(tx, row)
    ticket, other = find(tx.connection, row["ticket_id"]), find(tx.connection, row["other_id"])
    in_the_books(tx, ticket, other)
    back = _merge_back if row["kind"] == "merge" else _split_back
    fact = back(tx, mending, (ticket, other), json.loads(row["was"]), word)
    _nobody_came_since(tx, fact)
    tx.record(fact)
    _books_back(tx, fact, ticket, other, word)


def _merge_back(
    tx: Transaction, mending: str, tickets: tuple[Ticket, Ticket], was: dict[str, Any], word: Word
) -> MendingUndone:
    kept, other = tickets
    at_rest(tx, kept)
    before, gone = _states(was)
    back = tuple(MovedPayment(payment=PaymentId(payment), was=kept.id, ticket=other.id) for payment in was["moved"])
    paid = _taken(tx, [one.payment for one in back])
    given_back = gone.spot is not None and before.spot is None and kept.spot == gone.spot
    free = given_back or (gone.spot is not None and _is_free(tx, gone.spot))
    now = state_of(tx, kept)
    whole = before.model_copy(
        update={
            "spot": None if given_back else now.spot,
            "amount_paid": Minor(kept.amount_paid - paid),
            "settled_at": now.settled_at,
            "amount_due": now.amount_due,
        }
    )
    apart = gone.model_copy(
        update={"amount_paid": Minor(other.amount_paid + paid), "spot": gone.spot if free else None}
    )
    taken = gone.spot if free and not given_back else None
    return _undone(tx, mending, (kept, other), (whole, apart), back, taken, word)


def _split_back(
    tx: Transaction, mending: str, tickets: tuple[Ticket, Ticket], was: dict[str, Any], word: Word
) -> MendingUndone:
    first, second = tickets
    at_rest(tx, second)
    why = mended.over_for_good(tx.connection, first)
    if why:
        raise CantBeMended(why)
    before, _ = _states(was)
    back = moved(tx, second.id, first.id)
    whole = before.model_copy(
        update={"spot": second.spot, "amount_paid": Minor(first.amount_paid + second.amount_paid)}
    )
    void = _void(state_of(tx, second), first.id)
    moments.mark(tx, first.id, What.EXITED, None)
    return _undone(tx, mending, (first, second), (void, whole), back, None, word)


def _undone(
    tx: Transaction,
    mending: str,
    tickets: tuple[Ticket, Ticket],
    mended: tuple[MendedTicket, MendedTicket],
    back: tuple[MovedPayment, ...],
    taken: SpotId | None,
    word: Word,
) -> MendingUndone:
    return MendingUndone(
        mending=mending,
        ticket=tickets[0].id,
        other=tickets[1].id,
        before=(state_of(tx, tickets[0]), state_of(tx, tickets[1])),
        mended=mended,
        moved=back,
        freed=None,
        taken=taken,
        by=word.by,
        reason=word.reason,
        at=tx.at.wall,
    )


def _books_back(tx: Transaction, fact: MendingUndone, ticket: Ticket, other: Ticket, word: Word) -> None:
    """As both tickets stand now. Of two of one stay the later one goes on again, of a split one the first."""
    stands = fact.mended[1]
    if stands.ticket == ticket.id:
        mended.merge(tx, other, ticket, fact.moved, word)
    else:
        mended.follow(tx, fact.moved, word)
    again = find(tx.connection, stands.ticket)
    mended.reopen(tx, again, word)
    mended.fee_is(tx, again, stands.amount_due or Minor(0), word)


# --- what both need ---


def in_the_books(tx: Transaction, *stays: Ticket) -> None:
    """They are in the books as they stand, and no money of theirs is under way. Raises CantBeMended."""
    for stay in stays:
        why = mended.in_the_way(tx.connection, stay)
        if why:
            raise CantBeMended(why)
        ledger.begin(tx, stay.id)


def state_of(tx: Transaction, stay: Ticket) -> MendedTicket:
    """The ticket as it stands, in all that mending may change."""
    row = tx.connection.execute("SELECT * FROM tickets WHERE id = ?", (stay.id,)).fetchone()
    return MendedTicket(
        ticket=stay.id,
        vehicle=row["vehicle_id"],
        spot=row["spot_id"],
        status=TicketStatus(row["status"]),
        exit_time=row["exit_time"],
        settled_at=row["settled_at"],
        amount_due=row["amount_due"],
        amount_paid=row["amount_paid"],
        permit=row["permit_id"],
        account=row["account"],
        reservation=row["reservation_id"],
        merged_into=row["merged_into"],
    )


def moved(tx: Transaction, was: TicketId, ticket: TicketId, since: int | None = None) -> tuple[MovedPayment, ...]:
    """All that was paid or is owed for `was` (from `since` on), as it counts for another ticket."""
    found = tx.connection.execute(
        "SELECT id FROM payments WHERE ticket_id = ? AND (? IS NULL OR at > ?) ORDER BY id", (was, since, since)
    )
    return tuple(MovedPayment(payment=row["id"], was=was, ticket=ticket) for row in found)


def at_rest(tx: Transaction, stay: Ticket) -> None:
    """Raises CantBeMended for a stay that is over, or that something is just happening to."""
    if not stay.open:
        raise CantBeMended(f"the stay of {stay.code} is over ({stay.status.lower()})")
    if stay.half_way:
        raise CantBeMended(f"the vehicle of {stay.code} stands in a lane: wait until it has passed")
    not_asked_for(tx, stay)


def not_asked_for(tx: Transaction, stay: Ticket) -> None:
    """Raises CantBeMended while a terminal may still take money for it."""
    if tx.connection.execute(_AWAITED, {"id": stay.id}).fetchone() is not None:
        raise CantBeMended(f"nobody knows yet whether a payment for {stay.code} was taken: look at its terminal first")


def _void(state: MendedTicket, stands: TicketId) -> MendedTicket:
    """No stay and no money is on it any more."""
    nothing = {"spot": None, "amount_paid": Minor(0), "amount_due": None}
    return state.model_copy(update={**nothing, "status": TicketStatus.VOIDED, "merged_into": stands})


def _in_order(tx: Transaction, one: TicketId, another: TicketId) -> tuple[Ticket, Ticket]:
    """The earlier one first, in the order in which the lot opened them: clocks may have been wrong."""
    if one == another:
        raise CantBeMended("two different tickets are expected")
    found = tx.connection.execute("SELECT id FROM tickets WHERE id IN (?, ?) ORDER BY rowid", (one, another)).fetchall()
    if len(found) != 2:
        raise CantBeMended("one of them isn't a ticket of this lot")
    return find(tx.connection, found[0]["id"]), find(tx.connection, found[1]["id"])


def _right(kept: MendedTicket, other: MendedTicket) -> dict[str, object]:
    """By what right the vehicle is inside: the later ticket's, where the earlier one is a transient's."""
    source = kept if (kept.permit, kept.account, kept.reservation) != (None, None, None) else other
    return {"permit": source.permit, "account": source.account, "reservation": source.reservation}


def _states(was: dict[str, Any]) -> tuple[MendedTicket, MendedTicket]:
    first, second = (MendedTicket.model_validate(state) for state in was["tickets"])
    return first, second


def _taken(tx: Transaction, payments: list[PaymentId]) -> Minor:
    places = ", ".join("?" * len(payments))
    found = f"SELECT coalesce(sum(amount), 0) FROM payments WHERE status = 'TAKEN' AND id IN ({places})"
    return Minor(tx.connection.execute(found, payments).fetchone()[0])


def _is_free(tx: Transaction, spot: SpotId) -> bool:
    found = "SELECT 1 FROM spots WHERE id = ? AND status = ? AND NOT removed AND blocked IS NULL"
    return tx.connection.execute(found, (spot, SpotStatus.AVAILABLE.value)).fetchone() is not None


def _is_the_last(tx: Transaction, row: Any) -> None:
    """What was mended last is undone first."""
    later = """
        SELECT 1 FROM ticket_mendings WHERE undone_at IS NULL AND rowid > (
            SELECT rowid FROM ticket_mendings WHERE id = :id)
        AND (ticket_id IN (:one, :other) OR other_id IN (:one, :other))"""
    asked = {"id": row["id"], "one": row["ticket_id"], "other": row["other_id"]}
    if tx.connection.execute(later, asked).fetchone() is not None:
        raise CantBeMended("one of these tickets was mended again since: undo that first")


def _nobody_came_since(tx: Transaction, fact: MendingUndone) -> None:
    """A vehicle isn't inside twice."""
    for ticket in fact.mended:
        if ticket.status is TicketStatus.VOIDED:
            continue
        inside = """SELECT code FROM tickets WHERE vehicle_id = ? AND id NOT IN (?, ?)
            AND status IN ('ADMITTED', 'ACTIVE', 'UNRESOLVED')"""
        row = tx.connection.execute(inside, (ticket.vehicle, fact.ticket, fact.other)).fetchone()
        if row is not None:
            raise CantBeMended(f"its vehicle has come in again since, on {row['code']}")
