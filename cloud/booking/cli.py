"""The commands with which an operator books, lists and cancels reservations, and has places kept back for them."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated, Any, TypeVar

import asyncpg
import typer
from sqlalchemy.ext.asyncio import AsyncConnection

from cloud import queries
from cloud.at_the_prompt import CANNOT_START, FAILED, AsJson, Tenant, give_up, settings_given, told
from cloud.booking import ending, telling
from cloud.booking.drawing import Format, drawn
from cloud.booking.quota import QuotaView, keep_back, quotas_of
from cloud.booking.selling import NotSold, Request, Wanted, sell
from cloud.booking.service import code_of, hashed
from cloud.clock import SystemClock
from cloud.db import connect
from cloud.enrolment import new_id
from cloud.intents.at_a_lot import TIME, By, NamedLot, moment, plate_typed, say, with_lot
from cloud.intents.issue import Order
from cloud.listing import print_entries, shown
from cloud.queries import ReservationFilter, ReservationView
from cloud.settings import CloudSettings
from cloud.signing import NoSigningKey, signer_in
from models.ids import LotId, ReservationId
from models.instants import Instant, to_rfc3339
from models.reservations.peak import Span
from models.spots import SpotType
from models.tickets import ReservationStatus
from models.wire.seals import Signer

T = TypeVar("T")

reservations_app = typer.Typer(no_args_is_help=True, help="Places that are sold for a time, and kept back for it.")

_NOT_SOLD = {
    "no_quota": "the lot keeps no places of that type back: `parkgate-cloud reservations quota` asks it to",
    "unsettled": "the lot knows of things that this cloud doesn't: `parkgate-cloud policy adopt` or `overrule` first",
    "sold_out": "no place of that type is left for all of that time",
    "key_reused": "that key stands for another reservation",
    "in_the_past": "that time has begun or is over",
    "too_short": "a quarter of an hour is the least",
    "too_long": "31 days are the most",
    "too_far_ahead": "400 days ahead are the most",
    "not_whole_seconds": "the times of a reservation are whole seconds",
}
_LISTED = 200

_Type = Annotated[SpotType, typer.Option("--type", case_sensitive=False, help="Type of the spot.")]
_Start = Annotated[Any, typer.Option("--from", help=f"When it begins. {TIME}", parser=moment)]
_End = Annotated[Any, typer.Option("--until", help=f"Until just before when. {TIME}", parser=moment)]
_Reservation = Annotated[str, typer.Argument(help="The id that `reservations add` printed.")]


@reservations_app.command("add")
def add(
    lot: NamedLot,
    spot_type: _Type,
    start: _Start,
    end: _End,
    by: By,
    plate: Annotated[Any, typer.Option(help="Lets this plate in as well as the code.", parser=plate_typed)] = None,
    key: Annotated[str | None, typer.Option(help="Given again, the same reservation is meant.")] = None,
    tenant: Tenant = None,
    as_json: AsJson = False,
) -> None:
    """Book a place. Prints the reservation's id and the code that its driver shows."""
    settings = settings_given()
    signer = _signer(settings)
    if start >= end:
        give_up("Nothing was booked: it ends before it begins.", CANNOT_START)

    async def work(connection: asyncpg.Connection, owner: str, found: LotId, now: Instant) -> ReservationId:
        wanted = Wanted(found, spot_type, Span(start, end), by, key, plate)
        id = ReservationId(new_id(now))
        code = code_of(signer, found, id, spot_type, wanted.span)
        return (await sell(connection, Request(owner, wanted, id, hashed(code), now))).reservation

    try:
        found, id = _sold_or_not(settings, lot, tenant, work)
    except NotSold as refused:
        give_up(f"Nothing was booked: {_NOT_SOLD[refused.why]}.", FAILED)
    _tell(lot, tenant)
    text = code_of(signer, found, id, spot_type, Span(start, end))
    typer.echo(json.dumps({"reservation": id, "code": text}) if as_json else f"{id}\n{text}")


@reservations_app.command("list")
def list_reservations(
    lot: NamedLot,
    status: Annotated[ReservationStatus | None, typer.Option(case_sensitive=False, help="Only in this state.")] = None,
    since: Annotated[Any, typer.Option("--from", help=f"Begin from then on; now. {TIME}", parser=moment)] = None,
    most: Annotated[int, typer.Option(min=1, max=10_000, help="Most that are listed.")] = _LISTED,
    tenant: Tenant = None,
    as_json: AsJson = False,
) -> None:
    """List the reservations at a lot from now on, the earliest first."""

    async def work(connection: AsyncConnection, owner: str, found: LotId, now: Instant) -> list[ReservationView]:
        which = ReservationFilter(status, begins_from=since or now)
        return list((await queries.reservations_page(connection, owner, found, which, limit=most)).reservations)

    views = with_lot(lot, tenant, work)
    if as_json:
        typer.echo(json.dumps([_json(view) for view in views], indent=2))
        return
    print_entries(map(_entry, views), "Nothing is booked there from then on.")


@reservations_app.command("cancel")
def cancel(reservation: _Reservation, lot: NamedLot, by: By, tenant: Tenant = None, as_json: AsJson = False) -> None:
    """Cancel a reservation whose driver hasn't come. Its place is sold again when the lot knows."""
    settings = settings_given()

    async def work(connection: asyncpg.Connection, owner: str, found: LotId, now: Instant) -> None:
        if not queries.is_id(reservation):
            raise LookupError(reservation)
        await ending.cancel(connection, owner, found, ReservationId(reservation), by, now)

    try:
        _sold_or_not(settings, lot, tenant, work)
    except ending.NotCancellable:
        give_up("Nothing was cancelled: its vehicle has come, or its time is over.", FAILED)
    except LookupError:
        give_up(f"Nothing was cancelled: there is no reservation {reservation} at this lot.", FAILED)
    _tell(lot, tenant)
    typer.echo(json.dumps({"cancelled": reservation}) if as_json else "Cancelled.")


