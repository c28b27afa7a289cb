"""A policy tried on a day of made-up drivers: the day is the same for each policy, and every sign keeps its word."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from functools import cache
from zoneinfo import ZoneInfo

import pytest

from models.pricing import DEFAULT, Policy
from models.tariff import fee, priced
from simulator.prices.files import ordinary_tariff
from simulator.prices.lot import Lived, Trial, lived
from simulator.prices.outcome import Figures, figures
from simulator.prices.visitors import Crowd, Day, visitors
from tests.models.price_policies import of_file

DAY = Day(dt.date(2026, 11, 26), ZoneInfo("Europe/Berlin"))
SPOTS, LANES = 80, 2
PLAIN = ordinary_tariff()
POLICIES = {"fixed": Policy(), "default": DEFAULT, "calm": of_file("dynamic-calm")}


@cache
def a_day(policy: str, seed: int = 1, crowd: Crowd = Crowd()) -> Lived:  # noqa: B008
    trial = Trial(policy, POLICIES[policy], PLAIN, SPOTS, LANES, crowd.events)
    return lived(trial, visitors(seed, SPOTS, DAY, crowd), DAY)


def of_a_day(policy: str, seed: int = 1) -> Figures:
    return figures(a_day(policy, seed))


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_no_sign_changes_while_a_car_waits_and_each_ticket_has_its_price(policy: str, seed: int) -> None:
    day = a_day(policy, seed)
    assert [change for change in day.sign_changes if change.waiting] == []
    assert [ticket for ticket in day.tickets if ticket.factor != ticket.seen] == []


def test_signs_that_are_not_held_still_are_found_out() -> None:
    """The negative control: the same day, with nobody holding the signs for who waits."""
    day = a_day("default")
    careless = figures(lived(replace(day.trial, freezes=False), visitors(1, SPOTS, DAY, Crowd()), DAY))
    assert figures(day).held_back > 0
    assert careless.changes_while_waiting > 0
    assert careless.tickets_unlike_their_sign > 0


@pytest.mark.parametrize("policy", POLICIES)
def test_every_driver_is_accounted_for(policy: str) -> None:
    found = of_a_day(policy)
    assert found.parked + found.too_dear + found.full == len(visitors(1, SPOTS, DAY, Crowd()))
    assert found.peak_occupancy <= 1


@pytest.mark.parametrize("policy", POLICIES)
def test_each_stay_is_charged_as_the_lot_would(policy: str) -> None:
    day = a_day(policy)
    assert all(
        ticket.paid == fee(priced(PLAIN, ticket.factor), ticket.entered, ticket.leaves).total for ticket in day.tickets
    )
    assert sum(ticket.paid for ticket in day.tickets) == figures(day).revenue
    assert day.samples[-1].revenue == figures(day).revenue


def test_the_same_seed_brings_the_same_day_and_another_one_another() -> None:
    again = lived(a_day("default").trial, visitors(1, SPOTS, DAY, Crowd()), DAY)
    assert again == a_day("default")
    assert of_a_day("default", 2) != of_a_day("default", 1)


def test_without_a_policy_the_price_never_moves() -> None:
    found = of_a_day("fixed")
    assert (found.price_changes, found.lowest, found.highest, found.longest_jump) == (0, 1, 1, 0)


def test_a_calm_policy_keeps_its_bounds_and_jumps_less_far() -> None:
    calm, default, policy = of_a_day("calm"), of_a_day("default"), POLICIES["calm"]
    assert policy.cap is not None
    assert policy.change is not None
    assert policy.floor <= calm.lowest <= calm.highest <= policy.cap
    assert calm.longest_jump <= policy.change.most < default.longest_jump


def test_dearer_hours_drive_drivers_on_and_leave_spots_free() -> None:
    fixed, default = of_a_day("fixed"), of_a_day("default")
    assert default.too_dear > fixed.too_dear
    assert default.full < fixed.full
    assert default.mean_occupancy < fixed.mean_occupancy


def test_thriftier_drivers_are_driven_on_more_often() -> None:
    assert figures(a_day("default", crowd=Crowd(would_pay=0.7))).too_dear > of_a_day("default").too_dear


def test_an_event_nearby_brings_drivers_and_a_higher_price() -> None:
    quiet, loud = (figures(a_day("default", crowd=Crowd(events=events))) for events in (0, 2))
    assert loud.parked > quiet.parked
    assert loud.highest > quiet.highest


def test_at_the_weekend_others_come() -> None:
    saturday = Day(dt.date(2026, 11, 28), DAY.zone)
    kinds = [[one.kind for one in visitors(1, SPOTS, day, Crowd())] for day in (DAY, saturday)]
    assert kinds[0].count("commuter") > 5 * kinds[1].count("commuter")
    assert kinds[0].count("shopper") < kinds[1].count("shopper")


@pytest.mark.parametrize("date", [dt.date(2026, 3, 28), dt.date(2026, 10, 24)])
def test_a_day_on_which_the_clocks_change_ends_at_five_by_the_clock(date: dt.date) -> None:
    day = Day(date, DAY.zone)
    found = lived(Trial("default", DEFAULT, PLAIN, 10, 1), visitors(1, 10, day, Crowd()), day)
    assert (day.ends - day.begins) != (DAY.ends - DAY.begins)
    assert found.samples[-1].at == day.ends
    assert found.samples[-1].revenue == sum(ticket.paid for ticket in found.tickets)
