"""How a price moves: the default rule for every hour, and the laws that every policy keeps."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from itertools import pairwise, product

import pytest
from hypothesis import find, given
from hypothesis import strategies as st

from models.instants import SECOND, Instant
from models.pricing import DEFAULT, Policy, Seen, Standing, next_price, parts, share, wanted
from tests.models.price_policies import BEGINS, MINUTE, ZONE, local, policies, sights, written


def sketched(taken: int, hour: int, events: int) -> Decimal:
    """The rule as it was first sketched, in whole numbers of a hundredth; hour 18 belongs to the day."""
    by_occupancy = 20 if taken > 90 else 15 if taken > 70 else 10
    by_hour = 13 if 9 <= hour <= 18 else 15 if 18 <= hour <= 22 else 8
    return Decimal(by_occupancy * by_hour * (10 + 2 * events)) / 1000


def test_the_default_policy_is_the_rule_for_every_hour_occupancy_and_number_of_events() -> None:
    for taken, hour, events in product(range(101), range(24), range(8)):
        for minute in (0, 59):
            at = dt.datetime(2026, 11, 26, hour, minute, 59, tzinfo=ZONE)
            assert wanted(DEFAULT, share(taken, 100), at, events) == sketched(taken, hour, events)


@pytest.mark.parametrize(
    ("taken", "spots", "times"),
    [
        (7, 10, "1.0"),
        (71, 100, "1.5"),
        (9, 10, "1.5"),
        (91, 100, "2.0"),
        (629, 699, "1.5"),
        (630, 699, "2.0"),
        (1, 1, "2.0"),
        (0, 0, "2.0"),  # a lot without spots is full
        (12, 10, "2.0"),  # more inside than spots
        (-1, 10, "1.0"),
    ],
)
def test_a_step_holds_when_more_than_its_share_is_taken(taken: int, spots: int, times: str) -> None:
    seen = Seen(share(taken, spots), local(BEGINS))
    assert parts(DEFAULT, seen).occupancy == Decimal(times)


def test_a_half_is_rounded_up_to_the_step() -> None:
    policy = written("step: 0.1\noccupancy: {steps: [{over: 0 %, times: 1.25}], otherwise: 1.15}")
    assert wanted(policy, Decimal(1), local(BEGINS), 0) == Decimal("1.3")
    assert wanted(policy, Decimal(0), local(BEGINS), 0) == Decimal("1.2")


def test_events_add_at_most_what_is_written() -> None:
    policy = written("events: {each: 0.2, at_most: 0.5}")
    added = [wanted(policy, Decimal(0), local(BEGINS), count) for count in (0, 1, 2, 3, 9)]
    assert added == [Decimal(text) for text in ("1", "1.2", "1.4", "1.5", "1.5")]


def test_what_is_not_written_does_not_move_the_price() -> None:
    assert wanted(Policy(), Decimal(1), local(BEGINS), 7) == 1


def test_a_step_that_has_been_reached_holds_until_the_lot_is_emptier() -> None:
    policy = written("occupancy: {steps: [{over: 80 %, until_below: 75 %, times: 1.2}, {over: 95 %, times: 1.5}]}")
    factors: list[str] = []
    standing = None
    for taken in (80, 81, 78, 75, 74, 78, 96, 95, 76, 74):
        standing = next_price(policy, standing, Seen.at(BEGINS, ZONE, taken, 100), BEGINS)
        factors.append(f"{standing.factor:.1f}")
    assert factors == ["1.0", "1.2", "1.2", "1.2", "1.0", "1.0", "1.5", "1.2", "1.2", "1.0"]


def test_the_hour_of_the_wall_counts_on_the_day_the_clocks_change() -> None:
    """On 2026-10-25 Berlin's clocks go from 03:00 CEST back to 02:00 CET."""
    for utc, factor in (("2026-10-25T07:59:00+00:00", "0.8"), ("2026-10-25T08:00:00+00:00", "1.3")):
        at = dt.datetime.fromisoformat(utc).astimezone(ZONE)
        assert wanted(DEFAULT, Decimal(0), at, 0) == Decimal(factor)


@st.composite
def days(draw: st.DrawFn) -> list[tuple[Instant, Seen]]:
    """What is seen at some moments one after the other."""
    now, found = BEGINS, list[tuple[Instant, Seen]]()
    for _ in range(draw(st.integers(1, 25))):
        now = Instant(now + draw(st.integers(0, 40 * MINUTE)))
        found.append((now, draw(sights(now))))
    return found


