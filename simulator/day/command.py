"""The command `parkgate-sim day`."""

from __future__ import annotations

import json
import secrets
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

import httpx
import typer
from rich.console import Console
from rich.table import Table

from simulator.day.errands import NotDone
from simulator.day.outcome import Outcome, outcome
from simulator.day.play import USUAL_LOT, NeverHappened, played
from simulator.day.site import Site
from simulator.day.traffic import PlannedTraffic
from simulator.day.visits import visits
from simulator.servers import Postgres, RumqttBroker, ServerError, wheel_binaries
from simulator.twin.line import LineError
from simulator.twin.run import Stalled

DIFFERS, BROKEN = 1, 2
_USER = "parkgate"


def day(
    rounds: Annotated[int, typer.Option(min=1, max=60, help="How often each visit is made.")] = 1,
    seed: Annotated[int, typer.Option(help="The same seed brings the same cars.")] = 1,
    lot: Annotated[
        Path, typer.Option(help="A lot of which every part has `driver: twin`.", show_default="config/lots/day.yaml")
    ] = USUAL_LOT,
    keep: Annotated[Path | None, typer.Option(help="An empty or new folder for stores, logs and keys.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object instead of tables.")] = False,
) -> None:
    """A day at a lot whose network is down: every way in, every way out, and the books compared in the evening.

    Exit code 0: all came as it should. 1: something didn't, and it says what. 2: the day couldn't be played to its end.
    """
    with ExitStack() as stack:
        folder = keep or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="day-")))
        try:
            if keep is not None and keep.exists() and any(keep.iterdir()):
                raise ValueError(f"{keep} isn't empty: a day's stores have to be new")
            site = _site(stack, folder.resolve())
            found = outcome(played(site, PlannedTraffic(seed, visits=visits(rounds)), lot))
        except (ValueError, OSError, ServerError, LineError, Stalled, NeverHappened, NotDone, httpx.HTTPError) as wrong:
            typer.echo("\n".join(["parkgate-sim: " + str(wrong), *getattr(wrong, "__notes__", [])]), err=True)
            raise typer.Exit(BROKEN) from wrong
    typer.echo(json.dumps(found.as_json())) if as_json else show(found, Console(highlight=False))
    raise typer.Exit(DIFFERS if found.wrong else 0)


def _site(stack: ExitStack, folder: Path) -> Site:
    postgres = stack.enter_context(Postgres(binaries=wheel_binaries()))
    broker = stack.enter_context(RumqttBroker(folder / "broker", {_USER: secrets.token_urlsafe(18)}))
    return stack.enter_context(Site(folder, broker, _USER, postgres.create_database("parkgate")))


def show(found: Outcome, console: Console) -> None:
    """Ways in against ways out, the money by who took it, and what was wrong."""
    ways = Table("came in by", "settled by", "visits", title="visits that went as they should")
    for (comes_in, goes_out), visits_ in sorted(found.visits.items()):
        ways.add_row(comes_in, goes_out, str(visits_))
    console.print(ways)
    money = Table("taken by", "it ended", "payments", "sum", title="money on record")
    for (method, status), sum_ in sorted(found.money.items()):
        money.add_row(method, status.lower(), str(found.payments[method, status]), f"{sum_ / 100:.2f}")
    console.print(money)
    console.print(f"{found.facts} facts, {found.unsent} of them sent when the network was back")
    for wrong in found.wrong:
        console.print(f"[red]wrong[/] {wrong}", markup=True)
    if not found.wrong:
        console.print("[green]The cloud's books equal the lot's, and the provider's record equals both.[/]")
