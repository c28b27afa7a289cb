"""A tariff with windows, caps and kinds at the gate: what is charged, by which clock, and what a ticket bears of it."""

from __future__ import annotations

import asyncio
import dataclasses
from pathlib import Path

import pytest

from drivers.contract import ChargeOutcome
from edge.config.load import load_lot
from edge.daemon import Daemon as RealDaemon
from edge.parking import entry, exit
from edge.parking.access.entitlement import Entitlement
from edge.parking.access.permits import Permit
from edge.parking.access.policy import LotPolicy
from edge.parking.stays.tickets import open_ticket
from edge.parking.tariffs.pinning import AFTER, pinned
from edge.store import Transaction
from edge.store.database import looking_into
from models.instants import HOUR, SECOND, Instant, from_rfc3339
from models.passback import Passback
from models.plates import Plate
from models.refusals import Refusal
from models.spots import Right, VehicleType
from models.tariff import Earlier, Stay, Tariff, Terms, fee, read_pinned
from models.tariff.lowest import lowest_fee
from models.tariff.reading import parse_tariff
from simulator.servers import Mosquitto
from tests.brokers import USERS
from tests.edge.daemons import Site
from tests.edge.lots import IN, OUT, HandClock, Lot, a_lot
from tests.edge.test_clock import Lot as OnAPi
from tests.edge.test_clock import Pi
from tests.edge.test_parking import Terminal

MINUTE = 60 * SECOND
NINE = from_rfc3339("2026-11-18T09:00:00+01:00")
"""A Wednesday"""
HEAD = "tariff: Garage\ncurrency: EUR\ntimezone: Europe/Berlin\n"
DAY_AND_NIGHT = f"""{HEAD}
rates:
  - {{name: Day, from: "08:00", to: "20:00", price: 3.00, per: 1 h}}
  - {{name: Night, from: "20:00", to: "08:00", price: 1.00, per: 1 h}}
"""
SUNDAYS_FREE = f"{HEAD}rates:\n  - {{days: mon-sat, price: 3.00, per: 1 h}}\n  - {{days: sun, price: 0}}\n"
AGAIN = (
    f"{HEAD}re_entry: {{within: 30 min}}\nrates: {{tiers: [{{up_to: 2 h, price: 5.00}}, {{price: 1.00, per: 1 h}}]}}\n"
)


def terms(text: str) -> Terms:
    return parse_tariff(text, "garage.yaml")


@pytest.fixture
def lot(tmp_path: Path) -> Lot:
    return a_lot(tmp_path, clock=HandClock(wall=NINE))


def enters(
    lot: Lot,
    tariff: Tariff,
    plate: str = "AB12CDE",
    vehicle: VehicleType = VehicleType.REGULAR,
    rights: frozenset[Right] = frozenset(),
) -> entry.Admitted:
    arrival = entry.Arrival(IN, Plate(plate), 1.0, vehicle)
    if rights:
        arrival = dataclasses.replace(arrival, right=Entitlement(Permit(Plate(plate), rights)))
    admitted = lot.decide(lambda tx: entry.admit(tx, arrival, tariff))
    assert isinstance(admitted, entry.Admitted), admitted
    lot.decide(lambda tx: entry.confirm(tx, admitted.ticket, IN))
    return admitted


def pays(lot: Lot, plate: str = "AB12CDE", terminal: Terminal | None = None) -> int:
    """What the terminal was asked for."""
    asked = terminal or Terminal()
    cleared = lot.leaves(plate, asked)
    assert isinstance(cleared, exit.Cleared), cleared
    lot.decide(lambda tx: exit.close(tx, cleared.ticket, OUT))
    return sum(amount for _, amount in asked.asked)


def due(lot: Lot, plate: str = "AB12CDE") -> exit.Bill:
    def bill(tx: Transaction) -> exit.Bill:
        ticket = open_ticket(tx.connection, Plate(plate))
        assert ticket is not None
        return exit.bill(tx, ticket.id, exit.moments.now(tx))

    return lot.decide(bill)


# --- by the wall clock ---


def test_the_day_and_the_night_are_charged_each_at_its_rate(lot: Lot) -> None:
    enters(lot, terms(DAY_AND_NIGHT))
    lot.clock.forward(hours=13)
    assert pays(lot) == 11 * 300 + 2 * 100


