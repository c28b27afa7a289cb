"""The link on a real broker: what the cloud has applied counts as sent, and nothing else does."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing, suppress
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import pytest

from drivers.broker import BrokerSettings
from edge.faults import FaultBoard, Write
from edge.parking import entry
from edge.store import journal
from edge.store.database import looking_into
from edge.store.reopening import reopen
from edge.sync import cursor, uplink
from edge.sync.commanding.commands import Commands
from edge.sync.downlink import Downlink
from edge.sync.keys import TrustedKeys
from edge.sync.link import CloudLink
from edge.sync.presence import Presence
from edge.sync.restoring import Restoring
from edge.sync.snapshots import Snapshots
from models.ids import LotId, StreamId
from models.plates import Plate
from models.spots import VehicleType
from models.wire import topics
from models.wire.chain import GENESIS
from models.wire.envelopes import LARGEST, Ack, Beacon, LaneNow, SentFact, pack, unpack
from models.wire.seals import Sealed, SealedAs, Signer
from models.wire.standing import Answer, Standing
from simulator.servers import Mosquitto
from tests.brokers import USERS, Talker, talker
from tests.edge.clouds import (
    HonestCloud,
    HurriedClock,
    becomes,
    forget_beacon,
    ledger,
    nobody_obeys,
    nothing_to_reload,
    written,
)
from tests.edge.lots import IN, TARIFF, Lot, a_level, a_lot
from tests.keys import SIGNER, public_file

LANES = (LaneNow(name="in", direction="entry", phase="idle", barrier="closed"),)


@pytest.fixture
def lot(tmp_path: Path) -> Lot:
    return a_lot(tmp_path, (a_level(0, REGULAR=500),), id=LotId(str(uuid4())))


@pytest.fixture
def password(tmp_path: Path) -> Path:
    return written(tmp_path / "password", USERS["lot"] + "\n")


def a_link(lot: Lot, broker: Mosquitto, password: Path, write: Write = lambda decision: None) -> CloudLink:
    board = FaultBoard(write).reporter("link")
    login = BrokerSettings(host="127.0.0.1", port=broker.port, username="lot", password_file=password, keepalive=5)
    keys = TrustedKeys(public_file(password.parent), board)
    clock = HurriedClock()
    return CloudLink(
        login, lot.id, "0.1.0", lot.store, lambda: LANES, nobody_obeys, keys, clock, board, nothing_to_reload
    )


@asynccontextmanager
async def linked(
    lot: Lot, broker: Mosquitto, password: Path, *, forget: bool = True, write: Write = lambda decision: None
) -> AsyncIterator[CloudLink]:
    """The link at work; an orderly stop afterwards. `write` is told of each change of its faults."""
    async with at_work(a_link(lot, broker, password, write), lot, broker, forget=forget) as link:
        yield link


@asynccontextmanager
async def at_work(link: CloudLink, lot: Lot, broker: Mosquitto, *, forget: bool = True) -> AsyncIterator[CloudLink]:
    task = asyncio.create_task(link.run())
    try:
        await becomes(lambda: link.connected)
        yield link
        assert not task.done(), "the link never gives up by itself"
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        if forget:
            await asyncio.to_thread(forget_beacon, broker, lot.id)


async def cars_enter(lot: Lot, count: int) -> None:
    for _ in range(count):
        plate = Plate(uuid4().hex[:8].upper())
        arrival = entry.Arrival(IN, plate, 0.98, VehicleType.REGULAR)
        await lot.store.write(lambda tx, arrival=arrival: entry.admit(tx, arrival, TARIFF))


def facts_of(lot: Lot) -> list[SentFact]:
    head = ledger(lot.path)
    with looking_into(lot.path) as connection:
        return journal.run(connection, head.stream_id, 0, head.seq)


def all_sent(lot: Lot) -> bool:
    return ledger(lot.path).backlog == 0


async def test_facts_arrive_in_order_and_count_as_sent_when_they_are_applied(
    lot: Lot, mosquitto: Mosquitto, password: Path
) -> None:
    with HonestCloud(mosquitto, lot.id) as cloud:
        async with linked(lot, mosquitto, password) as link:
            await cars_enter(lot, 30)
            await becomes(lambda: all_sent(lot))
            assert link.acknowledged.keys() == {"ledger"}
    assert cloud.books.applied == facts_of(lot)
    assert len(cloud.books.applied) > 60


async def test_a_backlog_from_before_the_start_goes_up_without_anything_new_happening(
    lot: Lot, mosquitto: Mosquitto, password: Path
) -> None:
    await cars_enter(lot, 400)
    with HonestCloud(mosquitto, lot.id) as cloud:
        async with linked(lot, mosquitto, password):
            await becomes(lambda: all_sent(lot))
    assert cloud.books.applied == facts_of(lot)
    assert cloud.windows < 20


async def test_what_the_broker_took_is_not_sent_until_the_cloud_says_so_and_is_sent_again(
    lot: Lot, mosquitto: Mosquitto, password: Path
) -> None:
    with HonestCloud(mosquitto, lot.id, answers=False) as cloud:
        async with linked(lot, mosquitto, password):
            await cars_enter(lot, 3)
            await becomes(lambda: cloud.windows >= 2)
            assert ledger(lot.path).acked == 0
            cloud.answers = True
            await becomes(lambda: all_sent(lot))
    assert cloud.books.applied == facts_of(lot)


async def test_a_broker_that_dies_with_facts_in_its_hands_loses_none(
    lot: Lot, own_mosquitto: Mosquitto, password: Path
) -> None:
    with HonestCloud(own_mosquitto, lot.id, answers=False) as cloud:
        async with linked(lot, own_mosquitto, password) as link:
            await cars_enter(lot, 5)
            await becomes(lambda: cloud.windows > 0)
            own_mosquitto.kill()
            await becomes(lambda: not link.connected)
            await cars_enter(lot, 5)
            cloud.answers = True
            await asyncio.to_thread(own_mosquitto.start)
            await becomes(lambda: all_sent(lot))
    assert cloud.books.applied == facts_of(lot)


def unsigned(honest: Ack) -> bytes:
    """The cloud's own signature, under a text that it didn't sign."""
    sealed = unpack(Sealed, SIGNER.seal(SealedAs.ACK, honest.lot, honest.model_copy(update={"seq": 0})))
    return pack(sealed.model_copy(update={"text": honest.model_dump_json()}))


def forgeries(lot: Lot) -> list[Ack | bytes]:
    head = ledger(lot.path)
    honest = Ack(lot=lot.id, stream="ledger", stream_id=head.stream_id, seq=head.seq, hash=head.hash)
    return [
        honest.model_copy(update={"hash": "f" * 64}),
        honest.model_copy(update={"hash": GENESIS}),
        honest.model_copy(update={"seq": 0}),
        honest.model_copy(update={"seq": head.seq + 1}),
        honest.model_copy(update={"seq": LARGEST}),
        honest.model_copy(update={"seq": LARGEST + 1}),
        honest.model_copy(update={"stream_id": StreamId(str(uuid4()))}),
        honest.model_copy(update={"lot": LotId(str(uuid4()))}),
        honest.model_copy(update={"stream": "telemetry", "stream_id": StreamId(str(uuid4()))}),
        SIGNER.seal(SealedAs.ANSWER, lot.id, honest),
        pack(honest),
        Signer.generated().seal(SealedAs.ACK, lot.id, honest),
        SIGNER.seal(SealedAs.INTENTS, lot.id, honest),
        SIGNER.seal(SealedAs.ACK, LotId(str(uuid4())), honest),
        unsigned(honest),
        b"noise",
        b"",
        pack(Beacon(lot=lot.id, online=True)),
    ]


async def test_a_forged_acknowledgement_marks_nothing_and_stops_nothing(
    lot: Lot, mosquitto: Mosquitto, password: Path
) -> None:
    with HonestCloud(mosquitto, lot.id, answers=False) as cloud:
        async with linked(lot, mosquitto, password):
            await cars_enter(lot, 3)
            await becomes(lambda: cloud.windows > 0)
            for forged in forgeries(lot):
                cloud.says(forged)
            seen = cloud.windows
            await becomes(lambda: cloud.windows > seen)
            assert ledger(lot.path).acked == 0
            cloud.answers = True
            await becomes(lambda: all_sent(lot))


async def a_cloud_that_lost_all(lot: Lot, cloud: HonestCloud) -> list[tuple[str, bytes]]:
    """It had everything; then it was restored from an empty copy, said so when it was asked, and fell silent. What it
    had said before."""
    await cars_enter(lot, 3)
    await becomes(lambda: all_sent(lot))
    kept = list(cloud.said)
    cloud.answers = False
    cloud.books.applied.clear()
    cloud.says(Ack(lot=lot.id, stream="ledger", stream_id=ledger(lot.path).stream_id, seq=0, hash=GENESIS))
    await becomes(lambda: ledger(lot.path).acked == 0)
    return kept


async def test_what_a_cloud_said_before_it_was_restored_is_not_believed_when_it_is_brought_again(
    lot: Lot, mosquitto: Mosquitto, password: Path
) -> None:
    with HonestCloud(mosquitto, lot.id) as cloud:
        async with linked(lot, mosquitto, password):
            kept = await a_cloud_that_lost_all(lot, cloud)
            cloud.answers_asks = False
            asked, seen = cloud.asked, cloud.windows
            for _ in range(20):
                cloud.says_again(kept)
            await becomes(lambda: cloud.windows > seen)
            assert ledger(lot.path).acked == 0
            assert cloud.asked - asked <= 3, "it asks, but not for ever"
            cloud.answers = cloud.answers_asks = True
            await becomes(lambda: all_sent(lot))
    assert cloud.books.applied == facts_of(lot)


async def test_without_the_session_what_was_said_before_would_mark_facts_that_the_cloud_has_lost(
    lot: Lot, mosquitto: Mosquitto, password: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control."""
    moved_back = cursor.moved_back
    monkeypatch.setattr(uplink, "moved_back", lambda *at: replace(moved_back(*at), replay_to=0))
    with HonestCloud(mosquitto, lot.id) as cloud:
        async with linked(lot, mosquitto, password):
            kept = await a_cloud_that_lost_all(lot, cloud)
            cloud.answers_asks = False
            cloud.says_again(kept)
            await becomes(lambda: all_sent(lot))
    assert cloud.books.applied == []


