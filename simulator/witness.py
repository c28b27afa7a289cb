"""An account of what arms and cars really did, one JSON object a line, that outlives the daemon under test.

Lines are `{"event": "vend" | "arm" | "car", "lane": ..., "mono_us": ..., "wall_us": ..., ...}`:
a vend has `vend`, `obeyed`, `why` (repeated, retained, expired, malformed, or null) and `car_on_loop`; an
arm has its `position`; a car has `what`, `plate` and `vehicle_type`.
"""

from __future__ import annotations

import json
import os
from collections import defaultdict
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from drivers.contract import Position
from models.ids import LaneName
from models.instants import Reading
from simulator.cars import Car


class Witness:
    """Appends to a file; each line is written whole before the call returns. Without a file it forgets."""

    def __init__(self, path: Path | None) -> None:
        """Raises OSError when the file can't be opened."""
        self._file = None if path is None else os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def vend(
        self, lane: LaneName, vend_id: str | None, why_refused: str | None, car_on_loop: bool | None, at: Reading
    ) -> None:
        """`car_on_loop` is None for a barrier without loops."""
        refusal = {"obeyed": why_refused is None, "why": why_refused}
        self._write("vend", lane, at, {"vend": vend_id, **refusal, "car_on_loop": car_on_loop})

    def arm(self, lane: LaneName, position: Position, at: Reading) -> None:
        self._write("arm", lane, at, {"position": position.value})

    def car(self, lane: LaneName, what: str, car: Car, at: Reading) -> None:
        self._write("car", lane, at, {"what": what, "plate": car.text, "vehicle_type": car.vehicle_type.value})

    def _write(self, event: str, lane: LaneName, at: Reading, said: dict[str, Any]) -> None:
        if self._file is not None:
            line = {"event": event, "lane": lane, "mono_us": at.monotonic, "wall_us": at.wall, **said}
            os.write(self._file, (json.dumps(line) + "\n").encode())


def witnessed(path: Path) -> list[dict[str, Any]]:
    """All lines of a witness file so far; empty when there is none. A line still being written is left out."""
    if not path.exists():
        return []
    lines = path.read_text(encoding="utf-8").split("\n")[:-1]
    return [json.loads(line) for line in lines]


def obeyed_before(path: Path | None) -> dict[LaneName, frozenset[str]]:
    """The vends that each lane's arm has obeyed, so that a barrier that was switched off knows them again."""
    obeyed: dict[LaneName, set[str]] = defaultdict(set)
    for line in witnessed(path) if path is not None else []:
        if line["event"] == "vend" and line["obeyed"]:
            obeyed[line["lane"]].add(line["vend"])
    return {lane: frozenset(vends) for lane, vends in obeyed.items()}


def phantom_opens(lines: list[dict[str, Any]]) -> int:
    """Vends that raised an arm, or would have, with no car on the arming loop or for a second time."""
    vends = [line for line in lines if line["event"] == "vend"]
    return sum(line["why"] == "repeated" or (line["obeyed"] and line["car_on_loop"] is False) for line in vends)
