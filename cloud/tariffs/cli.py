"""The commands with which a parking manager sets what a stay costs, and sees the difference before it holds."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer
from sqlalchemy.ext.asyncio import AsyncConnection

from cloud.at_the_prompt import CANNOT_START, FAILED, AsJson, Tenant, give_up
from cloud.enrolment import new_id
from cloud.intents import views
from cloud.intents.at_a_lot import By, From, NamedLot, Reason, ended, listed, say, with_lot, worded
from cloud.intents.issue import Order, issue, refuse_nonsense
from cloud.intents.listed import tariff_entry
from cloud.intents.views import Stands
from cloud.listing import shown
from cloud.tariffs.compared import compared
from cloud.tariffs.from_file import Written, read_tariff
from cloud.tariffs.holding import AtTheLot, Known, already, at_the_lot, holds_now, known, tariff_of
from cloud.tariffs.told import Comparison, tell
from cloud.tariffs.told import as_json as comparison_json
from models.documents.problems import ConfigurationError
from models.ids import LotId, TariffId
from models.instants import Instant
from models.intents import TariffSet, TariffWithdrawn
from models.money import Minor, from_major
from models.spots import SpotType, VehicleType
from models.tariff import Stay, Terms

tariffs_app = typer.Typer(no_args_is_help=True, help="What a stay costs that begins from some moment on.")

_Lot = Annotated[str | None, typer.Argument(metavar="LOT", help="The lot's id, or its name.", show_default=False)]
_Vehicle = Annotated[VehicleType, typer.Option(case_sensitive=False, help="Whose stays the table shows.")]
_Spot = Annotated[SpotType, typer.Option(case_sensitive=False, help="On which type of spot.")]


@dataclass(frozen=True, slots=True)
class _Wanted:
    """A tariff as it was typed or written."""

    name: str
    currency: str
    dialect: int
    terms: dict[str, Any]
    valid_from: Instant | None
    written: Written | None

    def intent(self, now: Instant) -> TariffSet:
        return TariffSet.model_validate(
            {
                "tariff": new_id(now),
                "name": self.name,
                "currency": self.currency,
                "dialect": self.dialect,
                "terms": self.terms,
                "valid_from": now if self.valid_from is None else self.valid_from,
            }
        )

    def must_suit(self, lot: AtTheLot) -> None:
        """Raises ConfigurationError."""
        if self.written is not None:
            self.written.must_suit(lot)


@dataclass(frozen=True, slots=True)
class _Done:
    """What became of it; `stood`: it stood there already, and nothing was set."""

    tariff: TariffSet
    revision: int
    stood: bool
    lot: AtTheLot


@tariffs_app.command("set")
def set_tariff(
    by: By,
    lot: _Lot = None,
    lot_option: Annotated[str | None, typer.Option("--lot", help="The same.", show_default=False)] = None,
    file: Annotated[Path | None, typer.Option(help="The tariff as YAML; docs/tariffs.md describes it.")] = None,
    name: Annotated[str | None, typer.Option(help="What people call it; that of the file unless given.")] = None,
    currency: Annotated[str | None, typer.Option(help="Three letters as in ISO 4217; as in the file.")] = None,
    reason: Annotated[str | None, typer.Option("--reason", "-r", help="Why; it stands in the records.")] = None,
    hourly_rate: Annotated[str | None, typer.Option(help="Without a file: for each started hour.")] = None,
    daily_maximum: Annotated[str | None, typer.Option(help="Without a file: no stay costs more.")] = None,
    terms: Annotated[Path | None, typer.Option(help="JSON with the terms in another dialect, instead.")] = None,
    dialect: Annotated[int | None, typer.Option(help="Version of the language of --terms.")] = None,
    valid_from: From = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Set nothing; show what stays would cost.")] = False,
    vehicle: _Vehicle = VehicleType.REGULAR,
    spot: _Spot = SpotType.REGULAR,
    tenant: Tenant = None,
    as_json: AsJson = False,
) -> None:
    """Set a tariff for who enters from some moment on. Who is inside keeps what was pinned to the ticket."""
    named = _one(lot, lot_option)
    why = "" if dry_run else worded(reason or "")
    if file is None:
        wanted = _from_prices(name, currency, hourly_rate, daily_maximum, terms, dialect, valid_from)
    elif any(each is not None for each in (hourly_rate, daily_maximum, terms, dialect)):
        give_up("--file says it all: leave out --hourly-rate, --daily-maximum, --terms and --dialect.", CANNOT_START)
    else:
        wanted = _from_file(file, name, currency, valid_from)
    if dry_run:
        _show(_dry_run(named, tenant, wanted, Stay(vehicle, spot)), as_json=as_json)
        if not as_json:
            typer.echo("Nothing was set.")
        return
    _say_done(_set(named, tenant, wanted, by, why), as_json=as_json)


@tariffs_app.command("show")
def show_tariff(
    lot: Annotated[str, typer.Argument(metavar="LOT", help="The lot's id, or its name.")],
    tariff: Annotated[str | None, typer.Argument(help="Its id or name; the one that holds now unless given.")] = None,
    vehicle: _Vehicle = VehicleType.REGULAR,
    spot: _Spot = SpotType.REGULAR,
    tenant: Tenant = None,
    as_json: AsJson = False,
) -> None:
    """Show a tariff as drivers read it, and what typical stays cost by it, beside the one that holds now."""

    async def work(connection: AsyncConnection, owner: str, found: LotId, now: Instant) -> Comparison | None:
        standing = await views.tariffs(connection, found)
        holds = await holds_now(connection, found, standing, now)
        of = holds if tariff is None else known(tariff_of(_called(standing, tariff)))
        if of is None:
            return None
        return _compared(of, holds, await at_the_lot(connection, found), now, Stay(vehicle, spot))

    found = with_lot(lot, tenant, work)
    if found is None:
        give_up("No tariff of the cloud holds there, and nobody has come in yet by the lot's own.", FAILED)
    _show(found, as_json=as_json)


@tariffs_app.command("withdraw")
def withdraw_tariff(
    tariff: Annotated[str, typer.Argument(help="The id that `tariffs set` printed.")],
    lot: NamedLot,
    reason: Reason,
    by: By,
    tenant: Tenant = None,
    as_json: AsJson = False,
) -> None:
    """Take a tariff back: the one before holds for who enters from now on."""
    ended(lot, tenant, by, reason, TariffWithdrawn(tariff=TariffId(tariff)), as_json=as_json)


@tariffs_app.command("list")
def list_tariffs(lot: NamedLot, tenant: Tenant = None, as_json: AsJson = False) -> None:
    """List the tariffs that stand at a lot; of several that have begun the last holds."""
    listed(lot, tenant, views.tariffs, tariff_entry, "No tariff stands there.", as_json=as_json)


# --- what was meant ---


def _one(argument: str | None, option: str | None) -> str:
    if (argument is None) == (option is None):
        raise typer.BadParameter("the lot is expected once: its id, or its name")
    return argument or option or ""


def _from_prices(
    name: str | None,
    currency: str | None,
    hourly_rate: str | None,
    daily_maximum: str | None,
    terms: Path | None,
    dialect: int | None,
    valid_from: Instant | None,
) -> _Wanted:
    if name is None or currency is None:
        give_up("Give the tariff's YAML with --file; or --name, --currency and the prices.", CANNOT_START)
    data = _terms(terms, currency, hourly_rate, daily_maximum)
    return _Wanted(name, currency, dialect or 1, data, valid_from, None)


def _from_file(file: Path, name: str | None, currency: str | None, valid_from: Instant | None) -> _Wanted:
    try:
        written = read_tariff(file)
    except OSError as wrong:
        give_up(f"{file} can't be read: {wrong.strerror}.", CANNOT_START)
    except ConfigurationError as wrong:
        _refuse(wrong)
    said = written.terms
    if currency is not None and currency != said.currency:
        give_up(f"{file} is in {said.currency}, not in {currency}. Nothing was set.", CANNOT_START)
    return _Wanted(name or said.tariff, said.currency, said.dialect, written.as_data, valid_from, written)


def _refuse(wrong: ConfigurationError) -> NoReturn:
    give_up(f"{wrong} Nothing was set.", CANNOT_START)


def _terms(file: Path | None, currency: str, hourly_rate: str | None, daily_maximum: str | None) -> dict[str, Any]:
    if file is not None:
        try:
            return json.loads(file.read_text(encoding="utf-8"))
        except (OSError, ValueError) as wrong:
            give_up(f"{file}: {wrong}", CANNOT_START)
    if hourly_rate is None or daily_maximum is None:
        give_up("Give --hourly-rate and --daily-maximum, or a file with --file or --terms.", CANNOT_START)
    return {
        "hourly_rate": _price("--hourly-rate", hourly_rate, currency),
        "daily_maximum": _price("--daily-maximum", daily_maximum, currency),
    }


def _price(option: str, text: str, currency: str) -> Minor:
    try:
        price = from_major(Decimal(text), currency)
    except (InvalidOperation, OverflowError):
        give_up(f"{option}: a price is expected as 2.50, not {text!r}.", CANNOT_START)
    except ValueError as wrong:
        give_up(f"{option}: {wrong}.", CANNOT_START)
    if price < 0:
        give_up(f"{option}: a price is 0 or more, not {text}.", CANNOT_START)
    return price


def _called(standing: Sequence[Stands], tariff: str) -> Stands:
    found = [each for each in standing if tariff in (tariff_of(each).tariff, tariff_of(each).name)]
    if len(found) != 1:
        many = f"{len(found)} tariffs are called {tariff!r}: give the id" if found else f"There is no tariff {tariff!r}"
        give_up(f"{many}. `parkgate-cloud tariffs list` lists them.", FAILED)
    return found[0]


# --- what is done ---


def _set(named: str, tenant: str | None, wanted: _Wanted, by: str, reason: str) -> _Done:
    async def work(connection: AsyncConnection, owner: str, lot: LotId, now: Instant) -> _Done:
        there = await at_the_lot(connection, lot)
        wanted.must_suit(there)
        intent = wanted.intent(now)
        same = already(await views.tariffs(connection, lot), intent, at_once=wanted.valid_from is None)
        if same is not None:
            return _Done(tariff_of(same), same.revision, True, there)
        [revision] = await issue(connection, owner, lot, [intent], Order(by, reason, now))
        return _Done(intent, revision, False, there)

    try:
        return with_lot(named, tenant, work)
    except ConfigurationError as wrong:
        _refuse(wrong)


def _dry_run(named: str, tenant: str | None, wanted: _Wanted, whose: Stay) -> Comparison:
    async def work(connection: AsyncConnection, owner: str, lot: LotId, now: Instant) -> Comparison:
        there = await at_the_lot(connection, lot)
        wanted.must_suit(there)
        intent = wanted.intent(now)
        await refuse_nonsense(connection, owner, lot, [intent])
        holds = await holds_now(connection, lot, await views.tariffs(connection, lot), now)
        return _compared(known(intent, is_set=False), holds, there, now, whose)

    try:
        return with_lot(named, tenant, work)
    except ConfigurationError as wrong:
        _refuse(wrong)


def _compared(of: Known, holds: Known | None, there: AtTheLot, now: Instant, whose: Stay) -> Comparison:
    beside = None if holds == of else holds
    zone = of.tariff.timezone if isinstance(of.tariff, Terms) else there.timezone or "UTC"
    columns = ()
    if of.tariff is not None:
        today = None if beside is None else beside.tariff
        columns = compared(of.tariff, today, Instant(max(now, of.since)), zone, whose)
    return Comparison(of, beside, zone, whose, columns)


# --- what is said ---


def _show(of: Comparison, *, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(comparison_json(of), indent=2))
    else:
        tell(of)


def _say_done(done: _Done, *, as_json: bool) -> None:
    if done.stood and not as_json:
        since = shown(done.tariff.valid_from)
        typer.echo(f"It stands there already, from {since} on (revision {done.revision}): nothing was set.", err=True)
    if not done.lot.runs(done.tariff.dialect):
        release = "" if done.lot.said is None else f" (release {done.lot.said.release})"
        typer.echo(
            f"{done.lot.name}{release} doesn't know dialect {done.tariff.dialect}: the tariff before holds there until"
            " the lot is upgraded; then it is sent by itself.",
            err=True,
        )
    what = {"tariff": done.tariff.tariff, "revision": done.revision, "already": done.stood}
    say(what, "tariff", as_json=as_json)
