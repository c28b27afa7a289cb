"""Laws of the tariff engine. Each says for which class of tariffs it holds; what lies outside has its counter-example.

The long form: `LAWS=10000 pytest tests/tariffs/test_laws.py --timeout=0`, with so many new examples of each law.
"""

from __future__ import annotations

import json
import os
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, assume, given, settings
from hypothesis import strategies as st

from models.instants import SECOND, Instant
from models.tariff import Fee, Stay, Terms, What, as_tariff, fee, priced
from models.tariff.calendars import resolved
from models.tariff.engine.rounding import rounded
from models.tariff.reading import parse_tariff
from tests.tariffs import reference
from tests.tariffs.composed import (
    DAY,
    MINUTE,
    STEADY,
    WEEK,
    Written,
    caps,
    clock,
    clock_minutes,
    coins,
    entries,
    everything,
    fine_prices,
    minutes_long,
    rates,
    seconds_long,
    skeletons,
    stays,
    whole,
    zones,
)

LONG = int(os.environ.get("LAWS", "0"))
"""So many examples of each law; 0: the short form"""
_PHASES = [Phase.explicit, Phase.generate, Phase.shrink]
_CHECKS = [HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large]


def examples(short: int) -> Any:
    return settings(max_examples=LONG or short, derandomize=not LONG, suppress_health_check=_CHECKS, phases=_PHASES)


steps = st.sampled_from(["0.05", "0.10", "0.50", "1", "3"])
hows = st.sampled_from(["nearest", "up", "down", "nearest even"])


def after(entered: Instant, seconds: int) -> Instant:
    return Instant(entered + seconds * SECOND)


def charge(said: Written, entered: Instant, leaves: Instant, stay: Stay | None = None) -> Fee:
    return fee(whole(said), entered, leaves, stay or Stay())


@examples(80)
@given(everything(), st.data())
def test_the_lines_of_a_bill_add_up_to_its_total(said: Written, data: st.DataObject) -> None:
    """Holds for every tariff and every stay. No stay costs less than nothing."""
    terms = whole(said)
    entered = data.draw(entries(terms.timezone))
    charged = fee(terms, entered, after(entered, data.draw(seconds_long)), data.draw(stays(terms, entered)))
    assert sum(line.amount for line in charged.lines) == charged.total
    assert charged.total >= 0
    assert charged.capped == any(line.what is What.CAP for line in charged.lines)
    added = sum(line.amount for line in charged.lines if line.what is What.TAX)
    assert not added or added == sum(amount for _, amount in charged.taxes)


@examples(80)
@given(everything(rising=True), st.data())
def test_a_longer_stay_never_costs_less(said: Written, data: st.DataObject) -> None:
    """Holds for tariffs in which nothing falls and nothing is outgrown: no table that falls, no special that needs a
    minimum stay or an exit after some time (`at_least`, `leave.after`, if it is cheaper), none `instead` or `on top`
    that ends with the stay's length or exit (`leave`, `at_most`). Falling prices for each unit, free minutes of both
    kinds and all caps are within the class."""
    terms = whole(said)
    entered = data.draw(entries(terms.timezone))
    stay = data.draw(stays(terms, entered))
    short, long = sorted((data.draw(seconds_long), data.draw(seconds_long)))
    assert (
        fee(terms, entered, after(entered, short), stay).total <= fee(terms, entered, after(entered, long), stay).total
    )


HOURLY: Written = {"currency": "EUR", "timezone": "UTC", "rates": {"name": "A", "price": "2.00", "per": "1 h"}}
NOON = Instant(1_812_196_800 * SECOND)
"""2027-06-05 12:00 UTC, a Saturday"""


