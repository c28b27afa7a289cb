"""Who may enter, where they park, what they owe: on a real store, with no hardware."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from drivers.charges_only import ChargesOnly
from drivers.contract import Charged, ChargeOutcome
from edge.parking import entry, exit
from edge.parking.places.layout import declare
from edge.parking.places.spots import availability
from edge.parking.stays.unresolved import settle_after_restart
from edge.store import Transaction, journal
from models.ids import LotId, PaymentId, StreamId
from models.money import Minor
from models.plates import Plate
from models.refusals import Refusal
from models.spots import Right, VehicleType
from models.wire.chain import GENESIS
from tests.edge.lots import IN, LOT, OUT, TARIFF, Lot, a_level, a_lot, declared


class Terminal(ChargesOnly):
    """A far end that remembers what it was asked and answers as told."""

    def __init__(self, *answers: ChargeOutcome) -> None:
        self.answers, self.asked = list(answers), list[tuple[PaymentId, Minor]]()

    async def charge(self, payment: PaymentId, amount: Minor, currency: str) -> Charged:
        self.asked.append((payment, amount))
        return Charged(self.answers.pop(0) if self.answers else ChargeOutcome.TAKEN, reference="T-1", detail="told so")


@pytest.fixture
def lot(tmp_path: Path) -> Lot:
    return a_lot(tmp_path)


def spot_of(lot: Lot, plate: str) -> object:
    return lot.one(
        """SELECT spot_type FROM tickets JOIN vehicles ON vehicles.id = vehicle_id JOIN spots ON spots.id = spot_id
           WHERE license_plate = ?""",
        plate,
    )


def test_a_vehicle_gets_the_tightest_spot_that_fits(lot: Lot) -> None:
    lot.enters("MOTO1", VehicleType.MOTORCYCLE)
    lot.enters("MOTO2", VehicleType.MOTORCYCLE)
    lot.enters("SMALL1", VehicleType.COMPACT)
    assert [spot_of(lot, plate) for plate in ("MOTO1", "MOTO2", "SMALL1")] == ["MOTORCYCLE", "COMPACT", "COMPACT"]


def test_a_lorry_is_refused_when_only_smaller_spots_are_left(lot: Lot) -> None:
    lot.enters("LKW1", VehicleType.LARGE)
    assert lot.arrives("LKW2", VehicleType.LARGE) is Refusal.LOT_FULL


def test_charging_and_disabled_spots_need_the_right(tmp_path: Path) -> None:
    lot = a_lot(tmp_path, (a_level(0, EV=1, HANDICAP=1),))
    assert lot.arrives("PETROL") is Refusal.LOT_FULL
    assert isinstance(lot.arrives("VOLT", rights=frozenset({Right.EV})), entry.Admitted)
    assert spot_of(lot, "VOLT") == "EV"
    assert lot.arrives("VOLT2", rights=frozenset({Right.EV})) is Refusal.LOT_FULL
    assert isinstance(lot.arrives("BADGE", rights=frozenset({Right.HANDICAP})), entry.Admitted)


def test_a_refusal_changes_nothing(lot: Lot) -> None:
    lot.enters("LKW1", VehicleType.LARGE)
    before = lot.rows("SELECT * FROM journal") + lot.rows("SELECT * FROM vehicles")
    lot.arrives("LKW2", VehicleType.LARGE)
    assert lot.rows("SELECT * FROM journal") + lot.rows("SELECT * FROM vehicles") == before


def test_a_plate_that_is_inside_does_not_enter_again(lot: Lot) -> None:
    lot.enters("AB12CDE")
    assert lot.arrives("AB12CDE") is Refusal.ALREADY_INSIDE


def test_a_car_that_backs_out_gives_its_spot_back(lot: Lot) -> None:
    free = lot.store.write_now(lambda tx: availability(tx.connection)).whole.available
    admitted = lot.arrives("AB12CDE")
    assert isinstance(admitted, entry.Admitted)
    lot.decide(lambda tx: entry.withdraw(tx, admitted.ticket, IN, "back_out"))
    assert lot.store.write_now(lambda tx: availability(tx.connection)).whole.available == free
    assert lot.one("SELECT status FROM tickets WHERE id = ?", admitted.ticket) == "VOIDED"
    assert isinstance(lot.arrives("AB12CDE"), entry.Admitted)


def test_a_stay_of_ninety_minutes_pays_two_hours_and_frees_its_spot(lot: Lot) -> None:
    lot.enters("AB12CDE")
    lot.clock.forward(minutes=90)
    terminal = Terminal()
    cleared = lot.leaves("AB12CDE", terminal)
    assert isinstance(cleared, exit.Cleared)
    assert (cleared.amount_due, cleared.uncollected) == (500, 0)
    assert [amount for _, amount in terminal.asked] == [500]
    lot.decide(lambda tx: exit.close(tx, cleared.ticket, OUT))
    assert lot.rows("SELECT status, amount_due, amount_paid FROM tickets") == [("COMPLETED", 500, 500)]
    assert lot.one("SELECT count(*) FROM spots WHERE status = 'OCCUPIED'") == 0


def test_a_plate_without_a_ticket_does_not_leave_by_itself(lot: Lot) -> None:
    assert lot.leaves("NOBODY1", Terminal()) is Refusal.NO_TICKET


def test_a_declined_card_keeps_the_ticket_and_may_be_tried_again(lot: Lot) -> None:
    lot.enters("AB12CDE")
    terminal = Terminal(ChargeOutcome.DECLINED)
    assert lot.leaves("AB12CDE", terminal) is Refusal.PAYMENT_DECLINED
    assert isinstance(lot.leaves("AB12CDE", terminal), exit.Cleared)
    assert terminal.asked[0][0] != terminal.asked[1][0], "a declined payment is over; the next is another"


def test_a_driver_gets_out_when_payment_is_down_and_the_debt_is_on_record_once(lot: Lot) -> None:
    lot.enters("AB12CDE")
    terminal = Terminal(ChargeOutcome.UNREACHABLE, ChargeOutcome.UNREACHABLE)
    cleared = lot.leaves("AB12CDE", terminal)
    assert isinstance(cleared, exit.Cleared)
    assert cleared.uncollected == 250
    lot.decide(lambda tx: exit.abandon(tx, cleared.ticket, OUT))
    lot.leaves("AB12CDE", terminal)
    assert lot.rows("SELECT status, amount FROM payments") == [("UNCOLLECTED", 250)]
    assert lot.one("SELECT amount_paid FROM tickets") == 0


@pytest.mark.parametrize("outcome", [ChargeOutcome.TAKEN, ChargeOutcome.UNREACHABLE])
def test_an_hour_that_begins_while_the_terminal_answers_costs_nothing(lot: Lot, outcome: ChargeOutcome) -> None:
    class Slow(Terminal):
        async def charge(self, payment: PaymentId, amount: Minor, currency: str) -> Charged:
            lot.clock.forward(minutes=1)
            return await super().charge(payment, amount, currency)

    lot.enters("AB12CDE")
    lot.clock.forward(minutes=59.5)
    terminal = Slow(outcome)
    cleared = lot.leaves("AB12CDE", terminal)
    assert isinstance(cleared, exit.Cleared)
    assert [amount for _, amount in terminal.asked] == [250]
    assert cleared.amount_due == 250
    assert lot.rows("SELECT amount FROM payments") == [(250,)]


def test_a_payment_whose_answer_was_lost_is_asked_for_again_and_never_taken_twice(lot: Lot) -> None:
    lot.enters("AB12CDE")

    class Dies(Terminal):
        async def charge(self, payment: PaymentId, amount: Minor, currency: str) -> Charged:
            self.asked.append((payment, amount))
            raise KeyboardInterrupt

    dies, after = Dies(), Terminal()
    with pytest.raises(KeyboardInterrupt):
        lot.leaves("AB12CDE", dies)
    lot.clock.forward(hours=1.5)
    cleared = lot.leaves("AB12CDE", after)
    assert after.asked[0] == dies.asked[0], "first the sum whose fate is unknown, under its own id"
    assert [amount for _, amount in after.asked] == [250, 250], "then what fell due since"
    assert isinstance(cleared, exit.Cleared)
    assert lot.one("SELECT amount_paid FROM tickets") == 500


def test_after_paying_a_driver_who_backs_away_owes_nothing_more_within_the_grace(lot: Lot) -> None:
    lot.enters("AB12CDE")
    lot.clock.forward(minutes=55)
    cleared = lot.leaves("AB12CDE", Terminal())
    assert isinstance(cleared, exit.Cleared)
    lot.decide(lambda tx: exit.abandon(tx, cleared.ticket, OUT))
    lot.clock.forward(minutes=9)
    again = Terminal()
    assert isinstance(lot.leaves("AB12CDE", again), exit.Cleared)
    assert again.asked == []


def test_the_grace_after_a_payment_does_not_renew_itself_nor_end_early(lot: Lot) -> None:
    lot.enters("AB12CDE")
    lot.clock.forward(minutes=59)
    terminal = Terminal()
    for minutes in (0, 3, 2, 4):  # at 59, 62, 64 and 68 minutes: all within ten minutes of the payment
        lot.clock.forward(minutes=minutes)
        cleared = lot.leaves("AB12CDE", terminal)
        assert isinstance(cleared, exit.Cleared)
        lot.decide(lambda tx, ticket=cleared.ticket: exit.abandon(tx, ticket, OUT))
    assert [amount for _, amount in terminal.asked] == [250]
    lot.clock.forward(minutes=2)
    lot.leaves("AB12CDE", terminal)
    assert [amount for _, amount in terminal.asked] == [250, 250], "eleven minutes after the payment"


def test_a_terminal_that_says_nothing_does_not_keep_the_driver_in(lot: Lot) -> None:
    class Hangs(Terminal):
        async def charge(self, payment: PaymentId, amount: Minor, currency: str) -> Charged:
            await asyncio.Event().wait()
            raise AssertionError

    lot.enters("AB12CDE")
    cleared = lot.leaves("AB12CDE", Hangs())
    assert isinstance(cleared, exit.Cleared)
    assert cleared.uncollected == 250


def test_what_was_half_way_through_a_lane_when_the_daemon_died_is_unresolved_never_void(lot: Lot) -> None:
    inside = lot.arrives("GOINGIN")
    lot.enters("GOINGOUT")
    lot.enters("PARKED")
    lot.leaves("GOINGOUT", Terminal())
    assert lot.decide(settle_after_restart) == 2
    assert isinstance(inside, entry.Admitted)
    states = dict(
        lot.rows("SELECT license_plate, status FROM tickets JOIN vehicles ON vehicles.id = vehicle_id")  # type: ignore[arg-type]
    )
    assert states == {"GOINGIN": "UNRESOLVED", "GOINGOUT": "UNRESOLVED", "PARKED": "ACTIVE"}


def test_an_unresolved_vehicle_that_comes_to_an_exit_was_inside_and_pays(lot: Lot) -> None:
    lot.arrives("AB12CDE")
    lot.decide(settle_after_restart)
    lot.clock.forward(hours=2.5)
    cleared = lot.leaves("AB12CDE", Terminal())
    assert isinstance(cleared, exit.Cleared)
    assert cleared.amount_due == 750


def test_an_unresolved_vehicle_that_comes_to_an_entry_was_outside(lot: Lot) -> None:
    lot.arrives("NEVERIN")
    lot.enters("LEFT")
    lot.leaves("LEFT", Terminal())
    lot.decide(settle_after_restart)
    assert isinstance(lot.arrives("NEVERIN"), entry.Admitted)
    assert isinstance(lot.arrives("LEFT"), entry.Admitted)
    assert lot.rows("SELECT status FROM tickets ORDER BY rowid") == [
        ("VOIDED",),
        ("COMPLETED",),
        ("ADMITTED",),
        ("ADMITTED",),
    ]


def test_the_layout_is_told_once_and_then_only_its_differences(tmp_path: Path) -> None:
    first = (a_level(0, REGULAR=3), a_level(1, EV=2))
    lot = a_lot(tmp_path, first)
    told = lot.one("SELECT count(*) FROM journal")
    lot.decide(lambda tx: declare(tx, declared(first), first))
    assert lot.one("SELECT count(*) FROM journal") == told
    second = (a_level(0, REGULAR=2), a_level(1, EV=3))
    lot.decide(lambda tx: declare(tx, declared(second), second))
    assert lot.rows("SELECT type FROM journal WHERE seq > ? ORDER BY seq", told) == [
        ("level.declared",),
        ("spots.removed",),
    ]
    free = lot.store.write_now(lambda tx: availability(tx.connection))
    assert {floor: count.total for floor, count in free.by_level.items()} == {"0": 2, "1": 3}


def test_the_journal_is_a_chain_from_the_first_fact_to_the_last(lot: Lot) -> None:
    lot.enters("AB12CDE")
    lot.leaves("AB12CDE", Terminal())
    previous = GENESIS
    stream_id = StreamId(str(lot.one("SELECT stream_id FROM streams")))
    facts = lot.store.write_now(lambda tx: journal.run(tx.connection, stream_id, 0, 1000))
    assert [fact.seq for fact in facts] == list(range(1, len(facts) + 1))
    for fact in facts:
        assert fact.follows(previous, LotId(LOT), "ledger", stream_id)
        previous = fact.hash
    assert previous == lot.one("SELECT hash FROM streams")


def test_a_plate_stands_in_the_erasable_part_only(lot: Lot) -> None:
    lot.enters("AB12CDE")
    assert lot.one("SELECT count(*) FROM journal WHERE body LIKE '%AB12CDE%'") == 0
    assert lot.one("SELECT count(*) FROM journal WHERE personal LIKE '%AB12CDE%'") == 1


def test_a_decision_that_fails_leaves_neither_ticket_nor_fact(lot: Lot) -> None:
    before = lot.one("SELECT count(*) FROM journal")

    def broken(tx: Transaction) -> None:
        entry.admit(tx, entry.Arrival(IN, Plate("AB12CDE"), 1.0, VehicleType.REGULAR), TARIFF)
        raise RuntimeError("the power went")

    with pytest.raises(RuntimeError):
        lot.decide(broken)
    assert lot.one("SELECT count(*) FROM tickets") == 0
    assert lot.one("SELECT count(*) FROM journal") == before