def test_a_vehicle_pays_for_its_kind_and_for_the_type_of_its_spot(lot: Lot) -> None:
    tariff = terms(
        f"{HEAD}rates:\n  - {{name: Cars, price: 2.00, per: 1 h}}\n"
        "  - {name: Motorcycles, vehicles: MOTORCYCLE, price: 0.50, per: 1 h}\n"
        "  - {name: Chargers, spots: EV, price: 4.00, per: 1 h}\n"
    )
    enters(lot, tariff, "MOTO1", VehicleType.MOTORCYCLE)
    enters(lot, tariff, "EL3CTR", rights=frozenset({Right.EV}))
    enters(lot, tariff, "ORD1NRY")
    lot.clock.forward(hours=2)
    assert [pays(lot, plate) for plate in ("MOTO1", "EL3CTR", "ORD1NRY")] == [100, 800, 400]


def test_the_tariff_says_how_long_a_driver_has_after_paying(lot: Lot) -> None:
    tariff = terms(f"{DAY_AND_NIGHT}grace: {{exit: 20 min}}\n")
    for plate, entered in (("AB12CDE", tariff), ("ZZ99ZZZ", terms(DAY_AND_NIGHT))):
        enters(lot, entered, plate)
    lot.clock.forward(minutes=59)
    for plate in ("AB12CDE", "ZZ99ZZZ"):
        cleared = lot.leaves(plate, Terminal())
        assert isinstance(cleared, exit.Cleared)
        lot.decide(lambda tx, id=cleared.ticket: exit.abandon(tx, id, OUT))
    lot.clock.forward(minutes=15)
    assert [due(lot, plate).owed for plate in ("AB12CDE", "ZZ99ZZZ")] == [0, 300]
    lot.clock.forward(minutes=6)
    assert due(lot).owed == 300


# --- who comes back soon ---


def test_who_comes_back_within_the_time_pays_the_difference_only(lot: Lot) -> None:
    enters(lot, terms(AGAIN))
    lot.clock.forward(hours=1)
    assert pays(lot) == 500
    lot.clock.forward(minutes=29)
    enters(lot, terms(AGAIN))
    lot.clock.forward(minutes=20)
    assert pays(lot) == 0
    lot.clock.forward(minutes=11)
    enters(lot, terms(AGAIN))
    lot.clock.forward(hours=2)
    assert pays(lot) == 200, "the third hour and the fourth, of a stay of four hours"


def test_who_comes_back_later_begins_anew(lot: Lot) -> None:
    enters(lot, terms(AGAIN))
    lot.clock.forward(hours=1)
    assert pays(lot) == 500
    lot.clock.forward(minutes=31)
    enters(lot, terms(AGAIN))
    lot.clock.forward(minutes=20)
    assert pays(lot) == 500


def test_a_debt_of_the_stay_before_isnt_asked_for_again(lot: Lot) -> None:
    enters(lot, terms(AGAIN))
    lot.clock.forward(hours=1)
    pays(lot, terminal=Terminal(ChargeOutcome.UNREACHABLE))
    assert lot.rows("SELECT status, amount FROM payments") == [("UNCOLLECTED", 500)]
    lot.clock.forward(minutes=10)
    enters(lot, terms(AGAIN))
    lot.clock.forward(hours=1)
    assert due(lot).owed == 100


def test_the_gate_charges_a_second_stay_as_the_engine_quotes_it(lot: Lot) -> None:
    tariff = terms(AGAIN)
    enters(lot, tariff)
    lot.clock.forward(hours=1)
    pays(lot)
    left = lot.clock.wall
    lot.clock.forward(minutes=10)
    came = lot.clock.wall
    enters(lot, tariff)
    lot.clock.forward(hours=3)
    bill = due(lot)
    quoted = fee(tariff, came, lot.clock.wall, Stay(earlier=(Earlier(NINE, left, 500),)))  # type: ignore[arg-type]
    assert (bill.fee.total, [line.text for line in bill.fee.lines]) == (
        quoted.total,
        [line.text for line in quoted.lines],
    )


def test_another_vehicles_stay_before_changes_nothing(lot: Lot) -> None:
    enters(lot, terms(AGAIN), "ZZ99ZZZ")
    lot.clock.forward(hours=1)
    pays(lot, "ZZ99ZZZ")
    enters(lot, terms(AGAIN))
    lot.clock.forward(minutes=30)
    assert pays(lot) == 500


# --- while nobody knows the time ---


@pytest.fixture
def pi(tmp_path: Path) -> OnAPi:
    lot = OnAPi(tmp_path / "lot.sqlite", Pi(NINE))
    lot.starts()
    return lot


def comes(lot: OnAPi, tariff: Tariff, plate: str = "AB12CDE") -> None:
    arrival = entry.Arrival(IN, Plate(plate), 1.0, VehicleType.REGULAR)
    admitted = lot.store.write_now(lambda tx: entry.admit(tx, arrival, tariff))
    assert isinstance(admitted, entry.Admitted)
    lot.store.write_now(lambda tx: entry.confirm(tx, admitted.ticket, IN))


