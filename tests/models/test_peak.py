"""The rule by which places are sold: the peak of what overlaps, not its count."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from models.instants import HOUR, Instant
from models.reservations.peak import Span, fits, peak
from models.reservations.selling import FARTHEST, LONGEST, SHORTEST, why_not

ALL = Span(Instant(0), Instant(1000))
SPANS = st.tuples(st.integers(0, 99), st.integers(1, 30)).map(lambda at: Span(Instant(at[0]), Instant(at[0] + at[1])))
DAY = Instant(1_795_000_000_000_000)


def counted(sold: list[Span], within: Span) -> int:
    """Moment by moment."""
    return max(sum(span.start <= at < span.end for span in sold) for at in range(within.start, within.end))


@given(st.lists(SPANS, max_size=25), SPANS)
def test_the_peak_is_what_counting_each_moment_gives(sold: list[Span], within: Span) -> None:
    assert peak(sold, within) == counted(sold, within)


@given(st.lists(SPANS, max_size=40), st.integers(1, 5))
def test_whatever_is_asked_for_never_more_stand_there_than_there_are_places_and_nobody_is_refused_who_fits(
    asked: list[Span], places: int
) -> None:
    sold: list[Span] = []
    for span in asked:
        if fits(sold, span, places):
            sold.append(span)
        else:
            assert counted([*sold, span], span) > places
        assert counted(sold, ALL) <= places


@given(st.lists(SPANS, max_size=40), st.integers(1, 5))
def test_all_that_are_sold_find_a_place_without_moving(asked: list[Span], places: int) -> None:
    """Each takes any place that is free when it comes: so none needs a spot before."""
    sold: list[Span] = []
    for span in asked:
        if fits(sold, span, places):
            sold.append(span)
    free_from = [0] * places
    for span in sorted(sold, key=lambda span: span.start):
        spot = next(number for number, at in enumerate(free_from) if at <= span.start)
        free_from[spot] = span.end


def test_counting_all_that_overlap_would_refuse_who_fits() -> None:
    """The control: three that follow each other, and one who stays beside them, need two places."""
    sold = [Span(Instant(at), Instant(at + 10)) for at in (0, 10, 20)]
    long = Span(Instant(0), Instant(30))
    assert sum(span.overlaps(long) for span in sold) == 3
    assert fits(sold, long, 2)
    assert not fits([*sold, long], Span(Instant(5), Instant(6)), 2)


def test_who_leaves_makes_room_for_who_comes_at_that_moment() -> None:
    assert fits([Span(Instant(0), Instant(10))], Span(Instant(10), Instant(20)), 1)


def test_the_times_that_are_sold() -> None:
    def why(begins: int, length: int) -> str | None:
        return why_not(Span(Instant(DAY + begins), Instant(DAY + begins + length)), DAY)

    assert [why(HOUR, SHORTEST), why(-HOUR // 4, HOUR), why(FARTHEST, LONGEST)] == [None, None, None]
    assert why(-HOUR // 4 - 1_000_000, HOUR) == "in_the_past"
    assert why(0, SHORTEST - 1_000_000) == "too_short"
    assert why(0, LONGEST + 1_000_000) == "too_long"
    assert why(FARTHEST + 1_000_000, HOUR) == "too_far_ahead"
    assert why(1, HOUR) == "not_whole_seconds"