def lived(policy: Policy, day: list[tuple[Instant, Seen]], standing: Standing | None = None) -> list[Standing]:
    stood: list[Standing] = []
    for now, seen in day:
        standing = next_price(policy, standing, seen, now)
        stood.append(standing)
    return stood


@given(policies(), days())
def test_every_price_lies_between_floor_and_cap_and_on_a_step(policy: Policy, day: list[tuple[Instant, Seen]]) -> None:
    for standing in lived(policy, day):
        assert policy.floor <= standing.factor
        assert policy.cap is None or standing.factor <= policy.cap
        assert standing.factor % policy.step == 0


def keeps_its_pace(policy: Policy, day: list[tuple[Instant, Seen]], stood: list[Standing]) -> bool:
    """Each change is small enough, and far enough from the one before."""
    assert policy.change is not None
    changed = [0, *(at for at in range(1, len(day)) if stood[at].factor != stood[at - 1].factor)]
    return all(
        abs(stood[later].factor - stood[later - 1].factor) <= policy.change.most
        and day[later][0] - day[earlier][0] >= policy.change.every * SECOND
        for earlier, later in pairwise(changed)
    )


@given(policies(changing=True), days())
def test_no_price_changes_faster_than_allowed(policy: Policy, day: list[tuple[Instant, Seen]]) -> None:
    assert keeps_its_pace(policy, day, lived(policy, day))


def test_a_price_that_follows_at_once_is_found_out() -> None:
    """The negative control."""

    def hurried(policy: Policy, day: list[tuple[Instant, Seen]]) -> bool:
        return not keeps_its_pace(policy, day, lived(policy.model_copy(update={"change": None}), day))

    find(st.tuples(policies(changing=True), days()), lambda case: hurried(*case))


@given(policies(changing=True), days(), policies(changing=True))
def test_a_new_policy_takes_over_within_its_own_bounds_and_pace(
    old: Policy, day: list[tuple[Instant, Seen]], new: Policy
) -> None:
    last = lived(old, day)[-1]
    now, seen = day[-1]
    first = next_price(new, last, seen, now)
    assert new.allowed(first.factor) == first.factor
    assert new.change is not None
    assert first.factor == new.allowed(last.factor) or abs(first.factor - last.factor) <= new.change.most


@given(policies(), days(), st.data())
def test_a_price_comes_to_what_is_wanted_when_things_stand_still(
    policy: Policy, day: list[tuple[Instant, Seen]], data: st.DataObject
) -> None:
    standing, (now, _) = lived(policy, day)[-1], day[-1]
    seen = data.draw(sights(now))
    every = policy.change.every * SECOND if policy.change else 0
    goal = policy.allowed(parts(policy, seen, standing.level).product)
    waits = 0 if policy.change is None else -(-abs(goal - policy.allowed(standing.factor)) // policy.change.most) + 1
    for wait in range(int(waits) + 1):
        standing = next_price(policy, standing, seen, Instant(now + (wait + 1) * every))
    assert standing.factor == goal
    still = next_price(policy, standing, seen, Instant(now + 10**12))
    assert still == standing


@given(policies(), days())
def test_asking_again_at_the_same_moment_changes_nothing(policy: Policy, day: list[tuple[Instant, Seen]]) -> None:
    for standing, (now, seen) in zip(lived(policy, day), day, strict=True):
        assert next_price(policy, standing, seen, now) == standing


@given(policies(changing=True), policies(changing=True), days())
def test_asking_again_changes_nothing_under_a_new_policy_either(
    old: Policy, new: Policy, day: list[tuple[Instant, Seen]]
) -> None:
    now, seen = day[-1]
    first = next_price(new, lived(old, day)[-1], seen, now)
    assert next_price(new, first, seen, now) == first


def test_a_clock_that_was_set_back_begins_the_wait_anew_and_stops_nothing_for_longer() -> None:
    policy = written("step: 0.1\nchange: {most: 0.1, every: 10 min}\noccupancy: {steps: [{over: 50 %, times: 2}]}")
    empty, full = (Seen.at(BEGINS, ZONE, taken, 100) for taken in (0, 100))
    standing = next_price(policy, None, empty, Instant(BEGINS + 10**12))
    standing = next_price(policy, standing, full, BEGINS)
    assert (standing.factor, standing.since) == (Decimal(1), BEGINS)
    assert next_price(policy, standing, full, Instant(BEGINS + 10 * MINUTE)).factor == Decimal("1.1")