async def test_an_answer_counts_once_and_only_for_the_question_that_was_asked(
    lot: Lot, mosquitto: Mosquitto, password: Path
) -> None:
    with HonestCloud(mosquitto, lot.id) as cloud:
        async with linked(lot, mosquitto, password):
            await cars_enter(lot, 3)
            await becomes(lambda: all_sent(lot) and cloud.asked > 0)
            lost = Answer(
                lot=lot.id,
                stream="ledger",
                stream_id=ledger(lot.path).stream_id,
                nonce="f" * 32,
                standing=Standing.LEFT,
                seq=0,
                hash=GENESIS,
                agrees=0,
            )
            topic = topics.up_answer(lot.id, "ledger")
            cloud.says_again([(topic, SIGNER.seal(SealedAs.ANSWER, lot.id, lost))])
            cloud.says_again([(topic, SIGNER.seal(SealedAs.ACK, lot.id, lost)), (topic, pack(lost)), (topic, b"")])
            cloud.says_again([said for said in cloud.said if said[0] == topic])
            await asyncio.sleep(0.5)
            assert all_sent(lot)
            assert lot.one("SELECT count(*) FROM streams_left") == 0


async def test_a_retained_acknowledgement_is_not_believed_though_all_in_it_is_true(
    lot: Lot, mosquitto: Mosquitto, password: Path
) -> None:
    head = ledger(lot.path)
    true = Ack(lot=lot.id, stream="ledger", stream_id=head.stream_id, seq=head.seq, hash=head.hash)
    with HonestCloud(mosquitto, lot.id, answers=False) as cloud:
        cloud.says(true, retained=True)
        try:
            async with linked(lot, mosquitto, password):
                await becomes(lambda: cloud.windows >= 2)
                assert ledger(lot.path).acked == 0
                cloud.says(true)
                await becomes(lambda: all_sent(lot))  # the control: said live, it is believed
        finally:
            cloud.forgets_retained()


