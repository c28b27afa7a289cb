"""Single spots: out of service and back, the count that a person puts right, and vehicles that park elsewhere."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.local import Obeyed, SpotsOrder
from edge.parking import entry, exit
from edge.parking.access.entitlement import Entitlement
from edge.parking.access.permits import Permit
from edge.parking.places import counting, upkeep
from edge.parking.places.counting import Taken, difference
from edge.parking.places.layout import PlannedLevel, declare
from edge.parking.places.sensing import OnRecord, Patience, Seen, Stay, compare
from edge.parking.places.sensors import SpotWatch
from edge.parking.places.spots import Count, availability
from edge.parking.places.upkeep import NotDone, spot_called
from edge.spot_orders import SpotOrders
from edge.store import Transaction
from edge.sync.commanding.commands import order_of
from models.allocation import Criterion, Plan, Rule
from models.commands import CommandKind
from models.faults import Fault
from models.ids import SpotId, TicketId
from models.instants import SECOND, Instant, Monotonic
from models.plates import normalised
from models.refusals import Refusal
from models.spots import Blocked, SpotType, VehicleType
from models.tickets import TicketStatus
from models.timeline import Moment
from models.wire.commands import Command
from tests.drivers.conftest import Notebook
from tests.edge.lots import IN, OUT, TARIFF, Lot, a_level, a_lot, declared

PATIENCE = Patience(settle=30, empty=900)


def a_small_lot(folder: Path, spots: int = 3) -> Lot:
    return a_lot(folder, (a_level(0, REGULAR=spots),))


def tell(lot: Lot, what: Callable[[Transaction, upkeep.Spot, str, str], str], number: str) -> str:
    return lot.decide(lambda tx: what(tx, spot_called(tx.connection, number, None), "Ada", "a hole"))


def free(lot: Lot) -> int:
    return lot.decide(lambda tx: availability(tx.connection)).whole.available


def spot_of(lot: Lot, admitted: entry.Admitted) -> object:
    return lot.one(
        "SELECT spot_number FROM tickets JOIN spots ON spots.id = spot_id WHERE tickets.id = ?", admitted.ticket
    )


# --- out of service ---


def test_nobody_is_led_to_a_spot_out_of_service_until_it_is_back(tmp_path: Path) -> None:
    lot = a_small_lot(tmp_path, 1)
    assert tell(lot, upkeep.withdraw, "r1") == "spot R1 on Level 0 is out of service"
    assert lot.arrives("AA1") is Refusal.LOT_FULL
    assert lot.decide(lambda tx: availability(tx.connection)).whole == Count(0, 0)
    with pytest.raises(NotDone, match="already"):
        tell(lot, upkeep.withdraw, "R1")
    assert tell(lot, upkeep.put_back, "R1") == "spot R1 on Level 0 is in service again"
    assert lot.enters("AA1").spot_number == "R1"


def test_a_car_that_stands_there_may_stay_and_then_nobody_follows_it(tmp_path: Path) -> None:
    lot = a_small_lot(tmp_path, 1)
    admitted = lot.enters("AA1")
    assert admitted.code in tell(lot, upkeep.withdraw, "R1")
    lot.decide(lambda tx: entry.withdraw(tx, admitted.ticket, IN, "back_out"))
    assert lot.rows("SELECT status, blocked FROM spots") == [("AVAILABLE", "maintenance")]
    assert lot.arrives("BB2") is Refusal.LOT_FULL


def test_what_is_not_there_is_told_with_what_is(tmp_path: Path) -> None:
    lot = a_lot(tmp_path, (a_level(0, REGULAR=1), a_level(1, REGULAR=1)))
    with pytest.raises(NotDone, match=r"several levels have a spot 'R1' \(Level 0, Level 1\): say which, with --level"):
        tell(lot, upkeep.withdraw, "R1")
    with pytest.raises(NotDone, match="there is no spot 'X9'"):
        tell(lot, upkeep.withdraw, "X9")
    with pytest.raises(NotDone, match=r"there are 0 \(Level 0\), 1 \(Level 1\)"):
        lot.decide(lambda tx: upkeep.level_called(tx.connection, "roof"))
    assert lot.decide(lambda tx: spot_called(tx.connection, "R1", "level 1")).level.floor == 1


# --- zones in the store ---


def test_a_lot_with_zones_counts_by_each_and_leads_by_its_plan(tmp_path: Path) -> None:
    spots = tuple((str(n), SpotType.REGULAR) for n in range(1, 5))
    level = PlannedLevel(0, "Ground", spots, {"1": "Staff", "2": "Staff/Directors"})
    lot = a_lot(tmp_path, (level,))
    counts = lot.decide(lambda tx: availability(tx.connection))
    assert counts.by_zone == {"Staff": Count(2, 2), "Staff/Directors": Count(1, 1)}
    plan = Plan(reserved=frozenset({"Staff", "Staff/Directors"}))
    staff = Permit(normalised("ST1"), zones=frozenset({"Staff"}))

    def arrives(plate: str, permit: Permit | None) -> object:
        arrival = entry.Arrival(IN, normalised(plate), 0.9, VehicleType.REGULAR, Entitlement(permit))
        return lot.decide(lambda tx: entry.admit(tx, arrival, TARIFF, plan))

    led = [arrives("AA1", None), arrives("ST1", staff), arrives("AA2", None), arrives("AA3", None)]
    assert [each.spot_number if isinstance(each, entry.Admitted) else each for each in led] == [
        *("3", "1", "4"),
        Refusal.LOT_FULL,
    ]
    moved = PlannedLevel(0, "Ground", spots, {"1": "Staff"})
    lot.decide(lambda tx: declare(tx, declared((moved,)), (moved,)))
    assert lot.rows("SELECT zone FROM spots ORDER BY rowid") == [("Staff",), ("",), ("",), ("",)]


def test_the_nearest_way_is_from_the_lane_where_the_car_stands(tmp_path: Path) -> None:
    lot = a_lot(tmp_path, (a_level(0, REGULAR=2), a_level(1, REGULAR=2)))
    plan = Plan(Rule((Criterion.NEAREST,)), nearest={OUT: ("Level 1", "Level 0"), IN: ("Level 0",)})
    floors = []
    for plate, lane in (("AA1", IN), ("AA2", OUT), ("AA3", OUT), ("AA4", OUT)):
        arrival = entry.Arrival(lane, normalised(plate), 0.9, VehicleType.REGULAR)
        lot.decide(lambda tx, arrival=arrival: entry.admit(tx, arrival, TARIFF, plan))
        floors.append(
            lot.one(
                "SELECT floor_number FROM tickets JOIN spots ON spots.id = spot_id JOIN levels ON levels.id ="
                " level_id ORDER BY tickets.rowid DESC LIMIT 1"
            )
        )
    assert floors == [0, 1, 1, 0]


# --- counting ---


def count(lot: Lot, vehicles: int, sensed: counting.Sensed | None = None) -> str:
    return lot.decide(lambda tx: counting.reset_count(tx, None, vehicles, "Ada", "walked round", sensed or {}))


def test_fewer_cars_than_tickets_end_no_stay_and_free_the_spots(tmp_path: Path) -> None:
    lot = a_small_lot(tmp_path)
    first, second = lot.enters("AA1"), lot.enters("BB2")
    lot.clock.forward(hours=1)
    assert count(lot, 1) == "the lot: 1 vehicle counted, 2 known; 1 stay is unresolved, without a spot now"
    assert free(lot) == 2
    statuses = dict(lot.rows("SELECT id, status FROM tickets"))
    assert statuses == {first.ticket: "UNRESOLVED", second.ticket: "ACTIVE"}
    assert lot.rows("SELECT spot_id FROM tickets WHERE id = ?", first.ticket) == [(None,)]


def test_a_car_that_was_let_go_of_pays_what_it_would_have_paid(tmp_path: Path) -> None:
    lot = a_small_lot(tmp_path)
    admitted = lot.enters("AA1")
    count(lot, 0)
    lot.clock.forward(hours=2)
    cleared = lot.leaves("AA1", None)
    assert isinstance(cleared, exit.Cleared)
    assert (cleared.ticket, cleared.amount_due) == (admitted.ticket, 2 * TARIFF.hourly_rate)
    lot.decide(lambda tx: exit.close(tx, admitted.ticket, OUT))
    assert free(lot) == 3


def test_more_cars_than_tickets_block_spots_from_the_end_until_somebody_counts_again(tmp_path: Path) -> None:
    lot = a_small_lot(tmp_path)
    lot.enters("AA1")
    assert count(lot, 2) == "the lot: 2 vehicles counted, 1 known; 1 free spot is taken by unknown"
    assert free(lot) == 1
    assert lot.enters("BB2").spot_number == "R2"
    assert lot.arrives("CC3") is Refusal.LOT_FULL
    assert count(lot, 9) == "the lot: 9 vehicles counted, 3 known; 6 vehicles more than there are spots"
    assert count(lot, 2) == "the lot: 2 vehicles counted, 3 known"
    assert free(lot) == 1
    assert lot.one("SELECT count(*) FROM journal WHERE type = 'count.reset'") == 3


def test_who_stands_in_a_lane_is_neither_counted_nor_let_go_of(tmp_path: Path) -> None:
    lot = a_small_lot(tmp_path)
    lot.arrives("AA1")
    count(lot, 0)
    assert lot.rows("SELECT status, spot_id IS NULL FROM tickets") == [("ADMITTED", 0)]


SPOTS = [SpotId(f"s{n}") for n in range(8)]


@given(
    st.integers(0, 12),
    st.lists(st.sampled_from(["ticket", "unresolved", "unknown", "free"]), max_size=8),
    st.dictionaries(st.sampled_from(SPOTS), st.sampled_from([True, False, None])),
)
def test_after_a_count_as_many_are_taken_as_were_counted(
    counted: int, stand: list[str], sensed: dict[SpotId, bool | None]
) -> None:
    kinds = {"ticket": TicketStatus.ACTIVE, "unresolved": TicketStatus.UNRESOLVED}
    taken = [
        Taken(spot, TicketId(f"t {spot}") if kind in kinds else None, kinds.get(kind), Instant(n))
        for n, (spot, kind) in enumerate(zip(SPOTS, stand, strict=False))
        if kind != "free"
    ]
    free = [spot for spot, kind in zip(SPOTS, stand, strict=False) if kind == "free"]
    found = difference(counted, taken, free, sensed)
    assert len(taken) - len(found.let_go) + len(found.block) == counted - found.beyond
    assert not (found.let_go and found.block)
    assert found.beyond == max(0, counted - len(stand))
    kept = [each for each in taken if each not in found.let_go]
    if any(sensed.get(each.spot) is True for each in found.let_go):
        assert all(sensed.get(each.spot) is True for each in kept), "what a sensor sees goes last"


# --- sensors ---

A12, A14, A16 = SpotId("a12"), SpotId("a14"), SpotId("a16")


def at(seconds: float, boot: int = 1) -> Moment:
    return Moment(boot, Monotonic(round(seconds * SECOND)))


def led_to(spot: SpotId, entered: float | None, *, settled: bool = True) -> OnRecord:
    return OnRecord(
        spot, Stay(TicketId(f"t-{spot}"), f"code {spot}", None if entered is None else at(entered), settled)
    )


def moves(spots: list[OnRecord], seen: dict[SpotId, Seen], now: float) -> list[tuple[SpotId, SpotId]]:
    found = compare(spots, seen, at(now), PATIENCE)
    return [(moved.was, moved.spot) for moved in found.misparked]


def test_a_car_led_to_one_spot_that_stands_on_another_is_moved_once_both_are_sure() -> None:
    books = [led_to(A12, 100), OnRecord(A14)]
    seen = {A12: Seen(False, at(0)), A14: Seen(True, at(160))}
    assert moves(books, seen, 189) == []
    assert moves(books, seen, 190) == [(A12, A14)]


def test_where_two_could_be_it_nobody_is_moved_and_the_spot_is_taken_by_unknown() -> None:
    books = [led_to(A12, 100), led_to(A16, 120), OnRecord(A14)]
    seen = {A12: Seen(False, at(0)), A16: Seen(False, at(0)), A14: Seen(True, at(160))}
    found = compare(books, seen, at(200), PATIENCE)
    assert (found.misparked, found.unknown) == ((), (A14,))
    seen[A16] = Seen(True, at(210))
    assert moves(books, seen, 250) == [(A12, A14)], "the other has arrived: now it is certain"


def test_one_car_is_not_moved_to_either_of_two_spots() -> None:
    books = [led_to(A12, 100), OnRecord(A14), OnRecord(A16)]
    seen = {A12: Seen(False, at(0)), A14: Seen(True, at(160)), A16: Seen(True, at(170))}
    assert compare(books, seen, at(300), PATIENCE).unknown == (A14, A16)


def test_who_came_later_than_a_spot_was_taken_does_not_stand_there() -> None:
    books = [led_to(A12, 100), OnRecord(A14, blocked=Blocked.UNKNOWN_VEHICLE)]
    assert moves(books, {A12: Seen(False, at(0)), A14: Seen(True, at(50))}, 300) == []


def test_a_sensor_that_does_not_know_changes_nothing() -> None:
    books = [led_to(A12, 0), OnRecord(A14), OnRecord(A16, blocked=Blocked.UNKNOWN_VEHICLE)]
    for one, two in ((None, True), (False, None), (None, None)):
        found = compare(
            books, {A12: Seen(one, at(0)), A14: Seen(two, at(5)), A16: Seen(None, at(0))}, at(5000), PATIENCE
        )
        assert found.misparked == found.gone == ()
    assert compare(books, {}, at(5000), PATIENCE).unknown == ()


def test_a_spot_that_is_taken_on_record_and_long_empty_is_told_never_freed() -> None:
    books = [led_to(A12, 100)]
    seen = {A12: Seen(False, at(0))}
    assert compare(books, seen, at(999), PATIENCE).empty == ()
    found = compare(books, seen, at(1000), PATIENCE)
    assert found.empty == ((A12, "code a12"),)
    assert not found.changes_anything


def test_a_car_in_a_lane_is_not_moved() -> None:
    books = [led_to(A12, 100, settled=False), OnRecord(A14)]
    assert moves(books, {A12: Seen(False, at(0)), A14: Seen(True, at(160))}, 300) == []


class Sensor:
    """A spot's sensor in a test's hand."""

    def __init__(self) -> None:
        self.occupied: bool | None = None
        self._heard: list[Callable[[bool | None], None]] = []

    def on_occupied(self, heard: Callable[[bool | None], None]) -> None:
        self._heard.append(heard)

    def says(self, occupied: bool | None) -> None:
        self.occupied = occupied
        for heard in self._heard:
            heard(occupied)

    async def start(self) -> None: ...

    async def stop(self) -> None: ...


class Board:
    """The faults that stand."""

    def __init__(self) -> None:
        self.open: dict[tuple[str, str], str] = {}

    def reporter(self, number: str) -> Board.Reporter:
        return Board.Reporter(self, number)

    class Reporter:
        def __init__(self, board: Board, number: str) -> None:
            self.board, self.number = board, number

        def raised(self, fault: Fault, detail: str) -> None:
            self.board.open[self.number, fault.code] = detail

        def cleared(self, fault: Fault) -> None:
            self.board.open.pop((self.number, fault.code), None)


class Watched:
    """A lot of which each spot has a sensor, all of them free at first."""

    def __init__(self, folder: Path, spots: int) -> None:
        self.lot, self.board = a_small_lot(folder, spots), Board()
        self.sensors = {(0, f"R{n}"): Sensor() for n in range(1, spots + 1)}
        self.watch = SpotWatch(self.lot.store, self.sensors, self.board.reporter, self.lot.clock, PATIENCE)
        for sensor in self.sensors.values():
            sensor.says(False)

    def stands_on(self, number: str) -> None:
        self.sensors[0, number].says(True)

    def leaves(self, number: str) -> None:
        self.sensors[0, number].says(False)

    def after(self, *, minutes: float) -> None:
        self.lot.clock.forward(minutes=minutes)
        asyncio.run(self.watch.look())


def test_the_books_follow_a_car_to_where_it_stands(tmp_path: Path) -> None:
    yard = Watched(tmp_path, 3)
    admitted = yard.lot.enters("AA1")
    yard.lot.clock.forward(minutes=1)
    yard.stands_on("R3")
    yard.after(minutes=0.2)
    assert spot_of(yard.lot, admitted) == "R1"
    yard.after(minutes=0.5)
    assert spot_of(yard.lot, admitted) == "R3"
    assert yard.lot.enters("BB2").spot_number == "R1"
    moved = yard.lot.rows("SELECT body ->> 'why', body ->> 'by' FROM journal WHERE type = 'stay.moved'")
    assert moved == [("sensor", None)]


def test_a_spot_with_an_unknown_car_is_given_to_nobody_and_is_free_again_when_that_left(tmp_path: Path) -> None:
    yard = Watched(tmp_path, 1)
    yard.stands_on("R1")
    yard.after(minutes=1)
    assert yard.lot.arrives("AA1") is Refusal.LOT_FULL
    yard.sensors[0, "R1"].says(None)
    yard.after(minutes=60)
    assert free(yard.lot) == 0, "a sensor that fell silent frees nothing"
    yard.leaves("R1")
    yard.after(minutes=1)
    assert free(yard.lot) == 1


def test_an_empty_spot_is_a_fault_until_its_car_is_found(tmp_path: Path) -> None:
    yard = Watched(tmp_path, 2)
    admitted = yard.lot.enters("AA1")
    yard.after(minutes=20)
    assert yard.board.open == {("R1", "spot.empty_but_taken"): f"level 0, ticket {admitted.code}"}
    assert spot_of(yard.lot, admitted) == "R1"
    yard.stands_on("R2")
    yard.after(minutes=1)
    assert yard.board.open == {}
    assert spot_of(yard.lot, admitted) == "R2"


# --- from afar ---


def commanded(lot: Lot, kind: CommandKind, **about: object) -> Obeyed:
    """As the lot obeys a genuine command of the cloud."""
    said = {"id": uuid4(), "lot": lot.id, "by": "Ada", "reason": "walked round", "nonce": "n", "issued_at": 0}
    asked = order_of(Command.model_validate({**said, "kind": kind, **about}), kind)
    assert isinstance(asked, SpotsOrder)
    watch = SpotWatch(lot.store, {}, lambda number: Notebook(), lot.clock, Patience())
    return asyncio.run(SpotOrders(lot.store, watch).obey(asked))


def test_a_count_that_the_cloud_tells_sets_the_lot_right_with_name_and_reason(tmp_path: Path) -> None:
    lot = a_small_lot(tmp_path)
    lot.enters("AA1")
    assert commanded(lot, CommandKind.RESET_COUNT, vehicles=0, level="0").said.endswith(
        "0 vehicles counted, 1 known; 1 stay is unresolved, without a spot now"
    )
    body = "SELECT json_extract(body, '$.by'), json_extract(body, '$.reason') FROM journal WHERE type = 'count.reset'"
    assert lot.rows(body) == [("Ada", "walked round")]
    assert "level" in commanded(lot, CommandKind.RESET_COUNT, vehicles=0, level="9").why_not


def test_a_spot_goes_out_of_service_and_back_by_the_clouds_word(tmp_path: Path) -> None:
    lot = a_small_lot(tmp_path)
    spot = lot.one("SELECT spot_number FROM spots")
    before = free(lot)
    assert "is out of service" in commanded(lot, CommandKind.SPOT_OUT_OF_SERVICE, spot=spot).said
    assert free(lot) == before - 1
    assert "already" in commanded(lot, CommandKind.SPOT_OUT_OF_SERVICE, spot=spot).why_not
    commanded(lot, CommandKind.SPOT_IN_SERVICE, spot=spot)
    assert free(lot) == before
