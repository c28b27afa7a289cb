"""Daemons that ask for too little money, consistently in all that they put on record: the twin finds them out."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from simulator.cars import Traffic
from simulator.twin.check import checked
from simulator.twin.plan import TwinPlan, twin_plan
from simulator.twin.stage import Run

pytestmark = pytest.mark.timeout(120)
LOT = Path(__file__).resolve().parents[2] / "config" / "lots" / "twin.yaml"
CARS = 6


@pytest.fixture(scope="module")
def plan() -> TwinPlan:
    return twin_plan(LOT)


def a_daemon_that_wants(folder: Path, owed: str) -> str:
    """The daemon that ships, but for what it thinks a driver owes: an expression over `ticket` and `bill`."""
    program = folder / "cheap-edge"
    program.write_text(f"""#!{sys.executable}
from dataclasses import replace
from edge import cli
from edge.parking import exit

honest = exit.bill

def cheap(ticket, now):
    bill = honest(ticket, now)
    return replace(bill, owed={owed})

exit.bill = cheap
cli.main()
""")
    program.chmod(0o755)
    return str(program)


def wrong_with(folder: Path, plan: TwinPlan, owed: str) -> list[str]:
    run = Run(CARS, misbehaving=0, seed=2, edge_program=(a_daemon_that_wants(folder, owed),))
    result = checked(folder / "twin", plan, run, traffic=Traffic(2, 10.0, 60, 900))
    return [str(mismatch) for mismatch in result.verdict.mismatches]


def test_an_honest_daemon_agrees(tmp_path: Path, plan: TwinPlan):
    assert wrong_with(tmp_path, plan, "bill.owed") == []


def test_a_daemon_that_lets_everybody_out_free_is_found_out(tmp_path: Path, plan: TwinPlan):
    wrong = wrong_with(tmp_path, plan, "0")
    assert len([what for what in wrong if "still owed 250" in what]) == CARS
    assert all(what.startswith("money: ") for what in wrong), "all its other records are in order"


def test_a_daemon_that_charges_half_is_found_out(tmp_path: Path, plan: TwinPlan):
    wrong = wrong_with(tmp_path, plan, "0 if ticket.amount_paid else bill.owed // 2")
    assert len([what for what in wrong if "asked for 125, 250 were owed" in what]) == CARS
    assert len([what for what in wrong if "still owed 125" in what]) == CARS
