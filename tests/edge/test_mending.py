"""Two tickets of one stay become one, one of two stays becomes two: no money is lost, and every stay ends once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from contextlib import nullcontext, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.parking import entry, exit
from edge.parking.exit import Departure
from edge.parking.money import booking, reconciling, refunds, write_offs
from edge.parking.money.booking import Receipt
from edge.parking.places import upkeep
from edge.parking.stays import mending
from edge.parking.stays.mending import CantBeMended
from edge.parking.stays.splitting import Second, split
from edge.parking.stays.tickets import open_ticket, ticket
from edge.parking.stays.unresolved import leave_unresolved
from edge.parking.stays.word import Word
from models.ids import PaymentId, TicketId
from models.instants import HOUR, Instant
from models.ledger.accounts import RECEIVABLE, REFUNDS_OWED, UNCOLLECTED, is_money
from models.ledger.booking import fee_posted as books_fee
from models.money import Minor
from models.plates import Plate
from models.spots import VehicleType
from tests.edge.lots import IN, OUT, TARIFF, Lot, a_level, a_lot

WORD = Word("ann", "misread at the gate")


@pytest.fixture
def lot(tmp_path: Path) -> Lot:
    return a_lot(tmp_path)


def comes_unread(lot: Lot) -> TicketId:
    arrival = entry.Arrival(IN, None, 0.0, VehicleType.REGULAR, by="button")
    admitted = lot.decide(lambda tx: entry.admit(tx, arrival, TARIFF))
    assert isinstance(admitted, entry.Admitted)
    lot.decide(lambda tx: entry.confirm(tx, admitted.ticket, IN))
    return admitted.ticket


def pays(lot: Lot, stay: TicketId, amount: int) -> None:
    card = Receipt(OUT, "terminal", "sim", "A-1")
    lot.decide(lambda tx: booking.taken(tx, PaymentId(tx.mint()), stay, Minor(amount), "EUR", card))


def goes(lot: Lot, stay: TicketId) -> None:
    departure = Departure(OUT, lambda tx: ticket(tx.connection, stay), "by_hand")
    lot.decide(lambda tx: exit.let_out(tx, departure, "a person"))
    lot.decide(lambda tx: exit.close(tx, stay, OUT))


def test_of_two_tickets_of_one_stay_the_earlier_entry_holds_with_the_money_of_both(lot: Lot) -> None:
    button = comes_unread(lot)
    lot.clock.forward(hours=1)
    read = lot.enters("AB12CDE").ticket
    pays(lot, button, 250)
    pays(lot, read, 500)
    assert lot.decide(lambda tx: mending.merge(tx, read, button, WORD)) == button
    [stands] = lot.rows("SELECT id, status, amount_paid, merged_into FROM tickets WHERE status = 'ACTIVE'")
    assert stands == (button, "ACTIVE", 750, None)
    assert lot.rows("SELECT status, amount_paid, merged_into FROM tickets WHERE id = ?", read) == [
        ("VOIDED", 0, button)
    ]
    assert lot.rows("SELECT DISTINCT ticket_id FROM payments") == [(button,)]
    found = lot.decide(lambda tx: open_ticket(tx.connection, Plate("AB12CDE")))
    assert found is not None
    assert found.id == button, "the plate that was read leads to it"
    assert lot.one("SELECT count(*) FROM spots WHERE status = 'OCCUPIED'") == 1
    assert lot.rows("SELECT kind, given_by, reason FROM ticket_mendings") == [("merge", "ann", "misread at the gate")]


def test_a_merge_that_was_wrong_is_undone_by_another_record(lot: Lot) -> None:
    one, other = lot.enters("AB12CDE").ticket, lot.enters("AB12COE").ticket
    pays(lot, other, 500)
    before = lot.rows("SELECT id, vehicle_id, spot_id, status, amount_paid FROM tickets ORDER BY rowid")
    lot.decide(lambda tx: mending.merge(tx, one, other, WORD))
    pays(lot, one, 100)
    number = str(lot.one("SELECT id FROM ticket_mendings"))
    lot.decide(lambda tx: mending.undo(tx, number, Word("bob", "they were two")))
    after = lot.rows("SELECT id, vehicle_id, spot_id, status, amount_paid FROM tickets ORDER BY rowid")
    assert after == [(*before[0][:4], 100), before[1]]
    assert lot.rows("SELECT undone_by, undone_reason FROM ticket_mendings") == [("bob", "they were two")]
    with pytest.raises(CantBeMended, match="bob has undone it already"):
        lot.decide(lambda tx: mending.undo(tx, number, WORD))


def test_one_ticket_of_two_stays_ends_as_its_vehicle_left_and_the_second_goes_on(lot: Lot) -> None:
    stay = lot.enters("AB12CDE").ticket
    came = lot.clock.wall
    pays(lot, stay, 250)
    lot.clock.forward(hours=10)
    pays(lot, stay, 300)
    second = Second(Instant(came + 2 * HOUR), Instant(came + 8 * HOUR))
    new = lot.decide(lambda tx: split(tx, stay, second, WORD))
    assert lot.rows("SELECT status, exit_time, amount_due, amount_paid FROM tickets WHERE id = ?", stay) == [
        ("COMPLETED", came + 2 * HOUR, 500, 250)
    ]
    assert lot.rows("SELECT amount, reference FROM payments WHERE status = 'UNCOLLECTED'") == [
        (250, "left unseen; split by ann: misread at the gate")
    ]
    assert lot.rows("SELECT status, entry_time, amount_paid, serial, entered_by FROM tickets WHERE id = ?", new) == [
        ("ACTIVE", came + 8 * HOUR, 300, 2, "by_hand")
    ]
    due = lot.decide(lambda tx: exit.bill(tx, new, exit.moments.now(tx)))
    assert (due.fee.total, due.owed) == (500, 200)
    number = str(lot.one("SELECT id FROM ticket_mendings"))
    lot.decide(lambda tx: mending.undo(tx, number, WORD))
    assert lot.rows("SELECT status, exit_time, amount_paid FROM tickets WHERE id = ?", stay) == [("ACTIVE", None, 550)]
    assert lot.one("SELECT merged_into FROM tickets WHERE id = ?", new) == stay


@pytest.mark.parametrize("restored", [False, True])
def test_a_providers_report_agrees_with_what_was_moved_on_the_day_on_which_it_was_taken(
    lot: Lot, restored: bool
) -> None:
    """A store that was restored knows of it only what stands under the ticket that is open."""
    one, other = lot.enters("AB12CDE").ticket, lot.enters("AB12COE").ticket
    pays(lot, other, 500)
    taken = lot.clock.wall
    lot.clock.forward(hours=30)
    lot.decide(lambda tx: mending.merge(tx, one, other, WORD))
    if restored:
        forgotten = "DELETE FROM ledger_entries WHERE ticket_id = ?"
        lot.decide(lambda tx: tx.connection.execute(forgotten, (other,)).rowcount)

    def ours(since: int) -> list[int]:
        until = Instant(since + 24 * HOUR)
        found = lot.decide(lambda tx: reconciling.ours(tx.connection, "sim", Instant(since), until))
        return [moved.amount for moved in found if moved.kind == "charge"]

    assert ours(lot.clock.wall if restored else taken) == [500]
    assert restored or ours(lot.clock.wall) == []


def the_mending(lot: Lot) -> str:
    return str(lot.one("SELECT id FROM ticket_mendings"))


def test_a_spot_that_went_out_of_service_isnt_given_back_by_setting_a_merge_back(lot: Lot) -> None:
    one, other = lot.enters("AB12CDE").ticket, lot.enters("AB12COE").ticket
    spot = str(lot.one("SELECT spot_number FROM tickets JOIN spots ON spots.id = spot_id WHERE tickets.id = ?", other))
    lot.decide(lambda tx: mending.merge(tx, one, other, WORD))
    lot.decide(lambda tx: upkeep.withdraw(tx, upkeep.spot_called(tx.connection, spot, None), "ann", "a hole"))
    lot.decide(lambda tx: mending.undo(tx, the_mending(lot), WORD))
    assert lot.rows("SELECT spot_id FROM tickets WHERE id = ?", other) == [(None,)]


def is_split(lot: Lot) -> TicketId:
    stay, came = lot.enters("AB12CDE").ticket, lot.clock.wall
    lot.clock.forward(hours=3)
    lot.decide(lambda tx: split(tx, stay, Second(Instant(came + HOUR), Instant(came + HOUR)), WORD))
    return stay


def test_after_a_split_that_was_wrong_the_vehicle_may_leave_by_any_exit(lot: Lot) -> None:
    stay = is_split(lot)
    lot.decide(lambda tx: mending.undo(tx, the_mending(lot), WORD))
    assert not lot.decide(lambda tx: ticket(tx.connection, stay)).half_way
    assert lot.rows("SELECT exit_lane FROM tickets WHERE id = ?", stay) == [(None,)]


def test_a_split_isnt_set_back_once_its_debt_was_written_off(lot: Lot) -> None:
    stay = is_split(lot)
    lot.decide(lambda tx: write_offs.write_off(tx, ticket(tx.connection, stay), "ann", "nobody will pay"))
    with pytest.raises(CantBeMended, match="a debt of it written off"):
        lot.decide(lambda tx: mending.undo(tx, the_mending(lot), WORD))


@pytest.mark.parametrize("on_its_way", [False, True])
def test_while_money_is_disputed_or_on_its_way_back_nothing_is_mended(lot: Lot, on_its_way: bool) -> None:
    one, other = lot.enters("AB12CDE").ticket, lot.enters("AB12COE").ticket
    pays(lot, other, 500)
    if on_its_way:
        row = ("r", other, "p", "sim", 1, "EUR", "ann", "why", 0)
        insert = "INSERT INTO refunds_due VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
        lot.decide(lambda tx: tx.connection.execute(insert, row).rowcount)
    else:
        lot.decide(lambda tx: write_offs.dispute(tx, ticket(tx.connection, other), Minor(500), "ann", "the bank"))
    with pytest.raises(CantBeMended, match="on its way back" if on_its_way else "disputed"):
        lot.decide(lambda tx: mending.merge(tx, one, other, WORD))


@pytest.mark.parametrize("paid", [0, 300])
def test_a_stay_that_a_new_entry_of_its_vehicle_ends_is_settled_in_the_books(lot: Lot, paid: int) -> None:
    admitted = lot.arrives("AB12CDE")
    assert isinstance(admitted, entry.Admitted)
    lot.decide(lambda tx: leave_unresolved(tx, admitted.ticket, "entry"))
    if paid:
        pays(lot, admitted.ticket, paid)
    lot.enters("AB12CDE")
    [(status, due)] = lot.rows("SELECT status, amount_due FROM tickets WHERE id = ?", admitted.ticket)
    assert (status, due) == (("COMPLETED", paid) if paid else ("VOIDED", None)), "whoever has paid was inside"
    books_agree(lot)


def over(lot: Lot) -> tuple[TicketId, TicketId]:
    one, other = lot.enters("AA1AAA").ticket, lot.enters("BB2BBB").ticket
    goes(lot, one)
    return one, other


def waits_at_the_exit(lot: Lot) -> tuple[TicketId, TicketId]:
    one, other = lot.enters("AA1AAA").ticket, lot.enters("BB2BBB").ticket
    departure = Departure(OUT, lambda tx: ticket(tx.connection, one), "exact")
    lot.decide(lambda tx: exit.let_out(tx, departure, ""))
    return one, other


def is_being_charged(lot: Lot) -> tuple[TicketId, TicketId]:
    one, other = lot.enters("AA1AAA").ticket, lot.enters("BB2BBB").ticket
    insert = "INSERT INTO charges (payment_id, ticket_id, amount, until) VALUES ('p', ?, 1, 1)"
    lot.decide(lambda tx: tx.connection.execute(insert, (one,)).rowcount)
    return one, other


@pytest.mark.parametrize(
    ("arranged", "why"),
    [(over, "is over"), (waits_at_the_exit, "stands in a lane"), (is_being_charged, "nobody knows yet")],
)
def test_what_is_over_or_under_way_isnt_mended(
    lot: Lot, arranged: Callable[[Lot], tuple[TicketId, TicketId]], why: str
) -> None:
    one, other = arranged(lot)
    with pytest.raises(CantBeMended, match=why):
        lot.decide(lambda tx: mending.merge(tx, one, other, WORD))


MONEY = ("owes", "collects", "settles", "gives_back")
STEPS = st.lists(
    st.tuples(
        st.sampled_from(["comes", "comes_unread", "pays", "merges", "merges", "splits", "undoes", "undoes", "goes"]),
        st.integers(0, 30),
    ),
    min_size=6,
    max_size=24,
)


@dataclass
class Attendant:
    """Does what is asked where it can be done; what the lot refuses changes nothing."""

    lot: Lot
    paid: int = 0
    given_back: int = 0
    plates: int = 0

    def open(self) -> list[TicketId]:
        found = self.lot.rows(
            "SELECT id FROM tickets WHERE status IN ('ADMITTED','ACTIVE','UNRESOLVED') ORDER BY rowid"
        )
        return [TicketId(str(row[0])) for row in found]

    def does(self, what: str, which: int) -> None:
        self.lot.clock.forward(minutes=7 + which)
        before = money(self.lot)
        getattr(self, what)(which, self.open())
        if what in ("merges", "splits", "undoes"):
            assert money(self.lot) == before, "no drawer and no provider has more or less by it"

    def comes(self, which: int, inside: list[TicketId]) -> None:
        if len(inside) < 9:
            self.plates += 1
            self.lot.enters(f"AB{self.plates:03}")

    def comes_unread(self, which: int, inside: list[TicketId]) -> None:
        if len(inside) < 9:
            comes_unread(self.lot)

    def pays(self, which: int, inside: list[TicketId]) -> None:
        if inside:
            pays(self.lot, inside[which % len(inside)], 100 + which)
            self.paid += 100 + which

    def merges(self, which: int, inside: list[TicketId]) -> None:
        if len(inside) > 1:
            one, other = inside[which % len(inside)], inside[(which + 1) % len(inside)]
            self.lot.decide(lambda tx: mending.merge(tx, one, other, WORD, later_plate=which % 2 == 0))

    def splits(self, which: int, inside: list[TicketId]) -> None:
        if not inside:
            return
        id = inside[which % len(inside)]
        now = self.lot.clock.wall
        entered = self.lot.decide(lambda tx: ticket(tx.connection, id)).entered
        left = Instant(entered + (now - entered) // 3)
        self.lot.decide(lambda tx: split(tx, id, Second(left, Instant(left + (now - left) // 2)), WORD))

    def undoes(self, which: int, inside: list[TicketId]) -> None:
        mended = self.lot.rows("SELECT id FROM ticket_mendings ORDER BY rowid DESC")
        if mended:
            number = str(mended[which % len(mended)][0])
            with suppress(CantBeMended):
                self.lot.decide(lambda tx: mending.undo(tx, number, WORD))

    def owes(self, which: int, inside: list[TicketId]) -> None:
        """Let out unpaid, and comes back from the exit."""
        if inside:
            stay = inside[which % len(inside)]
            departure = Departure(OUT, lambda tx: ticket(tx.connection, stay), "by_hand")
            self.lot.decide(lambda tx: exit.let_out(tx, departure, "a person"))
            self.lot.decide(lambda tx: exit.abandon(tx, stay, OUT))

    def collects(self, which: int, inside: list[TicketId]) -> None:
        """A debt is paid, or a part of it."""
        debts = self.lot.rows("SELECT id, amount FROM payments WHERE status = 'UNCOLLECTED' ORDER BY id")
        if debts:
            debt, amount = debts[which % len(debts)]
            part = Minor(int(str(amount)) // (1 + which % 2) or 1)
            card = Receipt(OUT, "terminal", "sim", "A-2")
            self.lot.decide(lambda tx: booking.collected(tx, PaymentId(str(debt)), part, card))
            self.paid += part

    def settles(self, which: int, inside: list[TicketId]) -> None:
        """At a pay station, where nothing is owed."""
        if inside:
            due = self.lot.decide(lambda tx: exit.bill(tx, inside[which % len(inside)], exit.moments.now(tx)))
            pays(self.lot, due.ticket.id, due.owed + 1)
            self.paid += due.owed + 1
            self.lot.decide(lambda tx: exit.settle(tx, OUT, due))

    def gives_back(self, which: int, inside: list[TicketId]) -> None:
        owed = self.lot.rows("SELECT id, refund_owed FROM tickets WHERE refund_owed > 0 ORDER BY rowid")
        if owed:
            id, amount = TicketId(str(owed[0][0])), Minor(int(str(owed[0][1])))
            self.lot.decide(
                lambda tx: refunds.pay_in_cash(tx, ticket(tx.connection, id), amount, "north", "ann", "paid twice")
            )
            self.paid -= amount
            self.given_back += amount

    def goes(self, which: int, inside: list[TicketId]) -> None:
        if inside:
            goes(self.lot, inside[which % len(inside)])


def money(lot: Lot) -> list[tuple[object, ...]]:
    """What lies in each drawer and at each provider."""
    held = "SELECT account, sum(amount) FROM ledger_totals GROUP BY account HAVING sum(amount) ORDER BY account"
    return [row for row in lot.rows(held) if is_money(str(row[0]))]


def hold(lot: Lot, attendant: Attendant) -> None:
    """The laws of mending, at any moment."""
    paid = attendant.paid
    assert (
        lot.one("SELECT coalesce(sum(amount), 0) FROM payments WHERE status = 'TAKEN'") == paid + attendant.given_back
    )
    assert lot.one("SELECT coalesce(sum(amount_paid), 0) FROM tickets") == paid
    books_agree(lot)
    assert lot.rows("SELECT id FROM tickets WHERE merged_into IS NOT NULL AND status != 'VOIDED'") == []
    wrong = """SELECT spot_number FROM spots WHERE (status = 'OCCUPIED') != EXISTS (
        SELECT 1 FROM tickets WHERE spot_id = spots.id AND tickets.status IN ('ADMITTED', 'ACTIVE', 'UNRESOLVED'))"""
    assert lot.rows(wrong) == [], "a spot is taken by exactly one stay, or free"


def books_agree(lot: Lot) -> None:
    """Each ticket's books say the same of it as the ticket itself, and what is over owes nobody but what it says."""
    lines = "SELECT ticket_id, account, sum(amount) FROM ledger_entries GROUP BY ticket_id, account HAVING sum(amount)"
    held: dict[object, dict[str, int]] = defaultdict(dict)
    for id, account, amount in lot.rows(lines):
        held[id][str(account)] = int(str(amount))
    owed = "(SELECT coalesce(sum(amount), 0) FROM payments WHERE ticket_id = tickets.id AND status = 'UNCOLLECTED')"
    stays = f"SELECT id, tickets.status, coalesce(amount_due, 0), amount_paid, refund_owed, {owed} FROM tickets"
    for id, status, due, paid, refund_owed, debts in lot.rows(stays):
        books = held[id]
        fee, uncollected = books_fee(books), books.get(UNCOLLECTED, 0)
        assert sum(books.values()) == 0
        assert sum(amount for account, amount in books.items() if is_money(account)) == paid, status
        assert -books.get(REFUNDS_OWED, 0) == refund_owed, status
        if status == "VOIDED":
            assert books == {}, "nothing is left of what was merged"
        elif status == "COMPLETED":
            assert (fee, books.get(RECEIVABLE, 0)) == (due, 0)
            assert fee + int(str(refund_owed)) == int(str(paid)) + uncollected, "paid, or a debt on record"
        else:
            assert uncollected == debts
            assert books.get(RECEIVABLE, 0) == fee - int(str(paid)) - uncollected


