"""The commands `read` and `weights` of parkgate-edge."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import structlog
import typer
from pydantic import ValidationError
from rich.console import Console
from rich.table import Table

from drivers.contract import PlateReader
from edge.config.load import load_lot
from edge.vision.files.accuracy.comparing import totals
from edge.vision.files.accuracy.errors import write_errors
from edge.vision.files.accuracy.truth import TrueFile, read_truth
from edge.vision.files.job import Job
from edge.vision.files.keeping import Folder, why_not_written
from edge.vision.files.telling import accuracy_as_json, print_accuracy
from edge.vision.files.work import Done
from edge.vision.readers import weights
from edge.vision.readers.choosing import choose_reader
from edge.vision.readers.weights import Weights, WeightsError
from edge.vision.settings import VisionSettings
from models.documents.problems import ConfigurationError

weights_app = typer.Typer(help="The weights of the plate reader: where they are, and how they get there.")
_COMPLAINTS = Console(stderr=True, highlight=False)


def read(
    files: Annotated[
        list[Path] | None,
        typer.Argument(metavar="FILE...", help="Photographs and videos; without any, those of --truth"),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object for each file")] = False,
    draw: Annotated[
        Path | None, typer.Option("--draw", metavar="DIR", help="Write the pictures there, with what was read on them")
    ] = None,
    truth: Annotated[
        Path | None,
        typer.Option("--truth", metavar="CSV", help="Compare with the plates in this file: image,plate or clip,plates"),
    ] = None,
    page: Annotated[
        Path | None,
        typer.Option("--page", metavar="DIR", help="With --truth: write the page of errors there; else beside --draw"),
    ] = None,
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
    they appear. With --truth a table says how many are right, and a page (--page or --draw) shows each error; with
    --json as well, the last object is `accuracy`. Exits with 0 when every file was read, however well; with 2 when a
    file couldn't be read or a picture couldn't be written (the others are still done), and when --truth, --weights
    or the options can't be used: then nothing is read.
    """
    log_to_stderr()
    known = _truth(truth, files or [], page)
    named_by = weights.IN_THE_LOTS_FILE if weights_folder is None else weights.BY_OPTION
    reader = _chosen(_settings(config, reader_name, weights_folder, threads), named_by)
    job = Job(files or [file.path for file in known], known, _folder(draw), as_json, told_at_the_end=truth is not None)
    all_done = job.run(reader)
    if truth is not None:
        folder = _folder(page) or job.drawn
        failed = not _tell_accuracy(truth, reader.name, all_done, folder, as_json)
        raise typer.Exit(2 if failed or job.failed else 0)
    raise typer.Exit(2 if job.failed else 0)


@weights_app.command("status")
def weights_status(
    weights_folder: Annotated[Path | None, typer.Option("--weights", metavar="FOLDER", help="Look only here")] = None,
) -> None:
    """Show which weights would be used, with checksums. Exits with 1 when there are none."""
    console = Console(highlight=False)
    for place in weights.places(weights_folder, weights.BY_OPTION):
        console.print(f"looked in {place.folder} (named by {place.named_by})", style="dim", markup=False)
    try:
        _print_weights(console, weights.find(weights_folder, weights.BY_OPTION))
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


def _chosen(settings: VisionSettings, named_by: str) -> PlateReader:
    try:
        return choose_reader(settings, named_by)
    except WeightsError as error:
        _COMPLAINTS.print(f"fast-alpr can't be used: {error}", style="red", markup=False, soft_wrap=True)
        _COMPLAINTS.print(
            "Name the folder that holds its weights with --weights, or fill it: `parkgate-edge weights install "
            "--to FOLDER` with --hub or --from. `--reader rapidocr` reads without weights, less well.",
            markup=False,
            soft_wrap=True,
        )
        raise typer.Exit(2) from None


def _truth(path: Path | None, files: Sequence[Path], page: Path | None) -> list[TrueFile]:
    """What the file says of those that are to be read."""
    if path is None:
        if not files or page is not None:
            _complain("Name the files to read, or --truth CSV." if page is None else "--page needs --truth CSV.")
            raise typer.Exit(2)
        return []
    try:
        known = read_truth(path)
    except ConfigurationError as error:
        _COMPLAINTS.print(f"{error} Nothing was read.", markup=False, soft_wrap=True)
        raise typer.Exit(2) from None
    except OSError as error:
        _complain(f"{path}: {error.strerror or error}")
        raise typer.Exit(2) from None
    wanted = {file.resolve() for file in files}
    for file in files:
        if file.resolve() not in {each.path.resolve() for each in known}:
            _complain(f"{file}: {path} says nothing of it; it is read and not compared")
    return [file for file in known if not wanted or file.path.resolve() in wanted]


def _folder(path: Path | None) -> Folder | None:
    try:
        return None if path is None else Folder(path)
    except OSError as error:
        _complain(why_not_written(error))
        raise typer.Exit(2) from None


def _tell_accuracy(truth: Path, reader: str, all_done: Sequence[Done], folder: Folder | None, as_json: bool) -> bool:
    """Whether the page could be written, if one is wanted."""
    summed = totals([done.answers for done in all_done if done.answers is not None])
    if as_json:
        typer.echo(json.dumps({"accuracy": accuracy_as_json(summed, all_done)}))
    else:
        print_accuracy(summed, all_done, reader)
    if folder is None:
        return True
    try:
        written = write_errors(truth, reader, all_done, summed, folder)
    except OSError as error:
        _complain(f"The page can't be written: {why_not_written(error)}")
        return False
    shown = "The errors are shown in" if summed.errors else "There are no errors; the page is"
    _COMPLAINTS.print(f"{shown} {written}", markup=False, soft_wrap=True)
    return True


def _print_weights(console: Console, found: Weights) -> None:
    table = Table(title=str(found.folder), title_justify="left")
    for column in ("Part", "File", "MB", "SHA-256"):
        table.add_column(column, justify="right" if column == "MB" else "left", overflow="fold")
    for part, file in zip(("detector", "speller", "plate config"), found.files, strict=True):
        table.add_row(part, file.path.name, f"{file.size / 1e6:.1f}", file.sha256)
    console.print(table)


def _complain(text: str) -> None:
    _COMPLAINTS.print(text, style="red", markup=False, soft_wrap=True)


def log_to_stderr() -> None:
    """Standard output is for the plates alone."""
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING),
        logger_factory=structlog.PrintLoggerFactory(file=sys.stderr),
    )
