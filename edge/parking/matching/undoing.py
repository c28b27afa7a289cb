"""Undoes a wrong match: the stay that another vehicle ended goes on, and the exit goes to the stay that is that
vehicle's, or to a ticket of its own where nobody knows of any.

What was taken or left unpaid at that exit was the other vehicle's, and goes along; what was paid before was paid by the
stay's own driver. Nothing is refunded here: what is too much is owed to whoever paid it, as ever.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from edge.parking.money import charges, ledger, mended
from edge.parking.money.charges import Charge
from edge.parking.stays import moments
from edge.parking.stays.mending import CantBeMended, at_rest, in_the_books, not_asked_for, state_of
from edge.parking.stays.moments import What, When
from edge.parking.stays.numbering import next_serial, unused_code
from edge.parking.stays.suspicions import WRONG_AT_TIMES
from edge.parking.stays.tickets import Ticket, open_ticket, ticket_with_code
from edge.parking.stays.tickets import ticket as find
from edge.parking.stays.vehicles import known_vehicle, registered
from edge.parking.stays.word import Word
from edge.parking.tariffs.pricing import priced
from edge.store import Transaction
from models.facts import MatchUndone, MendedTicket, MovedPayment, Suspicion, TicketConfirmed, TicketOpened
from models.ids import LaneName, PaymentId, SpotId, TicketId, VehicleId
from models.instants import HOUR, SECOND, Instant
from models.money import Minor
from models.plates import Plate
from models.qr import shown_code
from models.spots import SpotStatus
from models.tickets import PaymentStatus, TicketStatus

AT_THE_EXIT = 900 * SECOND
"""What was paid in the exit's lane within so long before the vehicle was through was paid by that vehicle."""
LONGEST = 31 * 24 * HOUR
"""Nobody says for sure what happened at an exit longer ago than that."""
_MADE = "SELECT 1 FROM ticket_mendings WHERE other_id = ? AND kind = 'match'"
_OWN = f"""
    WITH told AS (
        SELECT type, json_extract(body, '$.at') AS at, json_extract(body, '$.match') AS match FROM journal
        WHERE type IN ('stay.settled', 'exit.allowed') AND json_extract(body, '$.ticket') = ?)
    SELECT max(at) AS at FROM told WHERE type = 'exit.allowed' AND match NOT IN {WRONG_AT_TIMES}
        OR type = 'stay.settled' AND at < (SELECT max(at) FROM told WHERE type = 'exit.allowed')"""
_CAME = "SELECT min(at) AS at FROM ticket_suspicions WHERE ticket_id = ? AND kind = ? AND at >= ?"


@dataclass(frozen=True, slots=True)
class Undone:
    """`goes_on`: whether the stay is open again; `other`: the ticket to which the exit went; `moved`: what was paid or
    owed there, in minor units."""

    mending: str
    ended: Ticket
    other: Ticket
    goes_on: bool
    moved: Minor


@dataclass(frozen=True, slots=True)
class _Exit:
    """How the stay was ended: the payments are the other vehicle's, `taken` and `owed` what they come to."""

    lane: LaneName
    at: Instant
    picture: str | None
    payments: tuple[PaymentId, ...]
    taken: Minor
    owed: Minor


def undo(tx: Transaction, code: str, right: str | None, left: Instant | None, word: Word) -> Undone:
    """`code`: of the stay that was ended; `right`: of the open stay of the vehicle that left with it; None: it has
    none. `left`: its own vehicle has left since, at that time. Raises CantBeMended."""
    ended = _wrongly_ended(tx, code)
    went = _exit_of(tx, ended)
    other = _own_ticket(tx, ended, went) if right is None else _right_one(tx, ended, right)
    in_the_books(tx, ended, other)
    before = (state_of(tx, ended), state_of(tx, other))
    moved = tuple(MovedPayment(payment=payment, was=ended.id, ticket=other.id) for payment in went.payments)
    again = _goes_on(tx, ended, before[0], went) if left is None else _left(tx, ended, before[0], went, left)
    due = _fee(tx, other, went, own=right is None)
    fact = MatchUndone(
        mending=tx.mint(),
        ticket=ended.id,
        other=other.id,
        before=before,
        mended=(_ended(before[1], went, due), again),
        moved=moved,
        freed=other.spot,
        taken=again.spot if again.status is TicketStatus.ACTIVE else None,
        exit_lane=went.lane,
        exit_picture=went.picture,
        by=word.by,
        reason=word.reason,
        at=tx.at.wall,
    )
    _move_moments(tx, ended, other)
    if again.settled_at == tx.at.wall:
        moments.mark(tx, ended.id, What.SETTLED, moments.now(tx).moment)
    tx.record(fact)
    _books(tx, fact, due, word)
    return Undone(fact.mending, find(tx.connection, ended.id), find(tx.connection, other.id), left is None, _sum(went))


def _sum(went: _Exit) -> Minor:
    return Minor(went.taken + went.owed)


# --- what may be undone ---


