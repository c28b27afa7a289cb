"""The places that are kept back for reservations: from whom, how many, what the cloud is told, and what survives."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest

from edge.parking.reservations import quota
from edge.report import policy_report
from edge.retention.reservations import forget_reservations, mask_reservations
from edge.store import inbox
from edge.store.database import Store, looking_into
from models.allocation import Plan
from models.instants import HOUR, Instant
from models.intents import ReservationQuota
from models.refusals import Refusal
from models.reservations.rules import Places, Rules
from models.spots import SpotType
from tests.edge.lots import Lot, a_level, a_lot, closed_in_the_end
from tests.edge.reserving import MINUTE, Gate, refused


@pytest.fixture
def gate(tmp_path: Path) -> Gate:
    return Gate(a_lot(tmp_path, (a_level(0, REGULAR=3),)))


def told(gate: Gate) -> list[tuple[int, int]]:
    """What the cloud was told, in order: how many it asked for and how many are kept."""
    rows = gate.lot.rows("SELECT body FROM journal WHERE type = 'quota.kept' ORDER BY seq")
    return [(json.loads(str(body))["asked"], json.loads(str(body))["places"]) for (body,) in rows]


def test_a_walk_in_never_gets_a_place_that_is_kept_back(gate: Gate) -> None:
    gate.asks_for(2)
    assert gate.kept == {"REGULAR": 2}
    gate.enters("A1")
    assert refused(gate.shows("B2")) is Refusal.LOT_FULL
    gate.enters(gate.sells())
    gate.enters(gate.sells())
    assert told(gate) == [(2, 2)]


def test_without_the_quota_a_sold_place_is_lost(gate: Gate, monkeypatch: pytest.MonkeyPatch) -> None:
    """The negative control."""
    monkeypatch.setattr(quota, "kept_back", lambda tx, plan: {})
    gate.asks_for(1)
    sold = gate.sells()
    for plate in ("A1", "B2", "C3"):
        gate.enters(plate)
    assert refused(gate.shows(sold)) is Refusal.LOT_FULL


def test_what_can_not_be_kept_yet_is_kept_as_walk_ins_leave(gate: Gate) -> None:
    for plate in ("A1", "B2"):
        gate.enters(plate)
    gate.asks_for(3)
    assert gate.kept == {"REGULAR": 1}
    assert refused(gate.shows("C3")) is Refusal.LOT_FULL, "the last one is kept"
    gate.leaves("A1")
    assert refused(gate.shows("C3")) is Refusal.LOT_FULL, "nor does anybody come between"
    gate.keeps()
    gate.keeps()
    assert told(gate) == [(3, 1), (3, 2)], "once"


def test_places_in_a_reserved_zone_are_not_kept_for_whoever_has_booked(tmp_path: Path) -> None:
    levels = (a_level(0, REGULAR=2), dataclasses.replace(a_level(1, REGULAR=3), name="Staff"))
    gate = Gate(a_lot(tmp_path, levels), plan=Plan(reserved=frozenset({"Staff"})))
    gate.asks_for(4)
    assert gate.kept == {"REGULAR": 2}, "the staff's own aren't sold"
    gate.plan = Plan()
    gate.keeps()
    assert gate.kept == {"REGULAR": 4}, "the control: with nothing reserved, they are"


def test_fewer_are_kept_while_spots_are_out_of_service(gate: Gate) -> None:
    gate.asks_for(3)
    gate.lot.decide(
        lambda tx: tx.connection.execute("UPDATE spots SET status = 'MAINTENANCE' WHERE spot_number = 'R1'")
    )
    gate.keeps()
    assert told(gate) == [(3, 3), (3, 2)]


def test_a_guest_in_time_uses_one_of_the_places_and_one_who_overstays_uses_another(gate: Gate) -> None:
    gate.asks_for(2)
    sold = gate.sells(hours=1)
    gate.enters(sold)
    gate.enters("A1")
    assert refused(gate.shows("B2")) is Refusal.LOT_FULL, "one is inside, one is kept back"
    gate.lot.clock.forward(hours=1)
    gate.keeps()
    assert told(gate) == [(2, 2), (2, 1)], "another can't be had"
    gate.leaves("A1")
    assert refused(gate.shows("B2")) is Refusal.LOT_FULL, "now it can"
    gate.keeps()
    gate.leaves(sold)
    gate.enters("B2")
    assert told(gate)[-1] == (2, 2)


def test_whoever_comes_early_takes_no_place_that_is_kept_for_others(gate: Gate) -> None:
    gate.asks_for(2)
    early = gate.sells(begins_in=0.25)
    gate.enters("A1")
    assert refused(gate.shows(early)) is Refusal.RESERVATION_EARLY
    gate.lot.clock.forward(minutes=15)
    gate.enters(early)


def test_a_place_that_is_given_up_is_anybodys_until_its_time_is_over(gate: Gate) -> None:
    gate.rules = Rules(keep_for=20 * MINUTE)
    gate.asks_for(1)
    gate.sells(hours=1)
    gate.hears()
    gate.enters("A1")
    gate.enters("B2")
    assert refused(gate.shows("C3")) is Refusal.LOT_FULL
    gate.lot.clock.forward(minutes=21)
    gate.keeps()
    gate.enters("C3")
    gate.leaves("C3")
    gate.lot.clock.forward(hours=1)
    assert refused(gate.shows("C3")) is Refusal.LOT_FULL, "now it is kept for the next one"


def test_asked_for_no_longer_it_is_anybodys(gate: Gate) -> None:
    gate.asks_for(3)
    assert refused(gate.shows("A1")) is Refusal.LOT_FULL
    gate.asks_for(0)
    gate.enters("A1")
    assert told(gate) == [(3, 3), (0, 0)]


def test_what_was_promised_outlives_a_restart_and_a_snapshot_that_does_not_speak_of_it(
    gate: Gate, tmp_path: Path
) -> None:
    gate.asks_for(3)
    gate.lot.store.close()
    lot = Lot(closed_in_the_end(Store(gate.lot.path, gate.lot.id, gate.lot.clock)), gate.lot.clock, gate.lot.path)
    again = Gate(lot, cloud=gate.cloud)
    assert refused(again.shows("A1")) is Refusal.LOT_FULL
    lot.decide(lambda tx: tx.connection.execute("DELETE FROM quotas_asked"))
    again.keeps()
    assert refused(again.shows("A1")) is Refusal.LOT_FULL
    assert told(again) == [(3, 3)]


def test_status_says_how_many_are_kept_back(gate: Gate) -> None:
    gate.enters("A1")
    gate.asks_for(3)
    with looking_into(gate.lot.path) as connection:
        report = policy_report(connection)
    assert report is not None
    assert "0 reservations (2 of 3 REGULAR places kept back)" in report.line


def test_types_are_kept_apart_and_a_walk_in_takes_a_larger_one_that_is_free(tmp_path: Path) -> None:
    gate = Gate(a_lot(tmp_path, (a_level(0, COMPACT=1, REGULAR=2),)))
    gate.hears(ReservationQuota(quota=SpotType.COMPACT, places=1), ReservationQuota(quota=SpotType.REGULAR, places=1))
    assert gate.kept == {"COMPACT": 1, "REGULAR": 1}
    gate.enters("A1")
    assert refused(gate.shows("B2")) is Refusal.LOT_FULL
    assert gate.spot_of(gate.enters(gate.sells(spot_type=SpotType.COMPACT))) == "COMPACT", "what was sold was kept"


@pytest.mark.parametrize(
    ("places", "kept_back", "can"),
    [
        (Places(asked=5, free=9), 5, 5),
        (Places(asked=5, free=2), 5, 2),
        (Places(asked=5, free=2, in_time=2, perhaps_in_time=2), 3, 4),
        (Places(asked=5, free=2, in_time=0, perhaps_in_time=2), 5, 4),
        (Places(asked=1, free=0, in_time=1, perhaps_in_time=1, missed=1), 0, 1),
    ],
)
def test_how_many_are_kept_back_and_promised(places: Places, kept_back: int, can: int) -> None:
    assert (places.kept_back, places.can_be_kept) == (kept_back, can)


def test_a_guest_who_has_left_early_leaves_the_place_to_reservations(gate: Gate) -> None:
    gate.asks_for(3)
    sold = gate.signed(gate.now, Instant(gate.now + HOUR), SpotType.REGULAR)
    gate.enters(sold)
    gate.leaves(sold)
    assert refused(gate.shows("A1")) is Refusal.LOT_FULL


def test_whose_reservation_it_was_is_forgotten_by_the_days_for_plates_and_then_all_of_it(gate: Gate) -> None:
    inside, past = gate.sells(plate="AB12CDE"), gate.sells(plate="ZZ99ZZZ")
    gate.hears()
    gate.enters("AB12CDE")
    later = Instant(gate.now + 31 * 24 * HOUR)
    assert gate.lot.decide(lambda tx: mask_reservations(tx, later, 10)) == 1
    assert gate.lot.decide(lambda tx: mask_reservations(tx, later, 10)) == 0
    assert gate.lot.rows("SELECT id, license_plate, user_id FROM reservations ORDER BY license_plate DESC") == [
        (inside.reservation, "AB12CDE", "u1"),
        (past.reservation, None, None),
    ]
    assert gate.lot.one("SELECT personal FROM intents WHERE subject = ?", f"reservation:{past.reservation}") is None
    assert gate.lot.decide(lambda tx: inbox.checksum_of_all(tx.connection, tx.lot)) == gate.cloud.checksum
    assert gate.lot.decide(lambda tx: forget_reservations(tx, later, 10)) == 1
    assert gate.lot.rows("SELECT id FROM reservations") == [(inside.reservation,)]
