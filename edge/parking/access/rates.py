"""What the stay of a permit costs: the tariff that is pinned on its ticket."""

from __future__ import annotations

from collections.abc import Iterable

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
    return code in codes_with_rates(terms)


def codes_with_rates(terms: Terms) -> tuple[str, ...]:
    """For whom it has rates of their own."""
    offers = {} if terms.validations is None else terms.validations.offers
    return tuple(code for code, offer in offers.items() if offer.own_rates)


def unknown_rates(permits: Iterable[Permit], tariffs: Iterable[Tariff]) -> list[str]:
    """Codes that permits name and none of the tariffs has, each with one of its permits that has an id."""
    known = {code for tariff in tariffs if isinstance(tariff, Terms) for code in codes_with_rates(tariff)}
    wrong = {each.rates: each.id for each in permits if each.rates is not None and each.rates not in known}
    return [f"{code!r} of the permit {id}" if id else repr(code) for code, id in sorted(wrong.items())]
