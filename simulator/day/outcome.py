"""What came of each visit, by the lot's books and by the record of those who took the money."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from models.facts import PaymentAuthorised
from models.instants import SECOND
from models.ledger.accounts import RECEIVABLE, is_money
from models.refusals import Refusal
from models.tickets import PaymentStatus, ReservationStatus, TicketStatus
from simulator.books import Books, Row
from simulator.day.far_ends import by_account
from simulator.day.play import Day
from simulator.day.visits import ENTERING, LEAVING, ComesIn, GoesOut, Leaving, Visit
from simulator.twin.truth import Life

TWIN = "provider:twin"
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
    found.wrong += [f"digest: {difference}" for difference in day.digests]
    if day.unsent <= 0:
        found.wrong.append("nothing was left to send: the network wasn't down")
    for number, visit in enumerate(day.traffic.visits):
        life = day.twin.truth.lives.get(number)
        wrong = ["never came"] if life is None else _of_visit(day, visit, life)
        found.wrong += [f"visit {number} ({visit.comes_in}, {visit.goes_out}): {each}" for each in wrong]
        found.visits[visit.comes_in, visit.goes_out] += not wrong
    found.wrong += _wrongly_stored(day)
    for payment in day.lot.rows["payments"].values():
        found.payments[payment["method"], payment["status"]] += 1
        found.money[payment["method"], payment["status"]] += payment["amount"]
    at_lot, in_cloud = day.booked
    found.wrong += [
        f"reservation {id}: {at_lot.get(id)} at the lot, {in_cloud.get(id)} in the cloud"
        for id in sorted(at_lot.keys() | in_cloud.keys())
        if not at_lot.get(id) == in_cloud.get(id) == ReservationStatus.ARRIVED
    ]
    twin = day.twin.terminals.taken()
    lines = [*twin, *(line for lines in day.taken.values() for line in lines)]
    found.wrong += against_the_provider(day.lot, lines)
    held = by_account(day.taken) + Counter({TWIN: sum(entry.amount for entry in twin)})
    found.wrong += against_the_ledger(day.lot, held)
    return found


def _wrongly_stored(day: Day) -> list[str]:
    """Payments that a terminal kept because no bank could be asked."""
    due = sum(visit.goes_out is GoesOut.LATER for visit in day.traffic.visits)
    stored = sum(fact["type"] == PaymentAuthorised.type for fact in day.lot.rows["facts"].values())
    return [] if stored == due else [f"{stored} payments were authorised off line, should be {due}"]


def against_the_provider(books: Books, taken: list[Any]) -> list[str]:
    """The far end's own record of what it took, against the payments on the lot's. One charge may have paid for several
    stays."""
    theirs = Counter[tuple[str, str]]()
    ours = Counter[tuple[str, str]]()
    for entry in taken:
        theirs[entry.reference, entry.currency] += entry.amount
    for payment in books.rows["payments"].values():
        if payment["status"] == PaymentStatus.TAKEN:
            ours[payment["reference"], payment["currency"]] += payment["amount"]
    return [
        f"{reference}: the lot says {ours[reference, currency]} {currency}, the provider {theirs[reference, currency]}"
        for reference, currency in sorted(ours.keys() | theirs.keys())
        if ours[reference, currency] != theirs[reference, currency]
    ]


def against_the_ledger(books: Books, taken: Mapping[str, int]) -> list[str]:
    """The books of money: every posting sums to zero, nobody's stay is left open, and what lies with those who took it
    is what they say."""
    postings, receivable, held = Counter[str](), Counter[str](), Counter[str]()
    for line in books.rows["ledger_entries"].values():
        postings[line["posting_id"]] += line["amount"]
        if line["account"] == RECEIVABLE:
            receivable[line["ticket_id"]] += line["amount"]
        if is_money(line["account"]):
            held[line["account"]] += line["amount"]
    wrong = [f"posting {id} sums to {sum_}" for id, sum_ in sorted(postings.items()) if sum_]
    wrong += [f"ticket {id} still owes {sum_} in the ledger" for id, sum_ in sorted(receivable.items()) if sum_]
    differs = [name for name in sorted({*held, *taken}) if held[name] != taken.get(name, 0)]
    return wrong + [
        f"{name} holds {held[name]} by the ledger, its own record says {taken.get(name, 0)}" for name in differs
    ]


def _of_visit(day: Day, visit: Visit, life: Life) -> list[str]:
    tickets = _tickets_of(day, life)
    refused = ENTERING[visit.comes_in].refused
    if refused is not None:
        return _wrong_refusal(day, life, refused, len(tickets))
    if len(tickets) != 1:
        return [f"{len(tickets)} tickets"]
    (ticket,) = tickets
    return [*_wrong_ticket(ticket, visit), *_wrong_money(day.lot, ticket, LEAVING[visit.goes_out])]


def _tickets_of(day: Day, life: Life) -> list[Row]:
    """Those that were opened while the car stood at its entry."""
    if life.entry is None or not life.entry.vends:
        return []
    vended = day.wall + life.entry.vends[0]
    return [row for row in day.lot.tickets.values() if vended - _WAITS < row["entry_time"] <= vended]


def _wrong_refusal(day: Day, life: Life, due: Refusal, tickets: int) -> list[str]:
    came, gone = (day.wall + at for at in (life.visits[0].came, life.visits[0].turned_back or 0))
    said = {row["reason"] for row in day.lot.rows["access_refusals"].values() if came <= row["at"] <= gone}
    inside = ["it was let in"] if tickets or life.entry is not None else []
    return inside if due.name in said else [*inside, f"refused for {sorted(said)}, should be {due.name}"]


def _wrong_ticket(ticket: Row, visit: Visit) -> list[str]:
    due = {"status": TicketStatus.COMPLETED, **ENTERING[visit.comes_in].recorded, **LEAVING[visit.goes_out].recorded}
    return [f"{name} is {ticket[name]!r}, should be {value!r}" for name, value in due.items() if ticket[name] != value]


def _wrong_money(books: Books, ticket: Row, leaving: Leaving) -> list[str]:
    payments = [row for row in books.rows["payments"].values() if row["ticket_id"] == ticket["id"]]
    ended, due = sorted(row["status"] for row in payments), sorted(leaving.settled)
    wrong = [] if ended == due else [f"its payments are {ended}, should be {due}"]
    if (ticket["refund_owed"] > 0) is not leaving.overpaid:
        wrong.append(f"{ticket['refund_owed']} are owed to its driver")
    settled = sum(row["amount"] for row in payments) - ticket["refund_owed"]
    return wrong if settled == ticket["amount_due"] else [*wrong, f"{settled} settled of {ticket['amount_due']}"]
