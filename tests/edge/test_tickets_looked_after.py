"""Lost, guessed, swapped and copied tickets, and vehicles with an attendant: what a person and a driver get to see."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from edge.lane.faults import CODES_GUESSED
from edge.lane.signals import Allowed, Asked, Code, Read, Refused
from edge.parking import entry, exit, valet
from edge.parking.access import guessing
from edge.parking.attending import Refused as NotDone
from edge.parking.attending import carry_out
from edge.parking.codes_shown import CodeDesk
from edge.parking.desks import ExitDesk
from edge.parking.stays import moments
from edge.parking.stays.searching import Sought, search, unread
from edge.parking.stays.suspicions import Swapped
from edge.store.database import looking_into
from edge.store.pictures import Pictures
from edge.ticket_orders import FindTicket, LoseTicket, Order, ValetOrder
from edge.tickets_page import write_page
from models.codes import DIGITS, ticket_code
from models.facts import TicketPictured
from models.faults import Fault
from models.instants import HOUR, SECOND, Instant, Monotonic
from models.plates import Plate
from models.plates.alike import MISREAD, apart, neighbours
from models.refusals import Refusal
from models.spots import VehicleType
from models.tariff import Tariff
from models.tariff.reading import parse_tariff
from models.valet.machine import STEPS, NotNow, ValetState, ValetStep, after
from models.valet.queue import Waiting, expected
from tests.edge.lots import IN, OUT, TARIFF, Lot, a_lot
from tests.edge.test_desks import Terminal

LOSING = parse_tariff(
    """
tariff: City
currency: EUR
timezone: Europe/Berlin
rates: {price: 2.50, per: 1 h}
lost_ticket: {charge: 30, plus: 5, from_entry_if_known: true}
""",
    "city.yaml",
)
WITH_VALET = parse_tariff(
    """
tariff: Hotel
currency: EUR
timezone: Europe/Berlin
rates:
  - {name: Self, price: 2, per: 1 h}
  - {name: Valet, price: 6, per: 1 h, validations: valet}
