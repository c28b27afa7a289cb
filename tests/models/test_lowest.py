"""The lowest fee that is consistent with what is known of a stay: never above any that can have been."""

from __future__ import annotations

import os
from collections.abc import Iterator
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from models.instants import HOUR, SECOND, Instant, from_rfc3339
from models.money import Minor
from models.spots import SpotType, VehicleType
from models.tariff import Fee, HourlyTariff, Stay, Terms, fee, lowest
from models.tariff.lowest import lowest_fee
from models.tariff.reading import parse_tariff

MINUTE = 60 * SECOND
DAY = 24 * HOUR
EXAMPLES = int(os.environ.get("LOWEST_EXAMPLES", "8"))
HOURLY = HourlyTariff(currency="EUR", hourly_rate=Minor(250), daily_maximum=Minor(1800))
HEAD = "currency: EUR\ntimezone: Europe/Berlin\n"
TARIFFS = {
    "day and night": """
rates:
  - {name: Day, from: "08:00", to: "20:00", price: 3.00, per: 1 h}
  - {name: Night, from: "20:00", to: "08:00", price: 1.00, per: 20 min, cap: 6.00}
caps: [{amount: 25.00, per: day}]
""",
    "by the minute, free on Sundays": """
free: 15 min
rates:
  - {name: Week, days: mon-sat, price: 6.00, per: 1 h, in_steps_of: 1 min}
  - {name: Sunday, days: sun, price: 0}
""",
    "a falling ladder": """
rates:
  - tiers:
      - {up_to: 1 h, total: 4.00}
      - {up_to: 2 h, total: 9.00}
      - {up_to: 4 h, total: 7.00}
      - {price: 2.00, per: 1 h}
""",
    "early bird": """
rates: {price: 3.50, per: 30 min}
caps: [{amount: 30.00, per: 24 h}]
specials:
  - {name: Early bird, price: 9.00, arrive: {from: "06:00", to: "09:30"}, leave: {after: "15:00", by: "19:00"}}
  - {name: Half a day, price: 12.00, at_least: 4 h, at_most: 6 h}
  - {name: Event, price: 5.00, charge: on top, arrive: {from: "17:00", to: "21:00"}, leave: {by: "23:30"}}
""",
    "units that run on": """
edges: run on
rates:
  - {name: Day, from: "09:00", to: "18:00", price: 2.70, per: 45 min}
  - {name: Evening, from: "18:00", to: "09:00", price: 1.10, per: 2 h}
""",
    "units that are over": """
units: completed
rates:
  - {name: Day, from: "09:00", to: "18:00", price: 2.70, per: 45 min}
  - {name: Evening, from: "18:00", to: "09:00", price: 4.10, per: 2 h}
""",
    "holidays and weekends": """
holidays: ["2026-12-25 to 2026-12-26", 2027-01-01]
whole_minutes: true
grace: {entry: 10 min}
rates:
  - {name: Week, days: mon-fri, from: "07:00", to: "19:00", price: 4.00, per: 1 h}
  - {name: Evening, price: 1.50, per: 1 h}
  - {name: Free days, days: "sat, sun, holidays", price: 2.00, per: day}
""",
}
NEW_YEARS_EVE = from_rfc3339("2026-12-31T17:40:00+01:00")
FRIDAY = from_rfc3339("2026-11-27T15:10:00+01:00")
SATURDAY_NIGHT = from_rfc3339("2026-11-28T21:20:00+01:00")
SPRING = from_rfc3339("2026-03-28T22:30:00+01:00")
"""The night in which the clocks go forward"""


def terms(name: str) -> Terms:
    return parse_tariff(HEAD + TARIFFS[name], "tariff.yaml")


def every_minute(entries: tuple[Instant, Instant], lengths: tuple[int, int]) -> Iterator[tuple[Instant, Instant]]:
    came = range(entries[0], entries[1] + 1, 17 * MINUTE)
    long = range(lengths[0], lengths[1] + 1, 23 * MINUTE)
    return ((Instant(at), Instant(at + length)) for at, length in product((*came, entries[1]), (*long, lengths[1])))


@pytest.mark.parametrize("name", TARIFFS)
@settings(max_examples=EXAMPLES, deadline=None)
@given(
    start=some.sampled_from([FRIDAY, SATURDAY_NIGHT, NEW_YEARS_EVE, SPRING]),
    later=some.integers(0, 20 * 60),
    wide=some.integers(0, 7 * 60),
    least=some.integers(0, 14 * 60),
    more=some.integers(0, 5 * 60),
)
def test_no_stay_that_is_possible_costs_less(name: str, start: Instant, later: int, wide: int, least: int, more: int):
    tariff = terms(name)
    entries = Instant(start + later * MINUTE), Instant(start + (later + wide) * MINUTE)
    lengths = least * MINUTE, (least + more) * MINUTE
    lowest = lowest_fee(tariff, *entries, *lengths).total
    assert lowest <= min(fee(tariff, *stay).total for stay in every_minute(entries, lengths))


