"""Windows of many lots in one transaction: the same as one after the other, and what is in question stays out of it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import asyncpg
import pytest
import structlog
from sqlalchemy.ext.asyncio import AsyncEngine

from cloud.clock import SystemClock
from cloud.db import connect
from cloud.enrolment import enrol_lot
from cloud.ingest.apply import Outcome, apply_window
from cloud.ingest.broker import Arrived
from cloud.ingest.digests import Compared
from cloud.ingest.joining import joined
from cloud.ingest.lasting import Database, TooSlow
from cloud.ingest.queues import LotQueues
from cloud.ingest.together import Stream, apply_together
from cloud.ingest.window_desk import Waiting, WindowDesk
from cloud.metrics import Metrics
from cloud.settings import CloudSettings
from models.facts import VehicleRegistered
from models.ids import LotId
from models.spots import VehicleType
from models.wire.envelopes import Window, pack
from models.wire.topics import up
from tests.cloud.lots import NOON, Lot
from tests.keys import SIGNER

ROWS = "SELECT id::text, status, spot_id::text, exit_time, amount_paid FROM tickets WHERE lot_id = $1 ORDER BY id"


@pytest.fixture
async def lots(engine: AsyncEngine, tenant: str, database: asyncpg.Connection) -> list[Lot]:
    """Three lots that the cloud knows, each with two cars that came and one that left since."""
    async with engine.begin() as connection:
        ids = [LotId(await enrol_lot(connection, tenant, f"Lot {n}", NOON)) for n in range(3)]
    made = [Lot(id).opens_for_business() for id in ids]
    for lot in made:
        await apply_window(database, lot.window(), NOON)
        lot.lets_out(lot.lets_in("AB1CDE", lot.spots[0]))
        lot.lets_in("AB2CDE", lot.spots[1])
    return made


def news(lot: Lot) -> Window:
    return lot.window(4)


async def together(connection: asyncpg.Connection, *windows: Window) -> dict[Stream, Outcome]:
    return await apply_together(connection, [run for window in windows for run in joined([window])], NOON)


def meets_again(lot: Lot) -> None:
    """A fact that can't be applied: a vehicle that is there already."""
    vehicle = lot.meets("AB3CDE")
    lot.says(VehicleRegistered(vehicle=vehicle, vehicle_type=VehicleType.REGULAR, license_plate="AB3CDE"))


async def test_it_is_the_same_as_one_after_the_other(database: asyncpg.Connection, lots: list[Lot]) -> None:
    outcomes = await together(database, *map(news, lots))
    assert [outcome.applied for outcome in outcomes.values()] == [len(news(lot).facts) for lot in lots]
    for lot in lots:
        ack = outcomes[lot.id, lot.stream_id].ack
        assert ack is not None
        assert (ack.lot, ack.seq, ack.hash) == (lot.id, len(lot.facts), lot.facts[-1].hash)
        first, second = await database.fetch(ROWS, lot.id)
        assert (first["status"], first["spot_id"], first["amount_paid"]) == ("COMPLETED", lot.spots[0], 250)
        assert (second["status"], second["spot_id"]) == ("ACTIVE", lot.spots[1])
        again = await apply_window(database, lot.window(), NOON)
        assert again.ack == ack
        spots = await database.fetch("SELECT id::text FROM spots WHERE lot_id = $1 AND status = 'OCCUPIED'", lot.id)
        assert [row["id"] for row in spots] == [lot.spots[1]]


async def test_what_is_in_question_is_left_to_be_looked_at_by_itself(
    database: asyncpg.Connection, lots: list[Lot]
) -> None:
    plain, came_before, gap = lots
    unreadable = Lot(plain.id)
    unreadable.lets_in("AB9CDE")
    asked = [news(plain), came_before.window(), gap.window(6), unreadable.window()]
    assert (await together(database, *asked)).keys() == {(plain.id, plain.stream_id)}
    plain.says_as("ticket.hovered", 1, {"ticket": "x"})
    assert await together(database, plain.window(len(plain.facts))) == {}
    forged = news(gap).model_copy(update={"previous": "f" * 64})
    assert await together(database, forged) == {}


async def test_a_lot_with_parked_facts_is_looked_at_by_itself(database: asyncpg.Connection, lots: list[Lot]) -> None:
    lot = lots[0]
    ticket = lot.lets_in("AB9CDE", lot.spots[2])
    lot.says_as("ticket.hovered", 1, {"ticket": ticket})
    assert (await apply_window(database, news(lot), NOON)).parked == 1
    lot.lets_in("AB8CDE")
    assert await together(database, lot.window(len(lot.facts) - 2)) == {}


