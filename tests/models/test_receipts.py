"""Receipts: what all papers of a stay say together is what its books say, on paper of any width, in every language."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.instants import HOUR, SECOND, Instant
from models.ledger.booking import shared
from models.money import Minor
from models.phrases.language import language, spoken
from models.phrases.receipt_word import ReceiptWord
from models.receipts.document import Business, Document, Kind, Move, PaidWith, UnreadableReceipt, read_document
from models.receipts.layout import laid_out
from models.receipts.making import Account, Letterhead, due
from models.receipts.taxes import Rate, told

NOON = Instant(1_795_000_000 * SECOND)
HEAD = Letterhead("North Street", Business(name="North Parking Ltd", address="1 High Street", tax_id="DE1"), "UTC")
VAT = {"VAT": [Rate(Decimal(19))]}


def a_move(id: str, amount: int, method: str = "terminal") -> Move:
    return Move(id=id, amount=Minor(amount), method=method, provider="simulated", token=f"T-{id}", at=NOON)


def an_account(fee: int = 500, tax: int = 80, moves: Sequence[Move] = ()) -> Account:
    return Account(
        ticket="7F3K-9Q2M",
        serial=17,
        entered=Instant(NOON - 2 * HOUR),
        left=None,
        paid_until=NOON,
        currency="EUR",
        fee=Minor(fee),
        taxes={"VAT": Minor(tax)} if tax else {},
        rates=VAT,
        moves=moves,
        refunded={},
        owed=Minor(0),
    )


def made(account: Account, before: Sequence[Document] = ()) -> list[Document]:
    return due(account, HEAD, before, len(before) + 1, NOON)


def test_a_receipt_says_net_tax_and_what_was_paid_by_whose_token() -> None:
    [receipt] = made(an_account(moves=[a_move("p1", 500)]))
    assert (receipt.number, receipt.kind, receipt.total, receipt.net) == (1, Kind.RECEIPT, 500, 420)
    [tax] = receipt.taxes
    assert (tax.name, tax.percent, tax.base, tax.amount) == ("VAT", "19", 420, 80)
    assert receipt.moves[0].token == "T-p1"
    assert read_document(receipt.said()) == receipt


def test_what_stands_on_paper_already_is_made_out_no_second_time() -> None:
    account = an_account(moves=[a_move("p1", 500)])
    assert made(account, made(account)) == []


def test_nothing_paid_is_no_receipt() -> None:
    assert made(an_account()) == []


def test_a_later_payment_has_a_receipt_of_its_own() -> None:
    first = made(an_account(moves=[a_move("p1", 500)]))
    [second] = made(an_account(750, 120, [a_move("p1", 500), a_move("p2", 250, "cash")]), first)
    assert (second.number, second.total, second.net, second.taxes[0].amount) == (2, 250, 210, 40)


def test_a_refund_is_a_credit_note_that_refers_to_the_receipt_of_its_payment() -> None:
    paid = [a_move("p1", 500), a_move("p2", 250)]
    first = made(an_account(500, 80, paid[:1]))
    second = made(an_account(750, 120, paid), first)
    back = replace(an_account(750, 120, [*paid, a_move("r1", -250)]), refunded={"r1": "p2"})
    [note] = due(back, HEAD, [*first, *second], 3, NOON)
    assert (note.kind, note.number, note.refers_to, note.total) == (Kind.CREDIT_NOTE, 3, (2,), -250)
    assert (note.net, note.taxes[0].amount) == (-210, -40)


def test_where_nobody_asked_before_the_refund_both_are_made_out() -> None:
    receipt, note = made(an_account(moves=[a_move("p1", 500), a_move("r1", -500)]))
    assert (receipt.number, note.number, note.refers_to) == (1, 2, (1,))
    assert receipt.net + note.net == receipt.taxes[0].amount + note.taxes[0].amount == 0


def test_what_is_paid_above_the_fee_is_taxed_by_nobody_and_given_back_without_tax() -> None:
    moves = [a_move("p1", 700)]
    [receipt] = made(an_account(moves=moves))
    assert (receipt.total, receipt.gross, receipt.over) == (700, 500, 200)
    [note] = made(an_account(moves=[*moves, a_move("r1", -200)]), [receipt])
    assert (note.total, note.gross, note.over, note.taxes) == (-200, 0, -200, ())


MOVED = st.lists(st.tuples(st.integers(0, 30_000), st.integers(1, 9_000), st.booleans()), min_size=1, max_size=6)


@given(steps=MOVED, percents=st.lists(st.sampled_from(["5", "7", "9.975", "19", "20"]), max_size=3, unique=True))
def test_whatever_is_paid_and_given_back_all_papers_together_say_what_the_books_do(
    steps: list[tuple[int, int, bool]], percents: list[str]
) -> None:
    """Net and taxes are the gross on each; together they are the fee as far as paid, and its taxes to the coin."""
    papers: list[Document] = []
    moves: list[Move] = []
    account = an_account()
    for number, (fee, amount, back) in enumerate(steps):
        paid = sum(move.amount for move in moves)
        moves.append(a_move(f"m{number}", -min(amount, paid) if back and paid else amount))
        whole = 1 + sum(map(Decimal, percents), Decimal(0)) / 100
        taxes = {f"tax {p}": Minor(round(fee * Decimal(p) / 100 / whole)) for p in percents}
        rates = {f"tax {p}": [Rate(Decimal(p))] for p in percents}
        account = replace(an_account(fee, 0, tuple(moves)), taxes=taxes, rates=rates)
        papers += due(account, HEAD, papers, len(papers) + 1, NOON)
    assert [paper.number for paper in papers] == list(range(1, len(papers) + 1))
    assert all(paper.net + sum(tax.amount for tax in paper.taxes) + paper.over == paper.total for paper in papers)
    paid = sum(move.amount for move in moves)
    settled = Minor(min(paid, account.fee))
    assert sum(paper.total for paper in papers) == paid
    assert sum(paper.gross for paper in papers) == settled
    for name, amount in shared(settled, account.fee, tuple(account.taxes.items())) if settled else ():
        assert sum(tax.amount for paper in papers for tax in paper.taxes if tax.name == name) == amount


# --- rates ---


def test_two_taxes_on_the_same_price_both_say_the_whole_net() -> None:
    rates = {"GST": [Rate(Decimal(5))], "QST": [Rate(Decimal("9.975"))]}
    rows = told(Minor(1000), {"GST": Minor(50), "QST": Minor(100)}, rates)
    assert [(row.percent, row.base) for row in rows] == [("5", 1000), ("9.975", 1000)]


def test_a_tax_on_the_taxes_before_it_says_so_by_its_base() -> None:
    rows = told(
        Minor(1000),
        {"Sales": Minor(50), "City": Minor(210)},
        {"Sales": [Rate(Decimal(5))], "City": [Rate(Decimal(20), compound=True)]},
    )
    assert [row.base for row in rows] == [1000, 1050]


def test_a_stay_of_two_rates_has_a_base_for_each_and_they_add_up_to_the_net() -> None:
    """As of a guest who was there before and after what was reserved, over the night on which the rate changed."""
    rates = {"full": [Rate(Decimal(19))], "low": [Rate(Decimal(7))]}
    rows = told(Minor(1420), {"full": Minor(80), "low": Minor(70)}, rates)
    assert sum(row.base or 0 for row in rows) == 1420
    assert [row.percent for row in rows] == ["19", "7"]
    assert abs((rows[0].base or 0) - 420) <= 10


@given(
    full=st.integers(0, 50_000),
    low=st.integers(0, 50_000),
)
def test_the_bases_of_a_mixed_stay_always_add_up(full: int, low: int) -> None:
    taxes = {"full": Minor(round(full * Decimal(19) / 119)), "low": Minor(round(low * Decimal(7) / 107))}
    net = Minor(full + low - sum(taxes.values()))
    rows = told(net, taxes, {"full": [Rate(Decimal(19))], "low": [Rate(Decimal(7))]})
    if taxes["full"] and taxes["low"]:
        whole = all(row.base == net for row in rows)
        assert whole or sum(row.base or 0 for row in rows) == net


def test_where_a_base_cannot_be_told_none_is() -> None:
    [row] = told(Minor(1000), {"VAT": Minor(19)}, VAT)
    assert (row.percent, row.base) == ("19", None)


def test_of_one_name_with_two_rates_the_one_that_fits_is_told() -> None:
    [row] = told(Minor(1000), {"VAT": Minor(70)}, {"VAT": [Rate(Decimal(19)), Rate(Decimal(7))]})
    assert row.percent == "7"


# --- paper ---

GERMAN = [language("de"), language("en")]


def a_paper(**changed: object) -> Document:
    [receipt] = made(an_account(moves=[a_move("p1", 500)]))
    return receipt.model_copy(update=changed)


def test_a_receipt_reads_like_this() -> None:
    assert laid_out(a_paper(), [language("en")], 32, "AB12CDE") == [
        "          North Street",
        "       North Parking Ltd",
        "         1 High Street",
        "          Tax no. DE1",
        "",
        "           Receipt 1",
        "",
        "Ticket                 7F3K-9Q2M",
        "Ticket no.                    17",
        "Plate                    AB12CDE",
        "Entry       2026-11-18 09:06 UTC",
        "Paid until  2026-11-18 11:06 UTC",
        "--------------------------------",
        "Net                         4.20",
        "VAT 19 % on 4.20            0.80",
        "Total                   5.00 EUR",
        "--------------------------------",
        "Card                    5.00 EUR",
        "  2026-11-18 11:06 UTC",
        "  simulated T-p1",
        "",
        "Made out    2026-11-18 11:06 UTC",
    ]


def test_the_receipt_that_operators_are_shown_is_one() -> None:
    """A copy in two languages on paper of 42 letters, and the credit note after it."""
    business = Business(name="Nordparken GmbH", address="Hafenstrasse 12\n20457 Hamburg", tax_id="DE 123456789")
    head = Letterhead("North Street", business, "Europe/Berlin")
    paid = a_move("p1", 750).model_copy(update={"provider": "nexo", "token": "4711-0815"})
    account = an_account(750, 120, [paid])
    [receipt] = due(account, head, [], 1207, NOON)
    refund = a_move("r1", -250).model_copy(update={"provider": "nexo", "token": ""})
    later = replace(account, left=Instant(NOON + 4 * 60 * SECOND), moves=[paid, refund])
    [note] = due(later, head, [receipt], 1208, Instant(NOON + 26 * HOUR))
    shown = [laid_out(receipt, GERMAN, 42, "AB12CDE", copy=True), laid_out(note, GERMAN, 42, "AB12CDE")]
    manual = (Path(__file__).parents[2] / "docs/operator.md").read_text()
    for lines in shown:
        assert "\n".join(["```text", *lines, "```"]) in manual, "\n".join(lines)


def test_a_copy_says_the_same_and_that_it_is_one() -> None:
    original = laid_out(a_paper(), GERMAN, 42, "AB12CDE")
    copy = laid_out(a_paper(), GERMAN, 42, "AB12CDE", copy=True)
    assert [line for line in copy if "KOPIE" not in line] == original
    assert sum("KOPIE / COPY" in line for line in copy) == 2


def test_sums_are_written_as_in_the_first_language() -> None:
    lines = laid_out(a_paper(), GERMAN, 42)
    assert any(line.startswith("Summe / Total ") and line.endswith(" 5,00 EUR") for line in lines)


def test_a_time_that_no_clock_knew_is_not_told() -> None:
    said = "\n".join(laid_out(a_paper(entered=Instant(0), paid_until=None, at=Instant(5)), [language("en")], 42))
    assert "1970" not in said


@pytest.mark.parametrize("code", spoken())
@pytest.mark.parametrize("width", [16, 32, 42, 48])
@pytest.mark.parametrize("kind", Kind)
def test_no_line_is_longer_than_the_paper_is_wide(code: str, width: int, kind: Kind) -> None:
    business = Business(name="Bundesparkhausbetriebsgesellschaft " * 3, address="x" * 70 + "\ny", tax_id="DE 123 456")
    paper = a_paper(
        kind=kind,
        refers_to=(123_456,) if kind is Kind.CREDIT_NOTE else (),
        business=business,
        total=Minor(123_456_789),
        over=Minor(12_345_678),
        owed=Minor(99_999),
        paid_with=(PaidWith(ticket="AAAA-BBBB", amount=Minor(12_345)),),
        moves=(a_move("x" * 90, 12_345_678), a_move("y", -12_345_678, "cash"), a_move("z", 1, "provider")),
    )
    lines = laid_out(paper, [language(code), *GERMAN], width, "AB12CDE", copy=True)
    assert max(map(len, lines)) <= width
    assert any("1234567" in line for line in lines)


def test_what_stands_in_it_commands_no_printer() -> None:
    paper = a_paper(lot="A\x1bp\x00B\nC", moves=(a_move("\x1dV\x00", 500),))
    assert all(line.isprintable() for line in laid_out(paper, [language("en")], 42, "A\x1bB"))


@pytest.mark.parametrize("code", spoken())
def test_every_word_of_a_receipt_is_in_every_language(code: str) -> None:
    words = language(code).receipt
    assert words.keys() == set(ReceiptWord)
    values = {key: set(re.findall(r"\{\w+\}", said)) for key, said in words.items()}
    english = {key: set(re.findall(r"\{\w+\}", said)) for key, said in language("en").receipt.items()}
    assert values == english


def test_what_a_newer_release_has_made_out_is_told_to_be_unreadable() -> None:
    with pytest.raises(UnreadableReceipt):
        read_document('{"form":2}')
