"""A price policy as a manager writes it: what is read, and how what is wrong is answered."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from pydantic import BaseModel, ValidationError

from models.pricing import DEFAULT, Policy
from models.pricing.policy import Arrival, Band, Change, Events, Occupancy, OccupancyStep
from tests.models.price_policies import ZONE, of_file, policies, written


def test_the_file_of_the_default_policy_says_what_the_default_policy_does() -> None:
    assert of_file("dynamic-default") == DEFAULT


def test_a_calm_policy_is_read_as_it_is_written() -> None:
    calm = of_file("dynamic-calm")
    assert calm.occupancy is not None
    assert calm.arrival is not None
    assert [step.until_below for step in calm.occupancy.steps] == [Decimal("0.75"), Decimal("0.9")]
    assert calm.arrival.bands[0].days == (0, 1, 2, 3, 4)
    assert (calm.floor, calm.cap, calm.step) == (Decimal("0.8"), Decimal("1.8"), Decimal("0.05"))
    assert calm.change is not None
    assert (calm.change.most, calm.change.every) == (Decimal("0.1"), 15 * 60)


@given(policies())
def test_a_policy_survives_the_way_to_the_lot(policy: Policy) -> None:
    assert Policy.model_validate_json(policy.model_dump_json()) == policy
    assert Policy.model_validate(policy.model_dump()) == policy


def test_no_number_of_a_policy_travels_as_a_binary_fraction() -> None:
    assert not list(_floats(DEFAULT.model_dump(mode="json")))


def _floats(value: Any) -> Iterator[float]:
    if isinstance(value, float):
        yield value
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _floats(inner)


BROKEN = {
    "a price that isn't there": ("step: 0", "a step of 0 is none"),
    "a negative factor": ("events: {each: -0.2}", "can't be negative"),
    "a decimal comma": ("events: {each: '0,2'}", "with a point, as in 0.2"),
    "a word for a number": ("events: {each: much}", "a factor is expected, such as 1.5"),
    "too many decimal places": ("events: {each: 0.12345}", "at most 4 decimal places"),
    "a share beyond all spots": ("occupancy: {steps: [{over: 90, times: 2}]}", "between 0 % and 100 %"),
    "steps from fuller to emptier": (
        "occupancy: {steps: [{over: 90 %, times: 2}, {over: 70 %, times: 1.5}]}",
        "over 70 % can't stand after over 90 %",
    ),
    "a step that ends before it begins": (
        "occupancy: {steps: [{over: 70 %, until_below: 75 %, times: 2}]}",
        "until_below is above over",
    ),
    "no steps": ("occupancy: {steps: []}", "such as {over: 90 %, times: 2.0}"),
    "no bands": ("arrival: {bands: []}", "such as {from: 09:00, to: 19:00, times: 1.3}"),
    "bands that overlap": (
        "arrival: {bands: [{from: 09:00, to: 19:00, times: 1}, {from: 18:00, to: 22:00, times: 2}]}",
        "bands 1 and 2 both hold on mon at 18:00",
    ),
    "a band across midnight into the next day's": (
        "arrival: {bands: [{days: sun, from: 22:00, to: 06:00, times: 1}, {days: mon, to: 09:00, times: 2}]}",
        "bands 1 and 2 both hold on mon at 00:00",
    ),
    "a band that says no time": ("arrival: {bands: [{times: 1.3}]}", "a band says when it holds"),
    "hours that are no hours": ("arrival: {bands: [{from: 9, times: 1.3}]}", "such as 09:00"),
    "an hour that no clock shows": ("arrival: {bands: [{from: 09:00, to: 25:00, times: 1.3}]}", "there is no 25:00"),
    "hours without length": ("arrival: {bands: [{from: 09:00, to: 09:00, times: 1.3}]}", "ends when it begins"),
    "a band from the end of the day": (
        "arrival: {bands: [{from: '24:00', to: '02:00', times: 1}]}",
        "begins from 00:00",
    ),
    "a day that is misspelt": ("arrival: {bands: [{days: mon-fir, times: 1.3}]}", 'did you mean "fri"'),
    "a day that is none": (
        "arrival: {bands: [{days: holidays, times: 1.3}]}",
        "a day of the week is expected, such as mon",
    ),
    "a floor above the cap": ("floor: 2.0\ncap: 1.5", "floor 2.0 is above cap 1.5"),
    "a step that doesn't divide the cap": ("step: 0.1\ncap: 2.95", "2.9 or 3.0 would be"),
    "a step that doesn't divide the floor": ("step: 0.1\nfloor: 0.75", "0.7 or 0.8 would be"),
    "a step that doesn't divide the change": (
        "step: 0.1\nchange: {most: 0.15, every: 10 min}",
        "most 0.15 isn't a multiple of step 0.1",
    ),
    "a change below the step": ("step: 0.1\nchange: {most: 0.05, every: 10 min}", "the price could never change"),
    "a length without a unit": ("change: {most: 0.1, every: 10}", "with its unit"),
    "a change all the time": ("change: {most: 0.1, every: 0 min}", "more than nothing"),
    "an unknown key": ("ceiling: 2.0", "Extra inputs are not permitted"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_policy_that_is_wrong_is_answered_with_what_is_expected(name: str) -> None:
    text, said = BROKEN[name]
    with pytest.raises(ValidationError) as refused:
        written(text)
    assert said in str(refused.value)
    assert len(refused.value.errors()) == 1


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("step: 0.1\ncap: 2.95", ("cap",)),
        ("floor: 2.0\ncap: 1.5", ("cap",)),
        (BROKEN["bands that overlap"][0], ("arrival", "bands")),
        (BROKEN["a change below the step"][0], ("change",)),
        (BROKEN["a step that ends before it begins"][0], ("occupancy", "steps", 0, "until_below")),
    ],
)
def test_what_is_wrong_is_said_of_the_key_that_has_to_be_mended(text: str, key: tuple[str | int, ...]) -> None:
    with pytest.raises(ValidationError) as refused:
        written(text)
    assert refused.value.errors()[0]["loc"] == key


def test_a_binary_fraction_is_refused() -> None:
    with pytest.raises(ValidationError, match="never as a binary fraction"):
        Policy.model_validate({"step": 0.1})


@pytest.mark.parametrize("section", [Policy, Occupancy, OccupancyStep, Arrival, Band, Events, Change])
def test_every_key_says_what_it_means(section: type[BaseModel]) -> None:
    assert [name for name, field in section.model_fields.items() if not field.description] == []


@pytest.mark.parametrize(
    ("when", "factor"),
    [
        ("2026-11-27 21:59", "1"),
        ("2026-11-27 22:00", "2"),  # Friday night begins
        ("2026-11-28 03:59", "2"),  # and goes on into Saturday
        ("2026-11-28 04:00", "3"),
        ("2026-11-28 22:30", "2"),
        ("2026-11-29 03:00", "2"),
        ("2026-11-29 12:00", "1"),
        ("2026-11-29 22:30", "1"),  # Sunday has no such night
        ("2026-11-30 03:00", "1"),
    ],
)
def test_a_band_across_midnight_belongs_to_the_day_on_which_it_begins(when: str, factor: str) -> None:
    policy = written(
        "arrival: {bands: [{days: fri-sat, from: 22:00, to: 04:00, times: 2}, "
        "{days: sat, from: 04:00, to: 22:00, times: 3}]}"
    )
    assert policy.arrival is not None
    assert policy.arrival.times(dt.datetime.fromisoformat(when).replace(tzinfo=ZONE)) == Decimal(factor)


@pytest.mark.parametrize("days", ["sat-mon", "sat, sun and mon", "[Saturday, sunday, Mon]", "[weekends, mon]"])
def test_weekdays_may_be_written_in_several_ways(days: str) -> None:
    if not days.startswith("["):
        days = f'"{days}"'
    policy = written(f"arrival: {{bands: [{{days: {days}, times: 1}}]}}")
    assert policy.arrival is not None
    assert policy.arrival.bands[0].days == (0, 5, 6)
