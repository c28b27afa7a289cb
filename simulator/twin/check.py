"""One whole comparison run: the daemon driven through a day's traffic, and its books held against the truth."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from models.instants import SECOND
from simulator.books import lot_books
from simulator.cars import Traffic
from simulator.scenario import Planned, Scenario
from simulator.twin.compare import Verdict, verdict
from simulator.twin.doubt import Shown
from simulator.twin.expected import Expected, expected
from simulator.twin.plan import TwinPlan
from simulator.twin.run import Twin
from simulator.twin.stage import WALL, Run, Stage
from simulator.world import World

SETTLES_FOR = 120 * SECOND
"""How long the lot is left alone after the last car, so that every timer of the daemon has run out."""


@dataclass(frozen=True, slots=True)
class Result:
    """`took` and `lived` in seconds: of real time, and of the twin's."""

    verdict: Verdict
    vehicles: int
    misbehaved: int
    took: float
    lived: float
    crossings: int

    @property
    def agrees(self) -> bool:
        return not self.verdict.mismatches

    @property
    def speed_up(self) -> float:
        return self.lived / self.took

    def as_json(self) -> dict[str, Any]:
        return {
            "vehicles": self.vehicles,
            "misbehaved": self.misbehaved,
            "agrees": self.agrees,
            "compared": self.verdict.compared,
            "not_judged": self.verdict.not_judged,
            "kinds": dict(sorted(self.verdict.kinds.items())),
            "mismatches": [str(mismatch) for mismatch in self.verdict.mismatches],
            "seconds": round(self.took, 1),
            "lived_seconds": round(self.lived, 1),
            "speed_up": round(self.speed_up),
            "vehicles_per_second": round(self.vehicles / self.took, 1),
        }


def played(
    folder: Path,
    plan: TwinPlan,
    run: Run,
    *,
    traffic: Traffic | None = None,
    scenario: list[Planned] | None = None,
    looking: Callable[[World, int], None] = lambda world, now: None,
) -> tuple[Twin, float]:
    """The twin after its day, and the seconds that it took; the store lies in the folder as `lot.sqlite`.

    Raises ServerError when the daemon doesn't start, LineError when it dies or hangs, Stalled when cars can't get on.
    """
    with Stage(folder, plan, run, traffic, Scenario(scenario or [])) as stage:
        began = time.perf_counter()
        stage.twin.run(lambda world: world.finished, looking)
        stage.twin.until(stage.twin.now + SETTLES_FOR)
        return stage.twin, time.perf_counter() - began


def due_by(twin: Twin, plan: TwinPlan) -> Expected:
    """What has to stand in the books after the twin's day."""
    shown = Shown(twin.people.reads, twin.people.codes)
    return expected(twin.truth, twin.terminals.book, shown, plan.tariff, WALL, plan.patience)


def held_against(twin: Twin, plan: TwinPlan, store: Path) -> Verdict:
    """The lot's books, compared with the truth."""
    due = due_by(twin, plan)
    return verdict(lot_books(store), twin.truth, due, twin.terminals.taken(), twin.people.papers, WALL)


def checked(folder: Path, plan: TwinPlan, run: Run, **further: Any) -> Result:
    """Play it and compare; the truth of each car is left in the folder as `truth.jsonl`. Raises as `played` does."""
    twin, took = played(folder, plan, run, **further)
    lives = twin.truth.lives.values()
    with (folder / "truth.jsonl").open("w", encoding="utf-8") as file:
        file.writelines(json.dumps(life) + "\n" for life in twin.truth.as_json())
    return Result(
        held_against(twin, plan, folder / "lot.sqlite"),
        len(lives),
        sum(life.car.unusual for life in lives),
        took,
        twin.now / SECOND,
        twin.crossings,
    )
