"""How long a lot keeps what it knows, as a technician writes it."""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from edge.retention.keep import Keep
from models.documents.section import Section

_DAYS = re.compile(r"\s*(\d{1,6})\s*(days?|weeks?|years?|d|w|y)?\s*")
_LONG = {"d": 1, "w": 7, "y": 365}
_DAYS_EXPECTED = 'a number of whole days is expected, such as 30, "30 days", "6 weeks" or "2 years"'
_SIZE = re.compile(r"\s*(\d{1,9}(?:\.\d+)?)\s*(kB|MB|GB|TB)\s*")
_BYTES = {"kB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12}
_LEAST_SIZE = 10**6
_SIZE_EXPECTED = 'a size with its unit is expected, such as "500 MB" or "2 GB"'


def _days(written: Any) -> int:
    if isinstance(written, int) and not isinstance(written, bool):
        return int(written)
    match = _DAYS.fullmatch(written) if isinstance(written, str) else None
    if match is None:
        raise ValueError(_DAYS_EXPECTED)
    return int(match[1]) * _LONG[(match[2] or "d")[0]]


def _size(written: Any) -> int:
    match = _SIZE.fullmatch(written) if isinstance(written, str) else None
    if match is None:
        raise ValueError(_SIZE_EXPECTED)
    size = round(float(match[1]) * _BYTES[match[2]])
    if size < _LEAST_SIZE:
        raise ValueError("at least 1 MB is expected")
    return size


Days = Annotated[int, BeforeValidator(_days)]
"""Whole days."""
Size = Annotated[int, BeforeValidator(_size)]
"""Bytes."""

LEAST_LEDGER = 14
"""Days. A cloud is rarely restored from an older backup than that; what it lacks then can't come from the lot."""


class RetentionSettings(Section):
    """How long the lot keeps what it knows. What the cloud keeps is the operator's to say."""

    plates: Annotated[Days, Field(ge=1, le=3650)] = 30
    """Plates are masked so many days after the end of the stay; the stay and its money stay on record. An open stay
    keeps its plate"""
    debts: Annotated[Days, Field(ge=1, le=3650)] = 365
    """The same for a vehicle that left without paying; at least as long as `plates`"""
    tickets: Annotated[Days, Field(ge=30, le=36500)] = 400
    """Closed tickets with their payments, refusals, calls for help, orders and past faults go after so many days, once
    the cloud has had them for as long as `ledger` says; longer than `plates`. Without a cloud they never go"""
    ledger: Annotated[Days, Field(ge=LEAST_LEDGER, le=3650)] = 35
    """Facts go so many days after the cloud has them: a cloud restored from a backup gets them from here once more"""
    telemetry: Annotated[Days, Field(ge=1, le=3650)] = 14
    """What only helps to look after the machine, whether or not the cloud has it"""
    pictures: Annotated[Days, Field(ge=1, le=3650)] = 30
    """Evidence pictures"""
    pictures_most: Size = 2 * 10**9
    """The most that pictures take together; the oldest go first"""

    def keep(self) -> Keep:
        return Keep(
            plates=self.plates,
            debts=self.debts,
            tickets=self.tickets,
            ledger=self.ledger,
            telemetry=self.telemetry,
            pictures=self.pictures,
            pictures_bytes=self.pictures_most,
        )
