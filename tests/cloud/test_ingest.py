"""Facts over a real broker into a real PostgreSQL, with either of them failing."""

from __future__ import annotations

import asyncio
import queue
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress

import asyncpg
import pytest
from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncEngine

from cloud import queries
from cloud.api.shapes import LotOut
from cloud.clock import SystemClock
from cloud.db import connect, migrate
from cloud.db.schema import beacons
from cloud.enrolment import enrol_lot, tenant_named
from cloud.ingest.beacon_desk import BeaconDesk
from cloud.ingest.broker import Arrived
from cloud.ingest.lasting import Database
from cloud.ingest.service import Ingest
from cloud.ingest.sharing import SHARES
from cloud.metrics import Metrics
from cloud.settings import CloudSettings
from models.ids import LotId
from models.instants import Instant
from models.wire.envelopes import Ack, Beacon, LaneNow, Window, pack
from models.wire.seals import Keyring, SealedAs
from models.wire.topics import state, up, up_ack
from simulator.servers import Mosquitto, Postgres, RumqttBroker
from tests.brokers import USERS, Talker, talker
from tests.cloud.conftest import settings_for
from tests.cloud.lots import NOON, Lot, an_id
from tests.keys import SIGNER


@asynccontextmanager
async def ingesting(
    settings: CloudSettings, broker: Mosquitto | RumqttBroker, name: str = "cloud"
) -> AsyncIterator[Metrics]:
    """An ingest process, connected to the broker."""
    known = {
        "mqtt_port": broker.port,
        "mqtt_username": "parkgate",
        "mqtt_password": USERS["parkgate"],
        "mqtt_client_id": f"{name}-{an_id()}",
    }
    metrics = Metrics()
    ingest = Ingest(CloudSettings.model_validate({**settings.model_dump(), **known}), SIGNER, SystemClock(), metrics)
    task = asyncio.create_task(ingest.run())
    try:
        await becomes(lambda: ingest.listening)
        yield metrics
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


def counted(metrics: Metrics, name: str, **labels: str) -> float:
    return metrics.registry.get_sample_value(name, labels) or 0


async def becomes(true: Callable[[], bool | Awaitable[bool]], seconds: float = 30) -> None:
    async with asyncio.timeout(seconds):
        while True:
            answer = true()
            if answer is True or (not isinstance(answer, bool) and await answer):
                return
            await asyncio.sleep(0.02)


class Link:
    """A lot's end of the link."""

    def __init__(self, lot: LotId, broker: Talker) -> None:
        self.lot, self._broker = lot, broker
        assert "Granted" in broker.subscribe(up_ack(lot, "ledger"))

    async def sends(self, payload: Window | bytes) -> None:
        payload = payload if isinstance(payload, bytes) else pack(payload)
        await asyncio.to_thread(self._broker.publish, up(self.lot, "ledger"), payload)  # type: ignore[arg-type]

    async def shows(self, beacon: Beacon) -> None:
        await asyncio.to_thread(self._broker.publish, state(self.lot), pack(beacon), retain=True)  # type: ignore[arg-type]

    async def hears(self) -> Ack:
        message = await asyncio.to_thread(self._broker.hear)
        return Keyring.of([SIGNER.public_text]).unseal(SealedAs.ACK, self.lot, Ack, message.payload)

    async def hears_nothing(self, seconds: float = 0.5) -> bool:
        return await asyncio.to_thread(self._broker.hears_nothing, seconds)


@contextmanager
def linked(lot: Lot, broker: Mosquitto | RumqttBroker) -> Iterator[Link]:
    with talker(broker.port, "lot", client_id=f"lot-{an_id()}") as client:
        yield Link(lot.id, client)


async def test_an_acknowledgement_follows_the_commit(
    settings: CloudSettings, mosquitto: Mosquitto, database: asyncpg.Connection, lot: Lot
) -> None:
    lot.lets_in("AB12CDE", lot.spots[0])
    async with ingesting(settings, mosquitto) as metrics:
        with linked(lot, mosquitto) as link:
            await link.sends(lot.window())
            ack = await link.hears()
            assert await database.fetchval("SELECT count(*) FROM facts") == len(lot.facts)
            assert (ack.stream_id, ack.seq, ack.hash) == (lot.stream_id, len(lot.facts), lot.facts[-1].hash)
            await link.sends(lot.window())
            assert await link.hears() == ack
    assert counted(metrics, "parkgate_facts_applied_total") == len(lot.facts)


