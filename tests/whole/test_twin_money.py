"""Daemons that ask for too little money or lose some, consistently in all that they record: the twin finds them out."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from edge.store.database import looking_into
from models.tickets import Direction
from simulator.books import lot_books
from simulator.cars import Traffic
from simulator.troubles import Trouble
from simulator.twin.check import checked
from simulator.twin.plan import TwinPlan, twin_plan
from simulator.twin.stage import Run

pytestmark = pytest.mark.timeout(120)
LOT = Path(__file__).resolve().parents[2] / "config" / "lots" / "twin.yaml"
CARS = 6


@pytest.fixture(scope="module")
def plan() -> TwinPlan:
    return twin_plan(LOT)


def a_program(folder: Path, text: str) -> str:
    program = folder / "other-edge"
    program.write_text(f"#!{sys.executable}\n{text}")
    program.chmod(0o755)
    return str(program)


def a_daemon_that_wants(folder: Path, owed: str) -> str:
    """The daemon that ships, but for what it thinks a driver owes: an expression over `ticket` and `bill`."""
    return a_program(
        folder,
        f"""
from dataclasses import replace
from edge import cli
from edge.parking import exit

honest = exit.bill

def cheap(tx, id, now):
    bill = honest(tx, id, now)
    ticket = bill.ticket
    return replace(bill, owed={owed})

exit.bill = cheap
cli.main()
""",
    )


def a_daemon_that_hangs_up(folder: Path) -> str:
    """The daemon that ships, but nobody listens to a terminal that answers late."""
    return a_program(
        folder,
        """
from edge import cli
from edge.parking.money.till import Till

Till.listen = lambda self, charge, book: None
cli.main()
""",
    )


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


def with_terminals_that_hang(folder: Path, plan: TwinPlan, program: str = "parkgate-edge") -> list[str]:
    traffic = Traffic(2, 10.0, 60, 900, misbehaving=1, quirks={(Direction.EXIT, Trouble.TERMINAL_HANGS): 1})
    result = checked(folder / "twin", plan, Run(CARS, seed=2, edge_program=(program,)), traffic=traffic)
    return [str(mismatch) for mismatch in result.verdict.mismatches]


def test_who_was_let_out_past_a_hanging_terminal_that_took_the_card_has_paid(tmp_path: Path, plan: TwinPlan):
    assert with_terminals_that_hang(tmp_path, plan) == []
    books = lot_books(tmp_path / "twin" / "lot.sqlite")
    assert {row["status"] for row in books.rows["payments"].values()} == {"TAKEN"}
    with looking_into(tmp_path / "twin" / "lot.sqlite") as connection:
        told = dict(connection.execute("SELECT type, count(*) FROM journal WHERE type LIKE 'payment.%' GROUP BY 1"))
    assert told["payment.collected"] == told["payment.uncollected"] > 0


def test_a_daemon_that_hangs_up_on_a_terminal_is_found_out(tmp_path: Path, plan: TwinPlan):
    wrong = with_terminals_that_hang(tmp_path, plan, a_daemon_that_hangs_up(tmp_path))
    assert any(what.startswith("payment: not on record: 250 EUR") for what in wrong)
    assert any("debt is 250, should be 0" in what for what in wrong)
