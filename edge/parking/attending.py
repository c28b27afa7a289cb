"""Carries out what a person says of tickets and of vehicles with an attendant, each in one transaction."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from edge.parking import valet
from edge.parking.matching import undoing
from edge.parking.stays import lost, mending
from edge.parking.stays.lost import NotThisOne
from edge.parking.stays.mending import CantBeMended
from edge.parking.stays.splitting import Second, split
from edge.parking.stays.tickets import ticket as find
from edge.parking.stays.word import Word
from edge.store import Transaction
from edge.ticket_orders import (
    FindTicket,
    LoseTicket,
    MergeTickets,
    Order,
    SplitTicket,
    ThisOne,
    TicketOrder,
    UndoMatch,
    UndoMending,
    ValetOrder,
)
from models.facts import MatchDecided
from models.ids import LaneName
from models.money import written
from models.plates import Plate, normalised
from models.tariff import Tariff
from models.valet.machine import NotNow


class Refused(ValueError):
    """Nothing was done. The text says why, for the person who asked."""


@dataclass(frozen=True, slots=True)
class Done:
    """What to tell the person. `code`: the ticket with which a lane goes on, if it was named."""

    said: str
    code: str | None = None


def carry_out(
    tx: Transaction,
    order: Order,
    tariff: Callable[[], Tariff],
    *,
    ends_stay: bool = True,
    picture: Callable[[LaneName], str | None] = lambda lane: None,
) -> Done:
    """`tariff`: what holds now, for stays that begin now; `ends_stay`: a stay is over when an attendant hands the
    vehicle back; `picture`: the hash of that of the vehicle at a lane. Raises Refused."""
    try:
        if isinstance(order, ValetOrder):
            return _attend(tx, order, tariff, ends_stay=ends_stay)
        if isinstance(order, ThisOne):
            return _this_one(tx, order, picture(LaneName(order.at)))
        return _look_after(tx, order, tariff)
    except (NotThisOne, CantBeMended, NotNow) as wrong:
        raise Refused(str(wrong)) from None


def _look_after(tx: Transaction, order: TicketOrder, tariff: Callable[[], Tariff]) -> Done:
    word = Word(order.by, order.reason)
    match order:
        case LoseTicket():
            return _lose(tx, order, word, tariff)
        case FindTicket(found=code):
            return Done(f"{lost.declare_found(tx, code, word).code} is no longer lost")
        case MergeTickets(merge=(one, other), later_plate=later):
            stands = mending.merge(tx, lost.stay_of(tx, one).id, lost.stay_of(tx, other).id, word, later_plate=later)
            return Done(f"{find(tx.connection, stands).code} stands for both; to undo it: {_number(tx)}")
        case SplitTicket():
            second = Second(order.left, order.entered, _plate(order.plate))
            opened = split(tx, lost.stay_of(tx, order.split).id, second, word)
            return Done(f"the stay that goes on has the ticket {find(tx.connection, opened).code}; undo: {_number(tx)}")
        case UndoMatch():
            return _unmatch(tx, order, word)
        case UndoMending(undo=number):
            mending.undo(tx, number, word)
            return Done("both tickets stand as they did before")
        case _:
            raise Refused("that can't be done with a ticket")


def _this_one(tx: Transaction, order: ThisOne, picture: str | None) -> Done:
    stay = lost.stay_of(tx, order.this_one)
    if stay.half_way and stay.exit_lane != order.at:
        raise Refused(f"the vehicle of {stay.code} stands in another lane: wait until it has passed")
    decided = MatchDecided(
        ticket=stay.id,
        lane=LaneName(order.at),
        at=tx.at.wall,
        by=order.by,
        reason=order.reason,
        seen="pictures" if order.pictures else "words",
        picture=picture,
    )
    tx.record(decided)
    return Done(f"{stay.code} is its ticket", stay.code)


def _unmatch(tx: Transaction, order: UndoMatch, word: Word) -> Done:
    undone = undoing.undo(tx, order.unmatch, order.right, order.left, word)
    ended, other = undone.ended, undone.other
    stands = f"the stay of {ended.code} goes on" if undone.goes_on else f"{ended.code} ended when its own vehicle left"
    sums = f"{written(undone.moved, ended.tariff.currency)} of that exit went along"
    owed = f"; {written(other.refund_owed, ended.tariff.currency)} is owed to its driver" if other.refund_owed else ""
    return Done(f"{stands}; {other.code} is the ticket that left there; {sums}{owed}")


def _lose(tx: Transaction, order: LoseTicket, word: Word, tariff: Callable[[], Tariff]) -> Done:
    lane = None if order.lane is None else LaneName(order.lane)
    if order.code is not None:
        stay = lost.declare_lost(tx, order.code, lane, word)
        return Done(f"{stay.code} is on record as lost", stay.code)
    if lane is None:
        raise Refused("the lane is missing at which the vehicle stands")
    stay = lost.take_in_unknown(tx, lane, _plate(order.plate), order.vehicle_type, tariff(), word)
    return Done(f"{stay.code} was made for it: nobody knows when it came", stay.code)


def _attend(tx: Transaction, order: ValetOrder, tariff: Callable[[], Tariff], *, ends_stay: bool) -> Done:
    if order.valet == "take":
        plate = _plate(order.plate)
        tag = _said(order.tag, "the tag of the key")
        stay = valet.take(tx, tag, order.by, tariff(), plate, order.vehicle_type, order.shown)
        return Done(f"{stay.code}: its key hangs under {order.tag}")
    if order.valet == "fetch":
        return Done(f"{valet.fetch(tx, order.shown, order.by).code} is being fetched")
    shown = _said(order.shown, "a ticket's code or a key's tag")
    match order.valet:
        case "park":
            stay = valet.park(tx, shown, _said(order.place, "where it stands"), order.by)
            return Done(f"{stay.code} stands at {order.place}")
        case "call":
            stay = valet.call(tx, shown, "ticket" if order.word is None else "word", order.by)
            return Done(f"{stay.code} is wanted")
        case "end-call":
            return Done(f"{valet.end_call(tx, shown, order.by).code} stays where it is")
        case "ready":
            return Done(f"{valet.make_ready(tx, shown, order.by).code} stands ready")
        case "hand-back":
            word = None if order.word is None else Word(order.by, order.word)
            how = valet.HandOver(order.by, word, ends_stay=ends_stay, unpaid=order.unpaid)
            return Done(f"{valet.hand_back(tx, shown, how).code} was handed back")


def _said(value: str | None, what: str) -> str:
    if not value:
        raise Refused(f"{what} is missing")
    return value


def _plate(written: str | None) -> Plate | None:
    try:
        return None if written is None else normalised(written)
    except ValueError as wrong:
        raise Refused(str(wrong)) from None


def _number(tx: Transaction) -> str:
    return str(tx.connection.execute("SELECT id FROM ticket_mendings ORDER BY rowid DESC LIMIT 1").fetchone()[0])
