"""Two tickets of one stay become one, one of two stays becomes two: no money is lost, and every stay ends once."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.parking import entry, exit
from edge.parking.exit import Departure
from edge.parking.stays import mending
from edge.parking.stays.mending import CantBeMended, Word
from edge.parking.stays.splitting import Second, split
from edge.parking.stays.tickets import open_ticket, ticket
from edge.store import Transaction
from models.facts import PaymentTaken
from models.ids import PaymentId, TicketId
from models.instants import HOUR, Instant
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
    def take(tx: Transaction) -> None:
        before = ticket(tx.connection, stay).amount_paid
        tx.record(
            PaymentTaken(
                payment=PaymentId(tx.mint()),
                ticket=stay,
                lane=OUT,
                amount=Minor(amount),
                currency="EUR",
                method="terminal",
                reference="sim",
                taken=tx.at.wall,
                paid_in_all=Minor(before + amount),
            )
        )

    lot.decide(take)


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
    plates: int = 0
    came: int = 0
    ended: list[TicketId] = field(default_factory=list)

    def open(self) -> list[TicketId]:
        found = self.lot.rows(
            "SELECT id FROM tickets WHERE status IN ('ADMITTED','ACTIVE','UNRESOLVED') ORDER BY rowid"
        )
        return [TicketId(str(row[0])) for row in found]

    def does(self, what: str, which: int) -> None:
        self.lot.clock.forward(minutes=7 + which)
        getattr(self, what)(which, self.open())

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

    def goes(self, which: int, inside: list[TicketId]) -> None:
        if inside:
            goes(self.lot, inside[which % len(inside)])


def hold(lot: Lot, paid: int) -> None:
    """The laws of mending, at any moment."""
    assert lot.one("SELECT coalesce(sum(amount), 0) FROM payments WHERE status = 'TAKEN'") == paid
    assert lot.one("SELECT coalesce(sum(amount_paid), 0) FROM tickets") == paid
    differing = """SELECT id FROM tickets WHERE amount_paid != (
        SELECT coalesce(sum(amount), 0) FROM payments WHERE ticket_id = tickets.id AND payments.status = 'TAKEN')"""
    assert lot.rows(differing) == []
    assert lot.rows("SELECT id FROM tickets WHERE merged_into IS NOT NULL AND status != 'VOIDED'") == []
    wrong = """SELECT spot_number FROM spots WHERE (status = 'OCCUPIED') != EXISTS (
        SELECT 1 FROM tickets WHERE spot_id = spots.id AND tickets.status IN ('ADMITTED', 'ACTIVE', 'UNRESOLVED'))"""
    assert lot.rows(wrong) == [], "a spot is taken by exactly one stay, or free"


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
            hold(lot, attendant.paid)
        for stay in attendant.open():
            goes(lot, stay)
        hold(lot, attendant.paid)
        assert lot.one("SELECT count(*) FROM spots WHERE status = 'OCCUPIED'") == 0
        assert lot.rows("SELECT id FROM tickets WHERE (status = 'COMPLETED') != (exit_time IS NOT NULL)") == []
        lot.store.close()