async def test_poison_in_one_of_them_changes_nothing(database: asyncpg.Connection, lots: list[Lot]) -> None:
    await database.execute("DELETE FROM spots WHERE lot_id = $1 AND id = $2", lots[1].id, lots[1].spots[1])
    before = await database.fetchval("SELECT count(*) FROM facts")
    assert await together(database, *map(news, lots)) == {}
    assert await database.fetchval("SELECT count(*) FROM facts") == before


async def test_poison_that_shows_without_the_tables_is_left_out_alone(
    database: asyncpg.Connection, lots: list[Lot]
) -> None:
    meets_again(lots[1])
    assert {lot for lot, _ in await together(database, *map(news, lots))} == {lots[0].id, lots[2].id}
    facts = "SELECT count(*) FROM facts WHERE lot_id = $1"
    assert [await database.fetchval(facts, lot.id) for lot in lots] == [len(lots[0].facts), 3, len(lots[2].facts)]


async def nothing_compared(lot: LotId, digest: Compared) -> None:
    """No digest is sent here."""


async def test_one_lots_poison_keeps_no_other_lot_waiting(
    settings: CloudSettings, database: asyncpg.Connection, lots: list[Lot]
) -> None:
    meets_again(lots[1])
    clock, metrics, published, committed = SystemClock(), Metrics(), list[str](), list[tuple[LotId, int]]()
    async with connect.pool(settings) as pool:
        publish = lambda topic, payload: published.append(topic) or True  # noqa: E731
        told = lambda lots, facts: committed.append((*lots, facts))  # noqa: E731
        desk = WindowDesk(Database(pool, clock), SIGNER, clock, metrics, publish, nothing_compared, told)
        done: list[Waiting] = []
        queues = LotQueues(desk.read, desk.take, done.append, metrics, takers=4)
        for lot in lots:
            for first in range(4, len(lot.facts) + 1, 2):
                arrived = Arrived(up(lot.id, "ledger"), pack(lot.window(first, first + 1)), False, 0, 1, 0)
                queues.put(lot.id, Waiting(arrived, clock.monotonic()))
        taking = asyncio.create_task(queues.run())
        await queues.idle()
        taking.cancel()
    assert {topic.split("/")[2] for topic in published} == {lot.id for lot in lots}
    assert len(done) == sum(-(-(len(lot.facts) - 3) // 2) for lot in lots)
    applied = {str(row["lot_id"]): row["seq"] for row in await database.fetch("SELECT lot_id, seq FROM streams")}
    assert applied == {lot.id: len(lot.facts) for lot in lots}
    parked = 1
    assert sum(facts for _, facts in committed) == sum(len(lot.facts) - 3 for lot in lots) - parked
    assert {lot for lot, _ in committed} == {lot.id for lot in lots}
    assert [str(row["lot_id"]) for row in await database.fetch("SELECT lot_id FROM parked_facts")] == [lots[1].id]


async def test_two_processes_that_apply_the_same_windows_wait_for_each_other_and_agree(
    settings: CloudSettings, database: asyncpg.Connection, lots: list[Lot]
) -> None:
    other = await connect.connection(settings, "other")
    there, back = [news(lot) for lot in lots], [news(lot) for lot in reversed(lots)]
    both = await asyncio.gather(together(database, *there), together(other, *back))
    await other.close()
    assert sorted(len(outcomes) for outcomes in both) == [0, len(lots)]
    assert await database.fetchval("SELECT count(*) FROM facts") == sum(len(lot.facts) for lot in lots)


async def test_what_takes_postgresql_too_long_is_a_case_and_keeps_no_other_lot_waiting(
    settings: CloudSettings, database: asyncpg.Connection, lots: list[Lot], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connect, "COMMAND_SECONDS", 0.4)
    clock, published = SystemClock(), list[str]()
    slow, other = lots[0], lots[1]
    publish = lambda topic, payload: published.append(topic) or True  # noqa: E731
    async with connect.pool(settings) as pool:
        desk = WindowDesk(Database(pool, clock), SIGNER, clock, Metrics(), publish, nothing_compared, lambda *_: None)

        async def comes(lot: Lot) -> None:
            arrived = Arrived(up(lot.id, "ledger"), pack(news(lot)), False, 0, 1, 0)
            await desk.take(await desk.read([(lot.id, [Waiting(arrived, clock.monotonic())])]))

        async with asyncio.timeout(30):
            async with database.transaction():
                await database.execute("SELECT 1 FROM streams WHERE lot_id = $1 FOR UPDATE", slow.id)
                slowly = asyncio.create_task(comes(slow))
                await comes(other)
                assert len(published) == 1
                assert other.id in published[0]
                await slowly
            assert len(published) == 1, "nothing of it is acknowledged"
            row = await database.fetchrow("SELECT lot_id::text, kind, detail FROM cases")
            assert row is not None
            assert (row["lot_id"], row["kind"]) == (slow.id, "window_refused")
            assert "too long" in row["detail"]
            await comes(slow)
    assert len(published) == 2


async def test_without_that_patience_it_would_be_tried_for_ever(settings: CloudSettings) -> None:
    async with connect.pool(settings) as pool:
        database = Database(pool, SystemClock())
        with pytest.raises(TooSlow):
            await database.does_soon(lambda connection: connection.execute("SELECT pg_sleep(9)", timeout=0.05))
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(3):
                await database.does(lambda connection: connection.execute("SELECT pg_sleep(9)", timeout=0.05))


async def defective(database: asyncpg.Connection, table: str, lot: Lot) -> None:
    """From now on whatever is written of this lot into this table meets what nobody foresaw. PostgreSQL says it aloud,
    with the plate in it."""
    await database.execute(
        "CREATE FUNCTION unforeseen() RETURNS trigger LANGUAGE plpgsql AS"
        " $$ BEGIN RAISE EXCEPTION 'a row with plate AB3CDE'; END $$"
    )
    await database.execute(
        f"CREATE TRIGGER unforeseen BEFORE INSERT OR UPDATE ON {table} FOR EACH ROW"
        f" WHEN (NEW.lot_id = '{lot.id}') EXECUTE FUNCTION unforeseen()"
    )


async def taken(settings: CloudSettings, windows: Sequence[Window]) -> tuple[set[str], Metrics]:
    """Whose windows were acknowledged, when all of them had been waiting."""
    clock, metrics, published = SystemClock(), Metrics(), list[str]()
    async with connect.pool(settings) as pool:
        publish = lambda topic, payload: published.append(topic) or True  # noqa: E731
        desk = WindowDesk(Database(pool, clock), SIGNER, clock, metrics, publish, nothing_compared, lambda *_: None)
        queues = LotQueues(desk.read, desk.take, lambda one: None, metrics, takers=2)
        for window in windows:
            arrived = Arrived(up(window.lot, "ledger"), pack(window), False, 0, 1, 0)
            queues.put(window.lot, Waiting(arrived, clock.monotonic()))
        taking = asyncio.create_task(queues.run())
        await queues.idle()
        taking.cancel()
    return {topic.split("/")[2] for topic in published}, metrics


async def test_a_defect_that_one_lot_meets_costs_no_other_lot_its_windows_and_is_told_without_plates(
    settings: CloudSettings, database: asyncpg.Connection, lots: list[Lot]
) -> None:
    await defective(database, "streams", lots[0])
    with structlog.testing.capture_logs() as logs:
        acknowledged, metrics = await taken(settings, [news(lot) for lot in lots])
    assert acknowledged == {lot.id for lot in lots[1:]}
    assert metrics.registry.get_sample_value("parkgate_messages_dropped_total", {"why": "failed"}) == 1
    told = [line for line in logs if line["event"] == "ingest.failed"]
    assert [(line["lot"], line["defect"]) for line in told] == [(lots[0].id, "RaiseError")]
    assert "AB3CDE" not in str(logs)


async def test_a_stream_whose_name_no_store_holds_is_refused_alone(
    settings: CloudSettings, database: asyncpg.Connection, lots: list[Lot]
) -> None:
    odd = news(lots[0]).model_copy(update={"stream_id": "a\0b"})
    acknowledged, metrics = await taken(settings, [odd, *map(news, lots[1:])])
    assert acknowledged == {lot.id for lot in lots[1:]}
    assert metrics.registry.get_sample_value("parkgate_windows_total", {"verdict": "malformed"}) == 1
    assert await database.fetchval("SELECT count(*) FROM cases WHERE kind = 'window_refused'") == 1
