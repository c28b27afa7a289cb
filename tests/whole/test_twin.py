"""A daemon in lock-step with a twin: what it puts on record, held against what really happened."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from models.tickets import Direction
from simulator.cars import UNREADABLE, Habit, Quirk, Traffic
from simulator.cli import app
from simulator.lanes import How
from simulator.scenario import Planned, Wish, scenario_file
from simulator.servers import ServerError
from simulator.troubles import Trouble
from simulator.twin.check import held_against, played
from simulator.twin.line import LineError
from simulator.twin.plan import TwinPlan, twin_plan
from simulator.twin.run import Twin
from simulator.twin.stage import Run, Stage

pytestmark = pytest.mark.timeout(300)
HOUSE = Path(__file__).resolve().parents[2]
LOT = HOUSE / "config" / "lots" / "twin.yaml"
VEHICLES = 150
PLAYED = (*(habit for habit in Habit if habit is not Habit.ORDERLY), UNREADABLE)
MET: dict[Direction, tuple[Trouble, ...]] = {
    Direction.ENTRY: (Trouble.ARM_STUCK, Trouble.BARRIER_SILENT, Trouble.CAMERA_BLIND),
    Direction.EXIT: (
        *(Trouble.TERMINAL_DECLINES, Trouble.TERMINAL_UNREACHABLE, Trouble.TERMINAL_HANGS),
        Trouble.ARM_SLOW,
    ),
}
QUIRKS: dict[tuple[Direction, Quirk], float] = {
    (direction, quirk): 1 for direction in Direction for quirk in (*PLAYED, *MET[direction])
}


@pytest.fixture(scope="module")
def plan() -> TwinPlan:
    return twin_plan(LOT)


@pytest.fixture(scope="module")
def day(tmp_path_factory: pytest.TempPathFactory, plan: TwinPlan) -> tuple[Twin, Path]:
    """A short day on which nearly everything that people and hardware do happens."""
    folder = tmp_path_factory.mktemp("twin")
    traffic = Traffic(11, 4.0, 300, 4 * 3600, misbehaving=0.8, quirks=QUIRKS)
    twin, _ = played(folder, plan, Run(VEHICLES, seed=11), traffic=traffic)
    return twin, folder / "lot.sqlite"


def altered(store: Path, folder: Path, change: str) -> Path:
    """A copy of the lot's store in which one thing is other than it was recorded."""
    copy = folder / "altered.sqlite"
    with sqlite3.connect(store) as from_here, sqlite3.connect(copy) as to_there:
        from_here.backup(to_there)
        assert to_there.execute(change).rowcount == 1
    return copy


def test_all_that_happened_is_on_record_as_it_happened(day: tuple[Twin, Path], plan: TwinPlan):
    twin, store = day
    found = held_against(twin, plan, store)
    assert [str(mismatch) for mismatch in found.mismatches] == []
    assert found.compared["tickets"] > VEHICLES / 2


def test_the_day_had_everything_in_it(day: tuple[Twin, Path]):
    twin, _ = day
    visits = [visit for life in twin.truth.lives.values() for visit in life.visits]
    assert {visit.how for visit in visits} >= {How.VEND, How.TAILGATE, How.WRONG_WAY, How.FORCED}
    assert any(visit.turned_back for visit in visits)
    assert any(visit.by_order for visit in visits)
    assert twin.people.papers
    assert {spell.what for spell in twin.truth.over() if isinstance(spell.what, Trouble)} >= {
        trouble for troubles in MET.values() for trouble in troubles
    }
    assert not twin.truth.crushed
    assert twin.truth.phantom_vends == 0


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE tickets SET status = 'VOIDED' WHERE id = (SELECT id FROM tickets WHERE status = 'COMPLETED' LIMIT 1)",
        "UPDATE tickets SET exit_time = exit_time + 1000000 WHERE id = "
        "(SELECT id FROM tickets WHERE exit_time NOT NULL ORDER BY exit_time DESC LIMIT 1)",
        "UPDATE tickets SET amount_paid = amount_paid - 1 WHERE id = "
        "(SELECT id FROM tickets WHERE amount_paid > 0 LIMIT 1)",
        "UPDATE payments SET amount = amount + 50 WHERE id = (SELECT id FROM payments WHERE status = 'TAKEN' LIMIT 1)",
        "DELETE FROM passages WHERE id = (SELECT id FROM passages WHERE kind = 'tailgate' LIMIT 1)",
        "UPDATE passages SET kind = 'forced' WHERE id = (SELECT id FROM passages WHERE kind = 'wrong_way' LIMIT 1)",
        "DELETE FROM faults WHERE id = (SELECT id FROM faults WHERE code = 'lane.tailgate' LIMIT 1)",
        "UPDATE faults SET cleared_at = NULL WHERE id = (SELECT id FROM faults WHERE code = 'barrier.faulted' LIMIT 1)",
        "UPDATE spots SET status = 'OCCUPIED' WHERE id = (SELECT id FROM spots WHERE status = 'AVAILABLE' LIMIT 1)",
    ],
)
def test_one_altered_record_is_found(day: tuple[Twin, Path], plan: TwinPlan, tmp_path: Path, change: str):
    twin, store = day
    assert held_against(twin, plan, altered(store, tmp_path, change)).mismatches


