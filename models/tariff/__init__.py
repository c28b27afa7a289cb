"""What a stay costs: one engine that quotes in the cloud and charges at the gate. The tariff is data."""

from __future__ import annotations

from models.tariff.bill import ORDINARY, Earlier, Fee, Line, Stay, What
from models.tariff.fees import fee
from models.tariff.hourly import HourlyTariff
from models.tariff.language.terms import Terms
from models.tariff.pinned import DIALECTS, Tariff, UnknownDialect, as_tariff, priced, read_pinned, runs

__all__ = [
    "DIALECTS",
    "ORDINARY",
    "Earlier",
    "Fee",
    "HourlyTariff",
    "Line",
    "Stay",
    "Tariff",
    "Terms",
    "UnknownDialect",
    "What",
    "as_tariff",
    "fee",
    "priced",
    "read_pinned",
    "runs",
]
