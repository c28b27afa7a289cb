"""What the lot's clock says on a machine whose own can't be trusted."""

from __future__ import annotations

import asyncio
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest

from edge.clock import FastClock, Remembered, SystemClock, known_by
from edge.lane.signals import Button, Order
from edge.lot_clock import clock_of
from edge.parking import entry, exit, lanes
from edge.parking.access.passback import neutralise
from edge.parking.lanes import open_calls
from edge.parking.money.till import Till
from edge.parking.places.layout import declare
from edge.parking.stays.restoring import take_over
from edge.parking.stays.tickets import Ticket, open_ticket
from edge.store import Store, Transaction, boots
from edge.store.database import connect, looking_into
from edge.timekeeping import KEEP_SECONDS, LOOK_SECONDS, Timekeeper, learn, was_set
from models.instants import HOUR, SECOND, Instant, Monotonic, Reading
from models.lanes import HoldCause, OrderKind
from models.plates import Plate
from models.refusals import Refusal
from models.spots import VehicleType
from tests.edge.lots import IN, LOT, NOON, OUT, TARIFF, a_known_stay, a_level, closed_in_the_end, declared
from tests.edge.test_parking import Terminal

DAY = 24 * HOUR
IN_1970 = Instant(0)
IN_2099 = Instant(4_090_000_000 * SECOND)


@dataclass
class Pi:
    """A kernel that says what a test wants."""

    said: Instant = IN_1970
    synced: bool = False
    since: int = 0
    boot_id: str = "boot-1"

    def since_boot(self) -> Monotonic:
        return Monotonic(self.since)

    def wall(self) -> Instant:
        return self.said

    def is_synced(self) -> bool:
        return self.synced

    def later(self, microseconds: int) -> None:
        self.since += microseconds
        self.said = Instant(self.said + microseconds)

    def hears(self, wall: Instant) -> None:
        self.said, self.synced = wall, True

    def reboots(self, wall: Instant = IN_1970) -> None:
        self.boot_id, self.since, self.said, self.synced = f"{self.boot_id}+", 0, wall, False


def test_a_pi_in_1970_runs_on_from_the_last_time_that_the_store_has_seen() -> None:
    pi = Pi()
    clock = SystemClock(Remembered(floor=NOON), pi)
    assert clock.read().wall == NOON
    pi.later(3 * HOUR)
    assert clock.read() == Reading("boot-1", Monotonic(3 * HOUR), Instant(NOON + 3 * HOUR), False)


def test_a_clock_that_is_ahead_of_the_store_is_believed_while_it_can_be_right() -> None:
    assert SystemClock(Remembered(floor=NOON), Pi(Instant(NOON + DAY))).read().wall == NOON + DAY


def test_a_dead_battery_that_says_2099_is_not() -> None:
    known = Remembered(floor=NOON, earliest=Instant(NOON - HOUR))
    assert SystemClock(known, Pi(IN_2099)).read().wall == NOON


def test_a_time_server_goes_over_everything_also_backwards() -> None:
    pi = Pi(IN_2099)
    clock = SystemClock(Remembered(floor=NOON), pi)
    assert clock.read().wall == IN_2099, "nothing is known against it"
    pi.hears(Instant(NOON + HOUR))
    assert clock.read() == Reading("boot-1", Monotonic(0), Instant(NOON + HOUR), True)


def test_after_a_time_server_was_heard_nobody_moves_the_time_by_hand() -> None:
    pi = Pi(NOON, synced=True)
    clock = SystemClock(None, pi)
    assert clock.read().wall == NOON
    pi.said, pi.synced = IN_2099, False
    pi.later(HOUR)
    assert clock.read() == Reading("boot-1", Monotonic(HOUR), Instant(NOON + HOUR), True)


