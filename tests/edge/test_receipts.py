"""Receipts at the lot: without gaps, equal to the books, with copies and credit notes, printed beside the arm."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from drivers.contract import DriverContext
from drivers.simulated_terminal import SimulatedTerminal, SimulatedTerminalSettings
from edge.parking import entry, exit
from edge.parking.money import ledger, refunds
from edge.parking.money.receipts import NoReceipt, Receipt, make_out
from edge.parking.money.station import PayStation, Settled
from edge.parking.money.till import Till
from edge.parking.stays import mending
from edge.parking.stays.mending import Word
from edge.parking.stays.tickets import open_ticket
from edge.parking.stays.tickets import ticket as find
from edge.store import Transaction
from models.facts import ReceiptIssued
from models.ids import LaneName, TicketId
from models.ledger import booking
from models.money import Minor
from models.plates import Plate
from models.receipts.document import Business, Kind, read_document
from models.receipts.making import Letterhead
from models.refusals import Refusal
from models.spots import VehicleType
from models.tariff import Tariff
from models.tariff.reading import parse_tariff
from tests.drivers.conftest import Notebook
from tests.edge.lots import IN, OUT, TARIFF, Lot, a_lot
from tests.edge.test_store import tables_agree_with_facts

PLATE, HALL = Plate("AB12CDE"), LaneName("hall")
HEAD = Letterhead("North", Business(name="North Parking Ltd", tax_id="DE 811"), "Europe/Berlin")
AIRPORT = parse_tariff((Path(__file__).parents[2] / "config/tariffs/airport.yaml").read_text(), "airport")
DOWNTOWN = parse_tariff(
    (Path(__file__).parents[2] / "config/tariffs/early-bird-downtown.yaml").read_text(), "early-bird-downtown"
)


@dataclass
class Place:
    lot: Lot
    tills: dict[str, Till] = field(default_factory=dict[str, Till])

    def enters(self, tariff: Tariff = AIRPORT, plate: Plate = PLATE) -> TicketId:
        admitted = self.lot.decide(
            lambda tx: entry.admit(tx, entry.Arrival(IN, plate, 0.98, VehicleType.REGULAR), tariff)
        )
        assert isinstance(admitted, entry.Admitted)
        self.lot.decide(lambda tx: entry.confirm(tx, admitted.ticket, IN))
        self.lot.clock.forward(hours=1.9)
        return admitted.ticket

    def till(self, name: LaneName) -> Till:
        context = DriverContext(f"{name}.payment_terminal", self.lot.clock, Notebook())
        terminal: SimulatedTerminal = SimulatedTerminalSettings(delay=0).build(context)
        return Till(terminal, self.lot.store, self.lot.clock, name, others=self.tills)

    def pays_at_the_station(self, ticket: TicketId) -> None:
        code = self.lot.decide(lambda tx: find(tx.connection, ticket).code)
        paid = asyncio.run(PayStation(HALL, self.lot.store, self.till(HALL)).pay(code))
        assert isinstance(paid, Settled), paid

    def leaves(self, ticket: TicketId, plate: Plate = PLATE) -> None:
        departure = exit.Departure(
            OUT, lambda tx: open_ticket(tx.connection, plate) or Refusal.NO_TICKET, "exact", plate
        )
        cleared = asyncio.run(exit.clear(self.lot.store, self.till(OUT), departure))
        assert isinstance(cleared, exit.Cleared), cleared
        self.lot.decide(lambda tx: exit.close(tx, ticket, OUT))

    def asks(self, ticket: TicketId) -> list[Receipt]:
        return self.lot.decide(lambda tx: make_out(tx, ticket, HEAD))

    def gets_back(self, ticket: TicketId, amount: int) -> None:
        def give(tx: Transaction) -> None:
            due = refunds.promise(tx, find(tx.connection, ticket), Minor(amount), "ann", "waited long")
            refunds.paid(tx, due, "R-1")

        self.lot.decide(give)


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    place = Place(a_lot(tmp_path))
    yield place
    assert tables_agree_with_facts(place.lot.path)


@pytest.mark.parametrize("tariff", [AIRPORT, DOWNTOWN, TARIFF], ids=["one tax", "two taxes", "none"])
def test_a_receipt_has_the_taxes_of_the_books(place: Place, tariff: Tariff) -> None:
    ticket = place.enters(tariff)
    place.leaves(ticket)
    [receipt] = place.asks(ticket)
    said = receipt.document
    books = place.lot.decide(lambda tx: ledger.balances(tx.connection, ticket))
    assert said.total == said.gross == booking.fee_posted(books) > 0
    assert {tax.name: -tax.amount for tax in said.taxes} == {
        account.partition(":")[2]: amount for account, amount in books.items() if account.startswith("tax:")
    }
    assert all(tax.percent and tax.base for tax in said.taxes)
    assert (said.left, receipt.plate, receipt.copy) == (place.lot.clock.wall, PLATE, False)


def test_asked_again_it_is_a_copy_and_no_new_number(place: Place) -> None:
    first, second = place.enters(), place.enters(plate=Plate("CD34EFG"))
    place.leaves(first)
    place.leaves(second, Plate("CD34EFG"))
    [original], [copy] = place.asks(first), place.asks(first)
    assert copy.copy
    assert copy.document == original.document
    assert place.asks(second)[0].document.number == 2
    assert place.lot.rows("SELECT number FROM receipts ORDER BY number") == [(1,), (2,)]


def test_where_nothing_was_paid_there_is_none_and_no_number_is_used(place: Place) -> None:
    ticket = place.enters()
    with pytest.raises(NoReceipt, match="nothing was paid"):
        place.asks(ticket)
    assert place.lot.decide(lambda tx: ledger.closed(tx.connection, ledger.RECEIPTS)) == 0


def test_a_receipt_that_is_not_committed_uses_no_number(place: Place) -> None:
    ticket = place.enters()
    place.leaves(ticket)

    def breaks_off(tx: Transaction) -> None:
        assert make_out(tx, ticket, HEAD)[0].document.number == 1
        raise LookupError("something else fails")

    with pytest.raises(LookupError, match="something else fails"):
        place.lot.decide(breaks_off)
    assert place.lot.rows("SELECT * FROM receipts") == []
    [receipt] = place.asks(ticket)
    assert (receipt.document.number, receipt.copy) == (1, False)


def test_paid_at_the_station_and_again_at_the_exit_are_two_that_together_are_the_fee(place: Place) -> None:
    ticket = place.enters()
    place.pays_at_the_station(ticket)
    [first] = place.asks(ticket)
    assert first.document.left is None
    assert first.document.taxes
    place.lot.clock.forward(hours=5)
    place.leaves(ticket)
    [second] = place.asks(ticket)
    books = place.lot.decide(lambda tx: ledger.balances(tx.connection, ticket))
    both = [first.document, second.document]
    assert sum(one.gross for one in both) == booking.fee_posted(books)
    assert sum(tax.amount for one in both for tax in one.taxes) == -books["tax:VAT"]


def test_a_refund_is_a_credit_note_and_the_receipt_stays(place: Place) -> None:
    ticket = place.enters()
    place.leaves(ticket)
    [receipt] = place.asks(ticket)
    place.gets_back(ticket, 100)
    [note] = place.asks(ticket)
    said = note.document
    assert (said.kind, said.number, said.refers_to, said.total) == (Kind.CREDIT_NOTE, 2, (1,), -100)
    assert said.net + said.taxes[0].amount == -100
    assert [copy.document for copy in place.asks(ticket)] == [receipt.document, said]


def test_a_refund_before_anybody_asked_makes_both(place: Place) -> None:
    ticket = place.enters()
    place.leaves(ticket)
    place.gets_back(ticket, 100)
    assert [one.document.kind for one in place.asks(ticket)] == [Kind.RECEIPT, Kind.CREDIT_NOTE]


def test_of_a_ticket_that_was_merged_the_stay_gets_it_once(place: Place) -> None:
    one = place.enters()
    other = place.enters(plate=Plate("AB12CDF"))
    place.pays_at_the_station(other)
    [receipt] = place.asks(other)
    place.lot.decide(lambda tx: mending.merge(tx, one, other, Word("ann", "one car")))
    [copy] = place.asks(other)
    assert copy.copy
    assert copy.document == receipt.document


def test_a_debt_that_is_left_stands_on_it_and_its_receipt_comes_when_it_is_paid(place: Place) -> None:
    ticket = place.enters()
    place.pays_at_the_station(ticket)
    place.lot.clock.forward(hours=5)
    departure = exit.Departure(OUT, lambda tx: find(tx.connection, ticket), "exact", PLATE)
    place.lot.decide(lambda tx: exit.let_out(tx, departure, "the terminal is broken"))
    place.lot.decide(lambda tx: exit.close(tx, ticket, OUT))
    [receipt] = place.asks(ticket)
    assert receipt.document.owed > 0
    back = place.enters()
    place.leaves(back)
    [own] = place.asks(back)
    assert [(other.ticket, other.amount) for other in own.document.paid_with] == [
        (receipt.document.ticket, receipt.document.owed)
    ]
    [of_debt] = place.asks(ticket)
    assert of_debt.document.total == receipt.document.owed
    assert of_debt.document.paid_with == ()


def test_no_plate_stands_in_what_is_kept_for_good(place: Place) -> None:
    ticket = place.enters()
    place.leaves(ticket)
    place.asks(ticket)
    [(said,)] = place.lot.rows("SELECT said FROM receipts")
    assert PLATE not in str(said)
    assert read_document(str(said)).business.tax_id == "DE 811"


def test_what_a_newer_release_has_made_out_is_refused_in_words(place: Place) -> None:
    ticket = place.enters()
    place.leaves(ticket)
    newer = {"number": 1, "ticket": ticket, "total": 100, "currency": "EUR", "said": '{"form":9}', "at": 5}
    place.lot.decide(lambda tx: tx.record(ReceiptIssued.model_validate({"receipt": tx.mint(), **newer})))
    with pytest.raises(NoReceipt, match="another release"):
        place.asks(ticket)
