"""What lanes put on record and vehicles that nobody could read, at the lot and in the cloud."""

from __future__ import annotations

from pathlib import Path
from uuid import uuid4

import asyncpg
import pytest
from alembic import command
from sqlalchemy import Connection, text

from cloud.db import connect, migrate
from cloud.ingest.apply import apply_window
from cloud.ingest.window import Apply
from cloud.settings import CloudSettings
from edge.lane.actions import Count
from edge.lane.signals import Allowed, Asked, Button, Code, Order, Read, Unread
from edge.parking.access.passback import neutralise
from edge.parking.access.permits import Permit
from edge.parking.desks import EntryDesk, ExitDesk
from edge.store import journal
from models.commands import CommandEnd
from models.facts import CommandEnded, CommandTaken, ExitAllowedV1, PassbackReset, VehicleRegistered
from models.ids import LotId, VehicleId
from models.lanes import HoldCause, LaneState, OrderKind, PassageKind
from models.money import Minor
from models.passback import Passback
from models.plates import Plate
from models.spots import VehicleType
from models.tickets import Direction
from models.wire.chain import GENESIS
from models.wire.envelopes import Window
from simulator.books import cloud_books, differences, lot_books
from tests.cloud.conftest import settings_for
from tests.cloud.lots import NOON, OUT, Lot, an_id
from tests.edge import lots as at_the_lot

PLATE, PERMIT = Plate("AB12CDE"), Plate("PERM1T")


async def a_day_with_everything(lot: at_the_lot.Lot) -> None:
    permits = {PERMIT: Permit(PERMIT, passback=Passback.SOFT)}
    entry = EntryDesk(at_the_lot.IN, lot.store, lambda: at_the_lot.TARIFF, permits, lambda: VehicleType.REGULAR)
    exit = ExitDesk(at_the_lot.OUT, lot.store, lot.till(None), permits)

    async def enters(asked: Asked) -> Allowed:
        lot.clock.forward(minutes=1)
        allowed = await entry.decide(asked)
        assert isinstance(allowed, Allowed)
        assert allowed.ticket is not None
        await lot.store.write(entry.confirm(allowed.ticket))
        return allowed

    unread = await enters(Asked(Unread(by_policy=False)))
    await enters(Asked(Unread(by_policy=True)))
    await enters(Asked(Read(PERMIT, 0.9)))
    await enters(Asked(Read(PERMIT, 0.9)))
    order = Order("o-1", OrderKind.SET_STATE, "Ann", "event", LaneState.FULL)
    assert unread.printed is not None
    let_out = await exit.decide(Asked(Code(unread.printed.qr), by_hand=order))
    assert isinstance(let_out, Allowed)
    taken = CommandTaken(
        command=str(uuid4()), lane="in", kind="open", by="Ann", reason="Ambulance", issued_at=NOON, at=NOON
    )
    for paper in (
        entry.obey(order, ""),
        entry.obey(order, "not now"),
        entry.hold(HoldCause.KEEP_OPEN, order),
        exit.hold(HoldCause.FIRE, None),
        exit.hold(None, order),
        exit.count(Count(PassageKind.WRONG_WAY, Direction.ENTRY)),
        exit.count(Count(PassageKind.MANUAL, Direction.EXIT, PLATE, order)),
        entry.call(Button.HELP, PLATE),
        lambda tx: neutralise(tx, "barrier.forced in in"),
        lambda tx: neutralise(tx, "asked for it", by="Ann", plate=PLATE),
        lambda tx: tx.record(taken),
        lambda tx: tx.record(CommandEnded(command=taken.command, end=CommandEnd.DONE, said="done", at=NOON)),
    ):
        await lot.store.write(paper)


def whole_journal(lot: at_the_lot.Lot) -> Window:
    def look(tx: object) -> Window:
        connection = tx.connection  # type: ignore[attr-defined]
        head = journal.head_of(connection, "ledger")
        assert head is not None
        facts = tuple(journal.run(connection, head.stream_id, 0, 1000))
        return Window(lot=lot.id, stream="ledger", stream_id=head.stream_id, previous=GENESIS, facts=facts)

    return lot.store.write_now(look)