validations: {offers: {valet: {own_rates: true, charge: instead}}}
""",
    "hotel.yaml",
)


@pytest.fixture
def lot(tmp_path: Path) -> Lot:
    return a_lot(tmp_path)


def does(lot: Lot, order: Order, tariff: Tariff = TARIFF, *, ends_stay: bool = True) -> str:
    return lot.decide(lambda tx: carry_out(tx, order, lambda: tariff, ends_stay=ends_stay)).said


def enters(lot: Lot, plate: str | None, tariff: Tariff) -> entry.Admitted:
    read = None if plate is None else Plate(plate)
    arrival = entry.Arrival(IN, read, 0.98, VehicleType.REGULAR, by="plate" if plate else "button")
    admitted = lot.decide(lambda tx: entry.admit(tx, arrival, tariff))
    assert isinstance(admitted, entry.Admitted)
    lot.decide(lambda tx: entry.confirm(tx, admitted.ticket, IN))
    return admitted


@dataclass
class Board:
    """What a lane tells of its faults."""

    open: set[str] = field(default_factory=set)

    def raised(self, fault: Fault, detail: str) -> None:
        self.open.add(fault.code)

    def cleared(self, fault: Fault) -> None:
        self.open.discard(fault.code)


def an_exit(lot: Lot, rule: Swapped = Swapped.NOTE, board: Board | None = None) -> tuple[ExitDesk, Terminal]:
    terminal = Terminal()
    codes = CodeDesk(lot.clock, board, rule)
    return ExitDesk(OUT, lot.store, lot.till(terminal), codes=codes), terminal


def shows(desk: ExitDesk, code: str, plate: str | None = None) -> Allowed | Refused:
    read = None if plate is None else Plate(plate)
    return asyncio.run(desk.decide(Asked(Code(code), plate=read)))


# --- finding ---


def test_a_plate_is_found_exactly_and_its_lookalikes_are_only_listed(lot: Lot) -> None:
    for plate in ("B0B123", "BOB123", "B8B123", "XY99ZZ", "BOB12"):
        lot.enters(plate)
    with looking_into(lot.path) as connection:
        found = search(connection, Sought(plate=Plate("BOB123")))
    assert [(one.why, one.plate) for one in found] == [
        ("plate", "BOB123"),
        ("alike", "B0B123"),
        ("alike", "BOB12"),
        ("alike", "B8B123"),
    ]


def test_a_stay_is_found_by_when_and_where_it_came_and_those_without_a_plate_are_named(lot: Lot) -> None:
    lot.enters("AA1AAA")
    lot.clock.forward(hours=2)
    late = enters(lot, None, TARIFF)
    since = Instant(lot.clock.wall - HOUR)
    with looking_into(lot.path) as connection:
        assert [one.id for one in search(connection, Sought(since=since, lane=IN))] == [late.ticket]
        assert search(connection, Sought(since=since, lane="elsewhere")) == []
        assert [one.id for one in unread(connection, Sought(plate=Plate("ZZ")))] == [late.ticket]
        assert [one.why for one in search(connection, Sought(code=late.code.lower()))] == ["code"]


def test_a_page_shows_the_pictures_of_the_entries_to_its_owner_alone(lot: Lot, tmp_path: Path) -> None:
    stay = lot.enters("AB12CDE").ticket
    pictures = Pictures(tmp_path / "pictures")
    hash = pictures.put(b"a jpeg", lot.clock.wall)
    lot.decide(lambda tx: tx.record(TicketPictured(ticket=stay, lane=IN, picture=hash, at=tx.at.wall)))
    lot.enters("<b>".replace("<", "X").replace(">", "Y"))
    with looking_into(lot.path) as connection:
        page = write_page(tmp_path / "found", search(connection, Sought()), pictures, "Europe/Berlin")
    assert (page.parent / f"{hash}.jpg").read_bytes() == b"a jpeg"
    assert f'src="{hash}.jpg"' in page.read_text()
    assert "no picture" in page.read_text()
    assert page.parent.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    ("one", "other", "misread"), [("B0B", "BOB", True), ("AB12", "AB12", True), ("AB12", "CD34", False)]
)
def test_characters_that_are_confused_lie_near_each_other(one: str, other: str, misread: bool) -> None:
    assert (apart(one, other) <= MISREAD) is misread
    assert apart(one, other) == apart(other, one)
    assert neighbours(one, [(other, 1)]) == ([1] if misread and one != other else [])


# --- lost ---


def test_a_lost_ticket_costs_what_the_tariff_says_and_is_let_out_as_by_hand(lot: Lot) -> None:
    came = enters(lot, "AB12CDE", LOSING)
    lot.clock.forward(hours=2)
    assert came.code in does(lot, LoseTicket(code=came.code, lane="out", by="ann", reason="no ticket"))
    desk, terminal = an_exit(lot)
    assert isinstance(shows(desk, came.code), Allowed)
    assert terminal.asked == [1000], "two hours, and the fee for the work"
    assert lot.rows("SELECT lost, entry_known FROM tickets") == [(1, 1)]
    assert lot.one("SELECT body ->> 'match' FROM journal WHERE type = 'exit.allowed'") == "by_hand"


def test_of_a_vehicle_that_is_on_no_record_a_ticket_is_made_that_costs_what_a_lost_one_does(lot: Lot) -> None:
    with pytest.raises(NotDone, match="the lane is missing"):
        does(lot, LoseTicket(code=None, by="ann", reason="nothing found"))
    does(lot, LoseTicket(code=None, lane="out", plate="ab 12", by="ann", reason="nothing found"), LOSING)
    desk, terminal = an_exit(lot)
    asyncio.run(desk.decide(Asked(Read(Plate("AB12"), 0.99))))
    assert terminal.asked == [3500]
    with pytest.raises(NotDone, match="AB12 is on record: its ticket is"):
        does(lot, LoseTicket(code=None, lane="out", plate="AB12", by="ann", reason="again"))


def test_a_ticket_that_was_found_after_all_costs_the_ordinary_price(lot: Lot) -> None:
    came = enters(lot, "AB12CDE", LOSING)
    does(lot, LoseTicket(code=came.code, by="ann", reason="no ticket"))
    does(lot, FindTicket(found=came.code, by="ann", reason="under the seat"))
    due = lot.decide(lambda tx: exit.bill(tx, came.ticket, moments.now(tx)))
    assert due.owed == 250
    with pytest.raises(NotDone, match="isn't on record as lost"):
        does(lot, FindTicket(found=came.code, by="ann", reason="again"))


# --- guessed ---


def test_whoever_guesses_codes_waits_ever_longer_and_a_person_hears_of_it(lot: Lot) -> None:
    board = Board()
    desk, _ = an_exit(lot, board=board)
    right = enters(lot, None, TARIFF).code
    looked_up = 0
    for number in range(240):
        answer = shows(desk, ticket_code(number))
        assert isinstance(answer, Refused)
        looked_up += answer.reason is Refusal.NO_SUCH_TICKET
        lot.clock.forward(minutes=1 / 60)
    assert looked_up <= 14, "four minutes of trying each second"
    assert board.open == {CODES_GUESSED.code}
    assert shows(desk, right) == Refused(Refusal.TOO_MANY_CODES), "nobody learns that this one is right"
    lot.clock.forward(minutes=1)
    assert isinstance(shows(desk, right), Allowed)
    assert board.open == set()


def test_the_control_without_a_clock_every_guess_is_looked_up(lot: Lot) -> None:
    desk = ExitDesk(OUT, lot.store, lot.till(Terminal()))
    answers = [shows(desk, ticket_code(number)) for number in range(30)]
    assert answers == [Refused(Refusal.NO_SUCH_TICKET)] * 30


def test_a_code_can_not_be_guessed_in_a_lifetime() -> None:
    """At one try in half a minute, day and night, among a thousand open tickets."""
    tries_a_year = 365 * 24 * 3600 * SECOND // guessing.LONGEST
    assert tries_a_year * 1000 / 32**DIGITS < 0.035


def test_the_same_wrong_code_again_is_no_further_guess() -> None:
    tried = guessing.NONE
    for second in range(60):
        tried = guessing.after_wrong(tried, "0000-0000", Monotonic(second * SECOND))
    assert tried.wrong == 1
    assert guessing.may_try(tried, Monotonic(60 * SECOND))


# --- swapped and copied ---


@pytest.mark.parametrize("rule", Swapped)
def test_another_vehicles_ticket_is_dealt_with_by_the_lots_rule(lot: Lot, rule: Swapped) -> None:
    other = lot.enters("ZZ99ZZZ")
    desk, _ = an_exit(lot, rule)
    shows(desk, other.code, "AB12CDE")
    answer = shows(desk, other.code, "AB12CDE")
    assert isinstance(answer, Allowed) is (rule is Swapped.NOTE)
    done = "noted" if rule is Swapped.NOTE else "refused"
    assert lot.rows("SELECT kind, other_id, lane, done FROM ticket_suspicions") == [("other_plate", None, "out", done)]
    assert lot.one("SELECT count(*) FROM help_calls") == (1 if rule is Swapped.CALL else 0)


def test_a_plate_that_was_likely_misread_is_held_against_nobody(lot: Lot) -> None:
    came = lot.enters("B0B123")
    desk, _ = an_exit(lot, Swapped.REFUSE)
    assert isinstance(shows(desk, came.code, "BOB123"), Allowed)
    assert lot.rows("SELECT 1 FROM ticket_suspicions") == []


def test_a_long_stay_that_shows_a_fresh_ticket_is_found_out(lot: Lot) -> None:
    own = lot.enters("AB12CDE")
    lot.clock.forward(hours=9)
    fresh = enters(lot, None, TARIFF)
    desk, _ = an_exit(lot, Swapped.REFUSE)
    assert shows(desk, fresh.code, "AB12CDE") == Refused(Refusal.TICKET_SWAPPED)
    [(kind, ticket, other)] = lot.rows("SELECT kind, ticket_id, other_id FROM ticket_suspicions")
    assert (kind, ticket, other) == ("two_tickets", fresh.ticket, own.ticket)
    assert isinstance(shows(desk, own.code, "AB12CDE"), Allowed)


def test_a_ticket_that_is_used_twice_is_on_record_with_both_passages(lot: Lot) -> None:
    came = lot.enters("AB12CDE")
    desk, _ = an_exit(lot)
    assert isinstance(shows(desk, came.code, "AB12CDE"), Allowed)
    lot.decide(lambda tx: exit.close(tx, came.ticket, OUT))
    left = lot.clock.wall
    lot.clock.forward(minutes=5)
    assert shows(desk, came.code, "QQ77QQQ") == Refused(Refusal.TICKET_USED)
    both = """SELECT kind, exit_lane, exit_time, lane, at FROM ticket_suspicions JOIN tickets
        ON tickets.id = ticket_id"""
    assert lot.rows(both) == [("used_again", "out", left, "out", lot.clock.wall)]


# --- valet ---


def valets(lot: Lot, step: str, shown: str | None = None, **more: object) -> str:
    return does(lot, ValetOrder.model_validate({"valet": step, "by": "ann", "shown": shown, **more}), WITH_VALET)


def test_a_vehicle_goes_to_an_attendant_and_back_to_its_driver(lot: Lot) -> None:
    valets(lot, "take", tag="17", plate="ab 12 cde")
    code = str(lot.one("SELECT code FROM tickets"))
    assert lot.rows("SELECT entered_by, entry_lane, status FROM tickets") == [("valet", "valet", "ACTIVE")]
    valets(lot, "park", "17", place="R2")
    valets(lot, "park", "17", place="yard")
    lot.clock.forward(hours=2)
    valets(lot, "call", code)
    valets(lot, "call", code)
    valets(lot, "fetch")
    lot.clock.forward(minutes=4)
    valets(lot, "ready", "17")
    with pytest.raises(NotDone, match="only against the ticket"):
        valets(lot, "hand-back", "17")
    with pytest.raises(NotDone, match=r"18\.00 EUR is still to pay"):
        valets(lot, "hand-back", code)
    valets(lot, "hand-back", code, unpaid=True)
    [row] = lot.rows("SELECT state, place, against, handed_back_at - called_at FROM valet_stays")
    assert row == ("handed_back", "yard", "ticket", 240 * SECOND)
    assert lot.rows("SELECT status, amount_due FROM tickets") == [("COMPLETED", 1800)]
    assert lot.rows("SELECT amount, status FROM payments") == [(1800, "UNCOLLECTED")]
    valets(lot, "take", tag="17", plate="zz 99")


def test_a_key_goes_back_without_its_ticket_only_on_a_persons_word(lot: Lot) -> None:
    valets(lot, "take", tag="17", plate="AB12CDE")
    valets(lot, "hand-back", "17", word="showed the papers of the car", unpaid=True)
    assert lot.rows("SELECT against, reason FROM valet_stays") == [("word", "showed the papers of the car")]


def test_where_vehicles_drive_out_through_a_lane_the_stay_goes_on_until_then(lot: Lot) -> None:
    came = lot.enters("AB12CDE")
    valets(lot, "take", came.code, tag="17")
    does(lot, ValetOrder(valet="hand-back", by="ann", shown=came.code), ends_stay=False)
    assert lot.rows("SELECT status FROM tickets") == [("ACTIVE",)]


def test_a_tag_hangs_on_one_key_and_a_vehicle_is_taken_over_once(lot: Lot) -> None:
    came = lot.enters("AB12CDE")
    valets(lot, "take", came.code, tag="17")
    with pytest.raises(NotDone, match="hangs under the tag 17 already"):
        valets(lot, "take", tag="17", plate="ZZ99")
    with pytest.raises(NotDone, match="was taken over already, under the tag 17"):
        valets(lot, "take", came.code, tag="18")


def test_the_queue_is_in_the_order_of_the_calls_whatever_the_clock_says(lot: Lot) -> None:
    for tag in ("1", "2", "3"):
        valets(lot, "take", tag=tag, plate=f"AB{tag}")
        valets(lot, "park", tag, place=f"row {tag}")
    for tag in ("2", "3", "1"):
        valets(lot, "call", tag)
        lot.clock.forward(minutes=-10)
    with looking_into(lot.path) as connection:
        found = valet.kept(connection, 2, lot.clock.wall)
    waits = [(one.tag, one.expected.wait // (60 * SECOND)) for one in found if one.expected is not None]
    assert waits == [("2", 8), ("3", 8), ("1", 16)], "two attendants fetch at a time"
    valets(lot, "fetch")
    assert lot.rows("SELECT tag FROM valet_stays WHERE state = 'fetching'") == [("2",)]


def test_every_step_that_doesnt_follow_is_refused_with_where_the_vehicle_is() -> None:
    for state in ValetState:
        for step in ValetStep:
            if (state, step) not in STEPS:
                with pytest.raises(NotNow):
                    after(state, step)


def test_the_expected_wait_learns_from_the_latest_ones() -> None:
    one = Waiting(ticket="t", tag="1", state=ValetState.REQUESTED, called=1, at=Instant(0))  # type: ignore[arg-type]
    [told] = expected([one], [60 * SECOND] * 5 + [300 * SECOND] * 20, 1, Instant(0))
    assert told.wait == 300 * SECOND
