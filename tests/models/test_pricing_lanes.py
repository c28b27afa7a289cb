"""Whatever happens, no lane's price changes while a vehicle waits there, and the ticket gets what its sign showed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal

import pytest
from hypothesis import find, given
from hypothesis import strategies as st

from models.instants import Instant
from models.pricing import DEFAULT, Policy, Quote, Seen, Standing, lane_quote, next_price
from tests.models.price_policies import BEGINS, MINUTE, ZONE, of_file, policies

LANES = ("north", "south")
Quoting = Callable[[Quote | None, Standing, bool | None], Quote]


@dataclass(frozen=True)
class Happening:
    """After so many seconds: a vehicle comes to a lane, or what waits there is admitted or drives off; or the lot is as
    full as that, or has another policy."""

    after: int
    lane: str | None = None
    admitted: bool = True
    taken: int = 0
    policy: Policy | None = None


WAITS = st.integers(0, 1200)
HAPPENINGS = st.lists(
    st.one_of(
        st.builds(Happening, WAITS, st.sampled_from(LANES), st.booleans()),
        st.builds(Happening, WAITS, st.none(), st.just(False), st.integers(0, 100)),
        st.builds(Happening, WAITS, policy=st.sampled_from([DEFAULT, of_file("dynamic-calm"), Policy()]) | policies()),
    ),
    max_size=40,
)


@dataclass
class Road:
    """Beside the lanes stands a witness, who writes down what each sign showed while a vehicle waited at it."""

    quoting: Quoting
    policy: Policy = DEFAULT
    now: Instant = BEGINS
    taken: int = 50
    standing: Standing | None = None
    signs: dict[str, Quote] = field(default_factory=dict[str, Quote])
    waiting: set[str] = field(default_factory=set[str])
    seen_there: dict[str, list[Decimal]] = field(default_factory=dict[str, list[Decimal]])
    tickets: list[tuple[Decimal, list[Decimal]]] = field(default_factory=list[tuple[Decimal, list[Decimal]]])
    """What each was pinned with, and what its driver had seen"""
    drove_off: list[list[Decimal]] = field(default_factory=list[list[Decimal]])

    def happens(self, what: Happening) -> None:
        for _ in range(what.after // 60):
            self.passes(MINUTE)
        self.passes(what.after % 60 * 1_000_000)
        if what.lane is None:
            self.taken, self.policy = what.taken, what.policy or self.policy
        elif what.lane in self.waiting:
            self.leaves(what.lane, what.admitted)
        else:
            self.waiting.add(what.lane)
            self.seen_there[what.lane] = [self.signs[what.lane].factor]
        self.passes(0)

    def passes(self, microseconds: int) -> None:
        self.now = Instant(self.now + microseconds)
        seen = Seen.at(self.now, ZONE, self.taken, 100)
        self.standing = next_price(self.policy, self.standing, seen, self.now)
        for lane in LANES:
            self.signs[lane] = self.quoting(self.signs.get(lane), self.standing, lane in self.waiting)
            if lane in self.waiting:
                self.seen_there[lane].append(self.signs[lane].factor)

    def leaves(self, lane: str, admitted: bool) -> None:
        self.waiting.remove(lane)
        seen = self.seen_there.pop(lane)
        if admitted:
            self.tickets.append((self.signs[lane].factor, seen))
        else:
            self.drove_off.append(seen)

    @property
    def kept_their_word(self) -> bool:
        """Each sign stood still for whoever waited there, and each ticket has what its sign showed throughout."""
        visits = [seen for _, seen in self.tickets] + self.drove_off + list(self.seen_there.values())
        return all(len(set(seen)) == 1 for seen in visits) and all(set(seen) == {pin} for pin, seen in self.tickets)


def driven(happenings: list[Happening], quoting: Quoting = lane_quote) -> Road:
    road = Road(quoting)
    road.passes(0)
    for happening in happenings:
        road.happens(happening)
    return road


@given(HAPPENINGS)
def test_no_price_changes_while_a_vehicle_waits_and_each_ticket_has_what_its_sign_showed(
    happenings: list[Happening],
) -> None:
    assert driven(happenings).kept_their_word


def always_the_newest(_shown: Quote | None, standing: Standing, _waiting: bool | None) -> Quote:
    """A sign that is careless of who waits: the negative control."""
    return Quote(standing.factor, standing.since)


def test_a_sign_that_always_shows_the_newest_price_is_found_out() -> None:
    broken = find(HAPPENINGS, lambda happenings: not driven(happenings, always_the_newest).kept_their_word)
    assert driven(broken).kept_their_word


@given(HAPPENINGS)
def test_a_lane_where_nobody_waits_shows_the_price_of_the_lot(happenings: list[Happening]) -> None:
    road = driven(happenings)
    assert road.standing is not None
    for lane in set(LANES) - road.waiting:
        assert road.signs[lane] == Quote(road.standing.factor, road.standing.since)


OLD, NEW = Standing(Decimal("1.0"), BEGINS), Standing(Decimal("1.5"), Instant(BEGINS + MINUTE))


@pytest.mark.parametrize(("waiting", "factor"), [(True, "1.0"), (None, "1.0"), (False, "1.5")])
def test_an_arming_loop_that_cannot_be_believed_may_have_somebody_on_it(waiting: bool | None, factor: str) -> None:
    shown = lane_quote(None, OLD, False)
    assert lane_quote(shown, NEW, waiting).factor == Decimal(factor)


def test_a_price_that_fell_meanwhile_is_not_given_to_who_waits_and_is_to_the_next() -> None:
    shown = lane_quote(lane_quote(None, NEW, False), OLD, True)
    assert shown.factor == Decimal("1.5")
    assert lane_quote(shown, OLD, False).factor == Decimal("1.0")


def test_a_sign_that_has_never_shown_anything_shows_the_price_of_the_lot_to_whoever_is_there() -> None:
    assert lane_quote(None, NEW, True) == Quote(NEW.factor, NEW.since)