@pytest.mark.parametrize("name", TARIFFS)
@settings(max_examples=EXAMPLES, deadline=None)
@given(
    start=some.sampled_from([FRIDAY, SATURDAY_NIGHT, NEW_YEARS_EVE, SPRING]),
    later=some.integers(0, 20 * 60),
    wide=some.integers(0, 9 * 60),
    least=some.integers(0, 14 * 60),
)
def test_nor_one_that_leaves_when_this_one_does(name: str, start: Instant, later: int, wide: int, least: int):
    """The exit is known and the entry isn't, as after a power cut."""
    tariff = terms(name)
    left = Instant(start + (later + wide + least) * MINUTE)
    entries = Instant(start + later * MINUTE), Instant(start + (later + wide) * MINUTE)
    lowest = lowest_fee(tariff, *entries, least * MINUTE, None, Stay(), (left, left)).total
    possible = range(entries[0], entries[1] + 1, 5 * MINUTE)
    assert lowest <= min(fee(tariff, Instant(came), left).total for came in (*possible, entries[1]))


KNOWN_OR_NOT = some.one_of(some.none(), some.integers(-3 * 366 * DAY, 3 * 366 * DAY))


@settings(max_examples=5 * EXAMPLES, deadline=None)
@given(KNOWN_OR_NOT, KNOWN_OR_NOT, some.integers(0, 40 * DAY), KNOWN_OR_NOT, KNOWN_OR_NOT, KNOWN_OR_NOT)
def test_whatever_is_known_and_however_it_contradicts_itself_there_is_a_fee(
    early: int | None, late: int | None, least: int, more: int | None, first: int | None, last: int | None
):
    at = [None if each is None else Instant(FRIDAY + each) for each in (early, late, first, last)]
    most = None if more is None else least + abs(more)
    charged = lowest_fee(terms("holidays and weekends"), at[0], at[1], least, most, Stay(), (at[2], at[3]))
    assert charged.total >= 0


@pytest.mark.parametrize("name", TARIFFS)
@settings(max_examples=EXAMPLES, deadline=None)
@given(minutes=some.integers(0, 30 * 60), length=some.integers(0, 50 * HOUR))
def test_where_all_is_known_it_is_the_fee(name: str, minutes: int, length: int):
    entered = Instant(FRIDAY + minutes * MINUTE)
    stay = Stay(vehicle=VehicleType.LARGE, spot=SpotType.EV)
    known = lowest_fee(terms(name), entered, entered, length, length, stay)
    assert known == fee(terms(name), entered, Instant(entered + length), stay)


def test_control_the_clock_on_the_wall_would_overcharge():
    """What the search is for: by the wrong wall clock, each of these tariffs asks somebody for more."""
    wrong = from_rfc3339("2026-11-27T12:00:00+01:00")
    for name in TARIFFS:
        tariff = terms(name)
        differs = [
            hours
            for hours in range(1, 40)
            if fee(tariff, wrong, Instant(wrong + hours * HOUR)).total
            > lowest_fee(tariff, Instant(wrong - DAY), Instant(wrong + 2 * DAY), hours * HOUR, 2 * hours * HOUR).total
        ]
        assert differs, name


def test_by_the_hour_the_least_length_is_charged():
    assert lowest_fee(HOURLY, None, None, 3 * HOUR, None) == fee(HOURLY, Instant(0), Instant(3 * HOUR))


def test_where_nothing_is_known_of_the_time_a_free_day_is_free():
    assert lowest_fee(terms("by the minute, free on Sundays"), None, None, 5 * HOUR, 5 * HOUR).total == 0
    assert lowest_fee(terms("by the minute, free on Sundays"), FRIDAY, None, 5 * HOUR, 5 * HOUR).total == 0
    assert lowest_fee(terms("by the minute, free on Sundays"), None, FRIDAY, 5 * HOUR, 5 * HOUR).total == 0


def test_a_known_exit_bounds_what_is_free():
    """It leaves on Friday, and came after Thursday: no Sunday is in question."""
    tariff = terms("by the minute, free on Sundays")
    thursday = Instant(FRIDAY - DAY)
    known = lowest_fee(tariff, thursday, None, 2 * HOUR, None, Stay(), (FRIDAY, FRIDAY))
    assert known.total == fee(tariff, Instant(FRIDAY - 2 * HOUR), FRIDAY).total > 0


def test_what_contradicts_itself_is_charged_all_the_same():
    tariff = terms("day and night")
    charged = lowest_fee(tariff, FRIDAY, FRIDAY, HOUR, HOUR, Stay(), (Instant(FRIDAY - DAY), Instant(FRIDAY - DAY)))
    assert charged == fee(tariff, FRIDAY, Instant(FRIDAY + HOUR))


def test_the_search_is_bounded(monkeypatch: pytest.MonkeyPatch):
    """A tariff with a window an hour, and nothing known but that the stay was long: it is over in a moment."""
    tariff = parse_tariff(
        HEAD
        + "holidays: [2026-12-24, 2026-12-25]\nrates:\n"
        + "".join(
            f'  - {{from: "{hour:02d}:00", to: "{hour + 1:02d}:00", price: 0.{hour + 10}, per: {hour + 1} min}}\n'
            for hour in range(24)
        )
        + "specials: [{name: Long, price: 90.00, at_least: 30 h}]\n",
        "tariff.yaml",
    )
    tried: list[Instant] = []

    def counted(tariff: Terms, entered: Instant, leaves: Instant, stay: Stay) -> Fee:
        tried.append(entered)
        return fee(tariff, entered, leaves, stay)

    monkeypatch.setattr(lowest, "fee", counted)
    assert lowest_fee(tariff, None, None, 40 * HOUR, None).total <= 9000
    assert len(tried) <= lowest.MOST_TRIED