@reservations_app.command("quota")
def quota(
    lot: NamedLot,
    by: By,
    spot_type: Annotated[
        SpotType | None, typer.Option("--type", case_sensitive=False, help="Type of the spots.")
    ] = None,
    places: Annotated[int | None, typer.Option(min=0, max=100_000, help="So many are kept back; 0: none.")] = None,
    reason: Annotated[str | None, typer.Option("--reason", "-r", help="Why; it stands in the records.")] = None,
    tenant: Tenant = None,
    as_json: AsJson = False,
) -> None:
    """Have a lot keep places back for reservations; without --type and --places: show what it keeps back."""
    if spot_type is None and places is None:
        _show_quotas(lot, tenant, as_json=as_json)
        return
    if spot_type is None or places is None or not (reason or "").strip():
        give_up("--type, --places and --reason belong together.", CANNOT_START)

    async def work(connection: AsyncConnection, owner: str, found: LotId, now: Instant) -> int:
        return await keep_back(connection, owner, found, spot_type, places, Order(by, str(reason).strip(), now))

    say({"revision": with_lot(lot, tenant, work)}, "revision", as_json=as_json)


@reservations_app.command("code")
def code(
    reservation: _Reservation,
    lot: NamedLot,
    svg: Annotated[Path | None, typer.Option(help="Write it as a QR code to this file.")] = None,
    png: Annotated[Path | None, typer.Option(help="The same, as a picture of points.")] = None,
    tenant: Tenant = None,
) -> None:
    """Print the code that the driver of a reservation shows, or write it as a QR code."""
    signer = _signer(settings_given())

    async def work(connection: AsyncConnection, owner: str, found: LotId, now: Instant) -> ReservationView | None:
        return await queries.find_reservation(connection, owner, found, reservation)

    view = with_lot(lot, tenant, work)
    if view is None or view.status not in (ReservationStatus.BOOKED, ReservationStatus.ARRIVED):
        give_up(f"There is no code: {reservation} isn't booked at this lot.", FAILED)
    text = code_of(signer, view.lot, view.id, view.spot_type, Span(view.start, view.end))
    files: dict[Format, Path | None] = {"svg": svg, "png": png}
    for format, file in files.items():
        if file is not None:
            file.write_bytes(drawn(text, format)[0])
    if svg is None and png is None:
        typer.echo(text)


def _show_quotas(lot: str, tenant: str | None, *, as_json: bool) -> None:
    async def work(connection: AsyncConnection, owner: str, found: LotId, now: Instant) -> list[QuotaView]:
        return await quotas_of(connection, found, now)

    views = with_lot(lot, tenant, work)
    if as_json:
        typer.echo(json.dumps([_quota_json(view) for view in views], indent=2))
        return
    print_entries(map(_quota_entry, views), "The lot isn't asked to keep places back.")


def _sold_or_not(
    settings: CloudSettings,
    named: str,
    tenant: str | None,
    work: Callable[[asyncpg.Connection, str, LotId, Instant], Awaitable[T]],
) -> tuple[LotId, T]:
    """On a connection of its own, as the API does it: what was done is committed."""

    async def found(connection: AsyncConnection, owner: str, lot: LotId, now: Instant) -> tuple[str, LotId]:
        return owner, lot

    owner, lot = with_lot(named, tenant, found)

    async def main() -> T:
        connection = await connect.connection(settings, "parkgate-prompt")
        try:
            return await work(connection, owner, lot, SystemClock().read().wall)
        finally:
            await connection.close()

    return lot, told(settings, main)


def _tell(named: str, tenant: str | None) -> None:
    """At once, though a process of the cloud would do it as well."""

    async def work(connection: AsyncConnection, owner: str, lot: LotId, now: Instant) -> int:
        return await telling.tell(connection, owner, lot, now)

    with_lot(named, tenant, work)


def _signer(settings: CloudSettings) -> Signer:
    try:
        return signer_in(settings.signing_key_file)
    except NoSigningKey as wrong:
        give_up(str(wrong), CANNOT_START)


def _entry(view: ReservationView) -> tuple[str, ...]:
    plate = f"; {view.plate}" if view.plate else ""
    where = "at the lot" if view.at_the_lot else "not at the lot yet"
    by = f"; by {view.booked_by}" if view.booked_by else ""
    times = f"from {shown(view.start)} until {shown(view.end)}"
    return f"{view.id}  {view.status.value}", f"{view.spot_type.value} {times}{plate}", f"{where}{by}"


def _json(view: ReservationView) -> dict[str, Any]:
    return {
        "id": view.id,
        "status": view.status.value,
        "spot_type": view.spot_type.value,
        "start": to_rfc3339(view.start),
        "end": to_rfc3339(view.end),
        "plate": view.plate,
        "booked_by": view.booked_by,
        "at_the_lot": view.at_the_lot,
    }


def _quota_entry(view: QuotaView) -> tuple[str, ...]:
    kept = "the lot hasn't said yet what it keeps back" if view.kept is None else f"the lot keeps {view.kept} back"
    return f"{view.spot_type.value}  {view.asked} asked for", f"{kept}; {view.sold} sold at one moment, at the most"


def _quota_json(view: QuotaView) -> dict[str, Any]:
    return {
        "spot_type": view.spot_type.value,
        "asked": view.asked,
        "kept": view.kept,
        "for_sale": view.most,
        "sold": view.sold,
    }
