"""What a lot's file names and this computer lacks: passwords, keys, weights, devices, recordings. Told, not refused."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

from pydantic import BaseModel

from edge.config.settings import LotSettings
from edge.sync.keys import NoKeys, keys_in
from edge.vision.settings import VisionSettings
from models.documents.document import Path as Way
from models.documents.finding import Finding

_FILES = {"password_file", "token_file", "key_file", "ca", "certificate", "key"}
_VARIABLES = {"password_env", "token_env", "key_env"}
_KEYS_OF_THE_CLOUD = "cloud_keys"
_FOLDERS = {"weights"}
_DEVICES = {"port", "file", "device", "at"}


def absent(lot: LotSettings) -> list[Finding]:
    """Each thing that isn't there, or can't be read by whoever asks, where it is named first."""
    told: dict[str, Finding] = {}
    for way, key, value in _named_in((), lot):
        what = _why_missing(key, str(value))
        if what:
            told.setdefault(what, Finding(way, what))
    what = _why_nothing_is_read(lot.vision)
    if what:
        told[f"the folder {lot.vision.weights} isn't there"] = Finding(("vision", "weights"), what)
    return list(told.values())


def _why_nothing_is_read(vision: VisionSettings) -> str:
    """Where no other reader is taken in its stead."""
    if vision.reader != "fast-alpr" or vision.weights is None or vision.weights.is_dir():
        return ""
    return f"the folder {vision.weights} isn't there, and without weights `reader: fast-alpr` reads no plate at all"


def _why_missing(key: str, value: str) -> str:
    if key in _VARIABLES and value not in os.environ:
        return f"the variable {value} isn't set here; it has to be in the daemon's environment"
    if key in _FILES:
        return _why_unreadable(Path(value))
    if key == _KEYS_OF_THE_CLOUD:
        return _why_no_cloud_is_believed(Path(value))
    if key in _FOLDERS and not Path(value).is_dir():
        return f"the folder {value} isn't there"
    if key in _DEVICES and value.startswith("/" if key != "at" else "/dev/") and not Path(value).exists():
        return f"there is no {value} on this computer now: is it plugged in? {_neighbours(Path(value))}"
    return _why_no_pictures(value) if key == "source" else ""


def _why_no_pictures(source: str) -> str:
    """Of a source that names something on this computer: a USB camera, by its number or device, or a recording."""
    device = Path(f"/dev/video{source}") if source.isdigit() else Path(source)
    if "://" in source or device.exists():
        return ""
    if device.is_relative_to("/dev"):
        return f"there is no {device} on this computer now: is the camera plugged in? {_neighbours(device)}"
    return f"there is no file {source}{'' if device.is_absolute() else f'; it is looked for in {Path.cwd()}'}"


def _neighbours(device: Path) -> str:
    """What stands beside it, so that a name can be copied instead of typed."""
    alike = f"{device.name.rstrip('0123456789')}*" if device.parent == Path("/dev") else "*"
    there = sorted(path.name for path in device.parent.glob(alike))
    if not there:
        return f"`ls -l {device.parent}` shows what is there"
    some = ", ".join(there[:4]) + (", ..." if len(there) > 4 else "")
    return f"{device.parent} has {some}"


def _why_unreadable(file: Path) -> str:
    try:
        with file.open("rb") as opened:
            opened.read(1)
    except OSError as error:
        return f"the file {file} can't be read: {error.strerror}"
    return ""


def _why_no_cloud_is_believed(file: Path) -> str:
    try:
        keys_in(file)
    except NoKeys as wrong:
        return f"{wrong}; without it the lot believes nothing from the cloud: `parkgate-edge enroll` writes it"
    return ""


def _named_in(way: Way, value: Any) -> Iterator[tuple[Way, str, Any]]:
    """(way to it, its key, its value) of every value that is set, in this section and below."""
    if isinstance(value, BaseModel):
        for key in type(value).model_fields:
            below = getattr(value, key)
            if isinstance(below, str | Path):
                yield (*way, key), key, below
            else:
                yield from _named_in((*way, key), below)
    elif isinstance(value, tuple):
        for index, item in enumerate(cast("tuple[Any, ...]", value)):
            yield from _named_in((*way, index), item)
