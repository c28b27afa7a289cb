"""What comes late counts for nothing, though nobody knows what time the device's clock shows."""

from __future__ import annotations

import pytest

from edge.vision.told.freshness import Judged, Pace, judged
from models.instants import HOUR, SECOND, Instant, Monotonic

WITHIN = 10 * SECOND
WALL = 1_800_000_000 * SECOND


def one_after_the_other(events: list[tuple[float, float]], off: int = 0, synced: bool = True) -> list[bool]:
    """Of each (seen, arrived), in seconds, whether it was in time for sure."""
    return [each.in_time and not each.is_question for each in judgements(events, off, synced)]


def judgements(events: list[tuple[float, float]], off: int = 0, synced: bool = True) -> list[Judged]:
    """`off`: how wrong the device's clock is."""
    pace, found = Pace(), list[Judged]()
    for seen, arrived in events:
        taken = Instant(WALL + off + round(seen * SECOND))
        wall = Instant(WALL + round(arrived * SECOND)) if synced else None
        found.append(judged(pace, taken, Monotonic(round(arrived * SECOND)), WITHIN, wall))
        pace = found[-1].pace
    return found


def test_what_is_seen_now_and_told_now_is_in_time():
    assert one_after_the_other([(0, 0.2), (60, 61), (120, 120.1)]) == [True] * 3


def test_a_backlog_that_comes_after_an_outage_counts_for_nothing():
    assert one_after_the_other([(0, 0.2), (60, 600), (120, 600.1), (300, 600.2), (700, 700.3)]) == [
        *(True, False, False, False, True)
    ]


def test_without_that_limit_the_backlog_would_open_the_gate():
    """The control of the test above."""
    pace = Pace()
    for seen, arrived in ((0, 0.2), (60, 600)):
        taken, at = Instant(WALL + seen * SECOND), Monotonic(round(arrived * SECOND))
        found = judged(pace, taken, at, HOUR, Instant(WALL + at))
        pace = found.pace
        assert found.in_time


def test_a_first_event_that_is_an_hour_old_counts_for_nothing():
    assert one_after_the_other([(-3600, 0)]) == [False]


@pytest.mark.parametrize("off", [-3 * HOUR, 3 * HOUR, 20 * 365 * 24 * HOUR])
@pytest.mark.parametrize("synced", [True, False])
def test_a_clock_that_is_wrong_is_believed_from_its_second_event_on_unless_it_may_be_a_slow_way(off: int, synced: bool):
    slow = off < 0 and synced
    assert one_after_the_other([(0, 0.2), (60, 60.3), (120, 121)], off, synced)[1:] == [not slow] * 2


def test_what_always_comes_late_by_as_much_is_only_a_question_until_it_comes_at_once():
    events = [(0, 15), (12, 27), (60, 75), (120, 135), (200, 200.2), (260, 260.1)]
    assert one_after_the_other(events) == [False] * 4 + [True] * 2
    verdicts = judgements(events)
    assert [each.in_time for each in verdicts] == [False, True, True, True, True, True]


@pytest.mark.parametrize("off", [-3 * HOUR, 3 * HOUR])
def test_a_wrong_clock_does_not_make_a_backlog_fresh(off: int):
    events = [(0, 0.2), (60, 60.3), (100, 400), (200, 400.1), (300, 400.2), (500, 500.1)]
    assert [each.in_time for each in judgements(events, off)][1:] == [True, False, False, False, True]


HOUR_AHEAD = HOUR / SECOND


def test_a_clock_that_was_ahead_and_is_set_right_costs_a_question_and_no_vehicle():
    events = [(HOUR_AHEAD, 0.2), (HOUR_AHEAD + 60, 60.3), (120, 120.1), (180, 180.2), (240, 240.1)]
    assert [each.in_time for each in judgements(events)] == [True] * 5
    assert one_after_the_other(events) == [True, True, False, True, True]
    assert [each.in_time for each in judgements(events, synced=False)] == [True, True, False, True, True]


def test_a_camera_that_gives_a_sign_of_life_each_second_is_believed_soon_after_its_clock_is_set_right():
    signs = [(60.0 + second, 60.1 + second) for second in range(6)]
    assert one_after_the_other([(HOUR_AHEAD, 0.2), *signs])[1:] == [False] * 3 + [True] * 3


def test_a_backlog_that_is_as_old_as_a_clock_is_ahead_is_at_most_a_question():
    events = [(0, 0.2), (60, 60.3), (90, 400), (100, 400.1), (103, 400.2), (107, 400.3), (500, 500.1)]
    assert one_after_the_other(events, 300 * SECOND) == [True, True, False, False, False, False, True]
    assert judgements(events, 300 * SECOND)[2].in_time, "by this computer's clock alone it would open"


def test_where_this_computer_knows_no_time_the_first_event_is_believed():
    assert one_after_the_other([(0, 0.2), (60, 120)], 3 * HOUR, synced=False) == [True, False]


def test_a_clock_that_runs_a_little_slow_never_makes_its_camera_late():
    """Four seconds a day, with a vehicle each hour."""
    events = [(hour * 3600 * (1 - 50e-6), hour * 3600.0) for hour in range(24 * 30)]
    assert all(one_after_the_other(events))
