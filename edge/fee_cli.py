"""`parkgate-edge fee`: what a stay costs by a tariff's file, and why."""

from __future__ import annotations

import datetime as dt
import json
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Annotated, Any, NoReturn
from zoneinfo import ZoneInfo

import typer
from rich.console import Console
from rich.table import Table

from edge.typed_times import typed
from models.documents.problems import ConfigurationError
from models.documents.text import text_of
from models.instants import Instant, from_datetime, to_datetime
from models.money import from_major, written
from models.spots import SpotType, VehicleType
from models.tariff import Earlier, Fee, Line, Stay, Terms, fee
from models.tariff.calendars import resolved
from models.tariff.engine.validating import UnknownValidation
from models.tariff.reading import parse_tariff


def price_of_a_stay(
    tariff: Annotated[Path, typer.Option(help="The tariff's YAML file")],
    exit: Annotated[str, typer.Option(help="When it leaves: ISO 8601; without an offset, by the tariff's own clock")],
    entry: Annotated[str | None, typer.Option(help="When it came; may be left out for a lost ticket")] = None,
    vehicle: Annotated[VehicleType, typer.Option(case_sensitive=False)] = VehicleType.REGULAR,
    spot: Annotated[SpotType | None, typer.Option(case_sensitive=False, help="The type of its spot")] = None,
    validation: Annotated[list[str] | None, typer.Option(help="A merchant's code; several times for several")] = None,
    kwh: Annotated[str, typer.Option(help="The energy that it charged")] = "0",
    charged_until: Annotated[str | None, typer.Option(help="When charging ended")] = None,
    lost: Annotated[bool, typer.Option("--lost", help="The ticket is lost")] = False,
    earlier: Annotated[list[str] | None, typer.Option(help="A stay before: ENTRY/EXIT=PAID")] = None,
    factor: Annotated[str, typer.Option(help="By what the rates are multiplied: the dynamic price at entry")] = "1",
    explain: Annotated[bool, typer.Option("--explain", help="Each line of the bill with its times")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object, amounts in minor units")] = False,
) -> None:
    """Print what a stay costs by a tariff's file: each line of the bill, and why."""
    try:
        terms = parse_tariff(text_of(tariff.read_bytes(), str(tariff)), str(tariff))
        came, leaves = _times_of(entry, exit, terms, lost=lost)
        _asks_for_what_is_there(terms, lost=lost, charged=kwh != "0" or charged_until is not None)
        stay = Stay(
            vehicle=vehicle,
            spot=spot,
            validations=tuple(validation or ()),
            energy=round(_number("--kwh", kwh) * 1000),
            charged_until=None if charged_until is None else _moment(charged_until, terms),
            lost=lost,
            entry_known=entry is not None,
            earlier=tuple(_earlier(each, terms) for each in earlier or ()),
        )
        terms = resolved(terms.at_factor(_number("--factor", factor)), _years(came, leaves, stay))
        charged = fee(terms, came, leaves, stay)
    except OSError as wrong:
        _fail(f"{tariff} can't be read: {wrong.strerror}")
    except (ConfigurationError, UnknownValidation, ValueError) as wrong:
        _fail(str(wrong))
    if as_json:
        typer.echo(json.dumps(_as_json(charged, terms)))
    else:
        _show(charged, terms, came, leaves, explain=explain)


def _asks_for_what_is_there(terms: Terms, *, lost: bool, charged: bool) -> None:
    """Raises ValueError where the tariff has no price for what was asked."""
    if lost and not terms.lost_ticket:
        raise ValueError("--lost: this tariff has no `lost_ticket`")
    if charged and terms.charging is None:
        raise ValueError("--kwh, --charged-until: this tariff has no `charging`")


def _times_of(entry: str | None, exit: str, terms: Terms, *, lost: bool) -> tuple[Instant, Instant]:
    """Raises ValueError."""
    leaves = _moment(exit, terms)
    if entry is None and not lost:
        raise ValueError("--entry is missing; only a lost ticket may go without")
    came = leaves if entry is None else _moment(entry, terms)
    if leaves < came:
        raise ValueError(f"--exit {exit} is before --entry {entry}")
    return came, leaves


def _years(came: Instant, leaves: Instant, stay: Stay) -> range:
    first = min([came, *(before.entered for before in stay.earlier)])
    return range(to_datetime(first).year - 1, to_datetime(leaves).year + 2)


def _moment(text: str, terms: Terms) -> Instant:
    """Raises ValueError."""
    said = typed(text)
    if said.tzinfo is not None:
        return from_datetime(said)
    zone = ZoneInfo(terms.timezone)
    first, second = (said.replace(tzinfo=zone, fold=fold) for fold in (0, 1))
    if first.utcoffset() != second.utcoffset():
        raise ValueError(f"{text}: the clocks change then in {terms.timezone}; write the offset, such as {text}+01:00")
    return from_datetime(first)


def _number(option: str, text: str) -> Decimal:
    try:
        number = Decimal(text)
    except InvalidOperation:
        number = Decimal("nan")
    if not number.is_finite() or not 0 <= number <= 10**6 or int(number.as_tuple().exponent) < -8:
        raise ValueError(f"{option}: a number is expected instead of {text!r}")
    return number


def _earlier(text: str, terms: Terms) -> Earlier:
    times, _, paid = text.partition("=")
    entered, slash, left = times.partition("/")
    if not slash:
        raise ValueError(f"--earlier: ENTRY/EXIT=PAID is expected instead of {text!r}")
    sum_ = from_major(_number("--earlier", paid or "0"), terms.currency)
    return Earlier(_moment(entered, terms), _moment(left, terms), sum_)


def _as_json(charged: Fee, terms: Terms) -> dict[str, Any]:
    return {
        "total": charged.total,
        "currency": charged.currency,
        "lines": [_line(line, terms) for line in charged.lines],
        "taxes": [{"name": name, "amount": amount} for name, amount in charged.taxes],
        "needs_person": charged.needs_person,
    }


def _line(line: Line, terms: Terms) -> dict[str, Any]:
    times = {"from": line.since, "to": line.until}
    shown = {key: _local(at, terms).isoformat() for key, at in times.items() if at is not None}
    return {"what": line.what, "text": line.text, "amount": line.amount, **shown}


def _local(at: Instant, terms: Terms) -> dt.datetime:
    return to_datetime(at).astimezone(ZoneInfo(terms.timezone))


def _show(charged: Fee, terms: Terms, came: Instant, leaves: Instant, *, explain: bool) -> None:
    console = Console(highlight=False)
    total = written(charged.total, charged.currency)
    if not explain:
        console.print(total)
        _warn(charged, console)
        return
    begun, ended = (_shown(at, terms, "%a %Y-%m-%d %H:%M") for at in (came, leaves))
    table = Table(title=f"{terms.tariff}: {begun} to {ended}", title_justify="left", box=None, show_footer=True)
    table.add_column("", footer="Total")
    table.add_column("from")
    table.add_column("to")
    table.add_column("", footer=total, justify="right")
    for line in charged.lines:
        table.add_row(line.text, *_times(line, terms), written(line.amount, charged.currency))
    console.print(table)
    for name, amount in charged.taxes:
        console.print(f"{name} in it: {written(amount, charged.currency)}")
    _warn(charged, console)


def _warn(charged: Fee, console: Console) -> None:
    if charged.needs_person:
        console.print("More than a machine may take: a person has to look.")


def _times(line: Line, terms: Terms) -> tuple[str, str]:
    since, until = ("" if at is None else _shown(at, terms, "%a %d %b %H:%M") for at in (line.since, line.until))
    return since, until


def _shown(at: Instant, terms: Terms, pattern: str) -> str:
    """With its seconds where it has some: a second decides at the edge of a unit."""
    local = _local(at, terms)
    return f"{local:{pattern}}" if local.second == 0 else f"{local:{pattern}:%S}"


def _fail(text: str) -> NoReturn:
    typer.echo(text, err=True)
    raise typer.Exit(2)
