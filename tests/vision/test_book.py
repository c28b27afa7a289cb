"""What the daemon knows of each lane's vehicles while vision processes come and go."""

from __future__ import annotations

from drivers.contract import Box
from edge.vision.events import PlateDecided, PlateRead, VehicleGone, VehicleInView, VisionEvent
from edge.vision.process.book import MAY_BE_SEEN, Book
from edge.vision.process.protocol import (
    KnownOrder,
    LaterOrder,
    Standing,
    Surroundings,
    SurroundingsOrder,
    WatchOrder,
    order_line,
    read_order,
)
from models.ids import LaneName
from models.instants import SECOND, Monotonic
from models.plates import Plate

LOOP, OPEN = LaneName("loop"), LaneName("open")
BOX = Box(250, 300, 120, 30)
READ = PlateRead(Plate("AB123CD"), 0.97, 4, BOX, 120)
NOW = Monotonic(1000 * SECOND)


class Lot:
    """One lane with an arming loop and one without, and what is heard of both."""

    def __init__(self) -> None:
        self.heard: list[VisionEvent] = []
        self.book = Book({LOOP: True, OPEN: False}, self.heard.append)

    def a_vehicle_comes(self, number: int = 1, *, decided: bool = True) -> Lot:
        self.book.take(VehicleInView(OPEN, number))
        if decided:
            self.book.take(PlateDecided(OPEN, number, READ))
        return self

    def process_is_lost(self) -> Lot:
        self.book.lost("it was ended", replaced=True)
        return self

    def new_process_is_told(self, at: Monotonic = NOW) -> list[LaterOrder]:
        return list(self.book.begins(at))


def known(passed: bool) -> KnownOrder:
    return KnownOrder(lane=OPEN, plate=READ.plate, box=BOX, passed=passed)


def test_a_new_process_is_told_of_the_vehicle_that_waits_and_of_none_that_left() -> None:
    assert Lot().a_vehicle_comes().process_is_lost().new_process_is_told() == [known(passed=False)]
    assert Lot().a_vehicle_comes(decided=False).process_is_lost().new_process_is_told() == []
    left = Lot().a_vehicle_comes()
    left.book.take(VehicleGone(OPEN, 1))
    assert left.process_is_lost().new_process_is_told() == []


def test_a_vehicle_that_waits_is_waited_for_until_a_process_has_seen_the_lane() -> None:
    lot = Lot().a_vehicle_comes().process_is_lost()
    assert lot.process_is_lost().new_process_is_told() == [known(passed=False)]
    lot.book.pictures_come(OPEN)
    assert lot.process_is_lost().new_process_is_told() == []


def test_a_new_process_is_told_of_a_vehicle_that_has_just_passed_and_of_none_that_passed_long_ago() -> None:
    lot = Lot().a_vehicle_comes()
    lot.book.let_go(OPEN, 1, NOW)
    lot.process_is_lost()
    assert lot.new_process_is_told() == [known(passed=True)]
    assert lot.new_process_is_told(Monotonic(NOW + MAY_BE_SEEN)) == []


def test_a_vehicle_is_let_go_once_under_the_number_that_its_process_gave_it() -> None:
    lot = Lot().a_vehicle_comes().process_is_lost().a_vehicle_comes()
    lot.heard.clear()
    assert lot.book.let_go(OPEN, 1, NOW) is None, "that one has gone"
    assert lot.book.let_go(OPEN, 2, NOW) == 1
    assert lot.book.let_go(OPEN, 2, NOW) is None
    lot.book.take(VehicleGone(OPEN, 1))
    assert lot.heard == [VehicleGone(OPEN, 2)]


def test_a_new_process_is_told_that_a_loop_is_occupied_and_what_was_read_of_who_stands_there() -> None:
    lot = Lot()
    lot.book.watched(LOOP, True)
    assert lot.process_is_lost().new_process_is_told() == [WatchOrder(lane=LOOP, vehicle=1)]
    lot.book.take(PlateDecided(LOOP, 1, READ))
    told = lot.process_is_lost().new_process_is_told()
    assert told == [WatchOrder(lane=LOOP, vehicle=1), KnownOrder(lane=LOOP, plate=READ.plate, box=BOX)]
    assert [read_order(order_line(order)) for order in told] == told
    lot.book.watched(LOOP, False)
    assert lot.process_is_lost().new_process_is_told() == []


def test_a_new_process_is_told_what_stands_around_a_loop_before_it_hears_who_is_on_it() -> None:
    lot, parked = Lot(), (Standing("PARKED1", BOX),)
    lot.book.stands_around(Surroundings(LOOP, parked))
    lot.book.watched(LOOP, True)
    told = lot.process_is_lost().new_process_is_told()
    assert told == [SurroundingsOrder(lane=LOOP, standing=parked), WatchOrder(lane=LOOP, vehicle=1)]
    assert [read_order(order_line(order)) for order in told] == told
