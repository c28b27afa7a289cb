"""Stays that were once charged wrong: each stands here with what is right, and why."""

from __future__ import annotations

from typing import Any

import pytest

from models.documents.problems import ConfigurationError
from models.instants import from_rfc3339
from models.spots import VehicleType
from models.tariff import Earlier, Stay, Terms, fee
from models.tariff.reading import parse_tariff

HOURLY: dict[str, Any] = {"price": "2.00", "per": "1 h"}


def _terms(rates: list[dict[str, Any]], **more: Any) -> Terms:
    return Terms.model_validate({"currency": "EUR", "timezone": "Europe/Berlin", "rates": rates, **more})


def _price(terms: Terms, entry: str, exit: str, **stay: Any) -> int:
    return fee(terms, from_rfc3339(entry), from_rfc3339(exit), Stay(**stay)).total


TABLE = {"tiers": [{"up_to": "1 h", "total": "10"}, {"up_to": "4 h", "total": "5"}, {"price": "1", "per": "1 h"}]}
CASES: dict[str, tuple[Terms, str, str, dict[str, Any], int]] = {
    "a day that begins at 24:00 is a day": (
        _terms([HOURLY], caps=[{"amount": "10", "per": "day", "resets": "24:00"}]),
        "2026-06-01T10:00:00+02:00",
        "2026-06-02T23:00:00+02:00",
        {},
        2000,
    ),
    "and so is a week": (
        _terms([HOURLY], caps=[{"amount": "30", "per": "week", "resets": "sun 24:00"}]),
        "2026-01-03T00:00:00+01:00",
        "2026-01-06T00:00:00+01:00",
        {},
        6000,
    ),
    "each weekend has its own cap": (
        _terms([{"name": "W", "days": "sat-sun", **HOURLY, "cap": "10"}, {"price": "0"}]),
        "2026-06-05T12:00:00+02:00",
        "2026-06-15T12:00:00+02:00",
        {},
        2000,
    ),
    "a new arrival has its own cap": (
        _terms([{**HOURLY, "cap": "10", "holds_for": "24 h"}], by_arrival=True),
        "2026-06-01T10:00:00+02:00",
        "2026-06-04T10:00:00+02:00",
        {},
        3000,
    ),
    "a night of thirteen hours has no second last step": (
        _terms(
            [
                {
                    "from": "20:00",
                    "to": "08:00",
                    "tiers": [{"up_to": "2 h", "price": "2"}, {"up_to": "12 h", "price": "5"}],
                },
                {"price": "0"},
            ]
        ),
        "2026-10-24T20:00:00+02:00",
        "2026-10-25T08:00:00+01:00",
        {},
        700,
    ),
    "a step that another window interrupts is charged once": (
        _terms(
            [
                {"name": "A", "tiers": [{"up_to": "24 h", "price": "10"}, {"price": "5", "per": "24 h"}]},
                {
                    "name": "B",
                    "from": "12:00",
                    "to": "13:00",
                    "tiers": [{"up_to": "30 min", "price": "1"}, {"price": "1", "per": "30 min"}],
                },
            ]
        ),
        "2026-06-01T10:00:00+02:00",
        "2026-06-01T15:00:00+02:00",
        {},
        1200,
    ),
    "a table that two rates share says what the stay costs so far": (
        _terms(
            [
                {
                    "days": days,
                    "starts_again": "never",
                    "tiers": [
                        {"up_to": "1 h", "total": "2"},
                        {"up_to": "4 h", "total": "5"},
                        {"price": "1", "per": "1 h"},
                    ],
                }
                for days in ("mon-fri", "sat-sun")
            ]
        ),
        "2026-06-05T23:30:00+02:00",
        "2026-06-06T00:15:00+02:00",
        {},
        200,
    ),
    "a cap for some on some days leaves the general one on others": (
        _terms(
            [HOURLY],
            caps=[
                {"amount": "10", "per": "day"},
                {"amount": "4", "per": "day", "days": "mon", "vehicles": "MOTORCYCLE"},
            ],
        ),
        "2026-06-02T01:00:00+02:00",
        "2026-06-02T22:00:00+02:00",
        {"vehicle": VehicleType.MOTORCYCLE},
        1000,
    ),
    "a price instead doesn't go below the floor": (
        _terms([HOURLY], validations={"floor": "5", "offers": {"A": {"price": "1"}}}),
        "2026-06-01T10:00:00+02:00",
        "2026-06-01T20:00:00+02:00",
        {"validations": ("A",)},
        500,
    ),
    "no stay costs less than nothing": (
        _terms([TABLE], free={"first": "1 h", "keeps_ladder": True}),
        "2026-06-01T10:00:00+02:00",
        "2026-06-01T11:30:00+02:00",
        {},
        0,
    ),
    "clocks that go back over midnight charge nothing twice, and nothing back": (
        _terms(
            [{"days": "sat", "price": "0.02", "per": "1 min"}, {"price": "0.01", "per": "1 min"}],
            timezone="America/St_Johns",
        ),
        "2010-11-07T02:20:00Z",
        "2010-11-07T02:30:00Z",
        {},
        20,
    ),
    "extras go by their own windows, whatever decides the rate": (
        _terms(
            [{"price": "0"}],
            by_arrival=True,
            extras={"name": "X", "from": "08:00", "to": "10:00", "price": "1", "per": "1 h"},
        ),
        "2026-06-01T06:00:00+02:00",
        "2026-06-03T12:00:00+02:00",
        {},
        600,
    ),
    "a price for the stay is charged once": (
        _terms([{"from": "08:00", "to": "18:00", "price": "5", "per": "stay"}, {"price": "0"}]),
        "2026-06-01T09:00:00+02:00",
        "2026-06-03T12:00:00+02:00",
        {},
        500,
    ),
    "who still charges parks free": (
        _terms([HOURLY], charging={"per_kwh": "0.50", "parking": "free while charging"}),
        "2026-06-01T10:00:00+02:00",
        "2026-06-01T11:00:00+02:00",
        {"energy": 1000},
        50,
    ),
    "pauses one after another are one": (
        _terms(
            [
                {"days": "mon-sat", "from": "09:00", "to": "18:00", "price": "1", "per": "1 h"},
                {"days": "sun", "price": "0", "pauses": True},
                {"price": "0", "pauses": True},
            ],
            edges="run on",
        ),
        "2026-06-06T17:30:00+02:00",
        "2026-06-08T09:30:00+02:00",
        {},
        100,
    ),
    "a new day in a pause begins a new unit": (
        _terms(
            [
                {"from": "09:00", "to": "19:00", "price": "1", "per": "1 h", "starts_again": "each day"},
                {"price": "0", "pauses": True},
            ]
        ),
        "2026-06-01T18:30:00+02:00",
        "2026-06-02T09:30:00+02:00",
        {},
        200,
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_a_stay_that_was_once_charged_wrong(name: str) -> None:
    terms, entry, leaves, stay, total = CASES[name]
    charged = fee(terms, from_rfc3339(entry), from_rfc3339(leaves), Stay(**stay))
    assert charged.total == total
    assert sum(line.amount for line in charged.lines) == total


def test_the_tax_on_a_bill_is_that_of_what_is_paid_now() -> None:
    terms = _terms([HOURLY], re_entry={"within": "60 min"}, tax="19 %")
    first = (from_rfc3339("2026-06-01T08:00:00+02:00"), from_rfc3339("2026-06-01T10:00:00+02:00"))
    earlier = Earlier(*first, fee(terms, *first).total)
    again = fee(
        terms,
        from_rfc3339("2026-06-01T10:30:00+02:00"),
        from_rfc3339("2026-06-01T12:00:00+02:00"),
        Stay(earlier=(earlier,)),
    )
    assert (again.total, again.taxes) == (400, (("Tax", 64),))


BASE = "currency: EUR\ntimezone: Europe/Berlin\n"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("rates: {price: 2, per: 1 h}\ntax: 0.19\n", "is 19 % meant?"),
        ("rates: {price: 2, per: 1 h}\nday_starts: mon 04:00\n", "without a day of the week"),
        ("rates: {price: 2, per: 1 h}\nafresh: 1 s\n", "at least 1 h"),
        ("rates: {price: 2, per: 1 h, starts_again: 1 s}\n", "at least 10 min"),
        ("rates: {price: 1e999999, per: 1 h}\n", "digits before the point"),
        ("rates: {price: 2, per: 1 h}\ncaps: {amount: 999999999999999999999, per: day}\n", "digits before the point"),
        (
            "rates: {price: 2, per: 1 h}\ncaps: {amount: 9, per: day, vehicles: REGULAR}\nlost_ticket: day maximum\n",
            "that holds for all",
        ),
        (
            "holidays: [2026-12-25, 2026-12-26]\nrates:\n"
            "  - {days: daily, from: 08:00, to: 20:00, price: 1, per: 1 h}\n"
            "  - {days: daily, from: 20:00, to: 08:00, price: 1, per: 1 h}\n"
            "  - {days: holidays, from: 08:00, to: 24:00, price: 1, per: 1 h}\n",
            "holiday",
        ),
        (
            "holidays: [2026-12-25]\nrates:\n  - {days: daily, price: 1, per: 1 h}\n"
            "  - {days: holidays, season: 05-01 to 09-30, price: 2, per: 1 h}\n",
            "holiday",
        ),
    ],
)
def test_a_tariff_that_was_once_taken(text: str, said: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        parse_tariff(BASE + text, "t.yaml")
    assert said in str(refused.value)