def test_a_stay_that_may_have_been_on_a_sunday_is_charged_as_one(pi: OnAPi) -> None:
    """After a power cut nobody knows what day it is: it is free on Sundays, and it may be Sunday."""
    pi.pi.hears(NINE)
    pi.looks()
    pi.reboots()
    comes(pi, terms(SUNDAYS_FREE))
    pi.pi.later(2 * HOUR)
    assert pi.leaves("AB12CDE") == 0
    assert pi.rows("SELECT fee_bounded FROM tickets") == [(1,)]
    assert pi.rows("SELECT body ->> 'shortest', body ->> 'longest' FROM journal WHERE type = 'fee.bounded'") == [
        (2 * HOUR, 2 * HOUR)
    ]


def test_control_by_the_wall_clock_that_stay_would_have_paid(pi: OnAPi) -> None:
    tariff = terms(SUNDAYS_FREE)
    pi.pi.hears(NINE)
    pi.looks()
    pi.reboots()
    said = pi.clock.read().wall
    assert fee(tariff, said, Instant(said + 2 * HOUR)).total == 600
    assert lowest_fee(tariff, NINE, None, 2 * HOUR, 2 * HOUR).total == 0


def test_once_a_time_server_is_heard_the_stay_is_charged_for_the_day_that_it_was(pi: OnAPi) -> None:
    """It leaves on Wednesday noon, and the machine was off for an hour: no Sunday is in question."""
    pi.pi.hears(NINE)
    pi.looks()
    pi.reboots()
    comes(pi, terms(SUNDAYS_FREE))
    pi.pi.later(2 * HOUR)
    pi.pi.hears(Instant(NINE + 3 * HOUR))
    pi.looks()
    assert pi.leaves("AB12CDE") == 600
    assert pi.rows("SELECT fee_bounded FROM tickets") == [(0,)]


def test_a_power_cut_while_it_was_inside_is_charged_at_the_least_by_a_known_exit(pi: OnAPi) -> None:
    """Entered after the cut, before any time server: at the exit the time is known, the entry only bounded."""
    pi.pi.hears(NINE)
    pi.looks()
    pi.reboots()
    comes(pi, terms(SUNDAYS_FREE))
    pi.pi.later(HOUR)
    pi.looks()
    pi.reboots()
    pi.pi.later(HOUR)
    pi.pi.hears(Instant(NINE + 5 * HOUR))
    pi.looks()
    assert pi.leaves("AB12CDE") == 600, "two hours at least, and all of it on Wednesday"


def test_where_no_time_server_was_ever_heard_the_clock_is_all_there_is(pi: OnAPi) -> None:
    comes(pi, terms(SUNDAYS_FREE))
    pi.pi.later(2 * HOUR)
    assert pi.leaves("AB12CDE") == 600
    assert pi.rows("SELECT fee_bounded FROM tickets") == [(1,)]


def test_a_clock_that_nobody_ever_set_is_not_believed(pi: OnAPi) -> None:
    """It says 1970, and that was a Thursday."""
    pi.reboots()
    pi.pi.later(HOUR)
    lot = OnAPi(pi.path.with_name("new.sqlite"), pi.pi)
    lot.starts()
    comes(lot, terms(SUNDAYS_FREE))
    lot.pi.later(2 * HOUR)
    assert lot.leaves("AB12CDE") == 0


def test_what_the_wrong_clock_charged_too_much_is_owed_once_the_time_is_known(pi: OnAPi) -> None:
    comes(pi, terms(SUNDAYS_FREE))
    pi.pi.later(2 * HOUR)
    assert pi.leaves("AB12CDE") == 600
    pi.pi.hears(from_rfc3339("2026-11-22T15:00:00+01:00"))  # it was a Sunday
    while pi.looks():
        pass
    pi.looks()
    assert pi.rows("SELECT fee_before, fee, refund_owed FROM fee_corrections") == [(600, 0, 600)]
    assert pi.rows("SELECT amount_due, refund_owed FROM tickets") == [(0, 600)]


def test_no_correction_asks_for_more(pi: OnAPi) -> None:
    pi.pi.said = from_rfc3339("2026-11-22T15:00:00+01:00")
    pi.restarts()
    comes(pi, terms(SUNDAYS_FREE))
    pi.pi.later(2 * HOUR)
    assert pi.leaves("AB12CDE") == 0
    pi.pi.hears(Instant(NINE + 6 * HOUR))
    for _ in range(3):
        pi.looks()
    assert pi.rows("SELECT count(*) FROM fee_corrections") == [(0,)]
    assert pi.rows("SELECT amount_due FROM tickets") == [(0,)]


