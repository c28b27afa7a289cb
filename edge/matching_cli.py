"""`parkgate-edge tickets at, this-one, matched, unmatch`: which vehicle is it, and what if it was another one?"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from edge.clock import SystemClock
from edge.config.settings import LotSettings
from edge.local import NoDaemon, give
from edge.matching_page import read_there, write_candidates, write_matched
from edge.orders_cli import REFUSED, By, Config, Reason, fail, give_or_fail, lot_or_fail, written_or_fail
from edge.parking.matching.review import MayBe, UnsureExit, may_be, unsure_exits
from edge.store import StoreUnavailable
from edge.store.database import looking_into
from edge.store.pictures import Pictures
from edge.ticket_orders import ThisOne, UndoMatch, VehicleThere, WhoIsThere
from edge.typed_times import moment, shown
from models.instants import HOUR, Instant

_Lane = Annotated[str, typer.Argument(metavar="LANE", help="The exit at which the vehicle stands")]
_Code = Annotated[str, typer.Argument(metavar="CODE", help="The ticket's code, as on paper or as `at` prints it")]
_Html = Annotated[Path | None, typer.Option(metavar="DIR", help="Write a page with both pictures side by side there")]
_Json = Annotated[bool, typer.Option("--json", help="One JSON object a line")]
_DAYS = 7


def at(lane: _Lane, config: Config, html: _Html = None, as_json: _Json = False) -> None:
    """Show the vehicle that stands at an exit now beside the stays that may be its own, the likeliest first."""
    settings = lot_or_fail(config)
    there = _who_is_there(settings, lane)
    try:
        with looking_into(settings.store.path) as connection:
            found = may_be(connection, there.seen, SystemClock().read())
    except StoreUnavailable as wrong:
        fail(str(wrong), 2)
    if html is not None:
        pictures, zone = Pictures(settings.store.pictures), settings.lot.timezone
        page = written_or_fail(lambda: write_candidates(html, there, found, pictures, zone))
        typer.echo(f"{page} shows {len(found)} stays beside the vehicle at {lane}.")
    elif as_json:
        for one in found:
            said = {"vehicle": there.vehicle, "odds": one.odds, "status": one.stay.status.value}
            typer.echo(json.dumps({**asdict(one.stay), **said}))
    else:
        _show_candidates(there, found, settings.lot.timezone)


def this_one(
    lane: _Lane,
    code: _Code,
    config: Config,
    reason: Reason,
    by: By,
    vehicle: Annotated[
        str, typer.Option(metavar="NAME", help="Which vehicle was looked at, as `at` names it: no other is let out")
    ],
    pictures: Annotated[
        bool, typer.Option("--pictures", help="Both pictures were compared, not the plates only")
    ] = False,
) -> None:
    """The vehicle at this exit is that of this ticket: the lane goes on with it, and asks for what it owes."""
    give_or_fail(
        config, lane, ThisOne(at=lane, this_one=code, vehicle=vehicle, pictures=pictures, by=by, reason=reason)
    )


def matched(
    config: Config,
    since: Annotated[
        str | None, typer.Option(help=f"Left at this time or later; else in the last {_DAYS} days")
    ] = None,
    html: _Html = None,
    as_json: _Json = False,
) -> None:
    """List the stays that ended by a plate that only looked like theirs, those first whose own vehicle came since.

    Of those that a person let out, the ones whose own vehicle came since are listed, too."""
    settings = lot_or_fail(config)
    zone = settings.lot.timezone
    try:
        begun = moment(since, zone) or Instant(SystemClock().read().wall - _DAYS * 24 * HOUR)
        with looking_into(settings.store.path) as connection:
            found = unsure_exits(connection, begun)
    except (ValueError, StoreUnavailable) as wrong:
        fail(str(wrong), 2)
    if html is not None:
        page = written_or_fail(lambda: write_matched(html, found, Pictures(settings.store.pictures), zone))
        typer.echo(f"{page} shows {len(found)} stays.")
    elif as_json:
        for one in found:
            said = {"read": one.read, "exit_picture": one.picture, "disputed": one.disputed, "by_hand": one.by_hand}
            typer.echo(json.dumps({**asdict(one.stay), "status": one.stay.status.value, **said}))
    else:
        _show_matched(found, zone)


def unmatch(
    code: Annotated[str, typer.Argument(metavar="CODE", help="The ticket that another vehicle ended")],
    config: Config,
    reason: Reason,
    by: By,
    right: Annotated[
        str | None, typer.Option(metavar="CODE", help="The ticket of the vehicle that left; else it gets one now")
    ] = None,
    left: Annotated[
        str | None, typer.Option(help="The ticket's own vehicle has left since, at this time; else it is inside")
    ] = None,
) -> None:
    """Another vehicle left on this ticket: it goes on, and the exit with its money goes to the one that left."""
    try:
        gone = moment(left, lot_or_fail(config).lot.timezone)
    except ValueError as wrong:
        fail(str(wrong), 2)
    give_or_fail(config, "the ticket", UndoMatch(unmatch=code, right=right, left=gone, by=by, reason=reason))


def _who_is_there(settings: LotSettings, lane: str) -> VehicleThere:
    try:
        said = give(settings.store.path, WhoIsThere(who_is_at=lane))
    except NoDaemon as wrong:
        fail(f"No daemon answers: {wrong}", 1)
    if said.there is None:
        fail(f"{said.why_not}.", REFUSED)
    return said.there


def _show_candidates(there: VehicleThere, found: Sequence[MayBe], zone: str) -> None:
    stands = {True: "a vehicle stands there", False: "nobody stands there", None: "nobody knows if somebody does"}
    typer.echo(f"{there.lane} is {there.phase}, {stands[there.present]}; read: {there.plate or 'nothing'}")
    typer.echo(f"To say which it is: this-one {there.lane} CODE --vehicle {there.vehicle} --reason WHY")
    table = Table(title=f"May be: {len(found)}", title_justify="left")
    for head in ("likely", "ticket", "plate", "came", "lane", "by", "spot", "picture"):
        table.add_column(head)
    for one in found:
        stay = one.stay
        likely = "-" if one.odds is None else f"{round(100 * one.odds)} %"
        came = shown(stay.entered, zone)
        table.add_row(
            *(likely, stay.code, stay.plate or "not read", came, stay.entry_lane, stay.entered_by),
            *(stay.spot or "-", (stay.picture or "-")[:12]),
        )
    Console().print(table)


def _show_matched(found: Sequence[UnsureExit], zone: str) -> None:
    table = Table(title=f"May have been another vehicle: {len(found)}", title_justify="left")
    for head in ("ticket", "plate", "read at the exit", "by", "came", "left", "lane", "its own vehicle"):
        table.add_column(head)
    for one in found:
        stay = one.stay
        left = "-" if stay.left is None else shown(stay.left, zone)
        table.add_row(
            *(stay.code, stay.plate or "erased", read_there(one)),
            *("a person" if one.by_hand else "likeness", shown(stay.entered, zone), left),
            *(stay.exit_lane or "-", "came since" if one.disputed else "-"),
        )
    Console().print(table)