def _wrongly_ended(tx: Transaction, code: str) -> Ticket:
    stay = _with(tx, code)
    if stay.status is not TicketStatus.COMPLETED or stay.exit_lane is None:
        raise CantBeMended(f"the stay of {stay.code} hasn't ended at an exit ({stay.status.lower()})")
    if stay.exit_match not in WRONG_AT_TIMES:
        raise CantBeMended(f"{stay.code} left by {stay.exit_match or 'what nobody kept'}, and not by a likeness")
    row = tx.connection.execute("SELECT masked_at, exit_time FROM tickets WHERE id = ?", (stay.id,)).fetchone()
    if row["masked_at"] is not None or tx.at.wall - row["exit_time"] > LONGEST:
        raise CantBeMended(f"{stay.code} ended so long ago that nobody can say any more whose exit that was")
    if tx.connection.execute(_MADE, (stay.id,)).fetchone() is not None:
        raise CantBeMended(f"{stay.code} has that exit from an undone match: that was a person's word, and stands")
    why = mended.over_for_good(tx.connection, stay)
    if why:
        raise CantBeMended(why)
    not_asked_for(tx, stay)
    return stay


def _right_one(tx: Transaction, ended: Ticket, code: str) -> Ticket:
    stay = _with(tx, code)
    if stay.id == ended.id:
        raise CantBeMended("two different tickets are expected")
    at_rest(tx, stay)
    if stay.tariff.currency != ended.tariff.currency:
        raise CantBeMended("they are charged in different currencies")
    return stay


def _with(tx: Transaction, code: str) -> Ticket:
    try:
        stay = ticket_with_code(tx.connection, shown_code(code))
    except ValueError as wrong:
        raise CantBeMended(str(wrong)) from None
    if stay is None:
        raise CantBeMended(f"no ticket of this lot has the code {code}")
    return stay


def _exit_of(tx: Transaction, ended: Ticket) -> _Exit:
    row = tx.connection.execute("SELECT exit_time FROM tickets WHERE id = ?", (ended.id,)).fetchone()
    lane, at = LaneName(ended.exit_lane or ""), Instant(row["exit_time"])
    found = tx.connection.execute(
        "SELECT id, amount, status FROM payments WHERE ticket_id = ? AND lane = ? AND at >= ? AND at > ? ORDER BY id",
        (ended.id, lane, at - AT_THE_EXIT, _own_until(tx, ended.id)),
    ).fetchall()
    sums = {status: sum(row["amount"] for row in found if row["status"] == status) for status in PaymentStatus}
    payments = tuple(PaymentId(row["id"]) for row in found)
    taken, owed = Minor(sums[PaymentStatus.TAKEN]), Minor(sums[PaymentStatus.UNCOLLECTED])
    return _Exit(lane, at, ended.exit_picture, payments, taken, owed)


def _own_until(tx: Transaction, ended: TicketId) -> Instant:
    """Until when what was paid in that lane is its own driver's: it was found there by exactly its plate or its ticket,
    and backed away; or the terminal took the money when it was gone."""
    row = tx.connection.execute(_OWN, (ended,)).fetchone()
    return Instant(row["at"] or 0)


# --- the vehicle that left ---


def _own_ticket(tx: Transaction, ended: Ticket, went: _Exit) -> Ticket:
    """Of a vehicle of which no stay is on record: it came at no time that anybody knows."""
    opened = TicketOpened(
        ticket=TicketId(tx.mint()),
        code=unused_code(tx),
        vehicle=_vehicle(tx, ended),
        vehicle_type=ended.vehicle_type,
        lane=LaneName(ended.entry_lane),
        spot=None,
        entered=went.at,
        tariff=ended.tariff,
        confidence_permille=0,
        serial=next_serial(tx),
        by="by_hand",
    )
    tx.record(opened)
    tx.record(TicketConfirmed(ticket=opened.ticket, lane=opened.lane, passed=went.at))
    return find(tx.connection, opened.ticket)


def _vehicle(tx: Transaction, ended: Ticket) -> VehicleId:
    """By what was read of it at the exit, where that isn't erased yet and it hasn't come in again."""
    row = tx.connection.execute(
        """SELECT json_extract(personal, '$.license_plate') AS plate FROM journal
           WHERE type = 'plate.differed' AND json_extract(body, '$.ticket') = ? AND personal IS NOT NULL
           ORDER BY seq DESC LIMIT 1""",
        (ended.id,),
    ).fetchone()
    plate = None if row is None or row["plate"] is None else Plate(row["plate"])
    if plate is None or open_ticket(tx.connection, plate) is not None:
        return registered(tx, None, ended.vehicle_type)
    return known_vehicle(tx.connection, plate) or registered(tx, plate, ended.vehicle_type)


