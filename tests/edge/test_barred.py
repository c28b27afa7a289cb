"""Barred vehicles: by exactly their plates, off line, after a restart, whatever else they show."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge.lane.actions import Call
from edge.lane.signals import Allowed, Button, Card, Phase, Presence, Refused, Unread
from edge.parking.access.lists import ListsInForce
from models.instants import HOUR, Instant, Monotonic, Reading
from models.intents import VehicleBarred, VehicleUnbarred
from models.plates import Plate
from models.refusals import Refusal
from tests.edge.lanes import PLATE, Story, a_quiet_lane
from tests.edge.lots import a_lot
from tests.edge.test_permit_limits import BY_HAND, P1, Gate
from tests.intents import a_permit


def barred(*plates: str, name: str = "b1", **more: object) -> VehicleBarred:
    return VehicleBarred.model_validate({"barred": name, "plates": plates, "reason": "debts", **more})


@pytest.fixture
def gate(tmp_path: Path) -> Gate:
    return Gate(a_lot(tmp_path))


def test_a_barred_plate_never_opens_permit_or_not_also_after_a_restart_with_the_cloud_gone(gate: Gate) -> None:
    gate.hears(a_permit(P1, "AA1", cards=("17",)), barred("AA1", "AA2"))
    for _ in range(2):
        for shown in ("AA1", "AA2", Card("17")):
            assert gate.asked(shown) == Refused(Refusal.BARRED)
        assert gate.asked(Unread(by_policy=False), plate=Plate("AA2")) == Refused(Refusal.BARRED)
        gate.restarts()
    assert isinstance(gate.asked("AA3"), Allowed), "by exactly its plate"
    assert gate.lot.one("SELECT count(*) FROM tickets") == 1


def test_control_without_the_list_it_opens(gate: Gate, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ListsInForce, "barred", lambda *_: None)
    gate.hears(barred("AA1"))
    assert isinstance(gate.asked("AA1"), Allowed)


def test_a_barred_vehicle_comes_in_again_when_it_is_taken_off_or_its_time_is_over(gate: Gate) -> None:
    ends = Instant(gate.lot.clock.wall + HOUR)
    gate.hears(barred("AA1"), barred("AA2", name="b2", until=ends))
    gate.hears(VehicleUnbarred(barred="b1"))
    assert isinstance(gate.asked("AA1"), Allowed)
    gate.lot.clock.wall = Instant(ends - 1)
    assert gate.asked("AA2") == Refused(Refusal.BARRED)
    gate.lot.clock.wall = ends
    assert isinstance(gate.asked("AA2"), Allowed)


def test_by_a_clock_that_nobody_set_no_bar_ends(gate: Gate, monkeypatch: pytest.MonkeyPatch) -> None:
    gate.hears(barred("AA1", until=Instant(gate.lot.clock.wall + HOUR)))
    later = Instant(gate.lot.clock.wall + 1000 * HOUR)
    monkeypatch.setattr(gate.lot.clock, "read", lambda: Reading("boot-2", Monotonic(0), later, False))
    assert gate.asked("AA1") == Refused(Refusal.BARRED)


def test_who_is_let_in_all_the_same_is_an_alert(gate: Gate) -> None:
    gate.hears(barred("AA1", action="admit_and_alert"), barred("AA2", name="b2"))
    gate.lets_in("AA1")
    gate.lets_in("AA2", by_hand=BY_HAND)
    told = gate.lot.rows(
        "SELECT json_extract(body, '$.entry'), json_extract(body, '$.reason') FROM journal"
        " WHERE type = 'vehicle.alerted' ORDER BY seq"
    )
    assert told == [("b1", "debts"), ("b2", "debts")]


def test_of_several_entries_the_hardest_counts(gate: Gate) -> None:
    gate.hears(barred("AA1", action="admit_and_alert"), barred("AA1", name="b2", action="refuse_and_call"))
    assert gate.asked("AA1") == Refused(Refusal.BARRED_CALLED)


def at_the_lane(reason: Refusal) -> Story:
    return a_quiet_lane().then(Presence(True), PLATE, Refused(reason))


def test_a_person_is_called_to_the_lane_where_the_list_says_so() -> None:
    story = at_the_lane(Refusal.BARRED_CALLED)
    assert story.asked(Call) == [Call(Button.HELP, PLATE.plate)]
    assert story.lane.phase is Phase.REFUSED
    assert at_the_lane(Refusal.BARRED).asked(Call) == []
