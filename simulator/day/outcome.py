"""What came of each visit, by the lot's books and by the record of those who took the money."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from models.instants import SECOND
from models.tickets import PaymentStatus, TicketStatus
from simulator.books import Books, Row
from simulator.day.play import Day
from simulator.day.visits import ENTERING, LEAVING, ComesIn, GoesOut, Visit
from simulator.twin.truth import Life

_WAITS = 300 * SECOND
"""From a ticket to the arm that rises on it, at the longest."""


@dataclass(slots=True)
class Outcome:
    """`wrong` is empty where everything came as it should. `money`: how many payments, and what sum, by who took it
    and how it ended."""

    visits: Counter[tuple[ComesIn, GoesOut]] = field(default_factory=Counter[tuple[ComesIn, GoesOut]])
    payments: Counter[tuple[str, str]] = field(default_factory=Counter[tuple[str, str]])
    money: Counter[tuple[str, str]] = field(default_factory=Counter[tuple[str, str]])
    facts: int = 0
    unsent: int = 0
    wrong: list[str] = field(default_factory=list[str])

    def as_json(self) -> dict[str, Any]:
        return {
            "visits": {f"{comes_in} -> {goes_out}": n for (comes_in, goes_out), n in sorted(self.visits.items())},
            "money": {f"{method} {status.lower()}": sum_ for (method, status), sum_ in sorted(self.money.items())},
            "facts": self.facts,
            "sent_when_the_network_was_back": self.unsent,
            "wrong": self.wrong,
        }


def outcome(day: Day) -> Outcome:
    found = Outcome(facts=day.lot.facts, unsent=day.unsent)
    found.wrong += [f"books: {difference}" for difference in day.different]
    if day.unsent <= 0:
        found.wrong.append("nothing was left to send: the network wasn't down")
    for number, visit in enumerate(day.traffic.visits):
        life = day.twin.truth.lives.get(number)
        wrong = ["never came"] if life is None else _of_visit(day, visit, life)
        found.wrong += [f"visit {number} ({visit.comes_in}, {visit.goes_out}): {each}" for each in wrong]
        found.visits[visit.comes_in, visit.goes_out] += not wrong
    for payment in day.lot.rows["payments"].values():
        found.payments[payment["method"], payment["status"]] += 1
        found.money[payment["method"], payment["status"]] += payment["amount"]
    found.wrong += against_the_provider(day.lot, day.twin.terminals.taken())
    return found


def against_the_provider(books: Books, taken: list[Any]) -> list[str]:
    """The far end's own record of what it took, against the payments on the lot's."""
    theirs = {entry.payment: (entry.amount, entry.currency, entry.reference) for entry in taken}
    ours = {
        id: (payment["amount"], payment["currency"], payment["reference"])
        for id, payment in books.rows["payments"].items()
        if payment["status"] == PaymentStatus.TAKEN
    }
    return [
        f"payment {id}: the lot says {ours.get(id, 'nothing')}, the provider {theirs.get(id, 'nothing')}"
        for id in sorted(ours.keys() | theirs.keys())
        if ours.get(id) != theirs.get(id)
    ]


def _of_visit(day: Day, visit: Visit, life: Life) -> list[str]:
    tickets = _tickets_of(day, life)
    if len(tickets) != 1:
        return [f"{len(tickets)} tickets"]
    (ticket,) = tickets
    return [*_wrong_ticket(ticket, visit), *_wrong_money(day.lot, ticket, visit)]


def _tickets_of(day: Day, life: Life) -> list[Row]:
    """Those that were opened while the car stood at its entry."""
    if life.entry is None or not life.entry.vends:
        return []
    vended = day.wall + life.entry.vends[0]
    return [row for row in day.lot.tickets.values() if vended - _WAITS < row["entry_time"] <= vended]


def _wrong_ticket(ticket: Row, visit: Visit) -> list[str]:
    due = {"status": TicketStatus.COMPLETED, **ENTERING[visit.comes_in].recorded}
    return [f"{name} is {ticket[name]!r}, should be {value!r}" for name, value in due.items() if ticket[name] != value]


def _wrong_money(books: Books, ticket: Row, visit: Visit) -> list[str]:
    payments = [row for row in books.rows["payments"].values() if row["ticket_id"] == ticket["id"]]
    ended, due = sorted(row["status"] for row in payments), sorted(LEAVING[visit.goes_out].settled)
    wrong = [] if ended == due else [f"its payments are {ended}, should be {due}"]
    settled = sum(row["amount"] for row in payments)
    return wrong if settled == ticket["amount_due"] else [*wrong, f"{settled} settled of {ticket['amount_due']}"]
