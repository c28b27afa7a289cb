"""The command `parkgate-sim twin`."""

from __future__ import annotations

import json
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from simulator.cars import Habit
from simulator.lots import range_written
from simulator.scenario import scenario_file
from simulator.servers import ServerError
from simulator.troubles import Trouble
from simulator.twin.check import Result, checked
from simulator.twin.line import LineError
from simulator.twin.plan import twin_plan
from simulator.twin.progress import Told
from simulator.twin.run import Stalled
from simulator.twin.stage import Run

DIFFERS, BROKEN = 1, 2
_MOST_SHOWN = 50
_USUAL_LOT = Path(__file__).parents[2] / "config/lots/twin.yaml"
"""Of the clone, wherever the command is given."""


def twin(
    lot: Annotated[
        Path, typer.Option(help="A lot of which every part has `driver: twin`.", show_default="config/lots/twin.yaml")
    ] = _USUAL_LOT,
    vehicles: Annotated[int, typer.Option(min=1, help="How many come altogether.")] = 1000,
    misbehaving: Annotated[float, typer.Option(min=0, max=1, help="Share of them whose visit is unusual.")] = 0.15,
    seed: Annotated[int, typer.Option(help="The same seed brings the same day.")] = 1,
    rate: Annotated[float, typer.Option(min=0.01, help="Vehicles a minute.")] = 2.0,
    stay: Annotated[str, typer.Option(help='How long they park, such as "15 min..6 h".')] = "15 min..6 h",
    scenario: Annotated[Path | None, typer.Option(help="A YAML file of what goes wrong when.")] = None,
    keep: Annotated[
        Path | None, typer.Option(help="An empty or new folder for the store, the log and the truth.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object instead of tables.")] = False,
) -> None:
    """Drive a daemon through a day in lock-step, and compare what it put on record with what happened.

    Exit code 0: all agrees. 1: something differs, and it says what. 2: the run couldn't be played to its end.
    """
    console = Console(stderr=True)
    with ExitStack() as stack:
        folder = keep or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="twin-")))
        try:
            plan = twin_plan(lot)
            if keep is not None and keep.exists() and any(keep.iterdir()):
                raise ValueError(f"{keep} isn't empty: a run's store has to be new")
            wishes = [] if scenario is None else scenario_file(scenario, [name for name, _ in plan.lanes])
            run = Run(vehicles, misbehaving, seed, rate, range_written(stay))
            told = stack.enter_context(Told(console, vehicles))
            result = checked(folder.resolve(), plan, run, scenario=wishes, looking=told.looking)
        except (ValueError, OSError, ServerError, LineError, Stalled) as wrong:
            typer.echo(f"parkgate-sim: {_said(wrong)}", err=True)
            raise typer.Exit(BROKEN) from wrong
    typer.echo(json.dumps(result.as_json())) if as_json else _show(result)
    raise typer.Exit(0 if result.agrees else DIFFERS)


def words() -> None:
    """List what a scenario, or a message to `sim/<lot>/inject`, can ask for."""
    for title, what in (("fault", Trouble), ("driver", Habit)):
        table = Table("", title=title, show_header=False, box=None)
        for word in what:
            table.add_row(word.value)
        Console().print(table)


def _said(wrong: Exception) -> str:
    notes = getattr(wrong, "__notes__", [])
    return "\n".join([str(wrong), *notes])


def _show(result: Result) -> None:
    console, found = Console(highlight=False), result.verdict
    table = Table("on record", "compared", title=f"{result.vehicles} vehicles, {result.misbehaved} of them unusual")
    for kind, count in found.compared.items():
        table.add_row(kind, str(count))
    for kind, count in sorted(found.kinds.items()):
        table.add_row(f"  [dim]{kind}[/]", f"[dim]{count}[/]")
    console.print(table)
    if found.not_judged:
        console.print(f"{found.not_judged} not judged: two cars too close, or a loop out of order")
    console.print(
        f"{result.took:.1f} s for {result.lived / 3600:.1f} h of parking: {result.speed_up:.0f} times as fast, "
        f"{result.vehicles / result.took:.1f} vehicles a second, {result.crossings} exchanges with the daemon"
    )
    for mismatch in found.mismatches[:_MOST_SHOWN]:
        console.print(f"[red]differs[/] {mismatch}")
    if len(found.mismatches) > _MOST_SHOWN:
        console.print(f"[red]... and {len(found.mismatches) - _MOST_SHOWN} more[/]")
    if result.agrees:
        console.print("[green]All agrees with what happened.[/]")
