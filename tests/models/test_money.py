"""Money: whole minor units, whatever the currency calls them."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.money import Minor, exponent, from_major, written

CURRENCIES = st.sampled_from(["EUR", "USD", "GBP", "JPY", "VND", "KWD", "TND", "ISK", "CHF", "CLF"])


@pytest.mark.parametrize(
    ("amount", "currency", "minor", "bill"),
    [
        ("2.50", "EUR", 250, "2.50 EUR"),
        ("2.5", "EUR", 250, "2.50 EUR"),
        ("0", "USD", 0, "0.00 USD"),
        ("500", "JPY", 500, "500 JPY"),
        ("20000", "VND", 20000, "20000 VND"),
        ("1.250", "KWD", 1250, "1.250 KWD"),
        ("18", "GBP", 1800, "18.00 GBP"),
        ("1.2345", "CLF", 12345, "1.2345 CLF"),
    ],
)
def test_an_amount_is_kept_in_the_currencys_smallest_unit(amount: str, currency: str, minor: int, bill: str) -> None:
    assert from_major(Decimal(amount), currency) == minor
    assert written(Minor(minor), currency) == bill


@pytest.mark.parametrize(("amount", "currency"), [("2.505", "EUR"), ("0.5", "JPY"), ("1.2505", "KWD"), ("NaN", "EUR")])
def test_a_part_of_a_minor_unit_is_refused_and_never_rounded(amount: str, currency: str) -> None:
    with pytest.raises(ValueError, match="decimal places"):
        from_major(Decimal(amount), currency)


@given(st.integers(-(10**15), 10**15).map(Minor), CURRENCIES)
def test_what_a_bill_shows_is_exactly_what_is_owed(minor: Minor, currency: str) -> None:
    number, unit = written(minor, currency).split()
    assert unit == currency
    assert from_major(Decimal(number), currency) == minor
    assert len(number.partition(".")[2]) == exponent(currency)