async def test_after_a_gap_the_lot_is_asked_to_replay_and_ends_equal(
    settings: CloudSettings, mosquitto: Mosquitto, database: asyncpg.Connection, lot: Lot
) -> None:
    lot.lets_in("AB12CDE", lot.spots[0])
    async with ingesting(settings, mosquitto):
        with linked(lot, mosquitto) as link:
            await link.sends(lot.window(1, 2))
            await link.hears()
            await link.sends(lot.window(4))
            asked = await link.hears()
            assert asked.seq == 2
            await link.sends(lot.window(asked.seq + 1))
            assert (await link.hears()).seq == len(lot.facts)
    assert await database.fetchval("SELECT count(*) FROM tickets") == 1


async def test_two_ingest_processes_on_one_broker_apply_each_fact_once(
    settings: CloudSettings, mosquitto: Mosquitto, database: asyncpg.Connection, lot: Lot
) -> None:
    for n in range(20):
        lot.lets_in(f"AB{n}CDE")
    async with ingesting(settings, mosquitto, "one") as one, ingesting(settings, mosquitto, "two") as two:
        await becomes(lambda: all(counted(each, "parkgate_ingest_shares_held") == SHARES / 2 for each in (one, two)))
        await asyncio.sleep(0.5)  # until the broker has heard of it: this lot sends nothing again
        with linked(lot, mosquitto) as link:
            for first in range(1, len(lot.facts) + 1, 5):
                await link.sends(lot.window(first, first + 4))
            while (await link.hears()).seq < len(lot.facts):
                pass
    assert counted(one, "parkgate_facts_applied_total") + counted(two, "parkgate_facts_applied_total") == len(lot.facts)
    assert await database.fetchval("SELECT count(*) FROM tickets") == 20
    assert await database.fetchval("SELECT count(*) FROM cases") == 0


async def test_who_begins_to_serve_a_lot_asks_it_for_what_got_lost(
    settings: CloudSettings, own_mosquitto: Mosquitto, lot: Lot
) -> None:
    with own_mosquitto as broker:
        async with ingesting(settings, broker):
            with linked(lot, broker) as link:
                await link.sends(lot.window())
                heard = await link.hears()
        with linked(lot, broker) as link:
            lot.lets_in("AB12CDE")
            await link.sends(lot.window(heard.seq + 1))  # while nobody takes it
            async with ingesting(settings, broker, "another") as metrics:
                assert await link.hears() == heard
                assert counted(metrics, "parkgate_ingest_shares_held") == SHARES
                assert counted(metrics, "parkgate_ingest_shares_taken_total") == SHARES


@pytest.mark.parametrize("bad", [False, True])
async def test_a_flood_of_small_windows_is_taken_together_and_a_bad_one_among_them_is_refused_alone(
    settings: CloudSettings, mosquitto: Mosquitto, database: asyncpg.Connection, lot: Lot, bad: bool
) -> None:
    for number in range(20):
        lot.lets_in(f"AB{number}CDE")
    windows = [lot.window(seq, seq) for seq in range(4, len(lot.facts) + 1)]
    if bad:
        forged = windows[-1].facts[0].model_copy(update={"hash": "f" * 64})
        windows[-1] = windows[-1].model_copy(update={"facts": (forged,)})
    reached = len(lot.facts) - bad
    async with ingesting(settings, mosquitto) as metrics:
        with linked(lot, mosquitto) as link:
            await link.sends(lot.window(1, 3))
            await link.hears()
            async with database.transaction():
                await database.execute("SELECT 1 FROM streams FOR UPDATE")  # so that all of them have to wait
                for window in windows:
                    await link.sends(window)
            while (await link.hears()).seq < reached:
                pass
            await becomes(lambda: counted(metrics, "parkgate_windows_total", verdict="refused") == bad)
    assert await database.fetchval("SELECT max(seq) FROM facts") == reached
    assert counted(metrics, "parkgate_facts_applied_total") == reached
    if not bad:
        assert counted(metrics, "parkgate_windows_total", verdict="apply") < len(windows) / 2


