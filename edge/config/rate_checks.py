"""Whether the tariff has the rates that permits of the lot's file name. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from edge.config.list_settings import PermitSettings
from edge.parking.access.rates import codes_with_rates
from models.documents.finding import Finding
from models.documents.spelling import nearest
from models.tariff import Terms

BY_THE_HOUR = "a tariff by the hour has one price for everybody: give the lot a tariff in a `file` that has such rates"


def unknown_rates(permits: Mapping[int, PermitSettings], terms: Terms | None) -> Iterator[Finding]:
    """`terms` None: the lot's own tariff is by the hour."""
    known = () if terms is None else codes_with_rates(terms)
    for index, permit in permits.items():
        if permit.rates is not None and permit.rates not in known:
            yield Finding(("permits", index, "rates"), BY_THE_HOUR if terms is None else _unknown(permit.rates, known))


def _unknown(code: str, known: tuple[str, ...]) -> str:
    near = nearest(code, known)
    hint = f'did you mean "{near}"?' if near else f"there are {', '.join(known)}" if known else "there are none"
    return f"the tariff's `validations` have no offer of this code with `own_rates`; {hint}"