async def test_an_acknowledgement_that_the_store_could_not_mark_is_marked_as_soon_as_it_can(
    lot: Lot, mosquitto: Mosquitto, password: Path
) -> None:
    lot.decide(lambda tx: tx.connection.execute("PRAGMA busy_timeout = 20"))
    with HonestCloud(mosquitto, lot.id) as cloud, closing(sqlite3.connect(lot.path)) as stranger:
        stranger.isolation_level = None
        stranger.execute("BEGIN IMMEDIATE")
        async with linked(lot, mosquitto, password):
            await becomes(lambda: len(cloud.books.applied) > 0)
            await asyncio.sleep(0.3)
            assert stranger.execute("SELECT acked FROM streams").fetchone() == (0,)
            stranger.execute("ROLLBACK")
            await becomes(lambda: all_sent(lot))


async def test_a_lot_whose_password_is_missing_waits_for_it_and_then_logs_in(
    lot: Lot, mosquitto: Mosquitto, tmp_path: Path
) -> None:
    link = a_link(lot, mosquitto, tmp_path / "later")
    with HonestCloud(mosquitto, lot.id):
        task = asyncio.create_task(link.run())
        await asyncio.sleep(0.2)
        assert not task.done()
        assert not link.connected
        written(tmp_path / "later", USERS["lot"])
        await becomes(lambda: all_sent(lot))
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
    await asyncio.to_thread(forget_beacon, mosquitto, lot.id)


