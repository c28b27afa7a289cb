"""What drivers who misbehave, and hardware that is out of order, do in a simulated lot."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.contract import Position
from models.ids import LaneName
from models.tickets import Direction
from simulator.cars import Habit, Quirk, Traffic
from simulator.happenings import Happening, What
from simulator.lanes import How, Manners, said
from simulator.orders import Behave, Break, Hold, Lower, Mend, Signal, Vend
from simulator.troubles import Trouble
from simulator.world import World, a_world, next_change
from tests.simulator.drive import IN, OUT, TICK, Drive, Gatekeeper, a_lot, driving

WEST = LaneName("west")


def a_day_with(direction: Direction, *quirks: Quirk, cars: int = 6, share: float = 1.0, seed: int = 3) -> Drive:
    """A day on which that share of the drivers does one of these things."""
    traffic = Traffic(seed, 6, 60, 90, misbehaving=share, quirks={(direction, quirk): 1 for quirk in quirks})
    lanes = ((IN, Direction.ENTRY), (OUT, Direction.EXIT))
    return driving(a_world(lanes, traffic, None, Manners(patience=60), coming=cars))


def after_a_whole_day(drive: Drive) -> Drive:
    return drive.until(lambda world: world.finished, Gatekeeper(), within=3600)


def of(drive: Drive, what: What, how: How) -> list[Happening]:
    return [happening for happening in drive.of(what) if happening.how is how]


def standing_at(lane: LaneName) -> Drive:
    """A car that waits at the stop line of an entry."""
    drive = driving(a_lot(wanted=1))
    return drive.until(lambda world: any(car.waited for car in world.lane(lane).cars))


# --- drivers ---


def test_a_tailgater_passes_on_the_vend_of_the_car_before():
    drive = after_a_whole_day(a_day_with(Direction.ENTRY, Habit.TAILGATES, cars=8, share=0.5))

    (first, *_) = of(drive, What.PASSED, How.TAILGATE)
    assert first.car is not None
    vended = [happening.car for happening in drive.of(What.VENDED) if happening.lane == IN]
    assert first.car.number not in [car.number for car in vended if car]
    assert drive.world.left == drive.world.entered == 8


def test_both_loops_clear_between_a_car_and_its_tailgater():
    drive, keeper = a_day_with(Direction.ENTRY, Habit.TAILGATES, cars=8, share=0.5), Gatekeeper()
    levels: list[tuple[bool, bool]] = []
    while not of(drive, What.PASSED, How.TAILGATE):
        drive.for_seconds(TICK, keeper)
        lane = drive.world.lane(IN)
        levels.append((lane.arming_loop, lane.closing_loop))
    from_the_vend = levels[-60:]
    assert (True, False) in from_the_vend
    assert any(not arming for arming, _ in from_the_vend)


def test_a_crowding_car_leaves_the_arming_loop_no_time_to_clear():
    drive, keeper = a_day_with(Direction.ENTRY, Habit.CROWDS, cars=2), Gatekeeper()
    drive.until(lambda world: world.lane(IN).arming_loop, keeper)
    while drive.world.entered == 0:
        drive.for_seconds(TICK, keeper)
        assert drive.world.lane(IN).arming_loop

    assert not of(after_a_whole_day(drive), What.PASSED, How.TAILGATE)


def test_a_car_that_rolls_back_was_under_the_arm_and_has_not_passed():
    drive = after_a_whole_day(a_day_with(Direction.ENTRY, Habit.ROLLS_BACK, cars=1))

    assert drive.world.entered == 0
    assert len(drive.of(What.UNDER_ARM)) == 1
    assert [happening.how for happening in drive.of(What.BACKED_OUT)] == [How.VEND]


def test_a_car_that_comes_again_passes_in_the_end():
    drive = after_a_whole_day(a_day_with(Direction.EXIT, Habit.COMES_AGAIN, cars=1))

    assert drive.world.left == 1
    assert len([happening for happening in drive.of(What.UNDER_ARM) if happening.lane == OUT]) == 2


@pytest.mark.parametrize("direction", Direction)
def test_a_driver_slips_through_the_other_direction_while_its_arm_is_up(direction: Direction):
    drive = after_a_whole_day(a_day_with(direction, Habit.WRONG_WAY, cars=30, share=0.4))

    slipped = of(drive, What.PASSED, How.WRONG_WAY)
    assert slipped
    assert {happening.lane for happening in slipped} == {OUT if direction is Direction.ENTRY else IN}
    assert drive.world.left == drive.world.entered == 30


def test_a_car_that_breaks_through_leaves_a_broken_arm_that_is_replaced():
    drive = a_day_with(Direction.ENTRY, Habit.BREAKS_THROUGH, cars=1)
    drive.until(lambda world: world.lane(IN).arm.broken)

    assert said(drive.world.lane(IN), drive.world.now).position is Position.FAULTED
    assert of(drive, What.UNDER_ARM, How.FORCED)
    drive.for_seconds(drive.world.manners.arm_is_replaced_after + 1)
    assert drive.world.lane(IN).arm.position is Position.CLOSED


def test_a_car_that_stops_under_the_arm_keeps_it_up():
    drive = a_day_with(Direction.ENTRY, Habit.STOPS_UNDER_ARM, cars=1)
    drive.until(lambda world: any(car.paused for car in world.lane(IN).cars), Gatekeeper())

    assert drive.world.lane(IN).closing_loop
    assert drive.world.lane(IN).arm.position is Position.OPEN
    assert after_a_whole_day(drive).world.left == 1


def test_in_a_two_way_lane_cars_come_from_both_sides_and_never_meet():
    traffic = Traffic(5, 8, 20, 40)
    drive, keeper = driving(a_world([(WEST, Direction.ENTRY)], traffic, coming=12, two_way=[WEST])), BothSides()
    while not drive.world.finished:
        drive.for_seconds(TICK, keeper)
        assert len({car.far for car in drive.world.lane(WEST).cars}) <= 1
        assert drive.world.now < 1800

    assert drive.world.left == drive.world.entered == 12
    assert {happening.far for happening in drive.of(What.LEFT)} == {True}


class BothSides(Gatekeeper):
    """Vends for whoever stands before the arm, on either side."""

    def __init__(self) -> None:
        super().__init__(lanes=[WEST])
        self._sides: dict[str, bool] = {}

    def saw(self, happened: list[Happening]) -> None:
        for happening in happened:
            if happening.what is What.AT_LOOP:
                self._count += 1
                self._due.append((happening.at + 1, Vend(WEST, f"vend-{self._count}", happening.far)))


def test_a_driver_on_demand_is_the_next_one_who_comes():
    drive = driving(a_lot(wanted=1)).on(TICK, [Behave(IN, Habit.BACKS_OUT)])
    drive.until(lambda world: bool(world.turned_away), Gatekeeper())

    assert drive.of(What.BACKED_OUT)


# --- arms and loops ---


def test_a_stuck_arm_forgets_what_it_was_told():
    drive = standing_at(IN).on(TICK, [Break(IN, Trouble.ARM_STUCK), Vend(IN, "vend-1")]).for_seconds(5)
    drive.on(TICK, [Mend(IN, Trouble.ARM_STUCK)]).for_seconds(3)

    assert drive.world.lane(IN).arm.position is Position.CLOSED
    assert drive.on(TICK, [Vend(IN, "vend-2")]).for_seconds(2).world.lane(IN).arm.angle > 0


def test_a_trouble_is_over_when_its_time_is():
    drive = driving(a_lot(wanted=1)).on(TICK, [Break(OUT, Trouble.ARM_FORCED_UP, until=4.0)]).for_seconds(3)
    assert drive.world.lane(OUT).arm.position is Position.OPEN
    assert drive.for_seconds(4).world.lane(OUT).arm.position is Position.CLOSED
    assert [happening.trouble for happening in drive.of(What.MENDED)] == [Trouble.ARM_FORCED_UP]


def test_an_arm_that_is_held_stays_up_until_it_is_released():
    drive = driving(a_lot(wanted=1)).on(TICK, [Hold(OUT, True)]).for_seconds(60)
    assert said(drive.world.lane(OUT), drive.world.now).position is Position.HELD

    drive.on(TICK, [Lower(OUT)]).for_seconds(3)
    assert drive.world.lane(OUT).arm.position is Position.HELD
    drive.on(TICK, [Hold(OUT, False)]).for_seconds(3)
    assert drive.world.lane(OUT).arm.position is Position.CLOSED


def test_an_arm_that_stays_up_comes_down_when_it_is_told_but_never_on_a_car():
    drive = standing_at(IN).on(TICK, [Break(IN, Trouble.ARM_STAYS_UP), Vend(IN, "vend-1")])
    drive.until(lambda world: world.lane(IN).closing_loop).on(TICK, [Lower(IN)])
    assert drive.world.lane(IN).arm.angle > 0
    drive.until(lambda world: not world.lane(IN).cars).for_seconds(20)
    assert drive.world.lane(IN).arm.position is Position.OPEN

    drive.on(TICK, [Lower(IN)]).for_seconds(2)
    assert drive.world.lane(IN).arm.position is Position.CLOSED


@pytest.mark.parametrize(
    ("trouble", "level"),
    [
        (Trouble.ARMING_LOOP_ON, True),
        (Trouble.ARMING_LOOP_OFF, False),
        (Trouble.ARMING_LOOP_SILENT, None),
    ],
)
def test_a_loop_out_of_order_says_what_it_says_whatever_stands_there(trouble: Trouble, level: bool | None):
    for drive in (driving(a_lot(wanted=1)), standing_at(IN)):
        drive.on(TICK, [Break(IN, trouble)])
        assert said(drive.world.lane(IN), drive.world.now).arming_loop is level


def test_a_loop_that_chatters_changes_five_times_a_second():
    drive, levels = driving(a_lot(wanted=1)).on(TICK, [Break(IN, Trouble.CLOSING_LOOP_CHATTERS)]), []
    for _ in range(40):
        drive.on(TICK)
        levels.append(said(drive.world.lane(IN), drive.world.now).closing_loop)
    assert 8 <= sum(a != b for a, b in pairwise(levels)) <= 12


def test_with_a_blind_closing_loop_the_arm_comes_down_on_a_car_and_the_truth_says_so():
    drive = standing_at(IN).on(TICK, [Vend(IN, "vend-1"), Behave(IN, Habit.STOPS_UNDER_ARM)])
    drive.until(lambda world: any(car.under_the_arm for car in world.lane(IN).cars))
    drive.on(TICK, [Break(IN, Trouble.CLOSING_LOOP_OFF)]).for_seconds(3)

    assert drive.of(What.CRUSHED)


def test_a_car_meets_its_trouble_as_it_comes_to_the_loop():
    drive = a_day_with(Direction.ENTRY, Trouble.ARM_STUCK, cars=1)
    drive.until(lambda world: bool(world.lane(IN).troubles))

    assert drive.world.lane(IN).arming_loop
    assert after_a_whole_day(drive.for_seconds(21)).world.lane(IN).troubles == frozenset()


# --- laws ---

ANYTHING: st.SearchStrategy[Signal] = st.one_of(
    st.builds(Vend, st.sampled_from([IN, OUT]), st.sampled_from([f"vend-{n}" for n in range(40)])),
    st.builds(Behave, st.sampled_from([IN, OUT]), st.sampled_from(Habit)),
    st.builds(Break, st.sampled_from([IN, OUT]), st.sampled_from(Trouble), st.floats(0, 300)),
    st.builds(Hold, st.sampled_from([IN, OUT]), st.booleans()),
    st.builds(Lower, st.sampled_from([IN, OUT])),
)
DAYS = st.lists(st.tuples(st.integers(1, 60), st.lists(ANYTHING, max_size=3)), min_size=8, max_size=20)


def everyone(world: World) -> int:
    out_already = sum(
        car.passed and lane.direction_of(car) is Direction.EXIT for lane in world.lanes for car in lane.cars
    )
    return len(world.cars()) - out_already + world.left + len(world.turned_away)


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 99), day=DAYS)
def test_whatever_people_and_hardware_do_no_car_is_lost_and_none_drives_into_another(seed, day):
    quirks = {(direction, habit): 1 for direction in Direction for habit in Habit}
    traffic = Traffic(seed, 20, 20, 60, misbehaving=0.7, quirks=quirks)
    world = a_world(((IN, Direction.ENTRY), (OUT, Direction.EXIT)), traffic, None, Manners(patience=30))
    drive = driving(world)
    for times, signals in day:
        for n in range(times):
            drive.on(TICK, signals if n == 0 else ())
            assert everyone(drive.world) == drive.world.came
            for lane in drive.world.lanes:
                assert all(a.rear > b.front for a, b in pairwise(lane.cars))


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 99), day=DAYS)
def test_whatever_happens_an_arm_comes_down_on_a_car_only_if_its_closing_loop_lies(seed, day):
    lies = {Trouble.CLOSING_LOOP_OFF, Trouble.CLOSING_LOOP_CHATTERS, Trouble.ARM_FORCED_UP}
    quirks = {(direction, habit): 1 for direction in Direction for habit in Habit}
    world = a_world(
        ((IN, Direction.ENTRY), (OUT, Direction.EXIT)), Traffic(seed, 20, 20, 60, misbehaving=0.7, quirks=quirks)
    )
    drive = driving(world)
    for times, signals in day:
        honest = [signal for signal in signals if not (isinstance(signal, Break) and signal.trouble in lies)]
        for n in range(times):
            drive.on(TICK, honest if n == 0 else ())
    assert not drive.of(What.CRUSHED)


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 99))
def test_nothing_happens_before_the_next_change(seed):
    drive = driving(a_lot(seed=seed, wanted=2))
    for _ in range(200):
        until = next_change(drive.world)
        if until > drive.world.now + TICK:
            told = len(drive.happened)
            asleep = replace(drive.world)
            drive.on((until - drive.world.now) * 0.99)
            assert len(drive.happened) == told
            assert [lane.cars for lane in drive.world.lanes] == [lane.cars for lane in asleep.lanes]
        drive.on(TICK)
