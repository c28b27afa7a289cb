"""The price as a driver reads it from the car: short, and what the engine charges for the first unit."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from models.instants import Instant, from_rfc3339
from models.money import Minor
from models.tariff import HourlyTariff, Terms, as_tariff, fee, priced
from models.tariff.headline import headline
from models.tariff.language.written import length
from tests.tariffs.worked import names, terms_of

SATURDAY_NOON = from_rfc3339("2026-11-28T12:00:00+01:00")
SATURDAY_NIGHT = from_rfc3339("2026-11-28T23:30:00+01:00")
ROOM = 50
"""Characters: two lines of a sign that is 25 wide."""


def terms(*rates: dict[str, Any], **said: Any) -> Terms:
    tariff = as_tariff({"dialect": 2, "currency": "EUR", "timezone": "Europe/Berlin", "rates": list(rates), **said})
    assert isinstance(tariff, Terms)
    return tariff


@pytest.mark.parametrize(
    ("rate", "line"),
    [
        ({"price": "2.00", "per": "1 h"}, "2.60 EUR for each hour begun"),
        ({"price": "3.00", "per": "1 h", "in_steps_of": "1 min"}, "3.90 EUR an hour"),
        ({"price": "0.10", "per": "1 min"}, "0.13 EUR a minute"),
        ({"price": "1.00", "per": "20 min"}, "1.30 EUR for each 20 min"),
        ({"price": "10.00", "per": "day"}, "13.00 EUR a day"),
        ({"price": "5.00"}, "6.50 EUR"),
        (
            {"tiers": [{"up_to": "30 min", "price": "0"}, {"price": "2.00", "per": "1 h"}]},
            "First 30 min free, then 2.60 EUR for each hour begun",
        ),
        (
            {"tiers": [{"up_to": "1 h", "price": "3.00"}, {"price": "2.00", "per": "1 h"}]},
            "3.90 EUR for the first hour",
        ),
        ({"price": "0", "per": "1 h"}, "Free"),
    ],
)
def test_what_the_time_costs_is_said_at_its_price(rate: dict[str, Any], line: str) -> None:
    assert headline(priced(terms(rate), Decimal("1.3")), SATURDAY_NOON) == line


def test_of_several_rates_the_one_is_said_that_holds_now() -> None:
    night = {"name": "Night", "from": "20:00", "to": "08:00", "price": "1.00", "per": "1 h"}
    day = {"name": "Day", "from": "08:00", "to": "20:00", "price": "2.00", "per": "1 h"}
    tariff = terms(night, day)
    assert headline(tariff, SATURDAY_NOON) == "2.00 EUR for each hour begun"
    assert headline(tariff, SATURDAY_NIGHT) == "1.00 EUR for each hour begun"
    assert headline(tariff, None) == "Night 20:00-08:00: 1.00 EUR for each 1 h"


def test_the_first_dialect_is_said_in_the_same_words() -> None:
    hourly = HourlyTariff(currency="EUR", hourly_rate=Minor(250), daily_maximum=Minor(1800))
    assert headline(hourly, None) == "2.50 EUR for each hour begun"


@pytest.mark.parametrize("factor", ["0.8", "1.95", "2.6"])
def test_the_hour_on_the_sign_is_the_hour_on_the_bill(factor: str) -> None:
    tariff = priced(terms({"price": "2.50", "per": "1 h"}), Decimal(factor))
    due = fee(tariff, SATURDAY_NOON, Instant(SATURDAY_NOON + length("59 min") * 1_000_000)).total
    assert headline(tariff, SATURDAY_NOON).startswith(f"{Decimal(due) / 100:.2f} EUR ")


@pytest.mark.parametrize("name", names())
def test_every_tariff_that_ships_fits_a_sign(name: str) -> None:
    assert 0 < len(headline(terms_of(name), SATURDAY_NOON)) <= ROOM
