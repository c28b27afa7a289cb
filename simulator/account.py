"""What the simulator tells whoever started it: lines to read with a progress bar, or one JSON object a line."""

from __future__ import annotations

import json
import sys
from types import TracebackType
from typing import Protocol, Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from models.instants import Reading, to_rfc3339
from simulator.happenings import Happening, What
from simulator.world import World

_SAID = {
    What.ARRIVED: "[dim]drives up to[/] {lane}",
    What.VENDED: "[green]arm rises[/] at {lane}",
    What.VEND_REPEATED: "[yellow]a repeated vend moves nothing[/] at {lane}",
    What.ENTERED: "[bold]is inside[/]",
    What.CAME_TO_EXIT: "[dim]drives up to[/] {lane}",
    What.LEFT: "[bold]has left[/] by {lane}",
    What.BACKED_OUT: "[yellow]backs out[/] of {lane}",
    What.GAVE_UP: "[red]turns back[/] at {lane}: no vend in {waited:.0f} s",
}
_TELLING = (
    What.ARRIVED, What.AT_LOOP, What.VENDED, What.ENTERED, What.CAME_TO_EXIT, What.LEFT, What.BACKED_OUT, What.GAVE_UP,
)  # fmt: skip


class Account(Protocol):
    def tell(self, happening: Happening, world: World, at: Reading) -> None: ...

    def say(self, line: str) -> None:
        """Something about the run itself."""
        ...


class JsonAccount:
    """Lines of JSON on standard output: `event`, `at` (RFC 3339), `lane`, `plate`, `plate_shown`, `vehicle_type`."""

    def tell(self, happening: Happening, world: World, at: Reading) -> None:
        if happening.what not in _TELLING:
            return
        line: dict[str, object] = {"event": happening.what.value, "at": to_rfc3339(at.wall), "lane": happening.lane}
        if happening.car is not None:
            line["plate"] = happening.car.text
            line["plate_shown"] = happening.car.plate.shown
            line["vehicle_type"] = happening.car.vehicle_type.value
        if happening.vend is not None:
            line["vend"] = happening.vend
        line |= {"entered": world.entered, "left": world.left}
        self._print(line)

    def say(self, line: str) -> None:
        self._print({"event": "said", "text": line})

    def _print(self, line: dict[str, object]) -> None:
        sys.stdout.write(json.dumps(line) + "\n")
        sys.stdout.flush()


class Telling:
    """Lines for a person, and below them how far the run is."""

    def __init__(self, wanted: int | None, console: Console | None = None) -> None:
        columns = TextColumn("{task.description}"), BarColumn(bar_width=24), MofNCompleteColumn(), TimeElapsedColumn()
        self._progress = Progress(*columns, console=console or Console(highlight=False))
        self._entered = self._progress.add_task("entered", total=wanted)
        self._left = self._progress.add_task("left", total=wanted)

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._progress.stop()

    def tell(self, happening: Happening, world: World, at: Reading) -> None:
        said = _SAID.get(happening.what)
        if said is not None:
            who = happening.car.plate.shown if happening.car else "nobody"
            what = said.format(lane=happening.lane, waited=happening.waited)
            self._progress.console.print(f"{to_rfc3339(at.wall)[11:19]}  [cyan]{who:<11}[/] {what}")
        self._progress.update(self._entered, completed=world.entered)
        self._progress.update(self._left, completed=world.left)

    def say(self, line: str) -> None:
        self._progress.console.print(line)
