"""What a lane puts on record beside tickets, and what the lot remembers of it after a restart."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge.lane.actions import Count
from edge.lane.lane import Fitted, a_lane
from edge.lane.signals import Button, Order
from edge.parking.desks import EntryDesk, ExitDesk
from edge.parking.lanes import LONGEST_TEXT, lane_memory, open_calls
from edge.store import Store
from models.ids import LaneName, lane_id
from models.lanes import HoldCause, LaneState, OrderKind, PassageKind
from models.plates import Plate
from models.refusals import Refusal
from models.spots import VehicleType
from models.tickets import Direction
from tests.edge.lots import IN, LOT, OUT, TARIFF, HandClock, Lot, a_lot, closed_in_the_end
from tests.edge.test_store import tables_agree_with_facts

PLATE = Plate("AB12CDE")


@pytest.fixture
def lot(tmp_path: Path) -> Lot:
    return a_lot(tmp_path)


def the_entry(lot: Lot) -> EntryDesk:
    return EntryDesk(IN, lot.store, lambda: TARIFF, {}, lambda: VehicleType.REGULAR)


def the_exit(lot: Lot) -> ExitDesk:
    return ExitDesk(OUT, lot.store, lot.till(None))


def an_order(kind: OrderKind = OrderKind.OPEN, state: LaneState | None = None, reason: str = "ambulance") -> Order:
    return Order("o-1", kind, "Ann", reason, state)


def memory(lot: Lot, lane: LaneName = IN) -> tuple[LaneState, HoldCause | None]:
    known = lot.decide(lambda tx: lane_memory(tx.connection, lane))
    return known.state, known.hold


def test_a_lane_that_was_never_told_anything_is_open_and_holds_nothing(lot: Lot) -> None:
    assert memory(lot) == (LaneState.OPEN, None)


def test_the_lot_remembers_what_each_lane_was_set_to_over_a_restart(lot: Lot) -> None:
    lot.decide(the_entry(lot).obey(an_order(OrderKind.SET_STATE, LaneState.FULL), ""))
    lot.decide(the_entry(lot).hold(HoldCause.KEEP_OPEN, an_order(OrderKind.KEEP_OPEN)))
    lot.decide(the_exit(lot).hold(HoldCause.FIRE, None))
    lot.store.close()
    again = Lot(closed_in_the_end(Store(lot.path, LOT, HandClock())), HandClock(), lot.path)
    assert memory(again) == (LaneState.FULL, HoldCause.KEEP_OPEN)
    assert memory(again, OUT) == (LaneState.OPEN, HoldCause.FIRE)
    assert tables_agree_with_facts(lot.path)


def test_a_lane_that_was_kept_open_before_a_fire_is_known_to_be_so_after_a_restart(lot: Lot) -> None:
    keep_open = an_order(OrderKind.KEEP_OPEN)
    lot.decide(the_entry(lot).obey(keep_open, ""))
    lot.decide(the_entry(lot).hold(HoldCause.KEEP_OPEN, keep_open))
    lot.decide(the_entry(lot).hold(HoldCause.FIRE, None))
    before = lot.decide(lambda tx: lane_memory(tx.connection, IN))
    assert (before.hold, before.kept_open) == (HoldCause.FIRE, "o-1")
    assert a_lane(Fitted(), before.state, before.hold, before.kept_open).kept_open_before


def test_an_order_that_was_not_obeyed_is_on_record_and_changes_nothing(lot: Lot) -> None:
    lot.decide(the_entry(lot).obey(an_order(OrderKind.SET_STATE, LaneState.CLOSED), "not now"))
    assert memory(lot) == (LaneState.OPEN, None)
    rows = lot.rows("SELECT order_id, lane, kind, given_by, reason, state, obeyed, why_not FROM lane_orders")
    assert rows == [("o-1", "in", "set_state", "Ann", "ambulance", "closed", 0, "not now")]


def test_an_order_that_comes_twice_is_on_record_twice(lot: Lot) -> None:
    lot.decide(the_entry(lot).obey(an_order(), ""))
    lot.decide(the_entry(lot).obey(an_order(), "the arm is kept up already"))
    assert lot.rows("SELECT order_id, obeyed FROM lane_orders ORDER BY rowid") == [("o-1", 1), ("o-1", 0)]


def test_what_a_person_writes_at_length_still_fits_into_a_fact(lot: Lot) -> None:
    lot.decide(the_entry(lot).obey(an_order(reason="so " * 10_000), ""))
    assert lot.one("SELECT length(reason) FROM lane_orders") == LONGEST_TEXT


def test_the_end_of_a_hold_says_what_it_was_and_who_ended_it(lot: Lot) -> None:
    desk = the_entry(lot)
    lot.decide(desk.hold(HoldCause.FIRE, None))
    lot.decide(desk.hold(None, an_order(OrderKind.RESET_FIRE, reason="false alarm")))
    assert memory(lot) == (LaneState.OPEN, None)
    [(body,)] = lot.rows("SELECT body FROM journal WHERE type = 'lane.released'")
    assert '"by":"Ann","cause":"fire","lane":"in","reason":"false alarm"' in str(body)


def test_the_end_of_a_hold_that_never_was_is_not_on_record(lot: Lot) -> None:
    lot.decide(the_entry(lot).hold(None, an_order(OrderKind.RELEASE)))
    assert lot.one("SELECT count(*) FROM journal WHERE type LIKE 'lane.%'") == 0


@pytest.mark.parametrize("direction", list(Direction))
def test_who_leaves_without_a_ticket_could_not_be_collected_from_whatever_lane_they_take(
    lot: Lot, direction: Direction
) -> None:
    """A vehicle that drives out through the entry owes as much as one that drives out through the exit."""
    for desk in (the_entry(lot), the_exit(lot)):
        lot.decide(desk.count(Count(PassageKind.WRONG_WAY, direction, PLATE)))
    leaves = int(direction is Direction.EXIT)
    assert lot.rows("SELECT lane, direction, kind, unable_to_collect, license_plate FROM passages ORDER BY rowid") == [
        ("in", direction, "wrong_way", leaves, PLATE),
        ("out", direction, "wrong_way", leaves, PLATE),
    ]


def test_a_counted_passage_changes_no_stay_even_of_a_plate_that_was_read(lot: Lot) -> None:
    lot.enters(PLATE)
    before = lot.rows("SELECT * FROM tickets") + lot.rows("SELECT * FROM spots")
    lot.decide(the_exit(lot).count(Count(PassageKind.TAILGATE, Direction.EXIT, PLATE)))
    assert lot.rows("SELECT * FROM tickets") + lot.rows("SELECT * FROM spots") == before
    assert tables_agree_with_facts(lot.path)


def test_a_passage_on_an_order_names_it(lot: Lot) -> None:
    lot.decide(the_exit(lot).count(Count(PassageKind.MANUAL, Direction.EXIT, None, an_order())))
    assert lot.rows("SELECT kind, order_id, license_plate FROM passages") == [("manual", "o-1", None)]


def test_a_call_for_help_is_on_record_with_the_button_that_was_pressed(lot: Lot) -> None:
    lot.decide(the_exit(lot).call(Button.LOST_TICKET, PLATE))
    assert lot.rows("SELECT lane, why, license_plate FROM help_calls") == [("out", "lost_ticket", PLATE)]


def test_a_call_stands_until_a_person_tells_that_lane_something_or_half_an_hour_has_passed(lot: Lot) -> None:
    def calls() -> list[tuple[str, str]]:
        return lot.decide(lambda tx: [(call.lane, call.why) for call in open_calls(tx.connection, lot.clock.read())])

    lot.decide(the_entry(lot).call(Button.HELP, None))
    lot.clock.forward(minutes=10)
    lot.decide(the_exit(lot).call(Button.LOST_TICKET, PLATE))
    assert calls() == [("in", "help"), ("out", "lost_ticket")]
    lot.decide(the_exit(lot).obey(an_order(OrderKind.CLOSE), "something is under the arm"))
    assert len(calls()) == 2, "an order that wasn't obeyed has helped nobody"
    lot.decide(the_exit(lot).obey(an_order(), ""))
    assert calls() == [("in", "help")]
    lot.clock.forward(minutes=20)
    assert calls() == []


def test_plates_in_these_records_can_be_erased_too(lot: Lot) -> None:
    lot.decide(the_exit(lot).call(Button.HELP, PLATE))
    lot.decide(the_exit(lot).count(Count(PassageKind.HELD, Direction.EXIT, PLATE)))
    lot.decide(the_exit(lot).refuse(Refusal.NO_SUCH_TICKET, PLATE))
    assert lot.one(f"SELECT count(*) FROM journal WHERE body LIKE '%{PLATE}%'") == 0
    assert lot.one(f"SELECT count(*) FROM journal WHERE personal LIKE '%{PLATE}%'") == 3


def test_a_lanes_id_is_the_same_on_every_machine_for_ever() -> None:
    assert lane_id(LOT, IN) == "28df43bb-6f70-5a91-a668-c63d130f8e0a"
    assert lane_id(LOT, OUT) != lane_id(LOT, IN)