async def test_strangers_and_nonsense_are_never_acknowledged(
    settings: CloudSettings, own_mosquitto: Mosquitto, database: asyncpg.Connection, lot: Lot
) -> None:
    """On a broker of its own: what others have left there, retained, would be counted too."""
    stranger = Lot(LotId(an_id())).opens_for_business()
    with own_mosquitto as broker:
        async with ingesting(settings, broker) as metrics:
            with linked(stranger, broker) as link:
                await link.sends(stranger.window())
                assert await link.hears_nothing()
            with linked(lot, broker) as link:
                await link.sends(b"not an envelope")
                await link.sends(stranger.window())
                assert await link.hears_nothing()
                await link.sends(lot.window())
                assert (await link.hears()).seq == len(lot.facts)
    assert counted(metrics, "parkgate_windows_total", verdict="unknown_lot") == 1
    assert counted(metrics, "parkgate_windows_total", verdict="malformed") == 2
    assert await database.fetchval("SELECT times FROM cases WHERE kind = 'window_refused'") == 2


async def test_a_broker_that_dies_is_found_again(
    settings: CloudSettings, own_mosquitto: Mosquitto, database: asyncpg.Connection, lot: Lot
) -> None:
    with own_mosquitto as broker:
        async with ingesting(settings, broker):
            with linked(lot, broker) as link:
                await link.sends(lot.window())
                await link.hears()
            await asyncio.to_thread(broker.kill)
            await asyncio.to_thread(broker.start)
            lot.lets_in("AB12CDE")
            with linked(lot, broker) as link:
                # As a lot does: again on a timer, until it is acknowledged.
                for _ in range(60):
                    await link.sends(lot.window())
                    with suppress(queue.Empty):
                        # The broker may bring the acknowledgement of before the crash once more.
                        if not await link.hears_nothing(0.5) and await database.fetchval("SELECT 1 FROM tickets"):
                            break
    assert await database.fetchval("SELECT count(*) FROM tickets") == 1


async def test_while_the_database_is_away_nothing_is_acknowledged_and_afterwards_everything(
    mosquitto: Mosquitto,
) -> None:
    with Postgres() as server:
        settings = settings_for(server.create_database("cloud"))
        engine = connect.engine(settings)
        await migrate.upgrade(engine)
        async with engine.begin() as connection:
            lot = Lot(await enrol_lot(connection, await tenant_named(connection, "default", NOON), "North", NOON))
        await engine.dispose()
        lot.opens_for_business()
        async with ingesting(settings, mosquitto):
            with linked(lot, mosquitto) as link:
                await link.sends(lot.window())
                await link.hears()
                await asyncio.to_thread(server.kill)
                lot.lets_in("AB12CDE")
                await link.sends(lot.window(4))
                assert await link.hears_nothing()
                await asyncio.to_thread(server.start)
                assert (await link.hears()).seq == len(lot.facts)
                connection = await connect.connection(settings, "test")
                assert await connection.fetchval("SELECT count(*) FROM tickets") == 1
                await connection.close()


async def test_a_beacon_shows_the_lot_online_and_its_will_offline(
    settings: CloudSettings, mosquitto: Mosquitto, database: asyncpg.Connection, lot: Lot, tenant: str
) -> None:
    clock = SystemClock()
    now = clock.read().wall
    engine = connect.engine(settings)

    async def online(wanted: bool) -> bool:
        async with engine.connect() as connection:
            view = await queries.find_lot(connection, tenant, lot.id, clock.read().wall, 90)
        assert view is not None
        return view.online is wanted

    lane = LaneNow(name="north-in", direction="entry", phase="idle", barrier="closed")
    async with ingesting(settings, mosquitto):
        with linked(lot, mosquitto) as link:
            await link.sends(lot.window())
            await link.hears()
            await link.shows(Beacon(lot=lot.id, online=True, at=now, release="0.1.0", backlog=7, lanes=(lane,)))
            await becomes(lambda: online(True))
            await link.shows(Beacon(lot=lot.id, online=False))
            await becomes(lambda: online(False))
    async with engine.connect() as connection:
        view = await queries.find_lot(connection, tenant, lot.id, now, 90)
        lanes = await queries.lanes_now(connection, tenant, lot.id)
    await engine.dispose()
    assert view is not None
    assert (view.backlog, view.release) == (7, "0.1.0")
    assert (lanes[0].phase, lanes[0].barrier) == ("idle", "closed")


