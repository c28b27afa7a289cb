"""How long a lot keeps what it knows: what a technician may write, and what is told of the rest."""

from __future__ import annotations

import pytest

from edge.config.load import parse_lot
from edge.retention.keep import Keep
from tests.config.lots import RIGHT, told


def kept(section: str) -> Keep:
    return parse_lot(RIGHT + section, "lot.yaml").retention.keep()


def test_a_lot_that_says_nothing_keeps_what_the_daemon_would() -> None:
    assert kept("") == Keep()


def test_days_weeks_years_and_sizes() -> None:
    written = kept("retention: {plates: 6 weeks, debts: 2 years, tickets: 500, ledger: 40 d, pictures_most: 500 MB}")
    assert written == Keep(plates=42, debts=730, tickets=500, ledger=40, pictures_bytes=500_000_000)


@pytest.mark.parametrize(
    ("section", "said"),
    [
        ("{plates: soon}", "32:21 retention.plates: a number of whole days is expected"),
        ("{plates: 1.5}", "32:21 retention.plates: a number of whole days is expected"),
        ("{plates: yes}", "32:21 retention.plates: a number of whole days is expected"),
        ("{plates: 0}", "32:21 retention.plates: at least 1 is expected"),
        ("{ledger: 13}", "32:21 retention.ledger: at least 14 is expected"),
        ("{debts: 29}", "32:20 retention.debts: at least the 30 days of `plates` are expected"),
        ("{plates: 60, tickets: 60}", "32:34 retention.tickets: more than the 60 days of `plates` are expected"),
        ("{pictures_most: 2}", '32:28 retention.pictures_most: a size with its unit is expected, such as "500 MB"'),
        ("{pictures_most: 1 kB}", "32:28 retention.pictures_most: at least 1 MB is expected"),
        ("{plate: 30}", '32:13 retention.plate: unknown key; did you mean "plates"?'),
    ],
)
def test_what_cant_be_is_told_with_its_place(section: str, said: str) -> None:
    (only,) = told(f"{RIGHT}retention: {section}")
    assert only.startswith(said)
