"""A new machine for an old lot: it is told who is inside, and they leave and pay as if nothing had been."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
import pytest

from cloud.ingest.restoring import STAYS_IN_A_PART, answer
from cloud.settings import CloudSettings
from drivers.broker import BrokerSettings
from edge.digests import Digests
from edge.faults import FaultBoard
from edge.parking.lanes import standing_orders
from edge.parking.restoring import conclude, steps
from edge.parking.stays.restoring import pending, take_over, want, want_if_new
from edge.parking.stays.tickets import open_ticket, ticket, ticket_with_code
from edge.sync.keys import TrustedKeys
from edge.sync.link import CloudLink
from models.ids import TicketId
from models.lanes import HoldCause, LaneState, OrderKind
from models.plates import Plate
from models.tariff import fee
from models.tickets import TicketStatus
from models.wire import topics
from models.wire.restoring import Known, KnownLane, RestoreAsked, RestorePart, read_known
from models.wire.seals import SealedAs, Signer
from simulator.servers import Mosquitto
from tests.brokers import USERS, talker
from tests.cloud.lots import Lot as CloudLot
from tests.cloud.mirrors import Mirror, live_a_day
from tests.cloud.test_ingest import becomes, ingesting
from tests.cloud.test_resyncs import resynced
from tests.edge.clouds import HurriedClock, forget_beacon, written
from tests.edge.lots import IN, TARIFF, Lot, a_level, a_lot
from tests.edge.test_link import nobody_obeys
from tests.keys import SIGNER, public_file

_HISTORY = ("vehicles", "tickets", "payments", "access_refusals", "lane_orders", "passages", "help_calls")
LEVELS = (a_level(0, REGULAR=6, EV=1), a_level(1, REGULAR=63))


@pytest.fixture
def mirror(tmp_path: Path, lot: CloudLot, database: asyncpg.Connection) -> Iterator[Mirror]:
    made = Mirror(a_lot(tmp_path, LEVELS, id=lot.id), database)
    live_a_day(made.lot)
    yield made
    made.lot.store.close()


def a_new_machine(mirror: Mirror, folder: Path) -> Mirror:
    """The old one is gone with its store; the cloud has what it had sent."""
    mirror.lot.store.close()
    folder.mkdir()
    mirror.lot.clock.forward(minutes=5)
    lot = a_lot(folder, LEVELS, mirror.lot.clock, id=mirror.lot.id)
    lot.decide(lambda tx: want(tx, "new"))
    mirror.lot, mirror.sent = lot, 0
    return mirror


async def known(mirror: Mirror) -> list[Known]:
    parts = await answer(mirror.database, RestoreAsked(lot=mirror.lot.id, request="r"))
    return [read_known(part.body) for part in parts]


async def restored(mirror: Mirror) -> list[TicketId]:
    told = await known(mirror)
    left_out = [ticket for step in steps(told) for ticket in mirror.lot.decide(step)]
    was = mirror.lot.decide(lambda tx: pending(tx.connection))
    assert was is not None
    mirror.lot.decide(lambda tx: conclude(tx, was, told, left_out))
    return left_out


async def test_a_new_machine_knows_who_is_inside_and_the_two_are_equal(mirror: Mirror, tmp_path: Path) -> None:
    await mirror.catches_up()
    columns = "id, code, vehicle_id, spot_id, entry_time, status, tariff, amount_paid"
    query = f"SELECT {columns} FROM tickets WHERE status = 'ACTIVE' ORDER BY id"
    before = mirror.lot.rows(query)
    debts = mirror.lot.rows("SELECT * FROM payments WHERE status = 'UNCOLLECTED'")
    a_new_machine(mirror, tmp_path / "new")
    assert await restored(mirror) == []
    assert mirror.lot.rows(query) == before
    assert mirror.lot.rows("SELECT * FROM payments WHERE status = 'UNCOLLECTED'") == debts
    await mirror.catches_up()
    history = {table: await mirror.value(f"SELECT count(*) FROM {table}") for table in _HISTORY}
    await mirror.compares()
    await resynced(mirror)
    assert await mirror.compares() == ("equal", set())
    assert {table: await mirror.value(f"SELECT count(*) FROM {table}") for table in _HISTORY} == history
    assert await mirror.value("SELECT count(*) FROM spots") == 70, "each spot is the one that it was"


async def test_who_was_inside_leaves_by_plate_or_code_and_pays_for_the_whole_stay(
    mirror: Mirror, tmp_path: Path
) -> None:
    await mirror.catches_up()
    a_new_machine(mirror, tmp_path / "new")
    mirror.lot.clock.forward(hours=3)
    await restored(mirror)
    stay = mirror.lot.decide(lambda tx: open_ticket(tx.connection, Plate("AB04CDE")))
    assert stay is not None
    assert mirror.lot.decide(lambda tx: ticket_with_code(tx.connection, stay.code)) == stay
    assert fee(stay.tariff, stay.entered, mirror.lot.clock.wall).total == 4 * TARIFF.hourly_rate


async def test_a_spot_that_was_given_away_meanwhile_and_a_vehicle_that_came_again_are_not_mixed_up(
    mirror: Mirror, tmp_path: Path
) -> None:
    await mirror.catches_up()
    a_new_machine(mirror, tmp_path / "new")
    again = mirror.lot.enters("AB03CDE")  # the lot thinks itself empty, and leads it to the first spot
    old = [
        row[0]
        for row in await mirror.database.fetch(
            "SELECT t.id::text FROM tickets t JOIN vehicles v ON v.id = t.vehicle_id WHERE license_plate = 'AB03CDE'"
        )
    ]
    assert await restored(mirror) == []
    held = mirror.lot.rows(
        "SELECT spot_id, count(*) FROM tickets WHERE status != 'COMPLETED' AND spot_id IS NOT NULL GROUP BY 1"
    )
    assert all(count == 1 for _, count in held)
    stay = mirror.lot.decide(lambda tx: open_ticket(tx.connection, Plate("AB03CDE")))
    assert stay is not None
    assert stay.id == again.ticket
    other = mirror.lot.decide(lambda tx: ticket(tx.connection, TicketId(old[0])))
    assert (other.status, other.plate) == (TicketStatus.UNRESOLVED, None)
    await mirror.catches_up()
    assert await mirror.value("SELECT status FROM tickets WHERE id = $1", old[0]) == "UNRESOLVED"
    assert await mirror.value("SELECT count(*) FROM parked_facts") == 0


async def test_taking_over_twice_changes_nothing_and_what_the_lot_has_is_never_touched(
    mirror: Mirror, tmp_path: Path
) -> None:
    await mirror.catches_up()
    a_new_machine(mirror, tmp_path / "new")
    told = await known(mirror)
    stays = [stay for one in told for stay in one.stays]
    mirror.lot.decide(lambda tx: take_over(tx, stays))
    mirror.lot.decide(lambda tx: tx.connection.execute("UPDATE tickets SET amount_paid = 1"))
    facts = mirror.lot.one("SELECT count(*) FROM journal")
    assert mirror.lot.decide(lambda tx: take_over(tx, stays)) == []
    assert mirror.lot.one("SELECT count(*) FROM journal") == facts
    assert mirror.lot.rows("SELECT DISTINCT amount_paid FROM tickets") == [(1,)]


def test_only_a_store_without_history_asks(tmp_path: Path) -> None:
    lot = a_lot(tmp_path, LEVELS)
    lot.decide(want_if_new)
    assert lot.decide(lambda tx: pending(tx.connection)) is None
    lot.decide(lambda tx: want(tx, "anew after damage"))
    was = lot.decide(lambda tx: pending(tx.connection))
    assert was is not None
    assert was.why == "anew after damage"
    lot.store.close()


async def test_a_lot_that_waits_to_be_told_writes_no_digest(mirror: Mirror, tmp_path: Path) -> None:
    await mirror.catches_up()
    a_new_machine(mirror, tmp_path / "new")
    digests = Digests(mirror.lot.store, mirror.lot.clock)
    await digests.write_if_due()
    await digests.write_last()
    assert mirror.lot.one("SELECT count(*) FROM journal WHERE type = 'state.digested'") == 0
    await restored(mirror)
    await digests.write_if_due()
    assert mirror.lot.one("SELECT count(*) FROM journal WHERE type = 'state.digested'") == 1


def test_lanes_are_set_as_a_person_had_set_them_and_a_fire_is_not_made_up() -> None:
    assert standing_orders(KnownLane(name=IN, state=LaneState.OPEN, hold=HoldCause.FIRE)) == []
    closed = KnownLane(name=IN, state=LaneState.CLOSED, hold=HoldCause.KEEP_OPEN)
    assert standing_orders(closed) == [(OrderKind.SET_STATE, LaneState.CLOSED), (OrderKind.KEEP_OPEN, None)]


@asynccontextmanager
async def linked(lot: Lot, mosquitto: Mosquitto, folder: Path) -> AsyncIterator[FaultBoard]:
    password = written(folder / "password", USERS["lot"] + "\n")
    faults = FaultBoard(lambda decision: None)
    board = faults.reporter("link")
    login = BrokerSettings(host="127.0.0.1", port=mosquitto.port, username="lot", password_file=password, keepalive=5)
    link = CloudLink(
        login,
        lot.id,
        "0.1.0",
        lot.store,
        tuple,
        nobody_obeys,
        TrustedKeys(public_file(folder), board),
        HurriedClock(),
        board,
    )
    task = asyncio.create_task(link.run())
    try:
        yield faults
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await asyncio.to_thread(forget_beacon, mosquitto, lot.id)


async def test_over_the_wire_the_lot_asks_until_it_is_told_and_works_meanwhile(
    mirror: Mirror, settings: CloudSettings, mosquitto: Mosquitto, tmp_path: Path
) -> None:
    for n in range(STAYS_IN_A_PART):
        mirror.lot.enters(f"MANY{n:03}")
    await mirror.catches_up()
    inside = mirror.lot.one("SELECT count(*) FROM tickets WHERE status IN ('ACTIVE', 'ADMITTED')")
    a_new_machine(mirror, tmp_path / "new")
    lot = mirror.lot
    async with linked(lot, mosquitto, tmp_path) as faults:
        await becomes(lambda: [fault.code for fault in faults.open()] == ["link.restoring"])
        lot.enters("MEANWHILE")
        async with ingesting(settings, mosquitto):
            await becomes(lambda: lot.one("SELECT count(*) FROM restorations WHERE ended_at IS NOT NULL") == 1)
            await becomes(lambda: not faults.open())
    assert lot.one("SELECT count(*) FROM tickets WHERE status IN ('ACTIVE', 'UNRESOLVED')") == inside + 1  # type: ignore[operator]
    assert lot.one("SELECT count(*) FROM journal WHERE type = 'lot.restored'") == 1


async def test_answers_that_are_forged_to_another_question_or_altered_are_not_taken(
    mirror: Mirror, mosquitto: Mosquitto, tmp_path: Path
) -> None:
    await mirror.catches_up()
    a_new_machine(mirror, tmp_path / "new")
    lot = mirror.lot
    was = lot.decide(lambda tx: pending(tx.connection))
    assert was is not None
    true = await answer(mirror.database, RestoreAsked(lot=lot.id, request=was.request))
    wrong: list[tuple[Signer, RestorePart]] = []
    for part in true:
        wrong.append((Signer.generated(), part))
        wrong.append((SIGNER, part.model_copy(update={"request": "another"})))
        wrong.append((SIGNER, part.model_copy(update={"body": part.body.replace("AB0", "XX0")})))
    async with linked(lot, mosquitto, tmp_path):
        with talker(mosquitto.port) as cloud:
            cloud.subscribe(topics.up_restore(lot.id))
            await asyncio.to_thread(cloud.hear)
            for signer, part in wrong:
                payload = signer.seal(SealedAs.RESTORE, lot.id, part)
                await asyncio.to_thread(cloud.publish, topics.down(lot.id, topics.RESTORE), payload)  # type: ignore[arg-type]
            await asyncio.to_thread(cloud.hear)  # it asks again
            assert lot.one("SELECT count(*) FROM tickets") == 0
            for part in true:
                payload = SIGNER.seal(SealedAs.RESTORE, lot.id, part)
                await asyncio.to_thread(cloud.publish, topics.down(lot.id, topics.RESTORE), payload)  # type: ignore[arg-type]
            await becomes(lambda: lot.one("SELECT count(*) FROM tickets") != 0)  # the control: the true one is
