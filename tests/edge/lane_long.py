"""The long form of the lane's laws: `python -m tests.edge.lane_long --steps 100000 --seed 1`, one line of JSON."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Sequence

from hypothesis import HealthCheck, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.edge.lane_controls import CONTROLS, is_noticed
from tests.edge.lane_laws import LAWS
from tests.edge.lane_rules import BusyRoad, TroubledLane

_STORIES_AT_ONCE = 100
_STEPS_OF_A_STORY = 50

Played = type[TroubledLane] | type[BusyRoad]


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--without-controls", action="store_true", help="only play the lanes")
    told = parser.parse_args(arguments)
    began = time.monotonic()
    violations = _play(told.steps, told.seed, began)
    controls = {} if told.without_controls else {name: _verdict(name) for name in CONTROLS}
    result = {
        "laws": list(LAWS),
        "steps": TroubledLane.steps + BusyRoad.steps,
        "signals": TroubledLane.heard + BusyRoad.heard,
        "violations": len(violations),
        "stories": violations,
        "controls": controls,
        "seconds": round(time.monotonic() - began, 1),
    }
    print(json.dumps(result))
    return int(bool(violations) or any(verdict != _NOTICED for verdict in controls.values()))


def _play(steps: int, first: int, began: float) -> list[str]:
    """Both kinds of lane in turn, each story of its own seed; a violation ends it, with its shortest story."""
    number = first
    while TroubledLane.steps + BusyRoad.steps < steps:
        for played in (TroubledLane, BusyRoad):
            try:
                run_state_machine_as_test(seed(number)(played), settings=_long())
            except AssertionError as broken:
                return [f"seed {number}: {broken}", *getattr(broken, "__notes__", [])]
        number += 1_000_003
        done = TroubledLane.steps + BusyRoad.steps
        print(f"\r{done:,} of {steps:,} steps, {time.monotonic() - began:.0f} s", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    return []


def _long() -> settings:
    return settings(
        max_examples=_STORIES_AT_ONCE,
        stateful_step_count=_STEPS_OF_A_STORY,
        deadline=None,
        database=None,
        print_blob=False,
        report_multiple_bugs=False,
        suppress_health_check=list(HealthCheck),
    )


_NOTICED = "failed as it must"


def _verdict(name: str) -> str:
    return _NOTICED if is_noticed(CONTROLS[name]) else "not noticed"


if __name__ == "__main__":
    sys.exit(main())
