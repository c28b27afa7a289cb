"""The faults of what the lot was told of its permits."""

from __future__ import annotations

from models.faults import Fault

RATES_UNKNOWN = Fault(
    code="permits.rates_unknown",
    meaning="A permit names rates that no tariff of this lot has, now or later",
    does="Lets its vehicles in and out as ever, and charges them as anybody",
    ends="The permit names other rates or none, or a tariff comes that has them",
    look_at="The detail says which code; compare it with the codes under `validations: offers` with `own_rates` in the"
    " tariff. Stays that began meanwhile keep the price that was pinned on their ticket",
)
