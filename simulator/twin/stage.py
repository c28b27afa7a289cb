"""Sets a twin up with the daemon that it is compared with, and takes both down again."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from ruamel.yaml import YAML

from models.instants import Instant
from simulator.cars import Traffic
from simulator.demo.parts import Edge
from simulator.lanes import Manners
from simulator.scenario import Scenario
from simulator.twin.line import Line, LineError
from simulator.twin.plan import TwinPlan
from simulator.twin.run import Twin
from simulator.world import a_world

WALL = Instant(1_772_434_800_000_000)
"""2026-03-02T07:00:00Z: a Monday morning."""


class LockedEdge(Edge):
    """`parkgate-edge run` in lock-step; ready when it has called."""

    def __init__(self, line: Line, program: Sequence[str], config: Path, store: Path, log: Path) -> None:
        super().__init__(program, config, store, log, {})
        self._line = line

    def _environment(self) -> Mapping[str, str]:
        return os.environ

    def _ready(self) -> bool:
        return self._line.awaits()


@dataclass(frozen=True, slots=True)
class Run:
    """What is to be played. Stays in seconds."""

    vehicles: int
    misbehaving: float = 0.15
    seed: int = 1
    per_minute: float = 2.0
    stay: tuple[float, float] = (900.0, 6 * 3600.0)
    edge_program: tuple[str, ...] = ("parkgate-edge",)


class Stage:
    """A folder with the lot's YAML, its store and the daemon's log; a twin and a daemon in it."""

    def __init__(
        self,
        folder: Path,
        plan: TwinPlan,
        run: Run,
        traffic: Traffic | None = None,
        scenario: Scenario | None = None,
        wall: Instant = WALL,
    ) -> None:
        """`wall`: when the run begins, by the lot's clock."""
        self.folder, self.plan, self.options = folder, plan, run
        self.store, self.log = folder / "lot.sqlite", folder / "edge.log"
        self._scenario, self._wall = scenario, wall
        self._socket, self._config = folder / "twin.sock", folder / "lot.yaml"
        self._traffic = traffic or Traffic(run.seed, run.per_minute, *run.stay, misbehaving=run.misbehaving)

    def __enter__(self) -> Self:
        """Starts both. Raises ServerError, LineError, OSError, ValueError."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self._write()
        self._line = Line(self._socket)
        self.edge = LockedEdge(self._line, self.options.edge_program, self._config, self.store, self.log)
        try:
            self.edge.start()
            manners = Manners(patience=300.0)
            world = a_world(
                self.plan.lanes, self._traffic, None, manners, coming=self.options.vehicles, two_way=self.plan.two_way
            )
            self.twin = Twin(world, self._line, self.options.seed, scenario=self._scenario)
            self.twin.begin(self._wall)
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._line.close()
        if isinstance(error, LineError):
            error.add_note(f"its last words:\n{self.edge.tail()}")
        self.edge.stop()

    def _write(self) -> None:
        lot: dict[str, Any] = dict(self.plan.written)
        lot["store"] = {"path": str(self.store)}
        lot["simulation"] = {"lockstep": str(self._socket)}
        with self._config.open("w", encoding="utf-8") as file:
            YAML(typ="safe", pure=True).dump(lot, file)
