"""What typical stays cost by a tariff, beside what they cost by the one that holds. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from cloud.tariffs.typical import Arrival, Typical, arrivals
from models.instants import Instant, to_datetime
from models.tariff import Fee, Stay, Tariff, Terms, fee
from models.tariff.calendars import resolved


@dataclass(frozen=True, slots=True)
class Cost:
    """One stay by the tariff, and by the one beside it where there is one in the same currency."""

    stay: Typical
    fee: Fee
    beside: Fee | None = None

    @property
    def more(self) -> int | None:
        """How much more it costs, in minor units."""
        return None if self.beside is None else self.fee.total - self.beside.total


@dataclass(frozen=True, slots=True)
class Column:
    arrival: Arrival
    costs: tuple[Cost, ...]


def compared(tariff: Tariff, beside: Tariff | None, after: Instant, timezone: str, whose: Stay) -> tuple[Column, ...]:
    """The same stays by both, from the first that begin after `after`, for `whose` vehicle and spot.

    Raises ValueError for holidays of a country that this release doesn't know.
    """
    columns = arrivals(after, timezone)
    if beside is not None and beside.currency != tariff.currency:
        beside = None
    ready = _ready(tariff, columns)
    other = None if beside is None else _ready(beside, columns)
    return tuple(Column(each, tuple(_cost(stay, ready, other, whose) for stay in each.stays)) for each in columns)


def _cost(stay: Typical, tariff: Tariff, beside: Tariff | None, whose: Stay) -> Cost:
    times = stay.entered, stay.leaves
    return Cost(stay, fee(tariff, *times, whose), None if beside is None else fee(beside, *times, whose))


def _ready(tariff: Tariff, columns: tuple[Arrival, ...]) -> Tariff:
    """With its holidays as dates."""
    if not isinstance(tariff, Terms):
        return tariff
    years = {to_datetime(at).year for each in columns for stay in each.stays for at in (stay.entered, stay.leaves)}
    return resolved(tariff, range(min(years) - 1, max(years) + 2))
