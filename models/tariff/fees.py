"""The price of a stay, in whichever dialect its tariff is written."""

from __future__ import annotations

from models.instants import Instant
from models.tariff.bill import ORDINARY, Fee, Stay
from models.tariff.engine.charged import charged
from models.tariff.hourly import HourlyTariff, hourly_fee
from models.tariff.language.terms import Terms


def fee(tariff: HourlyTariff | Terms, entered: Instant, leaves: Instant, stay: Stay = ORDINARY) -> Fee:
    """What a stay costs, tax included, in minor units; `stay` is what else is known of it.

    Raises UnknownValidation, UnresolvedHolidays.
    """
    if isinstance(tariff, HourlyTariff):
        return hourly_fee(tariff, entered, leaves)
    return charged(tariff, entered, leaves, stay)
