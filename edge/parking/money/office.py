"""Carries out what a person orders about money, each order in one transaction."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from edge.money_orders import (
    CloseDayOrder,
    DisputeOrder,
    InBooks,
    RefundOrder,
    SettleOrder,
    ShiftOrder,
    WriteOffOrder,
)
from edge.parking.money import cases, closing, drawers, ledger, refunds, write_offs
from edge.parking.money.refunds import Refused
from edge.parking.money.statement import NoTicket, stay_called
from edge.parking.stays.tickets import Ticket
from edge.store import Transaction
from models.ledger.accounts import cash, is_income
from models.money import Minor, typed, written


@dataclass(frozen=True, slots=True)
class Done:
    """What to tell the person. `promised`: a provider has to be asked now."""

    said: str
    promised: bool = False


def carry_out(tx: Transaction, order: InBooks, currency: str, give_back: Collection[str]) -> Done:
    """`currency`: the lot's; `give_back`: the providers that do. Raises Refused."""
    try:
        match order:
            case RefundOrder():
                return _give_back(tx, order, stay_called(tx.connection, order.code), give_back)
            case WriteOffOrder():
                stay = stay_called(tx.connection, order.code)
                owed = write_offs.write_off(tx, stay, order.by, order.reason)
                return Done(f"{written(owed, stay.tariff.currency)} of ticket {stay.code} are written off")
            case DisputeOrder():
                return Done(_dispute(tx, order, stay_called(tx.connection, order.code)))
            case ShiftOrder():
                return Done(_shift(tx, order, currency))
            case CloseDayOrder():
                return Done(_close_day(tx, order, currency))
            case SettleOrder():
                settled = cases.settle(tx, order.number, order.by, order.reason)
                return Done(f"case {settled.number} is settled and stays as it is")
    except (NoTicket, ValueError) as wrong:
        raise Refused(str(wrong)) from wrong


def _give_back(tx: Transaction, order: RefundOrder, stay: Ticket, give_back: Collection[str]) -> Done:
    amount = typed(order.amount, stay.tariff.currency)
    sum_ = written(amount, stay.tariff.currency)
    cases.seen_to(tx, stay, order.by, order.reason)
    if order.drawer is not None:
        drawers.must_hold(tx.connection, order.drawer, amount, stay.tariff.currency)
        refunds.pay_in_cash(tx, stay, amount, order.drawer, order.by, order.reason)
        return Done(f"hand {sum_} out of {order.drawer} to the driver of ticket {stay.code}: it is booked")
    due = refunds.promise(tx, stay, amount, order.by, order.reason)
    if due.provider not in give_back:
        raise Refused(f"{due.provider}, which took the payment, gives nothing back from here; pay in cash with --cash")
    said = f"{due.provider} is asked to give {sum_} back to the driver of ticket {stay.code}"
    return Done(f"{said}; `parkgate-edge money ledger {stay.code}` shows when it has", promised=True)


def _dispute(tx: Transaction, order: DisputeOrder, stay: Ticket) -> str:
    currency = stay.tariff.currency
    if order.step == "open":
        if order.amount is None:
            raise Refused("how much the bank has taken back is missing: --amount")
        amount = typed(order.amount, currency)
        write_offs.dispute(tx, stay, amount, order.by, order.reason)
        return f"{written(amount, currency)} of ticket {stay.code} are disputed"
    if order.amount is not None:
        raise Refused("an amount is said when a dispute is opened, not when it is decided")
    won = order.step == "won"
    amount = write_offs.decide_dispute(tx, stay, order.by, order.reason, won=won)
    return f"{written(amount, currency)} of ticket {stay.code} are {'the lot' if won else 'the driver'}'s"


def _shift(tx: Transaction, order: ShiftOrder, currency: str) -> str:
    counted = typed(order.counted, currency)
    if order.step == "open":
        if order.left is not None:
            raise Refused("what is left in a drawer is said when its shift ends")
        before = ledger.held(tx.connection, cash(order.drawer), currency)
        closing.open_shift(tx, order.drawer, counted, currency, order.by)
        from_safe = f"; {_moved(Minor(counted - before), currency)}" if counted != before else ""
        return f"{order.drawer} holds {written(counted, currency)} from now on{from_safe}"
    drawers.holds(tx.connection, order.drawer, currency)
    left = counted if order.left is None else typed(order.left, currency)
    if left > counted:
        raise Refused(f"{order.left} can't stay in a drawer that holds {order.counted}")
    closed = closing.close_shift(tx, order.drawer, counted, left, currency, order.by)
    differs = Minor(closed.counted - closed.expected)
    word = "as the books say" if not differs else f"{_off(differs, currency)} than the books say"
    taken_out = written(Minor(counted - left), currency)
    return f"shift {closed.number} of {order.drawer} is closed: {word}; {taken_out} go to the safe"


def _close_day(tx: Transaction, order: CloseDayOrder, currency: str) -> str:
    closed = closing.close_day(tx, order.by)
    income = -sum(each.amount for each in closed.totals if is_income(each.account) and each.currency == currency)
    postings = sum(each.lines for each in closed.totals)
    return f"day {closed.number} is closed: fees of {written(Minor(income), currency)}, {postings} lines in the books"


def _moved(amount: Minor, currency: str) -> str:
    """Into the drawer, or out of it."""
    said = written(Minor(abs(amount)), currency)
    return f"{said} came from the safe" if amount > 0 else f"{said} go to the safe"


def _off(amount: Minor, currency: str) -> str:
    return f"{written(Minor(abs(amount)), currency)} {'more' if amount > 0 else 'less'}"
