"""The books: every posting adds up to nothing, whatever happens to a ticket's money, in whatever order."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.ids import PaymentId
from models.ledger import booking
from models.ledger.accounts import RECEIVABLE, REFUNDS_OWED, REVENUE, UNCOLLECTED, provider, tax
from models.ledger.posting import Kind, Line, Posting, after, entry_id
from models.ledger.reconciliation import Moved, reconciled
from models.money import Minor
from tests.chaos.ledger_provider import Line as Told

PAYMENT = PaymentId("0193e1a0-0000-7000-8000-000000000001")
CARDS = provider("terminal")
SUMS = st.integers(0, 10_000).map(Minor)
EVENTS = st.lists(st.tuples(st.sampled_from(["fee", "pay", "owe", "collect", "settle"]), SUMS), max_size=20)


@given(EVENTS)
def test_whatever_happens_every_posting_adds_up_to_nothing_and_a_settled_ticket_owes_only_what_is_due(
    events: list[tuple[str, Minor]],
) -> None:
    held: dict[str, int] = {}
    for what, amount in events:
        match what:
            case "fee":
                posted = booking.fee(held, amount, (("VAT", Minor(amount * 19 // 119)),))
            case "pay":
                posted = booking.payment(amount, CARDS, PAYMENT)
            case "owe":
                posted = booking.debt(amount, PAYMENT)
            case "collect":
                posted = booking.collected(amount, CARDS, PAYMENT)
            case _:
                posted = booking.settled(held)
        held = after(held, posted)
        assert sum(held.values()) == 0
    held = after(held, booking.settled(held))
    assert held.get(RECEIVABLE, 0) >= 0
    assert held.get(UNCOLLECTED, 0) >= 0
    assert held.get(REFUNDS_OWED, 0) <= 0
    assert booking.settled(held) is None, "once is enough"


@given(SUMS, SUMS)
def test_a_fee_that_changes_is_posted_as_the_difference(before: Minor, now: Minor) -> None:
    first = booking.fee({}, before, (("VAT", Minor(before // 6)),))
    held = after({}, first)
    held = after(held, booking.fee(held, now, (("VAT", Minor(now // 6)),)))
    assert booking.fee_posted(held) == now == held.get(RECEIVABLE, 0)
    assert booking.fee(held, now, ()) is None


def test_a_fee_is_split_into_what_is_earned_and_its_tax() -> None:
    posted = booking.fee({}, Minor(1190), (("VAT", Minor(190)),))
    assert posted is not None
    assert posted.lines == (Line(RECEIVABLE, Minor(1190)), Line(REVENUE, Minor(-1000)), Line(tax("VAT"), Minor(-190)))


def test_a_posting_that_adds_up_to_something_is_none() -> None:
    with pytest.raises(ValueError, match="add up to nothing"):
        Posting(Kind.FEE, (Line(REVENUE, Minor(1)),))


@given(SUMS.filter(bool))
def test_a_reversal_undoes_a_posting_line_by_line(amount: Minor) -> None:
    posted = booking.payment(amount, CARDS, PAYMENT)
    assert posted is not None
    undone = booking.reversal("a posting", posted.lines)
    assert not any(after({}, posted, undone).values())


def test_lines_lie_beside_each_other_in_the_order_of_ids() -> None:
    ids = [entry_id(PAYMENT, number) for number in range(3)]
    assert ids == sorted(set(ids))
    assert ids[0] == PAYMENT


def told(payment: str | None, kind: str, amount: int, currency: str = "EUR") -> Told:
    return Told(payment, kind, amount, currency, "R-1")


def test_a_report_is_put_beside_the_books() -> None:
    ours = [Moved(id, "charge", Minor(100), "EUR") for id in ("same", "ours", "less", "twice", "money")]
    theirs = [
        told("same", "charge", 100),
        told("theirs", "charge", 70),
        told(None, "charge", 5),
        told("less", "charge", 90),
        *(told("twice", "charge", 100) for _ in range(2)),
        told("money", "charge", 100, "CHF"),
    ]
    found = reconciled(ours, theirs)
    assert [line.payment for line in found.missing_there] == ["ours"]
    assert [line.payment for line in found.missing_here] == ["theirs", "reference R-1"]
    assert [pair.ours.payment for pair in found.amounts] == ["less", "twice"]
    assert [pair.ours.payment for pair in found.currencies] == ["money"]
    assert [(line.payment, line.amount) for line in found.twice] == [("twice", 200)]
    assert not reconciled(ours[:1], theirs[:1])
