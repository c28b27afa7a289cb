"""Reservations at the gate: by plate or code, once, here, in time; what is charged beside them; what is given back."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from edge.lane.signals import Allowed, Code, Order, Refused
from edge.parking import exit
from edge.parking.reservations import entering
from edge.parking.stays.lost import declare_lost
from edge.parking.stays.tickets import ticket
from edge.parking.stays.unresolved import settle_after_restart
from edge.parking.stays.word import Word
from models.facts.reservations import ReservationArrived
from models.ids import LotId
from models.instants import HOUR, Instant, Reading
from models.intents import ReservationCancelled
from models.lanes import LaneState, OrderKind
from models.money import Minor
from models.refusals import Refusal
from models.reservations.codes import read_code, written_code
from models.reservations.rules import Rules
from models.spots import SpotType, VehicleType
from models.tariff.reading import parse_tariff
from models.vehicle_types import Sensed
from models.wire.seals import NO_KEYS, Signer
from tests.edge.lots import HandClock, a_level, a_lot
from tests.edge.reserving import FULL, KEYS, MINUTE, Gate, refused

ELSEWHERE = LotId("0193e1a0-0000-7000-8000-0000000000ff")
BY_HAND = Order("o-1", OrderKind.OPEN, "Ann", "the guest waits")


def backs_out(gate: Gate, answer: Allowed | Refused, *, vended: bool = True) -> None:
    assert isinstance(answer, Allowed), answer
    assert answer.ticket is not None
    gate.lot.decide(gate.entry().withdraw(answer.ticket, vended=vended))


@pytest.fixture
def gate(tmp_path: Path) -> Gate:
    return Gate(a_lot(tmp_path, (a_level(0, REGULAR=3, LARGE=1, EV=1),)))


def test_a_code_of_which_the_lot_has_heard_nothing_opens_by_itself(gate: Gate) -> None:
    sold = gate.signed(gate.now, Instant(gate.now + HOUR), SpotType.EV)
    answer = gate.enters(sold)
    assert answer.printed is None, "its driver has a code already"
    assert gate.spot_of(answer) == "EV"
    assert gate.lot.rows("SELECT entered_by, reservation_id FROM tickets") == [("reservation", sold.reservation)]
    assert gate.status(sold) == "ARRIVED"
    assert gate.leaves(sold) == 0
    assert gate.lot.one("SELECT status FROM tickets") == "COMPLETED"


def test_a_code_opens_once(gate: Gate) -> None:
    sold = gate.signed(gate.now, Instant(gate.now + HOUR), SpotType.REGULAR)
    gate.enters(sold)
    assert refused(gate.shows(sold)) is Refusal.RESERVATION_USED
    gate.leaves(sold)
    assert refused(gate.shows(sold)) is Refusal.RESERVATION_USED


def test_a_code_that_is_said_of_later_and_again_still_opens_once(gate: Gate) -> None:
    sold = gate.signed(gate.now, Instant(gate.now + HOUR), SpotType.REGULAR)
    gate.enters(sold)
    gate.says_of(sold)
    gate.hears()
    gate.says_of(sold, end=Instant(sold.end + HOUR))
    gate.hears()
    assert gate.status(sold) == "ARRIVED"
    assert refused(gate.shows(sold)) is Refusal.RESERVATION_USED


def test_without_the_burn_a_code_opens_twice(gate: Gate, monkeypatch: pytest.MonkeyPatch) -> None:
    """The negative control."""
    monkeypatch.setattr("edge.parking.entry.arrive", lambda *burn: None)
    sold = gate.signed(gate.now, Instant(gate.now + HOUR), SpotType.REGULAR)
    gate.enters(sold)
    gate.enters(sold)


def test_a_code_opens_only_at_its_lot_and_only_as_it_was_signed(gate: Gate) -> None:
    sold = gate.signed(gate.now, Instant(gate.now + HOUR), SpotType.REGULAR, ELSEWHERE)
    assert refused(gate.shows(sold)) is Refusal.RESERVATION_ELSEWHERE
    mine = gate.signed(gate.now, Instant(gate.now + HOUR), SpotType.REGULAR)
    assert refused(gate.shows(Code(mine.code[:-9] + "AAAAAAAAA"))) is Refusal.RESERVATION_UNKNOWN
    assert refused(gate.shows(Code("PR1:HELLO"))) is Refusal.RESERVATION_UNKNOWN
    assert refused(gate.shows(Code("K7QM2W5X"))) is Refusal.NO_SUCH_TICKET


def test_another_clouds_signature_opens_nothing(gate: Gate) -> None:
    mine = gate.signed(gate.now, Instant(gate.now + HOUR), SpotType.REGULAR)
    forged = written_code(read_code(mine.code, KEYS), Signer.generated())
    assert refused(gate.shows(Code(forged))) is Refusal.RESERVATION_UNKNOWN


def test_a_code_opens_half_an_hour_early_and_not_after_its_time(gate: Gate) -> None:
    sold = gate.signed(Instant(gate.now + HOUR), Instant(gate.now + 2 * HOUR), SpotType.REGULAR)
    answer = gate.shows(sold)
    assert refused(answer) is Refusal.RESERVATION_EARLY
    assert answer == Refused(Refusal.RESERVATION_EARLY, "Please come at 11:36")
    gate.lot.clock.forward(minutes=31)
    backs_out(gate, gate.shows(sold))
    gate.lot.clock.forward(hours=1.5)
    assert refused(gate.shows(sold)) is Refusal.RESERVATION_OVER


def test_by_rule_a_code_that_is_too_early_lets_in_like_anybody(gate: Gate) -> None:
    gate.rules = Rules(too_early="transient")
    sold = gate.signed(Instant(gate.now + 3 * HOUR), Instant(gate.now + 4 * HOUR), SpotType.REGULAR)
    answer = gate.enters(sold)
    assert answer.printed is not None
    assert gate.lot.one("SELECT reservation_id FROM tickets WHERE id = ?", answer.ticket) is None


def test_a_cancelled_reservation_opens_nothing(gate: Gate) -> None:
    sold = gate.sells()
    gate.hears(ReservationCancelled(reservation=sold.reservation))
    assert refused(gate.shows(sold)) is Refusal.RESERVATION_CANCELLED


def test_a_plate_is_enough(gate: Gate) -> None:
    sold = gate.sells(plate="AB12CDE")
    gate.hears()
    answer = gate.enters("AB12CDE")
    assert gate.lot.one("SELECT reservation_id FROM tickets WHERE id = ?", answer.ticket) == sold.reservation
    assert gate.leaves("AB12CDE") == 0
    again = gate.enters("AB12CDE")
    assert gate.lot.one("SELECT reservation_id FROM tickets WHERE id = ?", again.ticket) is None, "now like anybody"


def test_whoever_has_a_reservation_for_later_parks_like_anybody_until_then(gate: Gate) -> None:
    gate.sells(begins_in=5, plate="AB12CDE")
    gate.hears()
    answer = gate.enters("AB12CDE")
    assert gate.lot.one("SELECT reservation_id FROM tickets WHERE id = ?", answer.ticket) is None


def test_a_reservation_comes_in_where_only_permits_do(gate: Gate) -> None:
    sold, other = gate.sells(), gate.sells(plate="AB12CDE")
    gate.hears()
    assert refused(gate.shows("ZZ99ZZZ", state=FULL)) is Refusal.LOT_FULL
    gate.enters(sold, state=FULL)
    gate.enters("AB12CDE", state=LaneState.CLOSED_TO_TRANSIENTS)
    assert gate.status(other) == "ARRIVED"
    assert refused(gate.shows(gate.sells(), state=LaneState.CLOSED)) is Refusal.LANE_CLOSED


@pytest.mark.parametrize("vended", [True, False])
def test_whoever_backs_out_may_come_again(gate: Gate, vended: bool) -> None:
    sold = gate.sells()
    gate.hears()
    backs_out(gate, gate.shows(sold), vended=vended)
    assert gate.status(sold) == "BOOKED"
    gate.enters(sold)
    assert refused(gate.shows(sold)) is Refusal.RESERVATION_USED


def test_one_that_is_cancelled_while_its_vehicle_backs_out_opens_no_more(gate: Gate) -> None:
    sold = gate.sells()
    gate.hears()
    first = gate.shows(sold)
    gate.hears(ReservationCancelled(reservation=sold.reservation))
    assert gate.status(sold) == "ARRIVED"
    backs_out(gate, first)
    assert refused(gate.shows(sold)) is Refusal.RESERVATION_CANCELLED


def test_a_power_cut_before_the_arm_rose_costs_nobody_the_reservation(gate: Gate) -> None:
    sold = gate.sells()
    gate.hears()
    gate.shows(sold, plate="AB12CDE")
    gate.lot.decide(settle_after_restart)
    assert refused(gate.shows(sold, plate="ZZ99ZZZ")) is Refusal.RESERVATION_USED, "a copy in another car"
    again = gate.enters(sold, plate="AB12CDE")
    assert gate.lot.rows("SELECT status FROM tickets ORDER BY rowid") == [("VOIDED",), ("ACTIVE",)]
    assert gate.leaves(sold) == 0
    assert again.ticket is not None


def test_a_person_lets_in_a_guest_whose_code_is_good_on_it_and_any_other_without(gate: Gate) -> None:
    early = gate.signed(Instant(gate.now + 3 * HOUR), Instant(gate.now + 4 * HOUR), SpotType.REGULAR)
    gate.enters(early, by_hand=BY_HAND)
    assert gate.status(early) == "ARRIVED"
    again = gate.enters(early, by_hand=BY_HAND)
    assert gate.lot.one("SELECT reservation_id FROM tickets WHERE id = ?", again.ticket) is None


def test_a_code_stays_good_at_the_exit_when_its_key_is_gone(gate: Gate, monkeypatch: pytest.MonkeyPatch) -> None:
    sold = gate.sells()
    gate.enters(sold)
    monkeypatch.setattr("tests.edge.reserving.KEYS", NO_KEYS)
    assert gate.leaves(Code(f" {sold.code.lower()}\r\n")) == 0


def test_a_code_that_is_first_shown_at_the_exit_puts_the_stay_on_its_reservation(gate: Gate) -> None:
    """The camera was quicker at the entry than the driver."""
    sold = gate.sells()
    gate.hears()
    gate.enters("AB12CDE")
    gate.lot.clock.forward(hours=1)
    assert gate.leaves(sold, plate="AB12CDE") == 0
    assert gate.status(sold) == "ARRIVED"
    assert refused(gate.shows(sold)) is Refusal.RESERVATION_USED


def test_whoever_came_hours_before_pays_until_its_start(gate: Gate) -> None:
    sold = gate.sells(hours=2, begins_in=2, plate="AB12CDE")
    other = gate.sells(hours=2, begins_in=30, plate="AB12CDE")
    gate.hears()
    gate.enters("AB12CDE")
    gate.lot.clock.forward(hours=4)
    assert gate.leaves("AB12CDE") == 2 * 250
    assert (gate.status(sold), gate.status(other)) == ("ARRIVED", "BOOKED")


def test_whoever_leaves_before_its_start_keeps_the_reservation(gate: Gate) -> None:
    sold = gate.sells(hours=2, begins_in=2, plate="AB12CDE")
    gate.hears()
    gate.enters("AB12CDE")
    gate.lot.clock.forward(hours=1)
    assert gate.leaves("AB12CDE") == 250
    assert gate.status(sold) == "BOOKED"


# --- the place ---


def test_a_guest_gets_the_type_that_was_sold_and_else_a_larger_one(gate: Gate) -> None:
    first, second = (gate.sells(spot_type=SpotType.EV) for _ in range(2))
    assert gate.spot_of(gate.enters(first)) == "EV"
    assert gate.spot_of(gate.enters(second)) == "REGULAR"


def test_a_vehicle_that_does_not_fit_gets_one_that_it_fits(gate: Gate) -> None:
    sold = gate.sells()
    desk = replace(gate.entry(), sensed=lambda: Sensed(classifier=VehicleType.LARGE))
    gate.entry = lambda vehicle=VehicleType.REGULAR: desk  # type: ignore[method-assign]
    assert gate.spot_of(gate.enters(sold)) == "LARGE"


def test_a_cameras_guess_takes_nobody_the_place_that_was_paid_for(gate: Gate) -> None:
    sold = gate.sells()
    desk = replace(gate.entry(VehicleType.LARGE), sensed=lambda: Sensed(camera=VehicleType.LARGE))
    gate.entry = lambda vehicle=VehicleType.REGULAR: desk  # type: ignore[method-assign]
    assert gate.spot_of(gate.enters(sold)) == "REGULAR"


# --- what is charged ---


@pytest.mark.parametrize(
    ("begins_in", "hours", "stays", "paid"),
    [
        (0, 2, 2, 0),
        (0, 2, 2 + 9 / 60, 0),
        (0, 2, 2.5, 250),
        (0, 2, 4, 500),
        (0.5, 2, 2.5, 250),
        (0.5, 2, 0.25, 250),
        (0.5, 2, 3.5, 500),
    ],
)
def test_only_what_lies_beside_the_window_is_charged(
    gate: Gate, begins_in: float, hours: float, stays: float, paid: int
) -> None:
    sold = gate.sells(hours, begins_in)
    gate.enters(sold)
    gate.lot.clock.forward(hours=stays)
    assert gate.leaves(sold) == Minor(paid)


def test_by_a_tariff_of_several_rules_each_part_is_charged_like_a_stay(gate: Gate) -> None:
    airport = Path(__file__).parents[2] / "config/tariffs/airport.yaml"
    gate.tariff = parse_tariff(airport.read_text(), "airport.yaml")
    short = gate.sells(begins_in=0.15)
    gate.enters(short)
    gate.lot.clock.forward(hours=2.15)
    assert gate.leaves(short) == 0, "less than ten minutes are free"
    long = gate.sells(begins_in=0.25)
    gate.enters(long)
    gate.lot.clock.forward(hours=2.75)
    assert gate.leaves(long) == 150 + 300, "a quarter of an hour before, two after"
    assert gate.lot.one("SELECT amount_due FROM tickets ORDER BY rowid DESC LIMIT 1") == 450
    assert gate.lot.one("SELECT count(*) FROM journal WHERE type = 'fee.bounded'") == 0


LOSING = parse_tariff(
    "currency: EUR\ntimezone: Europe/Berlin\nrates: {price: 2.50, per: 1 h}\nlost_ticket: 20.00\n", "losing.yaml"
)


@pytest.mark.parametrize(
    ("begins_in", "stays", "due"),
    [
        (0.25, 1, 2000),  # came before its window, and left in it
        (0.25, 3.25, 2000 + 250),  # an hour after its window too: the ticket was lost once
        (0, 2, 0),  # all of it was paid for before
    ],
)
def test_who_loses_the_ticket_of_a_prepaid_stay_pays_for_that_once(
    gate: Gate, begins_in: float, stays: float, due: int
) -> None:
    gate.tariff = LOSING
    stay = gate.enters(gate.sells(2, begins_in)).ticket
    assert stay is not None
    code = gate.lot.decide(lambda tx: ticket(tx.connection, stay)).code
    gate.lot.decide(lambda tx: declare_lost(tx, code, None, Word("ann", "lost")))
    gate.lot.clock.forward(hours=stays)
    assert gate.lot.decide(lambda tx: exit.bill(tx, stay, exit.moments.now(tx)).owed) == due


def test_by_rule_the_time_before_costs_nothing(gate: Gate) -> None:
    gate.rules = Rules(charge_early=False, leave_within=0)
    sold = gate.sells(begins_in=0.5)
    gate.enters(sold)
    gate.rules = Rules()
    gate.lot.clock.forward(hours=2.5, minutes=1)
    assert gate.leaves(sold) == 250, "leaving late costs what it did when the vehicle came"


def test_a_longer_time_that_is_bought_on_the_way_is_paid_for(gate: Gate) -> None:
    sold = gate.sells()
    gate.hears()
    gate.enters(sold)
    gate.says_of(sold, end=Instant(sold.end + 2 * HOUR))
    gate.hears()
    gate.lot.clock.forward(hours=4)
    assert gate.leaves(sold) == 0


def test_a_stay_on_a_reservation_and_the_next_one_are_not_one(gate: Gate) -> None:
    sold = gate.sells(plate="AB12CDE")
    gate.hears()
    gate.enters("AB12CDE")
    gate.lot.clock.forward(hours=1)
    gate.leaves("AB12CDE")
    gate.enters("AB12CDE")
    gate.lot.clock.forward(minutes=30)
    assert gate.leaves("AB12CDE") == 250
    assert gate.status(sold) == "ARRIVED"


# --- what is on record ---


def test_what_the_cloud_is_told_makes_its_row_where_it_had_none(gate: Gate) -> None:
    sold = gate.signed(gate.now, Instant(gate.now + HOUR), SpotType.REGULAR)
    gate.enters(sold)
    [(body,)] = gate.lot.rows("SELECT body FROM journal WHERE type = 'reservation.arrived'")
    fact = ReservationArrived.model_validate_json(str(body))
    assert (fact.by, fact.spot_type, fact.start_time, fact.end_time) == ("code", "REGULAR", sold.start, sold.end)


def test_nobody_is_waited_for_after_the_end_or_for_longer_than_the_rule_says(gate: Gate) -> None:
    gate.rules = Rules(keep_for=20 * MINUTE)
    sold = gate.sells()
    gate.hears()
    gate.lot.clock.forward(minutes=21)
    gate.keeps()
    assert gate.status(sold) == "EXPIRED"
    gate.enters(sold)
    assert gate.status(sold) == "ARRIVED", "there was a place after all"
    other = gate.sells()
    gate.hears()
    gate.lot.clock.forward(hours=3)
    gate.keeps()
    gate.keeps()
    assert gate.status(other) == "EXPIRED"
    assert gate.lot.one("SELECT count(*) FROM journal WHERE type = 'reservation.missed'") == 2


def test_where_no_time_server_was_heard_no_wrong_clock_turns_a_guest_away(tmp_path: Path) -> None:
    clock = _Unsynced()
    gate = Gate(a_lot(tmp_path, clock=clock))
    sold = gate.signed(Instant(gate.now + 100 * HOUR), Instant(gate.now + 101 * HOUR), SpotType.REGULAR)
    gate.enters(sold)
    assert refused(gate.shows(sold)) is Refusal.RESERVATION_USED


class _Unsynced(HandClock):
    def read(self) -> Reading:
        return replace(super().read(), synced=False)


def test_claim_and_ticket_are_one_decision(gate: Gate, monkeypatch: pytest.MonkeyPatch) -> None:
    """A store that dies in between has neither."""
    sold = gate.sells()
    gate.hears()

    def dies(*told: object) -> None:
        raise OSError("the power fails")

    monkeypatch.setattr(entering, "keep_terms", dies)
    assert refused(gate.shows(sold)) is Refusal.NOT_RECORDED
    assert gate.status(sold) == "BOOKED"
    assert gate.lot.one("SELECT count(*) FROM tickets") == 0
