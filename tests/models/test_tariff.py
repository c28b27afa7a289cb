"""The seed rule: one hourly rate up to one hour, then the rate for each started hour, at most the daily maximum."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from models.instants import HOUR, SECOND, Instant
from models.money import Minor
from models.tariff import HourlyTariff, Tariff, fee, read_pinned

TARIFF = HourlyTariff(currency="EUR", hourly_rate=Minor(250), daily_maximum=Minor(1800))
ENTERED = Instant(1_795_000_000 * SECOND)
MINUTE = 60 * SECOND

LENGTHS = st.integers(0, 30 * 24 * HOUR)


@st.composite
def tariffs(draw: st.DrawFn) -> Tariff:
    rate = draw(st.integers(0, 10_000))
    most = draw(st.integers(rate, rate + 100_000))
    return HourlyTariff(currency="EUR", hourly_rate=Minor(rate), daily_maximum=Minor(most))


@pytest.mark.parametrize(
    ("length", "total", "hours"),
    [
        (0, 250, 1),
        (1, 250, 1),
        (59 * MINUTE, 250, 1),
        (HOUR - 1, 250, 1),
        (HOUR, 250, 1),
        (HOUR + 1, 500, 2),
        (90 * MINUTE, 500, 2),
        (2 * HOUR, 500, 2),
        (2 * HOUR + 1, 750, 3),
        (7 * HOUR, 1750, 7),
        (7 * HOUR + 1, 1800, 8),
        (24 * HOUR, 1800, 24),
        (49 * HOUR, 1800, 49),
        (-5 * MINUTE, 250, 1),
    ],
)
def test_what_a_stay_of_this_length_costs(length: int, total: int, hours: int) -> None:
    charged = fee(TARIFF, ENTERED, Instant(ENTERED + length))
    assert (charged.total, charged.started_hours, charged.currency) == (total, hours, "EUR")
    assert charged.capped is (hours * 250 > 1800)


@given(tariffs(), LENGTHS, LENGTHS)
def test_a_longer_stay_never_costs_less(tariff: Tariff, one: int, other: int) -> None:
    short, long = sorted((one, other))
    assert fee(tariff, ENTERED, Instant(ENTERED + short)).total <= fee(tariff, ENTERED, Instant(ENTERED + long)).total


@given(tariffs(), LENGTHS)
def test_every_stay_costs_between_one_hour_and_the_maximum(tariff: Tariff, length: int) -> None:
    charged = fee(tariff, ENTERED, Instant(ENTERED + length))
    assert tariff.hourly_rate <= charged.total <= tariff.daily_maximum
    assert charged.capped or charged.total == charged.started_hours * tariff.hourly_rate


@given(tariffs(), LENGTHS, st.integers(0, 2**50))
def test_only_the_length_of_a_stay_counts_not_its_date(tariff: Tariff, length: int, shift: int) -> None:
    moved = Instant(ENTERED + shift)
    assert fee(tariff, ENTERED, Instant(ENTERED + length)) == fee(tariff, moved, Instant(moved + length))


def test_a_maximum_below_the_first_hour_is_refused() -> None:
    with pytest.raises(ValidationError, match="below hourly_rate"):
        HourlyTariff(currency="EUR", hourly_rate=Minor(250), daily_maximum=Minor(200))


@given(tariffs())
def test_the_tariff_pinned_on_a_ticket_is_the_tariff_that_charges(tariff: Tariff) -> None:
    assert read_pinned(tariff.model_dump_json()) == tariff
