"""What the stay of a permit costs: the tariff that is pinned on its ticket."""

from __future__ import annotations

from edge.parking.access.permits import Permit
from models.access.passing import PermitKind
from models.money import Minor
from models.tariff import HourlyTariff, Tariff, Terms


def pinned_for(permit: Permit | None, tariff: Tariff) -> Tariff:
    """By that tariff the stay is charged until it is over, whatever becomes of the permit.

    A permit pays as anybody does, unless it is a courtesy or has rates of its own; rates that the tariff doesn't have
    are the ordinary ones.
    """
    if permit is None:
        return tariff
    if permit.kind is PermitKind.COURTESY:
        return HourlyTariff(currency=tariff.currency, hourly_rate=Minor(0), daily_maximum=Minor(0))
    if permit.rates is not None and isinstance(tariff, Terms) and has_rates(tariff, permit.rates):
        return tariff.for_holder(permit.rates)
    return tariff


def has_rates(terms: Terms, code: str) -> bool:
    """Whether some of its rates are for who has this code."""
    offer = None if terms.validations is None else terms.validations.offers.get(code)
    return offer is not None and offer.own_rates
