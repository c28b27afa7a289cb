"""The command `view` of parkgate-edge."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer
from rich.console import Console

from drivers.contract import CameraSettings
from edge.clock import SystemClock
from edge.config.load import load_lot
from edge.config.settings import LotSettings
from edge.vision.files.cli import log_to_stderr
from edge.vision.files.keeping import Folder, why_not_written
from edge.vision.files.percents import percent, to_digits
from edge.vision.frames.candidates import beside
from edge.vision.frames.privacy import shown
from edge.vision.frames.view import near_width
from edge.vision.readers.choosing import choose_reader
from edge.vision.readers.weights import WeightsError
from edge.vision.settings import ViewSettings
from edge.vision.viewing.ground import viewed
from edge.vision.viewing.look import Look, look
from models.documents.problems import ConfigurationError

_COMPLAINTS = Console(stderr=True, highlight=False)


def view(
    lane: Annotated[str, typer.Argument(help="The lane's name")],
    config: Annotated[Path, typer.Option("--config", "-c", help="The lot's YAML file", envvar="PARKGATE_CONFIG")],
    draw: Annotated[Path, typer.Option("--draw", metavar="DIR", help="Write the pictures there")],
    far: Annotated[bool, typer.Option("--far", help="The camera on a two-way lane's far side")] = False,
    seconds: Annotated[float, typer.Option(min=0, max=300, help="How long to look for a plate")] = 5.0,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object for scripts")] = False,
) -> None:
    """Show what a lane's camera sees: region, masks, how wide a plate must be, what is read, and what would be kept.

    Writes LANE-view.jpg, with all of that drawn on it, and LANE-kept.jpg, the picture that would be kept of the vehicle
    there. Exits with 1 when the camera gives no picture or one can't be written, with 2 when the lane, the file or the
    reader can't be used. Nothing in the lane moves. A camera at this computer serves one programme: stop the daemon.
    """
    log_to_stderr()
    settings = _lot(config)
    camera, said = _camera(settings, lane, far)
    try:
        reader = choose_reader(settings.vision)
    except (WeightsError, OSError) as error:
        _fail(f"The plate reader can't be loaded: {error}", 2)
    try:
        seen = look(camera, said, reader, seconds, SystemClock())
    except OSError as error:
        _fail(f"{lane}: no picture: {error}", 1)
    name = f"{lane}-far" if far else lane
    try:
        files = _written(Folder(draw), name, seen, said)
    except OSError as error:
        _fail(f"Not written: {why_not_written(error)}", 1)
    _tell(name, seen, said, [draw / file for file in files], as_json)


def _lot(config: Path) -> LotSettings:
    try:
        return load_lot(config)
    except ConfigurationError as error:
        _fail(str(error), 2)


def _camera(settings: LotSettings, lane: str, far: bool) -> tuple[Any, ViewSettings]:
    """The camera's settings, and what of its picture counts."""
    found = next((each for each in settings.lanes if each.name == lane), None)
    if found is None:
        _fail(f"There is no lane {lane!r}; there are {', '.join(each.name for each in settings.lanes)}.", 2)
    camera: Any = found.far_camera if far else found.camera
    if camera is None:
        _fail(f"{lane} has no camera on its far side.", 2)
    if camera.contract is not CameraSettings or camera.simulated or not hasattr(camera, "open"):
        _fail(f"{lane}: there are no pictures to look at: driver {camera.driver}.", 2)
    return camera, found.view


def _written(folder: Folder, name: str, seen: Look, said: ViewSettings) -> list[str]:
    own = seen.best
    others = () if own is None else beside(own, seen.plates)
    kept, _ = shown(seen.frame, None if own is None else own.box, others, said)
    drawn = viewed(seen.frame, said, list(seen.plates))
    return [folder.picture(f"{name}-view", drawn), folder.picture(f"{name}-kept", kept)]


def _tell(name: str, seen: Look, said: ViewSettings, files: list[Path], as_json: bool) -> None:
    height, width = seen.frame.shape[:2]
    near, best = near_width(said, width), seen.best
    if as_json:
        plates = [
            {"plate": plate.text, "confidence": to_digits(min(plate.confidences), 3), "pixels": plate.box.width}
            for plate in seen.plates
        ]
        told = {"lane": name, "width": width, "height": height, "counts_from": near, "plates": plates}
        typer.echo(json.dumps({**told, "pictures": [str(file) for file in files]}))
        return
    typer.echo(f"{name}: {width} x {height}; plates count from {near} pixels on")
    if best is None:
        typer.echo("No plate is read: put a vehicle where drivers stop, and look again.")
    else:
        narrow = "" if best.box.width >= near else ": too narrow to count"
        typer.echo(f"{best.text} is read, {percent(min(best.confidences))} sure, {best.box.width} pixels wide{narrow}")
    for file in files:
        typer.echo(str(file))


def _fail(text: str, code: int) -> NoReturn:
    _COMPLAINTS.print(text, markup=False, soft_wrap=True)
    raise typer.Exit(code)
