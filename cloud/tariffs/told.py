"""How a tariff is told at the prompt: what drivers read, and a table of what typical stays cost. As JSON too."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import typer
from rich.table import Table

from cloud.listing import narrow, print_table, shown
from cloud.tariffs.compared import Column, Cost
from cloud.tariffs.holding import Known
from cloud.tariffs.typical import Arrival
from models.instants import Instant, to_rfc3339
from models.money import Minor, written
from models.tariff import Fee, Stay, Terms
from models.tariff.engine.localtime import local_time
from models.tariff.spoken import spoken

FOR_A_PERSON = "*"


@dataclass(frozen=True, slots=True)
class Comparison:
    """A tariff beside the one that holds (None: it is that one itself, or nobody knows). `columns` is empty where this
    release can't read it."""

    tariff: Known
    beside: Known | None
    timezone: str
    whose: Stay
    columns: Sequence[Column]


def tell(of: Comparison) -> None:
    _tell_tariff(of.tariff, "")
    if of.beside is not None:
        _tell_tariff(of.beside, "Holds today: ")
    if not of.columns:
        typer.echo("This release doesn't know its dialect: what a stay costs can't be told here.")
        return
    typer.echo("")
    print_table(_table(of))
    typer.echo(f"In {of.tariff.currency}, by the clock of {of.timezone}; {_for_whom(of.whose)}.")
    if any(cost.fee.needs_person for column in of.columns for cost in column.costs):
        typer.echo(f"{FOR_A_PERSON} more than a machine may take: a person has to look.")


def _for_whom(whose: Stay) -> str:
    """A kind of vehicle on a spot of some type."""
    return f"a {whose.vehicle} vehicle on a {whose.spot} spot".lower()


def _tell_tariff(of: Known, before: str) -> None:
    typer.echo(f"{before}{' '.join(filter(None, (of.name, version(of), of.id)))}")
    on = f"as its last ticket has it, of {shown(of.since)}" if of.on_a_ticket else f"from {shown(of.since)} on"
    typer.echo(f"    {on}")
    for line in lines(of):
        typer.echo(f"    {line}")


def lines(of: Known) -> Sequence[str]:
    """As drivers read it."""
    return () if of.tariff is None else spoken(of.tariff)


def version(of: Known) -> str:
    """The manager's own mark."""
    return of.tariff.version if isinstance(of.tariff, Terms) else ""


def _table(of: Comparison) -> Table:
    both = any(cost.beside is not None for column in of.columns for cost in column.costs)
    heads = [head for column in of.columns for head in _heads(column.arrival, of.timezone, both=both)]
    table = narrow("\nStay", *heads)
    for column in table.columns[1:]:
        column.justify = "right"
    for costs in zip(*(column.costs for column in of.columns), strict=True):
        cells = [cell for cost in costs for cell in _cells(cost, both=both)]
        table.add_row(costs[0].stay.name, *cells)
    return table


def _heads(arrival: Arrival, timezone: str, *, both: bool) -> Sequence[str]:
    day, time = (f"{local_time(timezone).local(arrival.at):{form}}" for form in ("%a %d %b", "%H:%M"))
    return (f"{day}\ntoday", f"{time}\nthen", "\n+/-") if both else (f"{day}\n{time}",)


def _cells(cost: Cost, *, both: bool) -> Sequence[str]:
    then = _amount(cost.fee)
    if not both:
        return (then,)
    if cost.beside is None or cost.more is None:
        return "", then, ""
    more = "=" if not cost.more else f"{'+' if cost.more > 0 else ''}{_bare(Minor(cost.more), cost.fee.currency)}"
    return _amount(cost.beside), then, more


def _amount(fee: Fee) -> str:
    return f"{_bare(fee.total, fee.currency)}{FOR_A_PERSON if fee.needs_person else ''}"


def _bare(amount: Minor, currency: str) -> str:
    return written(amount, currency).partition(" ")[0]


def as_json(of: Comparison) -> dict[str, Any]:
    return {
        **_known_json(of.tariff),
        "timezone": of.timezone,
        "beside": None if of.beside is None else _known_json(of.beside),
        "vehicle": of.whose.vehicle,
        "spot": of.whose.spot,
        "stays": [_cost_json(cost, of.timezone) for cost in _all(of.columns)],
    }


def _known_json(of: Known) -> dict[str, Any]:
    return {
        "tariff": of.id,
        "name": of.name,
        "version": version(of) or None,
        "dialect": of.dialect or None,
        "currency": of.currency,
        "from": None if of.on_a_ticket else to_rfc3339(of.since),
        "last_ticket": to_rfc3339(of.since) if of.on_a_ticket else None,
        "spoken": lines(of),
    }


def _all(columns: Iterable[Column]) -> Iterable[Cost]:
    return (cost for column in columns for cost in column.costs)


def _cost_json(cost: Cost, timezone: str) -> dict[str, Any]:
    return {
        "stay": cost.stay.name,
        "entered": _by_the_clock(cost.stay.entered, timezone),
        "leaves": _by_the_clock(cost.stay.leaves, timezone),
        "fee": cost.fee.total,
        "beside": None if cost.beside is None else cost.beside.total,
        "more": cost.more,
        "needs_person": cost.fee.needs_person,
    }


def _by_the_clock(at: Instant, timezone: str) -> str:
    return local_time(timezone).local(at).isoformat()