def test_a_twin_that_hides_one_tailgater_is_found_out(day: tuple[Twin, Path], plan: TwinPlan):
    twin, store = day
    hidden = next(visit for life in twin.truth.lives.values() for visit in life.visits if visit.how is How.TAILGATE)
    hidden.how = None
    try:
        about = {mismatch.about for mismatch in held_against(twin, plan, store).mismatches}
    finally:
        hidden.how = How.TAILGATE
    assert about >= {"passage", "fault"}


def test_a_fire_drill_is_on_record_as_it_happened(tmp_path: Path, plan: TwinPlan):
    traffic = Traffic(3, 10.0, 180, 480)
    wishes = [Planned(300, Wish("*", fault=Trouble.FIRE, lasts=120))]
    twin, _ = played(tmp_path, plan, Run(40, seed=3), traffic=traffic, scenario=wishes)

    found = held_against(twin, plan, tmp_path / "lot.sqlite")
    assert [str(mismatch) for mismatch in found.mismatches] == []
    assert any(visit.how is How.HELD for life in twin.truth.lives.values() for visit in life.visits)
    assert found.kinds["faults lot.fire"] == 1


@pytest.mark.parametrize("seed", [1, 7])
def test_the_scenario_that_ships_is_on_record_as_it_happened(tmp_path: Path, plan: TwinPlan, seed: int):
    lanes = [name for name, _ in plan.lanes]
    wishes = scenario_file(HOUSE / "config" / "scenarios" / "rain-at-three.yaml", lanes)
    twin, _ = played(tmp_path, plan, Run(50, seed=seed), scenario=wishes)
    found = held_against(twin, plan, tmp_path / "lot.sqlite")
    assert [str(mismatch) for mismatch in found.mismatches] == []
    assert 0 < found.not_judged < 10, "a loop that chatters for some seconds, and nothing else"


def test_the_same_seed_brings_the_same_day(tmp_path: Path, plan: TwinPlan):
    first, _ = played(tmp_path / "a", plan, Run(12, 0.5, seed=5))
    second, _ = played(tmp_path / "b", plan, Run(12, 0.5, seed=5))
    assert first.truth.as_json() == second.truth.as_json()


# --- what can go wrong with the run itself ---


def test_a_daemon_that_dies_ends_the_run_with_its_last_words(tmp_path: Path, plan: TwinPlan):
    with pytest.raises(LineError, match="hung up") as ended, Stage(tmp_path, plan, Run(5)) as stage:  # noqa: PT012
        stage.twin.until(stage.twin.now + 1)
        os.kill(stage.edge.pid, signal.SIGKILL)
        stage.twin.run(lambda world: world.finished)
    assert "daemon.ready" in "\n".join(ended.value.__notes__)


def test_a_daemon_without_leave_to_simulate_refuses_lock_step(tmp_path: Path, plan: TwinPlan):
    program = tmp_path / "strict"
    edge = Path(sys.executable).with_name("parkgate-edge")
    program.write_text(f'#!/bin/sh\nexec {edge} run "$3" "$4"\n')
    program.chmod(0o755)
    with pytest.raises(ServerError, match="simulation"), Stage(tmp_path, plan, Run(5, edge_program=(str(program),))):
        pass


def test_the_command_compares_and_says_how_fast_it_was(tmp_path: Path):
    done = CliRunner().invoke(app, ["twin", "--lot", str(LOT), "--vehicles", "10", "--misbehaving", "0", "--json"])
    assert done.exit_code == 0, done.stderr
    said = json.loads(done.stdout)
    assert said["agrees"]
    assert said["compared"]["tickets"] == 10
    assert said["speed_up"] > 1


def test_a_lot_of_real_parts_is_no_twin(tmp_path: Path):
    done = CliRunner().invoke(app, ["twin", "--lot", str(HOUSE / "config" / "lots" / "simulated.yaml")])
    assert done.exit_code == 2
    assert "driver: twin" in done.stderr