@pytest.mark.parametrize(
    ("said", "short", "long"),
    [
        pytest.param(
            {**HOURLY, "rates": {"tiers": [{"up_to": "1 h", "total": "5"}, {"total": "3"}]}},
            1,
            2,
            id="a table that falls",
        ),
        pytest.param({**HOURLY, "specials": {"name": "S", "price": "3", "at_least": "4 h"}}, 3, 4, id="at_least"),
        pytest.param(
            {**HOURLY, "specials": {"name": "S", "price": "3", "leave": {"after": "16:00", "by": "20:00"}}},
            3,
            4,
            id="leave.after",
        ),
        pytest.param(
            {**HOURLY, "specials": {"name": "S", "price": "9", "charge": "instead", "at_most": "2 h"}},
            2,
            3,
            id="instead, until it is outgrown",
        ),
        pytest.param(
            {**HOURLY, "specials": {"name": "S", "price": "9", "charge": "on top", "leave": {"by": "14:00"}}},
            2,
            3,
            id="on top, until it is too late",
        ),
    ],
)
def test_outside_that_class_a_longer_stay_may_cost_less(said: Written, short: int, long: int) -> None:
    terms = Terms.model_validate(said)
    assert fee(terms, NOON, after(NOON, short * 3600)).total > fee(terms, NOON, after(NOON, long * 3600)).total


@examples(80)
@given(skeletons(fine_prices, tables=True), st.data())
def test_no_stay_costs_more_than_its_caps(said: Written, data: st.DataObject) -> None:
    """Holds for rates under caps that hold for all of them, on all days: what is added above the caps (extras,
    specials, shares above 100 %, a minimum, charging, tax on top) isn't in the class."""
    entered = data.draw(entries(said["timezone"]))
    leaves = after(entered, data.draw(seconds_long))
    charged = charge(said, entered, leaves)
    for cap in said["caps"]:
        touched = periods_touched(cap, entered, leaves, said["timezone"])
        assert charged.total <= touched * int(Decimal(cap["amount"]) * 100)


