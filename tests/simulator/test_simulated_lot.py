"""What cars and arms in a simulated lot do, and never do."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.contract import Position
from models.ids import LaneName
from models.tickets import Direction
from simulator.arm import Arm, moved, vend
from simulator.cars import Traffic
from simulator.happenings import What
from simulator.lanes import STOP_LINE
from simulator.orders import BackOut, Signal, Vend
from simulator.world import World, a_world
from tests.simulator.drive import IN, OUT, Gatekeeper, a_lot, arm_angle, driving, with_arm_up, with_hasty_arms

LANES = st.sampled_from([IN, OUT])
SIGNALS = st.one_of(
    st.builds(Vend, LANES, st.sampled_from([f"vend-{n}" for n in range(12)])),
    st.builds(BackOut, LANES),
)
STRETCHES = st.lists(
    st.tuples(st.floats(0.01, 0.2), st.integers(1, 60), st.lists(SIGNALS, max_size=2)), min_size=5, max_size=40
)


def with_no_more_cars(world: World) -> World:
    return replace(world, wanted=0, street=())


def cars_accounted_for(world: World) -> int:
    """Each car once: on the street, in a lane, parked, left for good or turned away."""
    out_already = sum(car.passed for lane in world.lanes if lane.is_exit for car in lane.cars)
    return len(world.cars()) - out_already + world.left + len(world.turned_away)


def moments(seed: int, stretches: list[tuple[float, int, list[Signal]]], backing_out: float = 0.3):
    """The world before and after each step of an arbitrary history."""
    drive = driving(a_lot(seed=seed, patience=20, backing_out=backing_out, per_minute=30))
    for seconds, times, signals in stretches:
        for n in range(times):
            before, told = drive.world, len(drive.happened)
            drive.on(seconds, signals if n == 0 else ())
            yield before, drive.world, drive.happened[told:]


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 9), stretches=STRETCHES)
def test_whatever_happens_no_car_is_lost_or_doubled(seed, stretches):
    for _, world, _ in moments(seed, stretches):
        numbers = [car.number for car in world.cars()]
        assert len(set(numbers)) == len(numbers)
        assert cars_accounted_for(world) == world.came


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 9), stretches=STRETCHES)
def test_whatever_happens_one_car_stands_on_a_loop_and_none_drives_into_another(seed, stretches):
    for _, world, _ in moments(seed, stretches):
        for lane in world.lanes:
            assert sum(car.on_arming_loop for car in lane.cars) <= 1
            assert all(ahead.rear > behind.front for ahead, behind in zip(lane.cars, lane.cars[1:], strict=False))


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 99), hasty=st.floats(0.2, 5), after=st.floats(0, 4))
def test_however_soon_a_barrier_closes_it_never_comes_down_on_a_car(seed, hasty, after):
    drive, keeper = driving(with_hasty_arms(a_lot(seed=seed, wanted=2), hasty)), Gatekeeper(after)
    while drive.world.now < 30:
        before = drive.world
        drive.for_seconds(0.05, keeper)
        for lane in before.lanes:
            if lane.closing_loop:
                assert arm_angle(drive.world, lane.name) >= lane.arm.angle


@given(st.lists(st.tuples(st.floats(0.01, 2), st.booleans(), st.booleans())))
def test_whatever_the_closing_loop_says_the_arm_moves_down_only_while_it_is_clear(moments):
    arm = Arm()
    for n, (seconds, occupied, vended) in enumerate(moments):
        arm = (vend(arm, f"vend-{n}") or arm) if vended else arm
        after = moved(arm, seconds, occupied)
        assert after.angle >= arm.angle or not occupied
        assert 0 <= after.angle <= 1
        arm = after


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 9), stretches=STRETCHES)
def test_whatever_happens_an_arm_at_rest_rises_only_on_a_fresh_vend(seed, stretches):
    for before, after, happened in moments(seed, stretches):
        for lane in before.lanes:
            if lane.arm.position is Position.CLOSED and arm_angle(after, lane.name) > 0:
                assert [h for h in happened if h.what is What.VENDED and h.lane == lane.name]


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 99))
def test_the_same_seed_brings_the_same_day(seed):
    first = driving(a_lot(seed=seed, wanted=3)).for_seconds(40, Gatekeeper())
    second = driving(a_lot(seed=seed, wanted=3)).for_seconds(40, Gatekeeper())
    assert first.happened == second.happened


def test_every_wanted_car_enters_parks_and_leaves():
    drive = driving(a_lot(wanted=5)).until(lambda world: world.finished, Gatekeeper())

    assert len(drive.plates(What.ENTERED)) == 5
    assert sorted(drive.plates(What.LEFT)) == sorted(drive.plates(What.ENTERED))
    assert not drive.of(What.GAVE_UP, What.BACKED_OUT)


def test_a_car_without_a_vend_waits_at_the_stop_line():
    drive = driving(a_lot(wanted=1)).for_seconds(30)

    (car,) = drive.world.lane(IN).cars
    assert car.front == STOP_LINE
    assert drive.world.lane(IN).arming_loop
    assert not drive.world.lane(IN).closing_loop


def test_a_car_that_gets_no_vend_turns_back_when_its_patience_ends():
    drive = driving(a_lot(wanted=1, patience=20)).until(lambda world: bool(world.turned_away))

    (gave_up,) = drive.of(What.GAVE_UP)
    assert gave_up.lane == IN
    assert 20 <= gave_up.waited < 21


def test_a_car_that_backs_out_frees_the_loop_for_the_next():
    drive = driving(a_lot(backing_out=1.0)).until(lambda world: len(world.turned_away) >= 3, Gatekeeper())

    assert drive.world.entered == 0
    assert len(set(drive.plates(What.BACKED_OUT))) == 3


def test_a_car_that_backs_out_after_its_vend_leaves_an_open_arm_that_closes_by_itself():
    drive = driving(a_lot(wanted=1)).for_seconds(12)
    drive.on(0.05, [Vend(IN, "vend-1"), BackOut(IN)]).for_seconds(8)

    assert drive.world.lane(IN).arm.position is Position.OPEN
    assert drive.world.turned_away
    drive.world = with_no_more_cars(drive.world)
    assert drive.for_seconds(15).world.lane(IN).arm.position is Position.CLOSED


def test_a_car_that_turns_back_at_an_exit_comes_again():
    only_in = Gatekeeper(lanes=[IN])
    drive = driving(a_lot(wanted=1, patience=10)).until(lambda world: bool(world.lane(OUT).cars), only_in)
    drive.until(lambda world: bool(world.parked), only_in)
    drive.until(lambda world: world.finished, Gatekeeper(lanes=[OUT]))

    assert [happening.lane for happening in drive.of(What.GAVE_UP)] == [OUT]
    assert drive.world.left == 1


def test_a_repeated_vend_moves_nothing():
    drive = driving(a_lot(wanted=1)).until(lambda world: world.lane(IN).arming_loop).on(0.05, [Vend(IN, "vend-1")])
    drive.until(lambda world: bool(world.parked)).for_seconds(3)
    drive.on(0.05, [Vend(IN, "vend-1")]).for_seconds(2)

    assert drive.world.lane(IN).arm.position is Position.CLOSED
    assert drive.of(What.VEND_REPEATED)


def test_a_vend_without_a_car_is_obeyed_and_told_as_such():
    drive = driving(a_lot(wanted=1)).on(0.05, [Vend(OUT, "vend-1")]).for_seconds(2)

    (vended,) = drive.of(What.VENDED)
    assert vended.on_loop is False
    assert vended.car is None
    assert drive.world.lane(OUT).arm.position is Position.OPEN


def test_a_polite_driver_waits_for_a_vend_of_their_own_though_the_arm_is_up():
    drive = driving(with_arm_up(a_lot(wanted=1), IN)).for_seconds(12)

    assert drive.world.lane(IN).cars[0].front <= STOP_LINE


def test_the_arming_loop_clears_between_two_cars():
    drive, keeper, levels = driving(a_lot(wanted=4)), Gatekeeper(), [False]
    while drive.world.entered < 4:
        drive.for_seconds(0.05, keeper)
        if drive.world.lane(IN).arming_loop is not levels[-1]:
            levels.append(drive.world.lane(IN).arming_loop)
    assert levels.count(True) == 4


def test_a_lot_that_nobody_could_leave_is_refused():
    with pytest.raises(ValueError, match="exit"):
        a_world([(LaneName("in"), Direction.ENTRY)], Traffic())
