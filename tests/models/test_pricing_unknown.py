"""What a price goes by where the time isn't known, and which events count at what hour."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from models.instants import Instant
from models.pricing import DEFAULT, Policy, Seen, Standing, next_price, parts
from tests.models.price_policies import BEGINS, MINUTE, ZONE, arrivals, local, policies, written

WEEK = 7 * 24 * 60
DERBY = "events: {each: 0.2, nearby: [{name: Derby, from: 2026-12-05 17:00, to: '2026-12-05T23:00'}]}"


def at(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text).replace(tzinfo=ZONE)


@given(arrivals().map(lambda arrival: Policy.model_validate({"arrival": arrival})), st.integers(0, WEEK))
def test_while_the_time_is_not_known_nobody_pays_more_than_at_any_time_that_it_may_be(
    policy: Policy, minutes: int
) -> None:
    unknown = parts(policy, Seen(Decimal(0), None)).arrival
    assert unknown <= parts(policy, Seen(Decimal(0), local(Instant(BEGINS + minutes * MINUTE)))).arrival


@given(arrivals().map(lambda arrival: Policy.model_validate({"arrival": arrival})))
def test_and_at_some_time_of_the_week_that_is_the_price(policy: Policy) -> None:
    week = [
        parts(policy, Seen(Decimal(0), local(Instant(BEGINS + quarter * 15 * MINUTE)))).arrival
        for quarter in range(WEEK // 15)
    ]
    assert parts(policy, Seen(Decimal(0), None)).arrival == min(week)


def test_what_no_band_says_counts_only_where_the_bands_leave_room_for_it() -> None:
    whole = "arrival: {bands: [{to: 12:00, times: 1.2}, {from: 12:00, times: 1.4}], otherwise: 0.1}"
    assert parts(written(whole), Seen(Decimal(0), None)).arrival == Decimal("1.2")


@given(policies(), st.integers(0, 100), st.integers(0, 500))
def test_a_price_of_an_hour_that_may_be_over_is_let_go_at_once(policy: Policy, taken: int, factor: int) -> None:
    """However slowly it may change otherwise."""
    held = Standing(Decimal(factor) / 100, BEGINS)
    seen = Seen(Decimal(taken) / 100, None)
    wanted = next_price(policy, None, seen, BEGINS).factor
    then = next_price(policy, held, seen, Instant(BEGINS + 1)).factor
    assert then <= max(wanted, policy.allowed(held.factor))
    assert then == wanted or wanted > held.factor


def test_occupancy_counts_as_ever_while_the_time_is_not_known() -> None:
    assert next_price(DEFAULT, None, Seen(Decimal("0.95"), None), BEGINS).factor == Decimal("1.6")


@pytest.mark.parametrize(
    ("when", "factor"),
    [
        ("2026-12-05T16:59:59", "1"),
        ("2026-12-05T17:00", "1.2"),
        ("2026-12-05T22:59:59", "1.2"),
        ("2026-12-05T23:00", "1"),
        ("2026-12-06T18:00", "1"),
    ],
)
def test_an_event_counts_from_when_it_begins_until_it_is_over(when: str, factor: str) -> None:
    assert parts(written(DERBY), Seen(Decimal(0), at(when))).events == Decimal(factor)


def test_events_count_together_up_to_what_they_may_add_and_not_while_the_time_is_unknown() -> None:
    fair = "{name: Fair, from: 2026-12-05 10:00, to: 2026-12-06 20:00}"
    policy = written(DERBY.replace("nearby: [", f"at_most: 0.3, nearby: [{fair}, "))
    assert parts(policy, Seen(Decimal(0), at("2026-12-05T12:00"))).events == Decimal("1.2")
    assert parts(policy, Seen(Decimal(0), at("2026-12-05T18:00"))).events == Decimal("1.3")
    assert parts(policy, Seen(Decimal(0), None)).events == 1


def test_an_event_is_written_back_as_it_was_written() -> None:
    policy = written(DERBY)
    assert policy.model_dump(mode="json")["events"]["nearby"] == [
        {"name": "Derby", "from": "2026-12-05 17:00", "to": "2026-12-05 23:00"}
    ]
    assert Policy.model_validate_json(policy.model_dump_json()) == policy


@pytest.mark.parametrize(
    ("event", "said"),
    [
        ("{name: Derby, from: 2026-12-05 17:00, to: 2026-12-05 17:00}", "ends after it has begun"),
        ("{name: Derby, from: 2026-12-05, to: 2026-12-06 17:00}", "a date and a time"),
        ("{name: Derby, from: 17:00, to: 23:00}", "a date and a time"),
        ("{name: Derby, from: '2026-12-05T17:00+01:00', to: 2026-12-06 17:00}", "without an offset"),
        ("{from: 2026-12-05 17:00, to: 2026-12-06 17:00}", "Field required"),
    ],
)
def test_an_event_that_no_calendar_could_hold_is_answered_with_what_is_expected(event: str, said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        written(f"events: {{each: 0.2, nearby: [{event}]}}")
