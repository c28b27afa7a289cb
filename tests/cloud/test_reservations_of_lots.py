"""What lots say of reservations in the cloud's tables, and what a new machine at an old lot is told of them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest

from cloud.ingest.restoring import answer
from edge.parking.reservations.restoring import take_over_quotas, take_over_reservations
from edge.parking.stays.restoring import pending, take_over, want
from models.facts import TicketClosed
from models.ids import LaneName
from models.instants import HOUR, Instant
from models.intents import ReservationCancelled
from models.money import Minor
from models.refusals import Refusal
from models.spots import SpotType
from models.wire.restoring import RestoreAsked, read_known
from tests.cloud.lots import Lot as CloudLot
from tests.cloud.mirrors import Mirror
from tests.cloud.test_resyncs import resynced
from tests.edge.lots import a_level, a_lot
from tests.edge.reserving import Gate, refused
from tests.intents import Issued

LEVELS = (a_level(0, REGULAR=4),)


@pytest.fixture
def mirror(tmp_path: Path, lot: CloudLot, database: asyncpg.Connection) -> Iterator[Mirror]:
    made = Mirror(a_lot(tmp_path, LEVELS, id=lot.id), database)
    yield made
    made.lot.store.close()


def gate_of(mirror: Mirror, cloud: Issued | None = None) -> Gate:
    return Gate(mirror.lot, cloud=cloud or Issued(lot=mirror.lot.id))


async def test_a_new_machine_keeps_what_the_old_one_promised_and_opens_for_no_used_code(
    mirror: Mirror, tmp_path: Path
) -> None:
    gate = gate_of(mirror)
    gate.asks_for(4)
    used, gone, cancelled, coming = (
        gate.signed(gate.now, Instant(gate.now + 8 * HOUR), SpotType.REGULAR) for _ in range(4)
    )
    for sold in (used, gone, cancelled, coming):
        gate.says_of(sold)
        await mirror.database.execute(
            "INSERT INTO reservations (tenant_id, lot_id, id, spot_type, start_time, end_time, status)"
            " SELECT tenant_id, id, $2, 'REGULAR', $3, $4, 'BOOKED' FROM parking_lots WHERE id = $1",
            *(mirror.lot.id, sold.reservation, sold.start, sold.end),
        )
    gate.hears()
    gate.enters(used)
    gate.enters(gone)
    gate.leaves(gone)
    gate.hears(ReservationCancelled(reservation=cancelled.reservation))
    await mirror.database.execute("UPDATE reservations SET status = 'CANCELLED' WHERE id = $1", cancelled.reservation)
    await mirror.catches_up()
    assert await mirror.value("SELECT kept FROM reservation_quotas") == 4
    assert await mirror.value("SELECT count(*) FROM reservations WHERE status = 'ARRIVED'") == 2

    gate.lot.store.close()
    (tmp_path / "new").mkdir()
    mirror.lot, mirror.sent = a_lot(tmp_path / "new", LEVELS, gate.lot.clock, id=mirror.lot.id), 0
    again = gate_of(mirror, gate.cloud)
    mirror.lot.decide(lambda tx: want(tx, "new"))
    again.keeps()
    assert again.kept == {}, "it promises nothing before it knows who is inside"
    await tell(mirror)
    assert again.kept == {"REGULAR": 4}
    for sold, why in (
        (used, Refusal.RESERVATION_USED),
        (gone, Refusal.RESERVATION_USED),
        (cancelled, Refusal.RESERVATION_CANCELLED),
    ):
        assert refused(again.shows(sold)) is why
    again.hears()
    assert refused(again.shows("AB12CDE")) is Refusal.LOT_FULL
    assert refused(again.shows(used)) is Refusal.RESERVATION_USED
    again.enters(coming)
    again.lot.clock.forward(hours=1)
    assert again.leaves(used) == 0, "its stay is paid for until its end"


async def tell(mirror: Mirror) -> None:
    """The new machine takes over what the cloud knows."""
    parts = await answer(mirror.database, RestoreAsked(lot=mirror.lot.id, request="r"))
    for known in [read_known(part.body) for part in parts]:
        mirror.lot.decide(lambda tx, known=known: take_over_quotas(tx, known.quotas))  # type: ignore[misc]
        mirror.lot.decide(lambda tx, known=known: take_over_reservations(tx, known.reservations))  # type: ignore[misc]
        mirror.lot.decide(lambda tx, known=known: take_over(tx, known.stays))  # type: ignore[misc]
    mirror.lot.decide(lambda tx: tx.connection.execute("UPDATE restorations SET ended_at = 1"))
    assert mirror.lot.decide(lambda tx: pending(tx.connection)) is None


async def test_a_code_of_which_the_cloud_knows_nothing_has_its_row_there(mirror: Mirror) -> None:
    gate = gate_of(mirror)
    sold = gate.signed(gate.now, Instant(gate.now + HOUR), SpotType.REGULAR)
    answer = gate.enters(sold)
    gate.lot.decide(
        lambda tx: tx.record(
            TicketClosed(
                ticket=answer.ticket,  # type: ignore[arg-type]
                lane=LaneName("out"),
                exited=gate.now,
                amount_due=Minor(0),
                amount_paid=Minor(0),
            )
        )
    )
    await mirror.catches_up()
    assert await mirror.value("SELECT status FROM reservations WHERE id = $1", sold.reservation) == "ARRIVED"
    assert str(await mirror.value("SELECT reservation_id FROM tickets")) == sold.reservation


async def test_a_promise_that_was_altered_in_the_cloud_is_found_and_put_right(mirror: Mirror) -> None:
    """Or it would sell what isn't kept."""
    gate_of(mirror).asks_for(3)
    await mirror.catches_up()
    assert await mirror.compares() == ("equal", set())
    await mirror.database.execute("UPDATE reservation_quotas SET kept = 4")
    assert await mirror.compares() == ("differs", {"reservation_quotas"})
    await resynced(mirror)
    assert await mirror.value("SELECT kept FROM reservation_quotas") == 3