async def test_what_lanes_put_on_record_is_the_same_in_the_cloud_field_by_field(
    database: asyncpg.Connection, lot: Lot, settings: CloudSettings, tmp_path: Path
) -> None:
    here = at_the_lot.a_lot(tmp_path, id=LotId(lot.id))
    await a_day_with_everything(here)
    outcome = await apply_window(database, whole_journal(here), NOON)
    assert isinstance(outcome.verdict, Apply)
    assert outcome.parked == 0
    books = lot_books(here.path)
    assert {table: len(rows) for table, rows in books.rows.items() if table not in ("facts", "spots", "levels")} == {
        **dict.fromkeys(("reservation_quotas", "ticket_mendings", "ticket_suspicions", "valet_stays"), 0),
        "vehicles": 4,
        "tickets": 4,
        "payments": 1,
        "access_refusals": 0,
        "faults": 0,
        "lane_states": 2,
        "lane_orders": 2,
        "passages": 2,
        "help_calls": 1,
        "fee_corrections": 0,
        "ledger_entries": 4,
        "closings": 0,
        "receipts": 0,
        "taken_commands": 1,
        "deletions": 0,
    }
    url = settings.database_url.get_secret_value()
    assert differences(books, await cloud_books(url, lot.id)) == []
    await database.execute("UPDATE lane_states SET hold = 'fire' WHERE hold = 'keep_open'")
    [found] = differences(books, await cloud_books(url, lot.id))
    assert (found.table, found.column, found.at_lot, found.in_cloud) == ("lane_states", "hold", "keep_open", "fire")
    here.store.close()


async def test_each_of_these_facts_alone_ends_where_all_at_once_do(
    database: asyncpg.Connection, lot: Lot, settings: CloudSettings, tmp_path: Path
) -> None:
    here = at_the_lot.a_lot(tmp_path, id=LotId(lot.id))
    await a_day_with_everything(here)
    whole, previous = whole_journal(here), GENESIS
    for fact in whole.facts:
        outcome = await apply_window(database, whole.model_copy(update={"previous": previous, "facts": (fact,)}), NOON)
        assert (outcome.applied, outcome.parked) == (1, 0)
        previous = fact.hash
    url = settings.database_url.get_secret_value()
    assert differences(lot_books(here.path), await cloud_books(url, lot.id)) == []
    here.store.close()


async def test_a_lot_that_still_writes_the_first_version_is_understood(database: asyncpg.Connection, lot: Lot) -> None:
    body = {"vehicle": an_id(), "vehicle_type": "REGULAR"}
    lot.says_as("vehicle.registered", 1, body, {"license_plate": PLATE})
    ticket = lot.admits(VehicleId(body["vehicle"]))
    lot.says(
        ExitAllowedV1(
            ticket=ticket,
            lane=OUT,
            at=lot.now,
            settled_until=lot.now,
            amount_due=Minor(250),
            amount_paid=Minor(0),
            started_hours=1,
            match="exact",
        )
    )
    assert (await apply_window(database, lot.window(), NOON)).parked == 0
    assert await database.fetchval("SELECT exit_lane FROM tickets") == OUT
    lanes = await database.fetch("SELECT last_event FROM lanes WHERE name = $1", OUT)
    assert [row["last_event"] for row in lanes] == ["allowed_out"]


async def test_a_reset_of_a_vehicle_that_the_cloud_never_met_is_parked(database: asyncpg.Connection, lot: Lot) -> None:
    lot.says(PassbackReset(vehicle=VehicleId(an_id()), by=None, reason="-", at=lot.now))
    assert (await apply_window(database, lot.window(), NOON)).parked == 1


@pytest.mark.parametrize("plates", [(None, None), ("AB12CDE", None)])
async def test_vehicles_without_a_plate_live_side_by_side(
    database: asyncpg.Connection, lot: Lot, plates: tuple[str | None, ...]
) -> None:
    for plate in plates:
        lot.says(VehicleRegistered(vehicle=VehicleId(an_id()), vehicle_type=VehicleType.REGULAR, license_plate=plate))
    assert (await apply_window(database, lot.window(), NOON)).parked == 0
    assert await database.fetchval("SELECT count(*) FROM vehicles WHERE license_plate IS NULL") == plates.count(None)


async def test_a_cloud_of_the_first_release_is_brought_up_to_date_with_what_is_in_it(database_url: str) -> None:
    engine = connect.engine(settings_for(database_url))

    def to_the_first(connection: Connection) -> None:
        config = migrate._config()
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")

    tenant, lot, vehicle = an_id(), an_id(), an_id()
    async with engine.begin() as connection:
        await connection.run_sync(to_the_first)
        await connection.execute(text("INSERT INTO tenants VALUES (:t, 'default', 1)"), {"t": tenant})
        await connection.execute(
            text("INSERT INTO parking_lots (id, tenant_id, name, enrolled_at) VALUES (:l, :t, 'North', 1)"),
            {"l": lot, "t": tenant},
        )
        await connection.execute(
            text(
                "INSERT INTO vehicles (tenant_id, lot_id, id, license_plate, vehicle_type) VALUES (:t, :l, :v, 'A', :k)"
            ),
            {"t": tenant, "l": lot, "v": vehicle, "k": "REGULAR"},
        )
    assert await migrate.upgrade(engine) == ("0001", migrate.head())
    async with engine.connect() as connection:
        rows = await connection.execute(text("SELECT license_plate, neutral_since FROM vehicles"))
        assert rows.all() == [("A", None)]
    await engine.dispose()
