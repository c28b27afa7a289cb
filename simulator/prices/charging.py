"""What a stay costs at a factor, by the engine that charges at the lot."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

from models.money import Minor
from models.tariff import Tariff

PLAIN = Tariff(currency="EUR", hourly_rate=Minor(250), daily_maximum=Minor(1800))
"""For a policy that is tried without a tariff of its own."""


def priced(tariff: Tariff, factor: Decimal) -> Tariff:
    """The tariff with its rates multiplied, as it is pinned on a ticket."""

    def times(amount: Minor) -> Minor:
        return Minor(int((amount * factor).quantize(Decimal(1), ROUND_HALF_UP)))

    return tariff.model_copy(
        update={"hourly_rate": times(tariff.hourly_rate), "daily_maximum": times(tariff.daily_maximum)}
    )
