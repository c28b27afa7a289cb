"""What a lot's file names and this computer lacks: passwords, keys, authorities, weights. Told, not refused."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

from pydantic import BaseModel

from edge.config.settings import LotSettings

_FILES = {"password_file", "key_file", "ca"}
_VARIABLES = {"password_env", "key_env"}
_FOLDERS = {"weights"}


def absent(lot: LotSettings) -> list[str]:
    """One line for each thing that isn't there, or can't be read by whoever asks; each is told once."""
    told: dict[str, str] = {}
    for way, key, value in _named_in("", lot):
        what = _why_missing(key, value)
        if what:
            told.setdefault(what, f"{way}: {what}")
    return list(told.values())


def _why_missing(key: str, value: Any) -> str:
    if key in _VARIABLES and str(value) not in os.environ:
        return f"the variable {value} isn't set here; it has to be in the daemon's environment"
    if key in _FILES:
        return _why_unreadable(Path(value))
    if key in _FOLDERS and not Path(value).is_dir():
        return f"the folder {value} isn't there"
    return ""


def _why_unreadable(file: Path) -> str:
    try:
        with file.open("rb") as opened:
            opened.read(1)
    except OSError as error:
        return f"the file {file} can't be read: {error.strerror}"
    return ""


def _named_in(way: str, value: Any) -> Iterator[tuple[str, str, Any]]:
    """(way to it, its key, its value) of every value that is set, in this section and below."""
    if isinstance(value, BaseModel):
        for key in type(value).model_fields:
            below = getattr(value, key)
            here = f"{way}.{key}" if way else key
            if isinstance(below, str | Path):
                yield here, key, below
            else:
                yield from _named_in(here, below)
    elif isinstance(value, tuple):
        for index, item in enumerate(cast("tuple[Any, ...]", value)):
            yield from _named_in(f"{way}[{index}]", item)
