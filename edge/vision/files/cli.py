"""The commands `read` and `weights` of parkgate-edge."""

from __future__ import annotations

import json
import logging
import sys
from pathlib import Path
from typing import Annotated, Any

import structlog
import typer
from pydantic import ValidationError
from rich.console import Console
from rich.table import Table

from drivers.contract import PlateReader
from edge.clock import SystemClock
from edge.config.load import load_lot
from edge.vision.files.reading import FoundPlate, UnreadableFile, read_file
from edge.vision.readers import weights
from edge.vision.readers.choosing import choose_reader
from edge.vision.readers.weights import Weights, WeightsError
from edge.vision.settings import VisionSettings
from models.documents.problems import ConfigurationError
from models.instants import SECOND

weights_app = typer.Typer(help="The weights of the plate reader: where they are, and how they get there.")
_COMPLAINTS = Console(stderr=True, highlight=False)


def read(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Photographs and videos")],
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object for each file")] = False,
    weights_folder: Annotated[
        Path | None, typer.Option("--weights", metavar="FOLDER", help="Where fast-alpr's ONNX files lie")
    ] = None,
    reader_name: Annotated[str | None, typer.Option("--reader", help="auto, fast-alpr or rapidocr")] = None,
    threads: Annotated[int | None, typer.Option("--threads", min=1, max=16, help="Processor cores to use")] = None,
    config: Annotated[
        Path | None, typer.Option("--config", "-c", help="Read as this lot does; the other options go before it")
    ] = None,
) -> None:
    """Read the plates in photographs and videos.

    A photograph's most prominent plate comes first; a video has one entry for each vehicle, in the order in which
    they appear. Exits with 2 when a file couldn't be read; the others are still done. Nothing is read, and it exits
    with 2, when the folder of --weights can't be used.
    """
    _log_to_stderr()
    reader = _chosen(_settings(config, reader_name, weights_folder, threads))
    clock = SystemClock()
    failed = False
    for file in files:
        started = clock.monotonic()
        try:
            plates = read_file(file, reader)
        except UnreadableFile as error:
            _COMPLAINTS.print(f"{file}: {error}", style="red", markup=False, soft_wrap=True)
            failed = True
            continue
        took = round((clock.monotonic() - started) * 1000 / SECOND)
        if as_json:
            typer.echo(json.dumps(_as_json(file, plates, reader.name, took)))
        else:
            _print_table(file, plates, reader.name, took)
    raise typer.Exit(2 if failed else 0)


@weights_app.command("status")
def weights_status(
    weights_folder: Annotated[Path | None, typer.Option("--weights", metavar="FOLDER", help="Look only here")] = None,
) -> None:
    """Show which weights would be used, with checksums. Exits with 1 when there are none."""
    console = Console(highlight=False)
    for place in weights.places(weights_folder):
        console.print(f"looked in {place.folder} (named by {place.named_by})", style="dim", markup=False)
    try:
        _print_weights(console, weights.find(weights_folder))
    except WeightsError as error:
        _COMPLAINTS.print(f"No weights: {error}", style="red", markup=False, soft_wrap=True)
        _COMPLAINTS.print(
            "Plates are read with RapidOCR. `parkgate-edge weights install` brings the better reader.", markup=False
        )
        raise typer.Exit(1) from None


@weights_app.command("install")
def weights_install(
    source: Annotated[Path | None, typer.Option("--from", metavar="FOLDER", help="Copy them from this folder")] = None,
    hub: Annotated[bool, typer.Option("--hub", help="Fetch them from fast-alpr's hub; needs internet")] = False,
    to: Annotated[Path | None, typer.Option("--to", metavar="FOLDER", help="Install them here instead")] = None,
) -> None:
    """Install the weights from a folder or from fast-alpr's hub. Exits with 1 when that fails."""
    if (source is None) == (not hub):
        _COMPLAINTS.print("Say where from: --from FOLDER or --hub, one of the two.", style="red", markup=False)
        raise typer.Exit(2)
    target = to or weights.install_folder()
    try:
        installed = weights.install_from_hub(target) if source is None else weights.install_from(source, target)
    except WeightsError as error:
        _COMPLAINTS.print(f"Nothing was installed: {error}", style="red", markup=False, soft_wrap=True)
        raise typer.Exit(1) from None
    _print_weights(Console(highlight=False), installed)


def _settings(config: Path | None, reader: str | None, folder: Path | None, threads: int | None) -> VisionSettings:
    """The lot's settings, or the defaults, with what was said on the command line put over them.

    Who names a folder wants its weights: nothing else is taken in their stead.
    """
    wanted = "fast-alpr" if folder is not None and reader in (None, "auto") else reader
    said = {"reader": wanted, "weights": folder, "threads": threads}
    try:
        lot = VisionSettings() if config is None else load_lot(config).vision
        given = {key: value for key, value in said.items() if value is not None}
        return VisionSettings.model_validate(lot.model_dump() | given)
    except ConfigurationError as error:
        _COMPLAINTS.print(str(error), markup=False, soft_wrap=True)
    except ValidationError:
        _COMPLAINTS.print(f"There is no reader {reader!r}: auto, fast-alpr or rapidocr.", style="red", markup=False)
    raise typer.Exit(2)


def _chosen(settings: VisionSettings) -> PlateReader:
    try:
        return choose_reader(settings)
    except WeightsError as error:
        _COMPLAINTS.print(f"fast-alpr can't be used: {error}", style="red", markup=False, soft_wrap=True)
        _COMPLAINTS.print(
            "Name the folder that holds its weights with --weights, or fill it: `parkgate-edge weights install "
            "--to FOLDER` with --hub or --from. `--reader rapidocr` reads without weights, less well.",
            markup=False,
            soft_wrap=True,
        )
        raise typer.Exit(2) from None


def _as_json(file: Path, plates: list[FoundPlate], reader: str, took: int) -> dict[str, Any]:
    found = [
        {
            "plate": plate.plate,
            "confidence": round(plate.confidence, 3),
            "box": [plate.box.x, plate.box.y, plate.box.width, plate.box.height],
        }
        for plate in plates
    ]
    return {"file": str(file), "plates": found, "reader": reader, "ms": took}


def _print_table(file: Path, plates: list[FoundPlate], reader: str, took: int) -> None:
    table = Table(title=str(file), caption=f"{reader}, {took} ms", title_justify="left", caption_justify="left")
    for column in ("Plate", "Confidence", "Left", "Top", "Width", "Height"):
        table.add_column(column, justify="left" if column == "Plate" else "right")
    for plate in plates:
        box = plate.box
        table.add_row(plate.plate, f"{plate.confidence:.0%}", str(box.x), str(box.y), str(box.width), str(box.height))
    console = Console(highlight=False)
    console.print(table if plates else f"{file}: no plate found ({reader}, {took} ms)")


def _print_weights(console: Console, found: Weights) -> None:
    table = Table(title=str(found.folder), title_justify="left")
    for column in ("Part", "File", "MB", "SHA-256"):
        table.add_column(column, justify="right" if column == "MB" else "left", overflow="fold")
    for part, file in zip(("detector", "speller", "plate config"), found.files, strict=True):
        table.add_row(part, file.path.name, f"{file.size / 1e6:.1f}", file.sha256)
    console.print(table)


def _log_to_stderr() -> None:
    """Standard output is for the plates alone."""
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING),
        logger_factory=structlog.PrintLoggerFactory(file=sys.stderr),
    )
