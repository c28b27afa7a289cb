"""Points in time keep every microsecond, whichever way they are written."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.instants import SECOND, Instant, from_datetime, from_rfc3339, to_datetime, to_rfc3339

# 0001 to 9999, as datetimes reach.
MOMENTS = st.integers(-62_135_596_800 * SECOND, 253_402_300_799 * SECOND + 999_999).map(Instant)


@given(MOMENTS)
def test_an_instant_survives_every_way_of_writing_it(at: Instant) -> None:
    assert from_datetime(to_datetime(at)) == at
    assert from_rfc3339(to_rfc3339(at)) == at
    assert to_rfc3339(at).endswith("Z")


@pytest.mark.parametrize(
    ("written", "at"),
    [
        ("1970-01-01T00:00:00Z", 0),
        ("1970-01-01T01:00:00+01:00", 0),
        ("1969-12-31T19:00:00-05:00", 0),
        ("2026-11-20T08:12:00.000001Z", 1_795_162_320_000_001),
        ("2016-12-31T23:59:59.5Z", 1_483_228_799_500_000),
    ],
)
def test_the_same_moment_in_other_offsets(written: str, at: int) -> None:
    assert from_rfc3339(written) == at


@pytest.mark.parametrize(
    "written", ["2026-11-20T08:12:00", "2026-11-20", "", "noon", "20261120T081200Z", "2026-W47-5T08:12:00Z", "12:00Z"]
)
def test_a_time_without_its_offset_or_in_another_spelling_is_refused(written: str) -> None:
    with pytest.raises(ValueError):
        from_rfc3339(written)


def test_a_naive_datetime_is_refused() -> None:
    with pytest.raises(ValueError, match="no offset"):
        from_datetime(dt.datetime(2026, 11, 20, 8, 12))  # noqa: DTZ001


@given(MOMENTS, MOMENTS)
def test_the_order_of_instants_is_the_order_of_time(one: Instant, other: Instant) -> None:
    assert (one < other) == (to_datetime(one) < to_datetime(other))


@pytest.mark.parametrize(("at", "year"), [(2**63 - 1, 9999), (-(2**63), 1)])
def test_what_no_calendar_holds_is_shown_as_its_end(at: int, year: int) -> None:
    """One lot's odd fault mustn't hide the list in which it stands."""
    assert to_datetime(Instant(at)).year == year
