"""What came of a policy's day in figures: for a table, for a program."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from rich.table import Table

from models.money import Minor, written
from simulator.prices.lot import Lived


@dataclass(frozen=True, slots=True)
class Figures:
    """The day of one policy."""

    name: str
    currency: str
    revenue: Minor
    """Of everybody who came that day, in minor units"""
    parked: int
    too_dear: int
    """Drove on because of the price"""
    full: int
    """Drove on because no spot was free"""
    mean_occupancy: float
    """Over the 24 hours, as a share"""
    peak_occupancy: float
    mean_factor: Decimal
    """Of the tickets"""
    lowest: Decimal
    highest: Decimal
    """Of the lot's price"""
    price_changes: int
    held_back: int
    """Of those, while a car waited at a lane; its sign stood still"""
    changes_while_waiting: int
    """Of a sign, while a car waited at it: none, ever"""
    tickets_unlike_their_sign: int
    """Pinned with another price than the driver saw on coming: none, ever"""
    longest_jump: Decimal
    """The farthest that a sign's price went at once"""

    @property
    def broke_its_word(self) -> bool:
        return bool(self.changes_while_waiting or self.tickets_unlike_their_sign)

    def as_json(self) -> dict[str, Any]:
        return {
            key: str(value) if isinstance(value, Decimal) else value
            for key in self.__slots__
            for value in (getattr(self, key),)
        }


@dataclass(frozen=True, slots=True)
class Gain:
    """What a policy took more than the fixed price on the same day, as a share: over several days."""

    mean: float
    lowest: float
    highest: float


def gains(days: Sequence[Sequence[Figures]]) -> list[Gain]:
    """Of each policy over several days; the first of a day's figures are those of the fixed price."""
    found: list[Gain] = []
    for of_policy in zip(*days, strict=True):
        each = [one.revenue / max(1, day[0].revenue) - 1 for one, day in zip(of_policy, days, strict=True)]
        found.append(Gain(round(sum(each) / len(each), 4), round(min(each), 4), round(max(each), 4)))
    return found


def figures(lived: Lived) -> Figures:
    trial, tickets, spots = lived.trial, lived.tickets, lived.trial.spots
    taken = [sample.taken for sample in lived.samples]
    prices = [price.factor for price in lived.prices]
    mean_factor = sum((ticket.factor for ticket in tickets), Decimal(0)) / max(1, len(tickets))
    return Figures(
        name=trial.name,
        currency=trial.tariff.currency,
        revenue=Minor(sum(ticket.paid for ticket in tickets)),
        parked=len(tickets),
        too_dear=len(lived.too_dear),
        full=len(lived.full),
        mean_occupancy=round(sum(taken) / len(taken) / spots, 4),
        peak_occupancy=round(max(taken) / spots, 4),
        mean_factor=round(mean_factor, 3),
        lowest=min(prices),
        highest=max(prices),
        price_changes=len(lived.prices) - 1,
        held_back=lived.held_back,
        changes_while_waiting=sum(change.waiting for change in lived.sign_changes),
        tickets_unlike_their_sign=sum(ticket.factor != ticket.seen for ticket in tickets),
        longest_jump=max((change.jump for change in lived.sign_changes), default=Decimal(0)),
    )


def table(found: Sequence[Figures], over: Sequence[Gain], days: int, title: str) -> Table:
    """A row for each figure, a column for each policy."""
    shown = Table("", *(one.name for one in found), title=title, box=None)
    for column in shown.columns[1:]:
        column.justify = "right"
    for said, text in _ROWS:
        shown.add_row(said, *(text(one) for one in found))
    rows = [(f"against {found[0].name}", [f"{gain.mean:+.1%}" for gain in over])]
    if days > 1:
        spans = [f"{gain.lowest:+.1%} to {gain.highest:+.1%}" for gain in over]
        rows += [(f"  each of {days} days", spans)]
    for said, cells in rows:
        shown.add_row(said, "", *cells[1:])
    return shown


_ROWS: tuple[tuple[str, Callable[[Figures], str]], ...] = (
    ("revenue", lambda one: written(one.revenue, one.currency)),
    ("cars that parked", lambda one: f"{one.parked}"),
    ("drove on: too dear", lambda one: f"{one.too_dear}"),
    ("drove on: full", lambda one: f"{one.full}"),
    ("occupancy, mean", lambda one: f"{one.mean_occupancy:.0%}"),
    ("occupancy, peak", lambda one: f"{one.peak_occupancy:.0%}"),
    ("factor, mean of tickets", lambda one: f"{one.mean_factor:.2f}"),
    ("factor, lowest to highest", lambda one: f"{one.lowest:.2f} to {one.highest:.2f}"),
    ("price changes", lambda one: f"{one.price_changes}"),
    ("  kept from a car that waited", lambda one: f"{one.held_back}"),
    ("  shown to a car that waited", lambda one: f"{one.changes_while_waiting}"),
    ("longest jump on a sign", lambda one: f"{one.longest_jump:.2f}"),
)
