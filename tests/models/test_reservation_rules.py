"""Early, due, over, missed: what surely holds against a reservation does; and no walk-in breaks what was promised."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from models.instants import HOUR, Instant
from models.reservations.rules import Places, Rules, Standing, Window, is_missed, standing
from tests.edge.lots import NOON

TIMES = st.integers(NOON, NOON + 12 * HOUR).map(Instant)
WINDOWS = st.builds(lambda start, length: Window(start, Instant(start + length)), TIMES, st.integers(1, 6 * HOUR))
RULES = st.builds(
    Rules, early=st.integers(0, 2 * HOUR), keep_for=st.none() | st.integers(1, 8 * HOUR), charge_early=st.booleans()
)
KNOWN = st.tuples(st.none() | TIMES, st.none() | TIMES).filter(
    lambda now: now[0] is None or now[1] is None or now[0] <= now[1]
)


@given(WINDOWS, RULES, TIMES, st.integers(0, HOUR) | st.none(), st.integers(0, HOUR) | st.none())
def test_whoever_is_in_time_is_never_turned_away_however_little_is_known_of_it(
    window: Window, rules: Rules, truly: Instant, before: int | None, after: int | None
) -> None:
    now = (
        None if before is None else Instant(truly - before),
        None if after is None else Instant(truly + after),
    )
    found = standing(window, now, rules)
    if window.start <= truly < window.end:
        assert found is Standing.DUE
    if window.start - rules.early <= truly < window.start:
        assert found in (Standing.EARLY, Standing.DUE)


@given(WINDOWS, RULES, TIMES)
def test_where_the_time_is_known_each_moment_has_its_place(window: Window, rules: Rules, now: Instant) -> None:
    found = standing(window, (now, now), rules)
    expected = (
        Standing.OVER
        if now >= window.end
        else Standing.DUE
        if now >= window.start
        else Standing.EARLY
        if now >= window.start - rules.early
        else Standing.TOO_EARLY
    )
    assert found is expected


@given(WINDOWS, RULES, KNOWN)
def test_nobody_is_given_up_before_it_is_sure(
    window: Window, rules: Rules, now: tuple[Instant | None, Instant | None]
) -> None:
    if is_missed(window, now, rules):
        assert now[0] is not None
        assert now[0] >= window.start + (rules.keep_for or 0)
        assert rules.keep_for is not None or now[0] >= window.end


@given(
    asked=st.integers(0, 20),
    free=st.integers(0, 30),
    steps=st.lists(st.sampled_from(["walk_in", "walk_out", "guest_in", "guest_out"]), max_size=60),
)
def test_whatever_walk_ins_do_every_promised_place_is_there(asked: int, free: int, steps: list[str]) -> None:
    """Guests are as many as were promised, at most; what was promised once isn't taken back."""
    guests = walk_ins = 0
    promised = Places(asked, free).can_be_kept
    for step in steps:
        places = Places(asked, free, guests, guests)
        if step == "walk_in" and free > places.kept_back:
            free, walk_ins = free - 1, walk_ins + 1
        elif step == "walk_out" and walk_ins:
            free, walk_ins = free + 1, walk_ins - 1
        elif step == "guest_in" and guests < promised:
            assert free > 0, "a sold place is there"
            free, guests = free - 1, guests + 1
        elif step == "guest_out" and guests:
            free, guests = free + 1, guests - 1
        now = Places(asked, free, guests, guests).can_be_kept
        assert now >= promised
        promised = now