async def hears_beacon(ear: Talker, *, online: bool) -> Beacon:
    """The next beacon that says so, others passed over."""
    while True:
        beacon = unpack(Beacon, (await asyncio.to_thread(ear.hear)).payload)
        if beacon.online is online:
            return beacon


async def test_the_beacon_shows_the_present_to_whoever_comes_later_and_an_orderly_stop_at_once(
    lot: Lot, mosquitto: Mosquitto, password: Path
) -> None:
    with talker(mosquitto.port) as ear:
        ear.subscribe(topics.state(lot.id))
        async with linked(lot, mosquitto, password, forget=False):
            shown = await hears_beacon(ear, online=True)
            assert (shown.available, shown.total, shown.lanes) == (500, 500, LANES)
            assert shown.by_type == {"REGULAR": (500, 500)}
            await cars_enter(lot, 1)
            while shown.available != 499:
                shown = await hears_beacon(ear, online=True)
            with talker(mosquitto.port) as late:
                late.subscribe(topics.state(lot.id))
                message = await asyncio.to_thread(late.hear)
                assert message.retain
                assert unpack(Beacon, message.payload).online
        assert not (await hears_beacon(ear, online=False)).online
        with talker(mosquitto.port) as late:
            late.subscribe(topics.state(lot.id))
            assert not unpack(Beacon, (await asyncio.to_thread(late.hear)).payload).online
    await asyncio.to_thread(forget_beacon, mosquitto, lot.id)


async def test_a_defect_in_one_part_of_the_link_holds_no_fact_back(
    lot: Lot, mosquitto: Mosquitto, password: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    failed = 0

    async def a_defect(part: object) -> None:
        nonlocal failed
        failed += 1
        raise AssertionError("a defect")

    for part in (Downlink, Commands, Restoring, Snapshots, Presence):
        monkeypatch.setattr(part, "run", a_defect)
    with HonestCloud(mosquitto, lot.id) as cloud:
        async with linked(lot, mosquitto, password) as link:
            await cars_enter(lot, 3)
            await becomes(lambda: all_sent(lot))
            await becomes(lambda: failed >= 10)  # each is begun again
            assert link.connected
    assert cloud.books.applied == facts_of(lot)


async def test_a_forger_among_genuine_messages_writes_one_fact_not_two_for_each(
    lot: Lot, mosquitto: Mosquitto, password: Path
) -> None:
    changes: list[object] = []
    with HonestCloud(mosquitto, lot.id) as cloud:
        async with linked(lot, mosquitto, password, write=changes.append):
            for _ in range(5):
                cloud.says(b"noise that nobody has signed")
                cloud.says(forgeries(lot)[11])
                await cars_enter(lot, 1)
                await becomes(lambda: all_sent(lot))
    assert len(changes) == 1


async def test_a_link_that_ended_half_way_to_a_new_stream_goes_on_with_the_new_one(
    lot: Lot, mosquitto: Mosquitto, password: Path
) -> None:
    link = a_link(lot, mosquitto, password)
    with HonestCloud(mosquitto, lot.id) as cloud:
        async with at_work(link, lot, mosquitto):
            await cars_enter(lot, 3)
            await becomes(lambda: all_sent(lot))
    left = ledger(lot.path)
    await reopen(lot.store, "ledger", 0, 1, "forked", lot.clock)
    with HonestCloud(mosquitto, lot.id) as cloud:
        async with at_work(link, lot, mosquitto):
            await becomes(lambda: all_sent(lot))
    assert cloud.books.applied == facts_of(lot)
    assert len(cloud.books.applied) == left.seq + 1


async def test_an_acknowledgement_of_a_stream_that_was_left_marks_nothing_of_the_new_one(lot: Lot) -> None:
    left = ledger(lot.path)
    await reopen(lot.store, "ledger", 0, 1, "forked", lot.clock)
    lot.decide(lambda tx: journal.mark_acked(tx.connection, "ledger", left.stream_id, left.seq, tx.at))
    assert ledger(lot.path).acked == 0
    assert lot.one("SELECT count(*) FROM acknowledged") == 0
    now = ledger(lot.path)
    lot.decide(lambda tx: journal.mark_acked(tx.connection, "ledger", now.stream_id, 1, tx.at))
    assert ledger(lot.path).acked == 1
