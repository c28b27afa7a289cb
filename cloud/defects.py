"""Keeps a defect to the one whom it met: counted and logged, while everybody else is served."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import structlog

log = structlog.get_logger(__name__)

_CALLS_TOLD = 4
_OURS = tuple(Path(__file__).parents[1] / room for room in ("cloud", "models"))


@dataclass
class Tried:
    failed: bool = False


@contextmanager
def kept_apart(
    event: str, count: Callable[[], None] | None = None, but: tuple[type[Exception], ...] = (), **whose: Any
) -> Iterator[Tried]:
    """Around what is done for one lot, or by one part, so that the next is done all the same. `but`: what the caller
    minds itself."""
    tried = Tried()
    try:
        yield tried
    except but:
        raise
    except Exception as defect:  # noqa: BLE001 that is what it is for
        tried.failed = True
        if count is not None:
            count()
        log.error(event, **whose, **told(defect))


def told(defect: BaseException) -> dict[str, str]:
    """What a log may say of a defect: what kind and where. Its own words quote what was written, plates too."""
    while isinstance(defect, BaseExceptionGroup):
        defect = cast("BaseExceptionGroup[BaseException]", defect).exceptions[0]
    calls = [call for call in traceback.extract_tb(defect.__traceback__) if _is_ours(Path(call.filename))]
    at = " ".join(f"{Path(call.filename).name}:{call.lineno}" for call in calls[-_CALLS_TOLD:])
    return {"defect": type(defect).__name__, "at": at}


def _is_ours(file: Path) -> bool:
    return any(file.is_relative_to(room) for room in _OURS)