def test_where_no_time_server_is_a_person_may_set_the_clock_also_back() -> None:
    pi = Pi(IN_2099)
    clock = SystemClock(Remembered(floor=IN_2099), pi)
    assert clock.read().wall == IN_2099
    pi.said = NOON
    assert clock.read().wall == NOON


@pytest.mark.parametrize("said", [IN_1970, IN_2099, NOON - DAY, NOON + DAY])
@pytest.mark.parametrize("synced", [False, True])
def test_a_process_that_knows_what_the_daemon_knows_dates_things_as_the_daemon_does(
    said: Instant, synced: bool
) -> None:
    """Also when it is started later: after a person has set the clock back, or a time server was heard and is gone."""
    pi = Pi(said)
    daemon = SystemClock(Remembered(floor=NOON, earliest=Instant(NOON - HOUR)), pi)
    before = SystemClock(known_by(daemon), pi)
    assert before.read() == daemon.read()
    pi.later(HOUR)
    if synced:
        pi.hears(Instant(NOON + 2 * HOUR))
        assert before.read() == daemon.read()
    pi.said, pi.synced = Instant(NOON - HOUR // 2), False
    assert before.read() == daemon.read()
    after = SystemClock(known_by(daemon), pi)
    pi.later(HOUR)
    assert after.read() == before.read() == daemon.read()


def test_of_another_clock_than_the_machines_nothing_is_known_to_another_process() -> None:
    assert known_by(FastClock(SystemClock(), NOON, 60)) == Remembered()


def test_a_simulations_time_runs_as_fast_for_stays_as_on_the_wall() -> None:
    pi = Pi(NOON, synced=True)
    fast = FastClock(SystemClock(None, pi), NOON, 60)
    before = fast.read()
    pi.later(SECOND)
    after = fast.read()
    assert after.wall - before.wall == after.monotonic - before.monotonic == 60 * SECOND


@dataclass
class Lot:
    """A lot on that Pi: its daemon's clock, store and timekeeping."""

    path: Path
    pi: Pi

    def starts(self) -> None:
        self.clock = clock_of(self.path, self.pi)
        self.store = closed_in_the_end(Store(self.path, LOT, self.clock))
        plan = (a_level(0, REGULAR=9),)
        self.store.write_now(learn)
        self.store.write_now(lambda tx: declare(tx, declared(plan), plan))
        self.keeper = Timekeeper(self.store, self.clock)

    def restarts(self) -> None:
        self.store.close()
        self.starts()

    def reboots(self, wall: Instant = IN_1970) -> None:
        self.store.close()
        self.pi.reboots(wall)
        self.starts()

    def enters(self, plate: str) -> entry.Admitted:
        arrival = entry.Arrival(IN, Plate(plate), 1.0, VehicleType.REGULAR)
        admitted = self.store.write_now(lambda tx: entry.admit(tx, arrival, TARIFF))
        assert isinstance(admitted, entry.Admitted)
        self.store.write_now(lambda tx: entry.confirm(tx, admitted.ticket, IN))
        return admitted

    def leaves(self, plate: str, *, passes: bool = True) -> int:
        """What the stay cost. Who doesn't pass backs away."""

        def stay(tx: Transaction) -> Ticket | Refusal:
            return open_ticket(tx.connection, Plate(plate)) or Refusal.NO_TICKET

        till = Till(Terminal(), self.store, self.clock)  # type: ignore[arg-type]
        cleared = asyncio.run(exit.clear(self.store, till, exit.Departure(OUT, stay, "exact")))
        assert isinstance(cleared, exit.Cleared)
        end = exit.close if passes else exit.abandon
        self.store.write_now(lambda tx: end(tx, cleared.ticket, OUT))
        return cleared.amount_due

    def is_told_of(self, plate: str, entered: int, **more: object) -> None:
        """The cloud knows of a stay that began before this store did."""
        stay = a_known_stay(plate, Instant(entered)).model_copy(update=more)
        assert self.store.write_now(lambda tx: take_over(tx, [stay])) == []

    def looks(self) -> bool:
        return asyncio.run(self.keeper.look())

    def rows(self, sql: str) -> list[tuple[object, ...]]:
        with looking_into(self.path) as connection:
            return [tuple(row) for row in connection.execute(sql)]


@pytest.fixture
def lot(tmp_path: Path) -> Lot:
    lot = Lot(tmp_path / "lot.sqlite", Pi())
    lot.starts()
    return lot


def test_a_stay_over_the_first_word_of_a_time_server_is_as_long_as_it_was(lot: Lot) -> None:
    lot.enters("AB12CDE")
    lot.pi.later(HOUR)
    lot.pi.hears(NOON)
    lot.pi.later(HOUR // 2)
    assert lot.leaves("AB12CDE") == 500
    assert lot.rows("SELECT fee_bounded FROM tickets") == [(0,)]


def test_a_clock_that_goes_back_makes_nobodys_stay_free(lot: Lot) -> None:
    lot.pi.said = IN_2099
    lot.enters("AB12CDE")
    lot.pi.later(3 * HOUR)
    lot.pi.hears(NOON)
    assert lot.leaves("AB12CDE") == 750


def test_a_night_without_power_is_paid_for_once_a_server_says_how_long_it_was(lot: Lot) -> None:
    lot.pi.hears(NOON)
    lot.looks()
    lot.enters("AB12CDE")
    lot.pi.later(HOUR)
    lot.looks()
    lot.reboots()
    lot.pi.later(HOUR)
    lot.pi.hears(Instant(NOON + 5 * HOUR))
    assert lot.leaves("AB12CDE") == 1250
    assert lot.rows("SELECT fee_bounded FROM tickets") == [(0,)]


def test_until_then_only_the_hours_count_that_the_machine_ran_and_that_is_on_record(lot: Lot) -> None:
    lot.pi.hears(NOON)
    lot.looks()
    lot.enters("AB12CDE")
    lot.pi.later(HOUR)
    lot.looks()
    lot.reboots()
    lot.pi.later(HOUR)
    assert lot.leaves("AB12CDE") == 500
    assert lot.rows("SELECT fee_bounded, refund_owed FROM tickets") == [(1, 0)]
    assert lot.rows("SELECT body ->> 'shortest', body ->> 'longest' FROM journal WHERE type = 'fee.bounded'") == [
        (2 * HOUR, None)
    ]
    lot.pi.hears(Instant(NOON + 9 * HOUR))
    lot.looks()
    assert lot.rows("SELECT amount_due, amount_paid, refund_owed FROM tickets") == [(500, 500, 0)], "nothing more"


def test_who_paid_and_comes_back_within_the_grace_pays_nothing_more_when_the_time_becomes_known(lot: Lot) -> None:
    """clock, seed 11/67: the night became known while the driver was on the way back to the exit."""
    lot.pi.hears(NOON)
    lot.looks()
    lot.enters("AB12CDE")
    lot.reboots()
    lot.pi.later(60 * SECOND)
    assert lot.leaves("AB12CDE", passes=False) == 250
    lot.pi.later(5 * 60 * SECOND)
    lot.pi.hears(Instant(NOON + 9 * HOUR))
    assert lot.leaves("AB12CDE") == 250
    assert lot.rows("SELECT amount_due, amount_paid FROM tickets") == [(250, 250)]


def test_a_lie_of_a_time_server_is_paid_back_when_the_truth_comes_out(lot: Lot) -> None:
    lot.pi.hears(NOON)
    lot.looks()
    lot.enters("AB12CDE")
    lot.pi.later(HOUR)
    lot.looks()
    lot.reboots()
    lot.pi.hears(Instant(NOON + 6 * HOUR))
    assert lot.leaves("AB12CDE") == 1500
    lot.pi.later(60 * SECOND)
    lot.pi.hears(Instant(NOON + 2 * HOUR))
    lot.looks()
    assert lot.rows("SELECT why, fee_before, fee, paid, refund_owed FROM fee_corrections") == [
        ("clock_set", 1500, 500, 1500, 1000)
    ]
    assert lot.rows("SELECT amount_due, refund_owed FROM tickets") == [(500, 1000)]
    lot.looks()
    lot.restarts()
    assert lot.rows("SELECT count(*) FROM fee_corrections") == [(1,)], "it is owed once"


def test_a_restored_stay_isnt_charged_to_2099_by_a_dead_battery(lot: Lot) -> None:
    lot.pi.said = IN_2099
    lot.is_told_of("AB12CDE", NOON)
    assert lot.leaves("AB12CDE") == 250
    assert lot.rows("SELECT fee_bounded FROM tickets") == [(1,)]
    assert lot.rows("SELECT body ->> 'shortest', body ->> 'longest' FROM journal WHERE type = 'fee.bounded'") == [
        (0, None)
    ]
    lot.pi.hears(Instant(NOON + 5 * HOUR))
    lot.looks()
    assert lot.rows("SELECT amount_due, refund_owed FROM tickets") == [(250, 0)], "nothing more"


def test_a_restored_stay_is_charged_for_all_of_it_when_the_time_is_known(lot: Lot) -> None:
    lot.is_told_of("AB12CDE", NOON)
    lot.pi.hears(Instant(NOON + 3 * HOUR - 60 * SECOND))
    assert lot.leaves("AB12CDE") == 750
    assert lot.rows("SELECT fee_bounded FROM tickets") == [(0,)]


def test_a_restored_stay_is_at_least_as_long_as_time_servers_say_of_earlier_starts(lot: Lot) -> None:
    lot.is_told_of("AB12CDE", NOON)
    lot.pi.hears(Instant(NOON + HOUR))
    lot.looks()
    lot.reboots(IN_2099)
    lot.pi.later(HOUR // 2)
    assert lot.leaves("AB12CDE") == 500
    assert lot.rows("SELECT fee_bounded FROM tickets") == [(1,)]


def test_a_restored_stay_that_paid_by_a_lie_is_owed_what_it_paid_too_much(lot: Lot) -> None:
    lot.is_told_of("AB12CDE", NOON)
    lot.pi.hears(Instant(NOON + 6 * HOUR))
    assert lot.leaves("AB12CDE") == 1500
    lot.pi.later(60 * SECOND)
    lot.pi.hears(Instant(NOON + 2 * HOUR))
    lot.looks()
    assert lot.rows("SELECT amount_due, amount_paid, refund_owed FROM tickets") == [(500, 1500, 1000)]


def test_who_paid_before_the_store_was_new_keeps_the_grace_while_the_time_is_unknown(lot: Lot) -> None:
    lot.pi.said = IN_2099
    paid = {"settled_at": NOON + HOUR, "amount_due": 250, "amount_paid": 250}
    lot.is_told_of("AB12CDE", NOON, **paid)
    assert lot.leaves("AB12CDE") == 250
    assert lot.rows("SELECT settled_at, amount_paid FROM tickets") == [(NOON + HOUR, 250)]


def test_when_the_clock_is_set_that_is_on_record_and_stays_get_their_true_times(lot: Lot) -> None:
    lot.pi.later(HOUR)
    lot.enters("AB12CDE")
    lot.pi.later(HOUR)
    lot.pi.hears(NOON)
    while lot.looks():
        pass
    said = "SELECT body ->> 'before', body ->> 'after', body ->> 'synced', synced FROM journal WHERE type = 'clock.set'"
    assert lot.rows(said) == [(2 * HOUR, NOON, 1, 1)]
    assert lot.rows("SELECT entry_time FROM tickets") == [(NOON - HOUR,)]


def test_who_does_not_look_again_for_long_still_learns_of_it_at_the_next_start(lot: Lot) -> None:
    lot.pi.later(HOUR)
    lot.enters("AB12CDE")
    lot.pi.hears(NOON)
    lot.restarts()
    assert not lot.looks()
    assert lot.rows("SELECT count(*) FROM journal WHERE type = 'clock.set'") == [(1,)]
    assert lot.rows("SELECT entry_time FROM tickets") == [(NOON,)]


def test_a_call_for_help_stands_when_the_clock_jumps_and_is_answered_by_the_next_order(lot: Lot) -> None:
    def calls(at: Reading) -> list[int]:
        return lot.store.write_now(lambda tx: [call.ago for call in open_calls(tx.connection, at)])

    lot.store.write_now(lambda tx: lanes.call(tx, OUT, Button.HELP, None))
    lot.pi.later(HOUR // 4)
    lot.pi.hears(NOON)
    assert calls(lot.clock.read()) == [HOUR // 4]
    assert calls(Reading("the next boot", Monotonic(60 * SECOND), IN_1970, False)) == [60 * SECOND]
    order = Order("o-1", OrderKind.OPEN, "Ann", "lost")
    lot.reboots()
    lot.store.write_now(lambda tx: lanes.obey(tx, OUT, order, ""))
    assert calls(lot.clock.read()) == []


def test_the_last_order_counts_whatever_the_clock_said(lot: Lot) -> None:
    lot.pi.said = IN_2099
    orders = [Order(f"o-{kind}", kind, "Ann", "-") for kind in (OrderKind.KEEP_OPEN, OrderKind.RELEASE)]
    lot.store.write_now(lambda tx: lanes.obey(tx, OUT, orders[0], ""))
    lot.store.write_now(lambda tx: lanes.hold(tx, OUT, HoldCause.KEEP_OPEN, orders[0]))
    lot.pi.hears(NOON)
    lot.store.write_now(lambda tx: lanes.obey(tx, OUT, orders[1], ""))
    lot.store.write_now(lambda tx: lanes.hold(tx, OUT, HoldCause.FIRE, None))
    assert lot.store.write_now(lambda tx: lanes.lane_memory(tx.connection, OUT)).kept_open == ""


def test_many_stays_are_dated_a_few_at_a_time_also_over_a_restart(lot: Lot, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edge.timekeeping.AT_ONCE", 2)
    lot.looks()
    for number in range(5):
        lot.enters(f"CAR{number}")
    lot.pi.hears(NOON)
    for _ in range(3):
        assert lot.looks()
    dated = "SELECT count(*) FROM tickets WHERE entry_time = 1795000000000000"
    assert lot.rows(dated) == [(4,)]
    lot.restarts()
    while lot.looks():
        pass
    assert lot.rows(dated) == [(5,)]
    assert lot.rows("SELECT undated FROM boots") == [(0,)]


def test_looking_writes_nothing_while_nothing_happens(lot: Lot) -> None:
    before = lot.rows("SELECT * FROM boots")
    lot.looks()
    lot.pi.later(round(LOOK_SECONDS * SECOND))
    lot.looks()
    assert lot.rows("SELECT * FROM boots") == before
    lot.pi.later(KEEP_SECONDS * SECOND)
    lot.looks()
    assert lot.rows("SELECT last_monotonic FROM boots") == [(lot.pi.since,)]


def test_after_a_year_wrong_by_a_dead_battery_the_lot_is_not_in_2099_for_ever(lot: Lot) -> None:
    lot.pi.said = IN_2099
    lot.looks()
    lot.enters("AB12CDE")
    lot.pi.hears(NOON)
    lot.looks()
    lot.reboots()
    assert NOON <= lot.clock.read().wall < NOON + HOUR
    lot.reboots(IN_2099)
    assert NOON <= lot.clock.read().wall < NOON + HOUR


def test_a_lot_that_never_hears_a_server_keeps_its_order_over_restarts(lot: Lot) -> None:
    walls: list[Instant] = []
    for _ in range(4):
        lot.pi.later(HOUR)
        lot.enters(f"CAR{len(walls)}")
        walls.append(lot.clock.read().wall)
        lot.reboots()
    assert walls == sorted(set(walls))


@pytest.mark.parametrize(
    ("before", "now", "is_set"),
    [
        ((NOON, False), (NOON, False), False),
        ((NOON, False), (NOON + SECOND // 2, False), False),
        ((NOON, False), (NOON + 2 * SECOND, False), True),
        ((NOON, False), (NOON - 2 * SECOND, False), True),
        ((NOON, False), (NOON, True), True),
        ((NOON, True), (NOON, False), False),
    ],
)
def test_a_clock_was_set_when_it_left_the_monotonic_one(
    before: tuple[int, bool], now: tuple[int, bool], *, is_set: bool
) -> None:
    one = Reading("boot", Monotonic(0), Instant(before[0]), before[1])
    other = Reading("boot", Monotonic(HOUR), Instant(now[0] + HOUR), now[1])
    assert was_set(one, other) is is_set


def test_another_boots_clock_was_not_set_it_began() -> None:
    one = Reading("boot", Monotonic(HOUR), NOON, True)
    assert not was_set(one, Reading("another", Monotonic(0), IN_1970, False))


def test_a_file_that_is_older_than_all_this_still_gives_its_last_time(lot: Lot) -> None:
    lot.pi.hears(NOON)
    lot.enters("AB12CDE")
    lot.store.write_now(lambda tx: tx.connection.execute("DROP TABLE moments").fetchall())
    lot.store.write_now(lambda tx: tx.connection.execute("DROP TABLE boots").fetchall())
    with looking_into(lot.path) as connection:
        assert boots.remembered(connection, "boot-1") == Remembered(zero=NOON, floor=NOON)
        assert boots.remembered(connection, "boot-2") == Remembered(floor=NOON)
        assert boots.latest_wall(connection) == NOON


def taken_back_to_before(path: Path) -> None:
    """As the release before this one would have left the file."""
    with closing(connect(path)) as connection:
        for table in ("moments", "boots", "fee_corrections"):
            connection.execute(f"DROP TABLE {table}")
        for column in ("fee_bounded", "refund_owed"):
            connection.execute(f"ALTER TABLE tickets DROP COLUMN {column}")
        assert connection.execute("DELETE FROM _sqlite_migrations WHERE name = '0011_known_time'").rowcount == 1


def test_a_lot_that_is_upgraded_knows_its_boots_and_moments_from_its_journal(lot: Lot) -> None:
    lot.enters("GONE")
    lot.pi.later(HOUR)
    lot.pi.hears(NOON)
    lot.leaves("GONE")
    lot.enters("AB12CDE")
    lot.store.write_now(lambda tx: neutralise(tx, "a test"))
    lot.store.write_now(lambda tx: lanes.call(tx, OUT, Button.HELP, None))
    lot.store.write_now(lambda tx: lanes.obey(tx, IN, Order("o-1", OrderKind.OPEN, "Ann", "-"), ""))
    lot.store.write_now(lambda tx: lanes.obey(tx, OUT, Order("o-2", OrderKind.OPEN, "Ann", "-"), "in a fire"))
    lot.reboots(NOON)
    lot.enters("NIGHT")
    moments, runs = lot.rows("SELECT * FROM moments"), lot.rows("SELECT ordinal, boot_id, zero FROM boots")
    assert (len(moments), len(runs)) == (8, 2)
    lot.store.close()
    taken_back_to_before(lot.path)
    lot.starts()
    assert lot.rows("SELECT * FROM moments") == moments
    assert lot.rows("SELECT ordinal, boot_id, zero FROM boots") == runs
    lot.pi.later(HOUR // 2)
    assert lot.leaves("AB12CDE") == 250
    assert lot.leaves("NIGHT") == 250
