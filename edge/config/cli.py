"""The commands that look at a lot's configuration: `check` and `init`."""

from __future__ import annotations

from collections import Counter
from importlib import resources
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from drivers.registry import driver_name
from drivers.settings import DriverSettings
from edge.config.cautions import as_built
from edge.config.lane_settings import LaneSettings
from edge.config.load import look_over
from edge.config.settings import LotSettings
from edge.config.tariff_cautions import not_charged_here
from models.documents.problems import ConfigurationError, counted, rendered
from models.phrases.language import language
from models.tariff.spoken import spoken

WRONG = 2
"""Exit code for a file that can't be used."""

_File = Annotated[Path, typer.Argument(metavar="FILE", help="The lot's YAML file", show_default=False)]


def check(file: _File) -> None:
    """Look a configuration over without running it: 0 when it can be used, warnings or not, 2 with every problem."""
    try:
        lot, warned = look_over(file)
    except ConfigurationError as error:
        typer.echo(rendered(error.problems), err=True)
        typer.echo(counted(error.problems), err=True)
        raise typer.Exit(WRONG) from None
    console = Console(highlight=False)
    console.print(f"[green]✓[/] [bold]{lot.lot.name}[/] can be run.", soft_wrap=True)
    console.print(_summary(lot))
    for note in notes(lot):
        console.print(f"[yellow]![/] {note}", soft_wrap=True)
    if warned:
        typer.echo(f"\n{rendered(warned)}\n{counted(warned, 'warning')}")


def init(
    file: Annotated[Path, typer.Argument(metavar="[FILE]", help="Where to write it")] = Path("lot.yaml"),
) -> None:
    """Write a commented example to start from; a file that is there already is never touched."""
    example = resources.files("edge.config").joinpath("example.yaml").read_text(encoding="utf-8")
    try:
        with file.open("x", encoding="utf-8") as new:
            new.write(example)
    except FileExistsError:
        typer.echo(f"{file} is there already; nothing was written.", err=True)
        raise typer.Exit(WRONG) from None
    except OSError as error:
        typer.echo(f"{file} can't be written: {error.strerror}.", err=True)
        raise typer.Exit(WRONG) from None
    typer.echo(f"{file} written. Make it yours, then: parkgate-edge check {file}")


def notes(lot: LotSettings) -> list[str]:
    """What a technician should know of a lot that can be run."""
    said: list[str] = []
    if lot.link is None:
        said.append("No link: this lot works on its own and tells no cloud.")
    if lot.tariff.terms is not None:
        said += not_charged_here(lot.tariff.terms)
    for lane in lot.lanes:
        if lane.payment_terminal is not None and lane.payment_terminal.simulated:
            said.append(f"{lane.name}: its payment terminal is simulated and takes no money.")
        if position_is_assumed(lane.barrier):
            said.append(f"{lane.name}: where its arm is isn't read, but assumed from what the arm was told.")
        if lane.arming_loop is None:
            said.append(f"{lane.name}: no arming loop; the camera tells that a vehicle is there.")
        if lane.closing_loop is None:
            said.append(f"{lane.name}: no closing loop; that a vehicle is under the arm is only known to the barrier.")
    if lot.simulation is not None:
        fast = f"wall time runs {lot.simulation.wall_factor} times as fast."
        said.append(f"Simulation: {'a twin hands out the time.' if lot.simulation.lockstep else fast}")
    return said


def _summary(lot: LotSettings) -> Table:
    table = Table(show_header=False, box=None, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_row("lot", f"{lot.lot.id}  ({lot.lot.timezone})")
    table.add_row("tariff", "\n".join(_prices(lot)))
    for level in lot.planned_levels():
        types = Counter(type for _, type in level.spots)
        table.add_row(
            f"level {level.floor_number}",
            f"{level.name}: {len(level.spots)} spots ({', '.join(f'{count} {type}' for type, count in types.items())})",
        )
    for lane in lot.lanes:
        parts = ", ".join(f"{key.replace('_', ' ')} {_named(part)}" for key, part in lane.parts().items())
        table.add_row(f"{_ways(lane)} lane", f"{lane.name}: {parts}")
    if any(lane.sign is not None for lane in lot.lanes):
        table.add_row("signs", f"in {', '.join(language(code).english for code in lot.languages)}")
    if lot.fire is not None:
        table.add_row("fire contact", _named(lot.fire))
    for watched in lot.inputs:
        table.add_row("input", f"{watched.name}: {watched.means.replace('_', ' ')}, {_named(watched.input)}")
    if lot.spot_sensors:
        table.add_row("spot sensors", str(len(lot.spot_sensors)))
    if lot.kiosk is not None:
        speaks = ", ".join(lot.kiosk.at(lot.languages).choice)
        table.add_row("screens", f"{lot.kiosk.listen}, port {lot.kiosk.port}; {speaks}")
    if lot.link is not None:
        table.add_row("cloud", f"{lot.link.address}{' (TLS)' if lot.link.tls else ''}")
    table.add_row("store", str(lot.store.path))
    return table


def _prices(lot: LotSettings) -> list[str]:
    """As a driver reads them; those of a file of its own below its name."""
    terms, tariff = lot.tariff.terms, lot.tariff.tariff()
    if terms is None:
        return ["; ".join(spoken(tariff))]
    version = f" {terms.version}" if terms.version else ""
    return [f"{terms.tariff}{version}  ({lot.tariff.file})", *spoken(tariff)]


def _ways(lane: LaneSettings) -> str:
    return "two-way" if lane.two_way else lane.direction


def _named(part: DriverSettings) -> str:
    """By its driver, or the product that was bought; with the parts that it consists of."""
    name = str(getattr(part, "product", driver_name(type(part))))
    inner = [(key, value) for key in type(part).model_fields if isinstance(value := getattr(part, key), DriverSettings)]
    return f"{name} ({', '.join(f'{key} {_named(value)}' for key, value in inner)})" if inner else name


def position_is_assumed(barrier: DriverSettings) -> bool:
    """Whether nothing tells where the arm is."""
    return not barrier.simulated and not as_built(barrier).reads_back
