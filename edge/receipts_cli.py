"""`parkgate-edge receipt`: the receipts of a stay, as text or out of a printer, also days later."""

from __future__ import annotations

from typing import Annotated

import typer

from edge.config.load import load_lot
from edge.config.settings import LotSettings
from edge.local import NoDaemon, give
from edge.orders_cli import REFUSED, Config, fail
from edge.parking.stays.searching import Found, Sought, search
from edge.receipt_orders import ReceiptOrder
from edge.store import StoreUnavailable
from edge.store.database import looking_into
from edge.typed_times import moment, shown
from models.documents.problems import ConfigurationError
from models.money import Minor, written
from models.phrases.language import known_language
from models.plates import normalised

_MOST_NAMED = 20


def receipt(
    config: Config,
    code: Annotated[str | None, typer.Argument(metavar="[CODE]", help="The ticket's code, as on paper")] = None,
    serial: Annotated[int | None, typer.Option(help="The ticket's number, as on paper")] = None,
    plate: Annotated[str | None, typer.Option(help="The vehicle's plate")] = None,
    since: Annotated[str | None, typer.Option(help="Came at this time or later, such as 2026-11-28T08:00")] = None,
    until: Annotated[str | None, typer.Option(help="Came at this time or earlier")] = None,
    at: Annotated[
        str | None, typer.Option("--print", metavar="LANE", help="The lane or station that prints it")
    ] = None,
    width: Annotated[int, typer.Option(min=16, max=100, help="Letters in a line, of the text")] = 42,
    language: Annotated[str | None, typer.Option(help="Two letters; left out: the lot's languages")] = None,
) -> None:
    """Make out what isn't on paper yet: a receipt, after a refund a credit note. Asked again, it is a copy.

    Without the code, the stay is looked for: by its number, its plate, the time at which it came.
    """
    try:
        settings = load_lot(config)
        spoken = None if language is None else known_language(language)
        sought = Sought(
            plate=None if plate is None else normalised(plate),
            serial=serial,
            since=moment(since, settings.lot.timezone),
            until=moment(until, settings.lot.timezone),
            closed=True,
        )
        shown = code if code is not None else _the_one(settings, sought)
        obeyed = give(settings.store.path, ReceiptOrder(ticket=shown, at=at, width=width, language=spoken))
    except (ConfigurationError, ValueError, StoreUnavailable) as wrong:
        fail(str(wrong), 2)
    except NoDaemon as wrong:
        fail(f"No daemon answers: {wrong}", 1)
    if obeyed.why_not:
        fail(f"No receipt: {obeyed.why_not}.", REFUSED)
    typer.echo(obeyed.said if at is None else f"{obeyed.said}.")


def _the_one(settings: LotSettings, sought: Sought) -> str:
    """The code of the only stay that is meant. Ends the command where there are several, and says which."""
    if (sought.plate, sought.serial, sought.since, sought.until) == (None, None, None, None):
        fail("Either the ticket's code is expected, or --serial, --plate, --since or --until.", 2)
    with looking_into(settings.store.path) as connection:
        paid = [one for one in search(connection, sought) if one.paid]
    if len(paid) == 1 and paid[0].why != "alike":
        return paid[0].code
    if not paid:
        fail("No stay of which that is known has paid anything.", REFUSED)
    named = "\n".join(f"  {_line(one, settings.lot.timezone)}" for one in paid[:_MOST_NAMED])
    rest = "" if len(paid) <= _MOST_NAMED else f"\n  and {len(paid) - _MOST_NAMED} more: say more of it"
    raise typer.Exit(_which(f"{named}{rest}"))


def _which(named: str) -> int:
    typer.echo(f"Which one? Say its code:\n{named}", err=True)
    return REFUSED


def _line(one: Found, zone: str) -> str:
    came = shown(one.entered, zone)
    alike = " (looks like it)" if one.why == "alike" else ""
    return f"{one.code}  {came}  {one.plate or 'plate not read'}{alike}  {written(Minor(one.paid), one.currency)}"