@pytest.mark.parametrize("broker_of", ["mosquitto", "demo_broker"])
@pytest.mark.parametrize("age", [0, 3600])
async def test_a_retained_beacon_is_news_of_its_own_time(
    request: pytest.FixtureRequest,
    broker_of: str,
    settings: CloudSettings,
    database: asyncpg.Connection,
    lot: Lot,
    tenant: str,
    age: int,
) -> None:
    mosquitto: Mosquitto | RumqttBroker = request.getfixturevalue(broker_of)
    clock = SystemClock()
    at = Instant(clock.read().wall - age * 1_000_000)
    with linked(lot, mosquitto) as link:
        await link.shows(Beacon(lot=lot.id, online=True, at=at))
    async with ingesting(settings, mosquitto):

        async def kept() -> bool:
            return bool(await database.fetchval("SELECT count(*) FROM beacons WHERE lot_id = $1", lot.id))

        await becomes(kept)
    engine = connect.engine(settings)
    async with engine.connect() as connection:
        view = await queries.find_lot(connection, tenant, lot.id, clock.read().wall, 90)
    await engine.dispose()
    assert view is not None
    assert view.online is (age == 0)


async def test_a_beacon_that_no_store_holds_costs_no_other_lot_its_own(
    settings: CloudSettings, own_mosquitto: Mosquitto, engine: AsyncEngine, lot: Lot, tenant: str
) -> None:
    """And what an earlier release kept of such a beacon breaks nobody's list."""
    async with engine.begin() as connection:
        odd = LotId(await enrol_lot(connection, tenant, "South", NOON))
        await connection.execute(
            insert(beacons).values(
                tenant_id=tenant, lot_id=odd, online=True, received_at=2**62, body={"backlog": 10**26}
            )
        )
    clock = SystemClock()
    beyond = Beacon(lot=odd, online=True).model_copy(update={"at": -(10**26)})
    with own_mosquitto as broker:
        for id, beacon in ((odd, beyond), (lot.id, Beacon(lot=lot.id, online=True, at=clock.read().wall, backlog=7))):
            with talker(broker.port, "lot", client_id=f"lot-{an_id()}") as client:
                client.publish(state(id), pack(beacon), retain=True)
        async with ingesting(settings, broker) as metrics:
            await becomes(lambda: counted(metrics, "parkgate_beacons_total") == 1)
            assert counted(metrics, "parkgate_windows_total", verdict="malformed") == 1
    async with engine.connect() as connection:
        shown = await queries.lots_overview(connection, tenant, clock.read().wall, 90)
    assert {view.id: view.backlog for view in shown} == {lot.id: 7, odd: None}
    assert all(LotOut.of(view).last_contact for view in shown)


async def test_a_defect_that_one_beacon_meets_costs_no_other_lot_its_own(
    settings: CloudSettings, database: asyncpg.Connection, engine: AsyncEngine, lot: Lot, tenant: str
) -> None:
    async with engine.begin() as connection:
        odd = LotId(await enrol_lot(connection, tenant, "South", NOON))
    await database.execute(
        "CREATE FUNCTION unforeseen() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'unforeseen'; END $$"
    )
    await database.execute(
        f"CREATE TRIGGER unforeseen BEFORE INSERT ON beacons FOR EACH ROW WHEN (NEW.lot_id = '{odd}')"
        " EXECUTE FUNCTION unforeseen()"
    )
    metrics = Metrics()
    async with connect.pool(settings) as pool:
        desk = BeaconDesk(Database(pool, SystemClock()), SystemClock(), metrics, lambda lots: None)
        for id in (odd, lot.id):
            desk.take(id, Arrived(state(id), pack(Beacon(lot=id, online=True)), False, 0, 1, 0))
        running = asyncio.create_task(desk.run())
        await becomes(lambda: counted(metrics, "parkgate_messages_dropped_total", why="failed") == 1)
        await becomes(lambda: counted(metrics, "parkgate_beacons_total") == 1)
        running.cancel()
    assert [str(row["lot_id"]) for row in await database.fetch("SELECT lot_id FROM beacons")] == [lot.id]


async def test_the_demos_broker_serves_as_well(
    settings: CloudSettings, demo_broker: RumqttBroker, database: asyncpg.Connection, lot: Lot
) -> None:
    for n in range(40):
        lot.lets_in(f"AB{n}CDE")
    async with ingesting(settings, demo_broker):
        with linked(lot, demo_broker) as link:
            for first in range(1, len(lot.facts) + 1, 2):
                await link.sends(lot.window(first, first + 1))
            while (await link.hears()).seq < len(lot.facts):
                pass
    assert await database.fetchval("SELECT count(*) FROM tickets") == 40
