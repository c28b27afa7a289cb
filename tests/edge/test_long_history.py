"""A lot that has run for years answers as fast as on its first day: no question goes through all that ever was."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from drivers.charges_only import ChargesOnly
from drivers.contract import Charged, ChargeOutcome
from edge.faults import FaultBoard, forget_faults_of_last_run
from edge.lane.actions import Count
from edge.lane.signals import Asked, Code, Order
from edge.parking import lanes
from edge.parking.access import passback
from edge.parking.claims import stay_claimed
from edge.parking.money import corrections
from edge.parking.places.layout import declare
from edge.parking.stays.unresolved import settle_after_restart
from edge.store import Transaction
from edge.timekeeping import learn
from models.lanes import HoldCause, LaneState, OrderKind, PassageKind
from models.plates import Plate
from models.tickets import Direction
from tests.edge.lots import IN, OUT, Lot, a_level, a_lot, declared

HISTORY = ("tickets", "vehicles", "payments", "faults", "passages", "lane_orders", "help_calls", "journal", "moments")
"""What only grows."""
SMALL = ("tickets_open", "tickets_spot", "faults_open", "lane_orders_kept", "journal_declared", "moments_boot")
"""Indexes over the few rows that still matter."""
PLAN = (a_level(0, REGULAR=3),)


class Terminal(ChargesOnly):
    async def charge(self, payment: object, amount: object, currency: object) -> object:
        return Charged(ChargeOutcome.TAKEN, reference="T")


def all_that_a_daemon_asks(lot: Lot) -> None:
    """A start, a stay, a lost ticket's code, a fault, an order, a hold, a passage without a ticket."""

    def begins(tx: Transaction) -> None:
        learn(tx)
        corrections.correct_all(tx)
        corrections.date(tx, None, 500)
        forget_faults_of_last_run(tx)
        declare(tx, declared(PLAN), PLAN)
        settle_after_restart(tx)
        lanes.lane_memory(tx.connection, IN)

    order = Order("order-1", OrderKind.KEEP_OPEN, "Ada", "a delivery", None)
    lot.decide(begins)
    admitted = lot.enters("AB12CDE")
    lot.decide(lambda tx: stay_claimed(tx, OUT, Asked(Code(admitted.code), LaneState.OPEN), {}))
    lot.leaves("AB12CDE", Terminal())
    board = FaultBoard(lambda decision: lot.decide(decision))
    board.raise_("in.barrier", "barrier.faulted", "broken off")
    board.clear("in.barrier", "barrier.faulted")
    lot.decide(lambda tx: lanes.obey(tx, IN, order, ""))
    lot.decide(lambda tx: lanes.hold(tx, IN, HoldCause.KEEP_OPEN, order))
    lot.decide(lambda tx: lanes.hold(tx, IN, None, order))
    lot.decide(lambda tx: lanes.count(tx, IN, Count(PassageKind.TAILGATE, Direction.ENTRY)))
    lot.decide(lambda tx: passback.is_neutral(tx.connection, Plate("AB12CDE")))


def scans(lot: Lot) -> list[str]:
    """The statements that look through a whole table of what only grows, each with how it does that."""
    connection = lot.store._write_connection
    asked: list[str] = []
    connection.set_trace_callback(asked.append)
    all_that_a_daemon_asks(lot)
    connection.set_trace_callback(None)
    questions = [each for each in dict.fromkeys(asked) if each.split()[0] in ("SELECT", "UPDATE", "DELETE", "WITH")]
    plans = [(row["detail"], each) for each in questions for row in connection.execute(f"EXPLAIN QUERY PLAN {each}")]
    return [f"{plan}: {question}" for plan, question in plans if looks_through_everything(plan)]


def looks_through_everything(plan: str) -> bool:
    how = re.match(r"(SCAN|SEARCH) (\w+)(?: USING (.*))?", plan)
    if how is None or how[2] not in HISTORY:
        return False
    by = how[3] or "nothing"
    by_an_index = how[1] == "SEARCH" and how[3] is not None and "AUTOMATIC" not in by
    return not by_an_index and not any(index in by for index in SMALL)


def test_no_question_of_the_daemon_goes_through_all_that_ever_was(tmp_path: Path) -> None:
    assert scans(a_lot(tmp_path, PLAN)) == []


@pytest.mark.parametrize(
    "index", ["faults_open", "lane_orders_kept", "journal_declared", "tickets_vehicle", "moments_boot"]
)
def test_each_index_is_needed_for_that(tmp_path: Path, index: str) -> None:
    lot = a_lot(tmp_path, PLAN)
    lot.store._write_connection.execute(f"DROP INDEX {index}")
    assert scans(lot)
