"""What a lot takes over of itself from the cloud, stay by stay: one that can't be taken holds nobody up."""

from __future__ import annotations

from pathlib import Path
from uuid import uuid4

import pytest

from edge.parking.places import upkeep
from edge.parking.stays.restoring import take_over, unheard
from edge.parking.stays.tickets import ticket
from edge.store import Transaction
from edge.store.database import looking_into
from edge.store.journal import head_of
from edge.store.streams import DAMAGED
from models.ids import StreamId, TicketId, VehicleId
from models.instants import HOUR, Instant
from models.money import Minor
from models.spots import VehicleType
from models.tickets import TicketStatus
from models.wire.chain import GENESIS
from models.wire.restoring import KnownStay, Told
from tests.edge.lots import IN, NOON, TARIFF, Lot, a_lot


def a_stay(plate: str, vehicle: VehicleId | None = None, spot: str | None = None) -> KnownStay:
    """As the cloud knows it: a car that came in an hour ago."""
    return KnownStay(
        ticket=TicketId(str(uuid4())),
        code=uuid4().hex[:12].upper(),
        vehicle=vehicle or VehicleId(str(uuid4())),
        license_plate=plate,
        vehicle_type=VehicleType.REGULAR,
        entry_lane=IN,
        floor=None if spot is None else 0,
        spot_number=spot,
        entered=Instant(NOON - HOUR),
        status=TicketStatus.ACTIVE,
        exit_lane=None,
        exit_time=None,
        settled_at=None,
        amount_due=None,
        amount_paid=Minor(0),
        currency="EUR",
        tariff=TARIFF.model_dump_json(),
        fee_bounded=False,
        refund_owed=Minor(0),
    )


def inside(lot: Lot) -> object:
    return lot.one("SELECT count(*) FROM tickets WHERE status = 'ACTIVE'")


def test_a_vehicle_whose_plate_was_lost_here_is_not_inside_twice(tmp_path: Path) -> None:
    lot = a_lot(tmp_path)
    here = lot.enters("AB12CDE")
    vehicle = VehicleId(str(lot.one("SELECT vehicle_id FROM tickets WHERE id = ?", here.ticket)))
    lot.decide(lambda tx: tx.connection.execute("UPDATE vehicles SET license_plate = NULL"))
    old = a_stay("AB12CDE", vehicle)
    assert lot.decide(lambda tx: take_over(tx, [old])) == []
    taken = lot.decide(lambda tx: ticket(tx.connection, old.ticket))
    assert (taken.status, taken.plate) == (TicketStatus.UNRESOLVED, None)
    assert inside(lot) == 1


def test_a_stay_that_breaks_a_rule_of_the_lot_is_left_out_and_the_others_are_taken_over(tmp_path: Path) -> None:
    lot = a_lot(tmp_path)
    lot.enters("HERE1")
    spot = str(lot.one("SELECT spot_number FROM spots JOIN tickets ON tickets.spot_id = spots.id"))
    lot.decide(lambda tx: tx.connection.execute("UPDATE spots SET status = 'AVAILABLE'"))  # as damage would have it
    bad, good = a_stay("BAD1", spot=spot), [a_stay("GOOD1"), a_stay("GOOD2")]
    huge = a_stay("BAD2").model_copy(update={"amount_paid": 2**70})
    facts = lot.one("SELECT count(*) FROM journal")
    left_out = lot.decide(lambda tx: take_over(tx, [good[0], bad, huge, good[1]]))
    assert left_out == [bad.ticket, huge.ticket]
    assert inside(lot) == 3
    assert lot.one("SELECT count(*) FROM vehicles WHERE license_plate LIKE 'BAD%'") == 0, "nothing of it is kept"
    assert lot.one("SELECT count(*) FROM journal") == facts + 2  # type: ignore[operator]
    assert lot.decide(lambda tx: take_over(tx, [bad])) == [bad.ticket], "the same answer again does no harm either"


@pytest.mark.parametrize("blocked", [False, True])
def test_a_spot_that_is_out_of_service_isnt_given_to_a_stay_that_comes_back(tmp_path: Path, blocked: bool) -> None:
    lot = a_lot(tmp_path)
    if blocked:
        lot.decide(lambda tx: upkeep.withdraw(tx, upkeep.spot_called(tx.connection, "R1", None), "ann", "a hole"))
    stay = a_stay("AB12CDE", spot="R1")
    lot.decide(lambda tx: take_over(tx, [stay]))
    found = lot.decide(lambda tx: ticket(tx.connection, stay.ticket))
    assert found.spot_number == (None if blocked else "R1")


def a_damaged_stream_is_left(tx: Transaction) -> None:
    """The rest of what was in it is still in the journal; the lot goes on in another."""
    old = head_of(tx.connection, "ledger")
    assert old is not None
    left = "INSERT INTO streams_left VALUES (?, 'ledger', ?, ?, 'next', ?, 0)"
    tx.connection.execute(left, (old.stream_id, old.seq, old.seq, DAMAGED))
    tx.connection.execute(
        "UPDATE streams SET stream_id = 'next', seq = 0, hash = ? WHERE stream = 'ledger'", (GENESIS,)
    )
    tx.streams_changed()


def test_what_was_unsent_when_the_store_was_damaged_is_unheard_too(tmp_path: Path) -> None:
    lot = a_lot(tmp_path)
    with looking_into(lot.path) as connection:
        old = head_of(connection, "ledger")
    assert old is not None
    told = Told(stream_id=old.stream_id, seq=old.seq)
    lot.enters("AB12CDE")
    lot.decide(a_damaged_stream_is_left)
    lot.enters("XY34ZZZ")
    with looking_into(lot.path) as connection:
        before, since = unheard(connection, told)
        assert (before.stream_id, before.after) == (old.stream_id, old.seq)
        assert before.to > old.seq
        assert (since.stream_id, since.after) == ("next", 0)
        assert unheard(connection, None) == [since], "nothing is known of what the cloud had"
        assert unheard(connection, Told(stream_id=StreamId("next"), seq=1)) == [since._replace(after=1)]
