"""A tariff's section that stands without a list around it: what is wrong in it is shown where it stands."""

from __future__ import annotations

import pytest

from models.documents.problems import ConfigurationError
from models.tariff.reading import parse_tariff

WRITTEN = """\
currency: EUR
timezone: Europe/Berlin
rates: {price: 2, per: 1 h}
caps: {amount: 14.00, per: 24 h}
free: {first: 30 min, lost: true}
tax: 19 %
"""
WRONG = [
    ("amount: 14.00", "amunt: 14.00", (4, 8), 'unknown key; did you mean "amount"?'),
    ("amount: 14.00", "amount: much", (4, 16), "an amount of money is expected"),
    ("30 min, lost", "30, lost", (5, 15), "a length of time is expected"),
    ("19 %", "much", (6, 6), "a percentage is expected"),
    ("price: 2,", "price: 2, from: 08:00,", (3, 8), ""),
]


def test_sections_may_stand_without_a_list() -> None:
    terms = parse_tariff(WRITTEN, "t")
    assert [len(part) for part in (terms.rates, terms.caps, terms.free, terms.tax)] == [1, 1, 1, 1]


@pytest.mark.parametrize(("right", "wrong", "place", "said"), WRONG)
def test_what_is_wrong_in_one_is_shown_at_its_place(right: str, wrong: str, place: tuple[int, int], said: str) -> None:
    assert right in WRITTEN
    with pytest.raises(ConfigurationError) as refused:
        parse_tariff(WRITTEN.replace(right, wrong), "t")
    first = refused.value.problems[0]
    assert (first.line, first.column) == place, str(refused.value)
    assert said in first.message