def _fee(tx: Transaction, other: Ticket, went: _Exit, *, own: bool) -> Minor:
    """Of a stay that was on record, what it cost until then. Of one that nobody knows of, what was asked at the exit:
    nothing more falls due, and what goes back is for a person to say."""
    total = _sum(went) if own else priced(tx, other, When(None, went.at)).fee.total
    ledger.raise_fee(tx, other, replace(priced(tx, other, When(None, went.at)).fee, total=total))
    return total


def _ended(state: MendedTicket, went: _Exit, due: Minor) -> MendedTicket:
    changes = {
        "status": TicketStatus.COMPLETED,
        "exit_time": went.at,
        "settled_at": went.at,
        "amount_due": due,
        "amount_paid": Minor(state.amount_paid + went.taken),
    }
    return state.model_copy(update=changes)


# --- the vehicle whose stay it is ---


def _goes_on(tx: Transaction, ended: Ticket, state: MendedTicket, went: _Exit) -> MendedTicket:
    inside = "SELECT code FROM tickets WHERE vehicle_id = ? AND status IN ('ADMITTED', 'ACTIVE', 'UNRESOLVED')"
    row = tx.connection.execute(inside, (ended.vehicle,)).fetchone()
    if row is not None:
        raise CantBeMended(f"its vehicle has come in again since, on {row['code']}: say when it left before that")
    paid = Minor(ended.amount_paid - went.taken)
    settled = tx.connection.execute(
        f"""SELECT max(at) AS at FROM payments WHERE ticket_id = ? AND status = 'TAKEN'
            AND id NOT IN ({", ".join("?" * len(went.payments))})""",
        (ended.id, *went.payments),
    ).fetchone()["at"]
    if settled is not None and _was_kept_in(tx, ended, went, settled, paid):
        settled = tx.at.wall
    changes = {
        "status": TicketStatus.ACTIVE,
        "exit_time": None,
        "spot": _spot_again(tx, ended.spot),
        "settled_at": settled,
        "amount_due": None if settled is None else paid,
        "amount_paid": paid,
    }
    return state.model_copy(update=changes)


def _was_kept_in(tx: Transaction, ended: Ticket, went: _Exit, settled: Instant, paid: Minor) -> bool:
    """Whether its own vehicle came to an exit while nothing more was due, and found that its stay was over: what it
    waits since costs its driver nothing, and the grace begins anew."""
    row = tx.connection.execute(_CAME, (ended.id, Suspicion.MATCHED_WRONGLY.value, went.at)).fetchone()
    in_time = row["at"] is not None and row["at"] - settled <= charges.grace(ended.tariff)
    return in_time and paid >= priced(tx, ended, When(None, settled)).fee.total


def _left(tx: Transaction, ended: Ticket, state: MendedTicket, went: _Exit, left: Instant) -> MendedTicket:
    """Over as it was, but when its own vehicle left."""
    if not went.at <= left <= tx.at.wall:
        raise CantBeMended("its own vehicle left after the other one, and before now")
    due = priced(tx, ended, When(None, left)).fee.total
    paid = Minor(ended.amount_paid - went.taken)
    return state.model_copy(update={"exit_time": left, "settled_at": left, "amount_due": due, "amount_paid": paid})


def _spot_again(tx: Transaction, spot: SpotId | None) -> SpotId | None:
    """Where it stood, unless somebody was led there since."""
    found = "SELECT 1 FROM spots WHERE id = ? AND status = ? AND NOT removed"
    free = tx.connection.execute(found, (spot, SpotStatus.AVAILABLE.value)).fetchone() is not None
    return spot if free else None


# --- what follows ---


def _move_moments(tx: Transaction, ended: Ticket, other: Ticket) -> None:
    """Of a time that a person says there is no moment."""
    for what in (What.SETTLED, What.EXITED):
        moments.mark(tx, other.id, what, moments.marked(tx, ended.id, what))
        moments.mark(tx, ended.id, what, None)


def _books(tx: Transaction, fact: MatchUndone, due: Minor, word: Word) -> None:
    ended, other = find(tx.connection, fact.ticket), find(tx.connection, fact.other)
    mended.reopen(tx, ended, word)
    mended.follow(tx, fact.moved, word)
    if ended.open:
        mended.fee_is(tx, ended, ended.amount_due or Minor(0), word)
    else:
        ledger.raise_fee(tx, ended, priced(tx, ended, When(None, ended.settled_at or fact.at)).fee)
    for stay in (ended, other):
        if not stay.open:
            _owe_the_rest(tx, stay, fact, word)
            ledger.settle(tx, stay.id)


def _owe_the_rest(tx: Transaction, stay: Ticket, fact: MatchUndone, word: Word) -> None:
    """What it costs beyond what was paid is a debt on record: its vehicle has left."""
    owed = (stay.amount_due or 0) - stay.amount_paid - stay.uncollected
    if owed <= 0:
        return
    charge = Charge(
        PaymentId(tx.mint()), stay.id, Minor(owed), stay.tariff.currency, When(None, stay.settled_at or fact.at)
    )
    charges.owe(tx, fact.exit_lane, charge, f"a wrong match, undone by {word.by}: {word.reason}"[:300])
