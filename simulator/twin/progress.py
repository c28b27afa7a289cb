"""How far a twin has come, on stderr: a bar for people at a terminal, a line now and then for everyone else."""

from __future__ import annotations

import time
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from models.instants import SECOND
from simulator.world import World

_EVERY = 10.0
"""Seconds from one line to the next."""


class Told:
    """`looking` fits `Twin.run`: it is told of the world now and then."""

    def __init__(self, console: Console, vehicles: int) -> None:
        self._console, self._vehicles = console, vehicles
        columns = TextColumn("left or turned away"), BarColumn(bar_width=30), MofNCompleteColumn()
        times = TimeElapsedColumn(), TimeRemainingColumn()
        self._bar = Progress(*columns, *times, console=console, transient=True, disable=not console.is_terminal)
        self._task = self._bar.add_task("", total=vehicles)
        self._began = self._last = time.perf_counter()

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._bar.stop()

    def looking(self, world: World, now: int) -> None:
        gone = world.left + len(world.turned_away)
        if self._console.is_terminal:
            self._bar.update(self._task, completed=gone)
        elif time.perf_counter() - self._last >= _EVERY:
            self._last = time.perf_counter()
            self._line(gone, world.inside, now, self._last - self._began)

    def _line(self, gone: int, inside: int, now: int, took: float) -> None:
        counts = f"{gone} of {self._vehicles} left or turned away, {inside} inside"
        lived = f"{now / SECOND / 3600:.1f} h of parking in {took:.0f} s, {now / SECOND / took:.0f} times as fast"
        self._console.print(f"twin: {counts}; {lived}", highlight=False, soft_wrap=True)