def test_nobody_knows_how_long_it_was_away_so_it_goes_on_if_that_is_cheaper(pi: OnAPi) -> None:
    pi.pi.hears(NINE)
    pi.looks()
    comes(pi, terms(AGAIN))
    pi.pi.later(HOUR)
    assert pi.leaves("AB12CDE") == 500
    pi.looks()
    pi.reboots()
    pi.pi.later(MINUTE)
    comes(pi, terms(AGAIN))
    pi.pi.later(30 * MINUTE)
    assert pi.leaves("AB12CDE") == 0, "it may have been away for a minute"


# --- what is pinned ---


def test_a_ticket_has_its_holidays_as_dates_and_is_charged_by_them(lot: Lot) -> None:
    tariff = terms(
        f"{HEAD}holidays: {{country: DE, region: BY, also: 2026-12-24}}\n"
        "rates:\n  - {days: mon-sun, price: 3.00, per: 1 h}\n  - {days: holidays, price: 1.00, per: 1 h}\n"
    )
    lot.clock.wall = from_rfc3339("2026-12-24T09:00:00+01:00")
    on_ticket = pinned(tariff, lot.clock.wall, dated=True)
    enters(lot, on_ticket)
    text = lot.one("SELECT tariff FROM tickets")
    assert isinstance(text, str)
    assert '"holidays":{"also":["2026-12-24 to 2026-12-26","2027-01-01"' in text
    assert "country" not in text
    lot.clock.forward(hours=2)
    assert pays(lot) == 200


def test_the_lot_works_out_what_it_pins_once_a_day() -> None:
    tariff = terms(f"{DAY_AND_NIGHT}holidays: {{country: DE, region: BY}}\n")
    clock = HandClock(wall=NINE)
    policy = LotPolicy({}, tariff, Passback.HARD, clock)
    today = policy.tariff()
    assert isinstance(today, Terms)
    assert today.holidays is not None
    assert today.holidays.country is None
    clock.forward(hours=2)
    assert policy.tariff() is today
    clock.forward(hours=24)
    assert policy.tariff() is not today