@settings(max_examples=12, deadline=None)
@given(STEPS)
def test_whatever_is_merged_and_split_the_money_is_all_there_and_every_stay_ends_once(
    steps: list[tuple[str, int]],
) -> None:
    with TemporaryDirectory() as folder:
        lot = a_lot(Path(folder), (a_level(0, REGULAR=12),))
        attendant = Attendant(lot)
        for what, which in steps:
            attendant.does(what, which)
            hold(lot, attendant)
        for stay in attendant.open():
            goes(lot, stay)
        hold(lot, attendant)
        assert lot.one("SELECT count(*) FROM spots WHERE status = 'OCCUPIED'") == 0
        assert lot.rows("SELECT id FROM tickets WHERE (status = 'COMPLETED') != (exit_time IS NOT NULL)") == []
        lot.store.close()


MENDED = [("comes", 1), ("comes_unread", 2), ("pays", 3), ("owes", 4), ("merges", 0)]


@pytest.mark.parametrize("forgotten", [False, True])
def test_the_control_without_its_postings_the_books_of_a_merged_ticket_dont_agree(
    lot: Lot, monkeypatch: pytest.MonkeyPatch, forgotten: bool
) -> None:
    if forgotten:
        monkeypatch.setattr(mending.mended, "merge", lambda *about: None)
    attendant = Attendant(lot)
    for what, which in MENDED:
        attendant.does(what, which)
    with pytest.raises(AssertionError, match="ACTIVE") if forgotten else nullcontext():
        books_agree(lot)
