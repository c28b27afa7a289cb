"""Lengths from clocks that may be wrong: exact when known, else never above the truth, and order is kept."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from models.instants import HOUR, Instant, Monotonic
from models.timeline import Boot, Length, Moment, Timeline, apart

DAY = 24 * HOUR
NOON = 1_795_000_000_000_000


@dataclass(frozen=True)
class History:
    """What really happened: when each run began, how long it lasted, and of which a time server was heard."""

    starts: tuple[int, ...]
    lasted: tuple[int, ...]
    heard: tuple[bool, ...]
    first: int

    def true(self, moment: Moment) -> int:
        return self.starts[moment.boot - self.first] + moment.monotonic

    @property
    def timeline(self) -> Timeline:
        runs = zip(self.starts, self.lasted, self.heard, strict=True)
        boots = tuple(Boot(Monotonic(lasted), Instant(start) if heard else None) for start, lasted, heard in runs)
        return Timeline(self.first, boots)


@st.composite
def histories(draw: st.DrawFn) -> tuple[History, Moment, Moment]:
    runs = draw(st.lists(st.tuples(st.integers(0, DAY), st.integers(0, DAY), st.booleans()), min_size=1, max_size=6))
    first, at = draw(st.integers(1, 5)), NOON
    starts: list[int] = []
    for off, lasted, _ in runs:
        starts.append(at + off)
        at = starts[-1] + lasted
    history = History(tuple(starts), tuple(lasted for _, lasted, _ in runs), tuple(heard for *_, heard in runs), first)
    numbers = st.integers(0, len(runs) - 1)
    ends = sorted(
        Moment(first + number, Monotonic(draw(st.integers(0, history.lasted[number]))))
        for number in (draw(numbers), draw(numbers))
    )
    return history, ends[0], ends[1]


@given(histories())
def test_the_truth_is_never_outside_of_what_is_said(made: tuple[History, Moment, Moment]) -> None:
    history, begun, ended = made
    truth, said = history.true(ended) - history.true(begun), history.timeline.between(begun, ended)
    assert 0 <= said.least <= truth
    assert said.most is None or said.most >= truth


@given(histories())
def test_within_one_run_and_between_runs_whose_time_is_known_the_length_is_exact(
    made: tuple[History, Moment, Moment],
) -> None:
    history, begun, ended = made
    known = history.heard[begun.boot - history.first] and history.heard[ended.boot - history.first]
    if known or begun.boot == ended.boot:
        truth = history.true(ended) - history.true(begun)
        assert history.timeline.between(begun, ended) == Length(truth, truth)


@given(histories())
def test_moments_sort_as_things_happened(made: tuple[History, Moment, Moment]) -> None:
    history, begun, ended = made
    assert begun <= ended
    assert history.true(begun) <= history.true(ended)
    assert all(before <= after for before, after in pairwise(history.starts))


@given(histories(), st.integers(0, 5))
def test_a_time_server_heard_later_narrows_what_is_known_and_never_lowers_the_least(
    made: tuple[History, Moment, Moment], which: int
) -> None:
    history, begun, ended = made
    heard = tuple(each or number == which for number, each in enumerate(history.heard))
    before = history.timeline.between(begun, ended)
    after = History(history.starts, history.lasted, heard, history.first).timeline.between(begun, ended)
    assert after.least >= before.least
    assert before.most is None or (after.most is not None and after.most <= before.most)


def test_a_night_without_power_counts_only_as_far_as_the_machine_ran() -> None:
    timeline = Timeline(1, (Boot(Monotonic(5 * HOUR), Instant(NOON)), Boot(Monotonic(3 * HOUR))))
    assert timeline.between(Moment(1, Monotonic(4 * HOUR)), Moment(2, Monotonic(2 * HOUR))) == Length(3 * HOUR, None)


def test_an_entry_before_any_time_server_was_heard_is_dated_when_one_is() -> None:
    """The first run never heard one; the second did, an hour after it began."""
    timeline = Timeline(1, (Boot(Monotonic(HOUR)), Boot(Monotonic(9 * HOUR), Instant(NOON))))
    assert timeline.possible(Moment(1, Monotonic(0))) == (None, NOON - HOUR)
    assert timeline.possible(Moment(2, Monotonic(HOUR))) == (NOON + HOUR, NOON + HOUR)


def test_a_run_between_two_whose_time_is_known_lies_between_them() -> None:
    known, unknown = Boot(Monotonic(HOUR), Instant(NOON)), Boot(Monotonic(HOUR))
    timeline = Timeline(7, (known, unknown, Boot(Monotonic(HOUR), Instant(NOON + 10 * HOUR))))
    said = timeline.between(Moment(7, Monotonic(0)), Moment(8, Monotonic(HOUR)))
    assert said == Length(2 * HOUR, 10 * HOUR)


def test_time_servers_that_contradict_each_other_cost_no_driver_anything() -> None:
    """The second says that its run began before the first had ended: only the running itself is sure."""
    timeline = Timeline(1, (Boot(Monotonic(5 * HOUR), Instant(NOON)), Boot(Monotonic(HOUR), Instant(NOON + HOUR))))
    assert timeline.between(Moment(1, Monotonic(HOUR)), Moment(2, Monotonic(HOUR))) == Length(5 * HOUR, None)


def test_nothing_takes_less_than_no_time() -> None:
    timeline = Timeline(1, (Boot(Monotonic(HOUR)),))
    assert timeline.between(Moment(1, Monotonic(HOUR)), Moment(1, Monotonic(0))) == Length(0, 0)


def test_of_two_times_that_are_only_bounded_the_least_and_the_most_are_known() -> None:
    noon, one, two = Instant(NOON), Instant(NOON + HOUR), Instant(NOON + 2 * HOUR)
    assert apart((noon, noon), (two, two)) == Length(2 * HOUR, 2 * HOUR)
    assert apart((noon, one), (two, two)) == Length(HOUR, 2 * HOUR)
    assert apart((noon, noon), (one, None)) == Length(HOUR, None)
    assert apart((noon, noon), (None, None)) == Length(0, None)
    assert apart((two, two), (noon, noon)) == Length(0, None), "one of them was dated by a wrong clock"
