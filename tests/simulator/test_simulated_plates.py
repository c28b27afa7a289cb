"""The plates and cars of a run."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from models.plates import normalised
from simulator.cars import Traffic
from simulator.plates import FORMATS, number_plate


@given(seed=st.integers(0, 10_000))
def test_no_two_cars_of_a_run_have_the_same_plate(seed: int) -> None:
    plates = [number_plate(seed, n).text for n in range(500)]
    assert len(set(plates)) == len(plates)


@given(seed=st.integers(0, 10_000), n=st.integers(0, 100_000))
def test_a_plate_has_no_letter_that_reads_like_a_digit(seed: int, n: int) -> None:
    assert not re.search("[IOQ]", number_plate(seed, n).text)


@given(seed=st.integers(0, 10_000), n=st.integers(0, 100_000))
def test_a_plate_is_written_as_its_country_writes_it(seed: int, n: int) -> None:
    plate = number_plate(seed, n)
    pattern = plate.format.pattern.replace("L", "[A-Z]").replace("D", r"\d")
    assert re.fullmatch(pattern, plate.shown)
    assert plate.text == normalised(plate.shown)


def test_letters_and_digits_tell_the_countries_apart() -> None:
    shapes = {re.sub("[^LD]", "", format.pattern) for format in FORMATS}
    assert len(shapes) == len(FORMATS)


def test_stays_lie_between_the_shortest_and_the_longest() -> None:
    traffic = Traffic(shortest_stay=20, longest_stay=90)
    assert all(20 <= traffic.car(n).stay <= 90 for n in range(200))


def test_cars_come_at_the_rate_that_was_asked_for() -> None:
    gaps = [Traffic(per_minute=6).gap_before(n) for n in range(3000)]
    assert 9 < sum(gaps) / len(gaps) < 11