def periods_touched(cap: Written, entered: Instant, leaves: Instant, zone: str) -> int:
    """Counted one minute after another, by the clock on the wall. Cap's own edges are on whole minutes."""
    last = max(leaves - 1, entered)
    minutes = [*range(entered, last, MINUTE), last]
    units = [reference.Unit((at - entered) // MINUTE, 0, None, Fraction(0), _shown(at, zone), True) for at in minutes]
    return len({reference.period(cap, unit) for unit in units})


def _shown(at: int, zone: str) -> Any:
    return reference.shown_at(Instant(at), zone)


@examples(80)
@given(
    everything(),
    st.sampled_from(["0.05", "0.10", "0.50", "1", "3"]),
    st.sampled_from(["nearest", "up", "down"]),
    st.data(),
)
def test_a_total_is_a_multiple_of_the_step_and_no_further_away_than_it_says(
    said: Written, step: str, how: str, data: st.DataObject
) -> None:
    """Holds for every tariff and every stay without an earlier one (of which the sum that was paid is taken off)."""
    terms = whole({**said, "rounding": {"to": step, "how": how}})
    entered = data.draw(entries(terms.timezone))
    stay, leaves = data.draw(stays(terms, entered)), after(entered, data.draw(seconds_long))
    total, cents = fee(terms, entered, leaves, stay).total, int(Decimal(step) * 100)
    before = fee(whole({**said, "rounding": {"how": how}}), entered, leaves, stay).total
    assert total % cents == 0
    # What was rounded to a cent before may have been up to a cent away.
    most = {"up": (-1, cents), "down": (-cents, 1), "nearest": (-cents // 2 - 1, cents // 2 + 1)}[how]
    assert most[0] <= total - before <= most[1]


@examples(80)
@given(
    st.one_of(everything(weekly=True, zone=st.sampled_from(STEADY)), everything(weekly=True)),
    st.integers(1, 20),
    st.data(),
)
def test_moving_a_stay_by_whole_weeks_changes_nothing(said: Written, weeks: int, data: st.DataObject) -> None:
    """Holds for tariffs without dates, seasons, holidays and caps for a month, where the clocks don't change in either
    stay or between them."""
    terms = whole(said)
    entered = data.draw(entries(terms.timezone))
    stay = data.draw(stays(terms, entered))
    leaves = after(entered, data.draw(seconds_long))
    shift = weeks * WEEK * MINUTE
    around = [Instant(at + by) for at in (entered - DAY * MINUTE, leaves + DAY * MINUTE) for by in (0, shift)]
    offsets = {_offset(Instant(at), terms.timezone) for at in range(min(around), max(around) + 1, DAY * MINUTE)}
    assume(len(offsets) == 1)
    charged_until = None if stay.charged_until is None else Instant(stay.charged_until + shift)
    moved = Stay(stay.vehicle, stay.spot, stay.validations, stay.energy, charged_until)
    first = fee(terms, entered, leaves, stay)
    second = fee(terms, Instant(entered + shift), Instant(leaves + shift), moved)
    assert first.total == second.total
    assert [(line.what, line.text, line.amount) for line in first.lines] == [
        (line.what, line.text, line.amount) for line in second.lines
    ]


def _offset(at: Instant, zone: str) -> Any:
    return reference.local(at, zone).utcoffset()


@examples(60)
@given(everything(), st.sampled_from(["1", "0.85", "1.3", "2"]), st.data())
def test_what_is_pinned_on_a_ticket_charges_as_what_was_written(
    said: Written, factor: str, data: st.DataObject
) -> None:
    """Holds for every tariff: read from YAML, at any factor, written as JSON and read again, it is the same, and
    charges the same, line by line."""
    assume(_agrees(said))
    terms = parse_tariff(json.dumps(said, indent=1), "tariff.yaml")
    assert terms == Terms.model_validate(said)
    ticket = priced(terms, Decimal(factor))
    again = as_tariff(json.loads(ticket.model_dump_json()))
    assert again == ticket
    assert again.model_dump_json() == ticket.model_dump_json()
    entered = data.draw(entries(terms.timezone))
    leaves, stay = after(entered, data.draw(seconds_long)), data.draw(stays(terms, entered))
    assert fee(again, entered, leaves, stay) == fee(ticket, entered, leaves, stay)


def _agrees(said: Written) -> bool:
    return bool(whole(said))


@examples(60)
@given(everything(), st.data())
def test_a_bill_is_the_same_whatever_was_charged_before_it(said: Written, data: st.DataObject) -> None:
    """Holds for every tariff: what the engine keeps beside the terms changes no answer."""
    used, entered = whole(said), data.draw(entries(said["timezone"]))
    stay = data.draw(stays(used, entered))
    for length in data.draw(st.lists(seconds_long, min_size=1, max_size=4)):
        leaves = after(entered, length)
        assert fee(used, entered, leaves, stay) == fee(whole(said), entered, leaves, stay)
        entered = data.draw(entries(said["timezone"]))


@st.composite
def by_the_minute(draw: st.DrawFn) -> Written:
    """Windows by the clock or by the week, each with a price for the minute."""
    found = [
        {key: value for key, value in rate.items() if key in ("name", "from", "to", "days")}
        | {"price": draw(coins), "per": "1 min"}
        for rate in draw(rates())
    ]
    return {"currency": "EUR", "timezone": draw(zones), "rates": found}


@examples(80)
@given(by_the_minute(), st.data())
def test_the_fees_of_adjoining_stays_by_the_minute_add_up(said: Written, data: st.DataObject) -> None:
    """Holds for prices by the minute in whole coins, without ladders, caps, free minutes or anything else that counts
    from entry, and for stays on whole minutes, also over a change of the clocks."""
    entered = data.draw(entries(said["timezone"], on_the_minute=True))
    middle = after(entered, 60 * data.draw(minutes_long.filter(bool)))
    leaves = after(middle, 60 * data.draw(minutes_long.filter(bool)))
    first, second = charge(said, entered, middle).total, charge(said, middle, leaves).total
    assert charge(said, entered, leaves).total == first + second


@examples(80)
@given(st.data(), zones, coins, st.sets(clock_minutes, min_size=2, max_size=4), st.data())
def test_windows_of_one_price_are_one_window(
    data: st.DataObject, zone: str, price: str, edges: set[int], more: st.DataObject
) -> None:
    """Holds for one price by the minute, written as several windows, and stays that begin on a whole minute: windows
    only give names. All caps of the whole tariff are within the class."""
    limits = data.draw(caps(Decimal(price)))
    common: Written = {"currency": "EUR", "timezone": zone, "caps": limits}
    cost = {"price": price, "per": "1 min"}
    begins = sorted(edges)
    assume(all(begins[1:]))
    windows = zip(begins, [*begins[1:], begins[0]], strict=True)
    many = [{"name": f"W{begin}", "from": clock(begin), "to": clock(end), **cost} for begin, end in windows]
    entered = more.draw(entries(zone, on_the_minute=True))
    leaves = after(entered, more.draw(seconds_long))
    one = charge({**common, "rates": [cost]}, entered, leaves)
    assert one.total == charge({**common, "rates": many}, entered, leaves).total


@examples(200)
@given(skeletons(fine_prices), st.data())
def test_the_engine_agrees_with_a_walk_from_minute_to_minute(said: Written, data: st.DataObject) -> None:
    """Holds for rates with windows (by the clock, over midnight, by the week, by weekdays), prices for each unit, flat
    prices and ladders with whatever start, caps of windows and of all periods, units begun or completed, cut or running
    on, over changes of the clocks; on whole minutes."""
    entered = data.draw(entries(said["timezone"], on_the_minute=True))
    leaves = after(entered, 60 * data.draw(minutes_long))
    assert charge(said, entered, leaves).total == reference.cost(said, entered, leaves)


@examples(60)
@given(skeletons(fine_prices), steps, hows, st.data())
def test_a_sum_is_rounded_once(said: Written, step: str, how: str, data: st.DataObject) -> None:
    """Holds for the tariffs of the walk, whose prices may be finer than a coin, where the tax is in the price: the sum
    goes to the step from its exact parts, not from cents that were rounded before."""
    entered = data.draw(entries(said["timezone"], on_the_minute=True))
    leaves = after(entered, 60 * data.draw(st.integers(0, 300)))
    total = charge({**said, "rounding": {"to": step, "how": how}}, entered, leaves).total
    assert total == rounded(reference.exactly(said, entered, leaves) * 100, int(Decimal(step) * 100), how)


def test_a_stay_of_no_length_has_begun_a_unit_but_completed_none() -> None:
    """Found by the walk, which had taken it for a minute."""
    by_units = {units: Terms.model_validate({**HOURLY, "units": units}) for units in ("begun", "completed")}
    assert {units: fee(terms, NOON, NOON).total for units, terms in by_units.items()} == {"begun": 200, "completed": 0}


def test_units_that_dont_fit_into_an_hour_begin_in_the_one_in_which_they_begin() -> None:
    """In the first hour nine units of 7 min begin, in the second nine, in the third eight."""
    said = {**HOURLY, "rates": {"price": "1.00", "per": "7 min"}, "caps": {"amount": "8.50", "per": "1 h"}}
    assert fee(Terms.model_validate(said), NOON, after(NOON, 3 * 3600)).total == 850 + 850 + 800


def test_less_than_half_a_step_is_none_even_if_its_cents_are_half_of_it() -> None:
    said = {**HOURLY, "rates": {"price": "0.246", "per": "1 h"}, "rounding": {"to": "0.50"}}
    assert fee(Terms.model_validate(said), NOON, after(NOON, 3600)).total == 0


@examples(60)
@given(everything(), st.data())
def test_holidays_of_a_country_are_those_dates(said: Written, data: st.DataObject) -> None:
    """Holds for every tariff: a country's calendar, once resolved, charges as its dates written as a list do."""
    by_country = {**said, "holidays": {"country": "DE", "region": "BY"}}
    terms = resolved(whole(by_country), range(2026, 2029))
    assert terms.holidays is not None
    dates = [f"{span.first}" for span in terms.holidays.also]
    entered = data.draw(entries(said["timezone"]))
    leaves = after(entered, data.draw(seconds_long))
    assert fee(terms, entered, leaves).total == charge({**said, "holidays": dates}, entered, leaves).total


@given(
    st.fractions(-100, 100),
    st.sampled_from([1, 5, Fraction(1, 2)]),
    st.sampled_from(["nearest", "up", "down", "nearest even"]),
)
def test_what_is_rounded_is_a_multiple_and_less_than_a_step_away(
    amount: Fraction, step: Fraction | int, how: str
) -> None:
    found = rounded(amount, step, how)
    assert found % step == 0
    assert abs(found - amount) < step
    assert "nearest" not in how or abs(found - amount) * 2 <= step
