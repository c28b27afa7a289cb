"""`parkgate-sim demo`: the main job of the product, running where you can watch it."""

from __future__ import annotations

import shutil
import signal
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from simulator.demo.show import Show
from simulator.demo.stage import MARK, SPEED, Options, Stage
from simulator.servers import ServerError

_EXAMPLE = Path("config/lots/simulated.yaml")
_FOLDER = Path("var/demo")
_WIDTH = 110


def demo(
    vehicles: Annotated[
        int | None, typer.Option(min=1, help="End after so many have entered and left; without it, on Ctrl-C.")
    ] = None,
    rate: Annotated[float, typer.Option(min=0.1, help="Vehicles a minute.")] = 10.0,
    stay: Annotated[str, typer.Option(help="How long they park, in your seconds.")] = "15s..75s",
    speed: Annotated[int, typer.Option(min=1, help="How many times as fast the lot's clock runs.")] = SPEED,
    seed: Annotated[int, typer.Option(help="The same seed brings the same vehicles.")] = 1,
    http_port: Annotated[int, typer.Option(help="Port of the operators' page and the API.")] = 8080,
    folder: Annotated[Path, typer.Option(help="Where the run keeps its files; emptied first.")] = _FOLDER,
    weights: Annotated[Path | None, typer.Option(help="Folder with fast-alpr's weights.")] = None,
    mqtt: Annotated[
        str | None,
        typer.Option(
            metavar="URL",
            envvar="PARKGATE_DEMO_MQTT",
            help="A broker of yours for the cloud: mqtt://user:password@host:port.",
        ),
    ] = None,
    database: Annotated[
        str | None, typer.Option(metavar="URL", envvar="PARKGATE_DEMO_DATABASE", help="A PostgreSQL of yours.")
    ] = None,
) -> None:
    """Run a three-level lot with its cloud, and prove that the cloud knows all of it.

    Exit code 0: every ticket of the lot is in PostgreSQL, equal field by field. 1: it isn't, or cars got stuck.
    """
    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = _WIDTH
    weights = weights.resolve() if weights else None
    options = Options(_EXAMPLE.resolve(), vehicles, rate, stay, seed, http_port, weights, mqtt, database, speed)
    folder = folder.resolve()
    _empty(folder)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with Stage(folder, options, lambda line: console.print(f"[dim]starting[/]  {line}")) as stage:
            code = Show(stage, console).run()
    except ServerError as error:
        console.print(f"[red]The demonstration couldn't run:[/] {error}\nLogs are in {folder}.")
        code = 1
    raise typer.Exit(code)


def _empty(folder: Path) -> None:
    """Clear what an earlier run left; anybody else's folder is refused."""
    if folder.exists() and any(folder.iterdir()) and not (folder / MARK).exists():
        raise typer.BadParameter(f"{folder} isn't empty and isn't an earlier demonstration's; choose another --folder")
    shutil.rmtree(folder, ignore_errors=True)