def test_a_daemon_gives_its_tickets_the_tariff_of_the_file_beside_its_own(
    tmp_path: Path, mosquitto: Mosquitto, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PARKGATE_TEST_PASSWORD", USERS["lot"])
    site = Site(tmp_path, mosquitto)
    (tmp_path / "garage.yaml").write_text(f"{DAY_AND_NIGHT}holidays: {{country: DE, region: BY}}\n")
    site.write({**site.settings(), "tariff": {"file": "garage.yaml"}})
    daemon = RealDaemon(load_lot(site.config))
    admitted = daemon._store.write_now(
        lambda tx: entry.admit(
            tx, entry.Arrival(IN, Plate("AB12CDE"), 1.0, VehicleType.REGULAR), daemon._policy.tariff()
        )
    )
    assert isinstance(admitted, entry.Admitted)
    with looking_into(site.store) as connection:
        (text,) = connection.execute("SELECT tariff FROM tickets").fetchone()
        (currency,) = connection.execute("SELECT currency FROM parking_lots").fetchone()
    on_ticket = read_pinned(text)
    assert isinstance(on_ticket, Terms)
    assert ([rate.name for rate in on_ticket.rates], currency) == (["Day", "Night"], "EUR")
    daemon._store.close()


def test_what_is_pinned_is_read_back_as_it_was(lot: Lot) -> None:
    tariff = terms(f"{DAY_AND_NIGHT}holidays: {{country: DE, region: BY}}\n")
    on_ticket = pinned(tariff, NINE, dated=True)
    assert read_pinned(on_ticket.model_dump_json()).model_dump() == on_ticket.model_dump()


def test_holidays_far_from_the_entry_take_no_room_on_the_ticket() -> None:
    tariff = terms(f"{DAY_AND_NIGHT}holidays: {{also: [2026-11-01, 2026-11-12, 2026-11-20, 2029-01-01]}}\n")
    on_ticket = pinned(tariff, NINE, dated=True)
    assert isinstance(on_ticket, Terms)
    assert on_ticket.model_dump(mode="json")["holidays"] == {"also": ["2026-11-12", "2026-11-20"]}
    undated = pinned(tariff, NINE, dated=False).model_dump(mode="json")
    assert undated["holidays"] == {"also": ["2026-11-01", "2026-11-12", "2026-11-20"]}
    assert AFTER >= 400


def test_a_pinned_tariff_is_worked_out_once_and_stays_small() -> None:
    """A ticket travels to the cloud in one fact; a window of facts has 64 KiB."""
    tariff = terms(f"{DAY_AND_NIGHT}holidays: {{country: DE, region: BY}}\n")
    on_ticket = pinned(tariff, NINE, dated=True)
    assert len(on_ticket.model_dump_json()) < 800
    first, second = on_ticket.model_dump_json(), on_ticket.model_dump_json()
    assert first == second == read_pinned(first).model_dump_json()


def test_a_written_tariff_that_was_left_in_part_stays_whole() -> None:
    """What is kept of how a tariff is written isn't what somebody asked of it."""
    tariff = terms(DAY_AND_NIGHT)
    assert "rates" not in tariff.model_dump(mode="json", exclude={"rates"})
    assert "rates" in tariff.model_dump(mode="json")
    assert tariff.model_dump(mode="json", exclude_none=True) == tariff.model_dump(mode="json")


def test_a_tariff_that_is_made_of_another_is_written_and_charged_as_it_is_now() -> None:
    """Control: what was worked out of the first one would be wrong for it."""
    first = terms(f"{DAY_AND_NIGHT}machine_maximum: 20.00\n")
    before = first.model_dump_json(), fee(first, NINE, Instant(NINE + 9 * HOUR)).needs_person
    other = first.model_copy(update={"machine_maximum": None})
    after = other.model_dump_json(), fee(other, NINE, Instant(NINE + 9 * HOUR)).needs_person
    assert ("machine_maximum" in before[0], before[1]) == (True, True)
    assert ("machine_maximum" in after[0], after[1]) == (False, False)


# --- more than a machine may take ---

DEAR = f"{HEAD}machine_maximum: 20.00\nrates: {{price: 15.00, per: 1 h}}\n"


def test_what_a_machine_may_take_is_taken(lot: Lot) -> None:
    enters(lot, terms(DEAR))
    lot.clock.forward(hours=1)
    assert pays(lot) == 1500


def test_more_than_a_machine_may_take_is_left_to_a_person(lot: Lot) -> None:
    enters(lot, terms(DEAR))
    lot.clock.forward(hours=2)
    terminal = Terminal()
    assert lot.leaves("AB12CDE", terminal) is Refusal.NEEDS_PERSON
    assert terminal.asked == []
    assert lot.rows("SELECT * FROM payments") == []


def test_a_person_lets_it_out_and_the_sum_is_a_debt(lot: Lot) -> None:
    enters(lot, terms(DEAR))
    lot.clock.forward(hours=2)
    assert lot.leaves("AB12CDE", Terminal()) is Refusal.NEEDS_PERSON
    cleared = lot.decide(lambda tx: exit.let_out(tx, lot.departure("AB12CDE"), "let out by Ann"))
    assert isinstance(cleared, exit.Cleared)
    assert lot.rows("SELECT status, amount FROM payments") == [("UNCOLLECTED", 3000)]


def test_where_nobody_came_it_is_let_out_and_the_sum_is_a_debt(lot: Lot) -> None:
    enters(lot, terms(DEAR))
    lot.clock.forward(hours=2)
    alone = dataclasses.replace(lot.departure("AB12CDE"), alone="nobody came for 600 s")
    terminal = Terminal()
    cleared = asyncio.run(exit.clear(lot.store, lot.till(terminal), alone))
    assert isinstance(cleared, exit.Cleared)
    assert (cleared.amount_due, cleared.uncollected, terminal.asked) == (3000, 3000, [])
    reasons = lot.rows("SELECT body ->> 'reason' FROM journal WHERE body ->> 'reason' IS NOT NULL")
    assert reasons == [("nobody came for 600 s",)]


def test_what_was_paid_before_counts_for_what_a_machine_takes(lot: Lot) -> None:
    enters(lot, terms(DEAR))
    lot.clock.forward(hours=1)
    cleared = lot.leaves("AB12CDE", Terminal())
    assert isinstance(cleared, exit.Cleared)
    lot.decide(lambda tx: exit.abandon(tx, cleared.ticket, OUT))
    lot.clock.forward(hours=1)
    assert due(lot).owed == 1500
    assert pays(lot) == 1500


def test_by_the_hour_a_machine_takes_whatever_it_is(lot: Lot) -> None:
    lot.enters("AB12CDE")
    lot.clock.forward(hours=200)
    assert isinstance(lot.leaves("AB12CDE", Terminal()), exit.Cleared)
