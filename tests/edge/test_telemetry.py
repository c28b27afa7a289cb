"""Telemetry: measured cheaply, in a stream of its own, which may be dropped and goes on all the same."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from drivers.contract import Position
from edge.lane.lane import Lane
from edge.lane.signals import Allowed, Arm, Presence, UnderArm
from edge.retention.streams import begin_telemetry_anew, drop_telemetry, give_up_telemetry
from edge.store import journal
from edge.store.database import looking_into
from edge.store.journal import Head
from edge.sync import uplink
from edge.telemetry.machine import measured
from edge.telemetry.meter import LaneMeter
from edge.telemetry.recorder import Recorder
from models.facts import Fact, LaneTimed, LinkInterrupted, MachineMeasured, TelemetryBegun, decode
from models.ids import LaneName, LotId
from models.instants import HOUR, SECOND, Instant
from models.wire.envelopes import Ack, SentFact, read_body
from simulator.servers import Mosquitto
from tests.brokers import USERS
from tests.edge.clouds import HonestCloud, becomes, written
from tests.edge.lanes import PLATE, TICKET, a_quiet_lane
from tests.edge.lots import NOON, HandClock, Lot, a_level, a_lot
from tests.edge.test_link import linked

IN = LaneName("in")


def telemetry(lot: Lot) -> tuple[Head | None, list[SentFact]]:
    with looking_into(lot.path) as connection:
        head = journal.head_of(connection, "telemetry")
        return head, [] if head is None else journal.run(connection, head.stream_id, 0, 100_000)


def told(lot: Lot) -> list[Fact]:
    _, facts = telemetry(lot)
    return [decode(fact.type, fact.version, read_body(fact.body), fact.personal) for fact in facts]


def measures(lot: Lot, count: int) -> None:
    for number in range(count):
        lot.decide(lambda tx, number=number: tx.record(a_measure(lot, number)))


async def measured_meanwhile(lot: Lot, count: int) -> None:
    """While the link is at work on the store as well."""
    for number in range(count):
        await lot.store.write(lambda tx, number=number: tx.record(a_measure(lot, number)))


def a_measure(lot: Lot, number: int) -> MachineMeasured:
    return MachineMeasured(at=lot.clock.wall, disk_free=number, disk_total=2, store_bytes=3, millidegrees=None)


# --- a lane ---


def test_a_lanes_hour_is_counted_and_timed() -> None:
    meter, story = LaneMeter(), a_quiet_lane()
    meter.saw(story.lane, story.now)
    passes = (Presence(True), PLATE, Allowed(TICKET, ""), Arm(Position.OPEN), UnderArm(True), UnderArm(False))
    for signal in passes:
        story.then(signal)
        meter.saw(story.lane, story.now)
    timed = meter.told(IN, NOON, Instant(NOON + HOUR))
    assert timed is not None
    assert (timed.vends, timed.arming_loop_changes, timed.closing_loop_changes) == (1, 1, 2)
    assert timed.to_vend_median == timed.to_vend_most == 100
    assert timed.to_up_median == 100
    assert meter.told(IN, NOON, NOON) is None, "a new hour has begun"


# --- the machine ---


def test_a_machine_says_its_disk_its_store_and_its_temperature(tmp_path: Path) -> None:
    lot = a_lot(tmp_path)
    for number, text in enumerate(("48500\n", "51200\n", "nonsense")):
        zone = tmp_path / "zones" / f"thermal_zone{number}"
        zone.mkdir(parents=True)
        (zone / "temp").write_text(text)
    now = measured(lot.path, NOON, tmp_path / "zones")
    assert now.millidegrees == 51_200
    assert now.store_bytes >= lot.path.stat().st_size > 0
    assert 0 < now.disk_free <= now.disk_total
    assert measured(lot.path, NOON, tmp_path / "nothing").millidegrees is None


# --- the recorder ---


class StillLane:
    def __init__(self) -> None:
        self.lane = Lane()
        self.changed: Callable[[], None] = lambda: None

    def on_change(self, changed: Callable[[], None]) -> None:
        self.changed = changed

    def becomes(self, **fields: object) -> None:
        self.lane = Lane(**fields)  # type: ignore[arg-type]
        self.changed()


async def test_an_hour_is_one_fact_a_lane_and_one_for_the_machine(tmp_path: Path) -> None:
    lot, busy, quiet = a_lot(tmp_path), StillLane(), StillLane()
    recorder = Recorder(lot.store, lot.path, {IN: busy, LaneName("out"): quiet}, None, lot.clock)
    busy.becomes(near=False)
    busy.becomes(near=True)
    ledger = lot.one("SELECT seq FROM streams WHERE stream = 'ledger'")
    await recorder.tell(NOON, Instant(NOON + HOUR))
    facts = told(lot)
    assert [type(fact) for fact in facts] == [LaneTimed, MachineMeasured]
    assert facts[0] == LaneTimed(
        lane=IN,
        since=NOON,
        until=Instant(NOON + HOUR),
        vends=0,
        to_vend_median=None,
        to_vend_most=None,
        to_up_median=None,
        to_up_most=None,
        arming_loop_changes=1,
        closing_loop_changes=0,
    )
    assert lot.one("SELECT seq FROM streams WHERE stream = 'ledger'") == ledger, "numbered apart"


class SteppingClock(HandClock):
    """Each sleep takes as long as it says."""

    async def sleep(self, seconds: float) -> None:
        self.wall = Instant(self.wall + round(seconds * SECOND))
        await asyncio.sleep(0)


async def test_an_outage_is_told_once_it_is_over_and_a_short_one_is_none(tmp_path: Path) -> None:
    lot = a_lot(tmp_path, clock=SteppingClock())
    looks: Iterator[bool] = iter([True, False, True, False, False, False, True, True])
    recorder = Recorder(lot.store, lot.path, {}, lambda: next(looks), lot.clock)
    with pytest.raises(RuntimeError, match="StopIteration"):
        await recorder.run()
    assert told(lot) == [
        LinkInterrupted(since=Instant(NOON + 40 * SECOND), until=Instant(NOON + 70 * SECOND)),
    ]


# --- dropped ---


def test_telemetry_goes_by_age_whether_or_not_the_cloud_has_it(tmp_path: Path) -> None:
    lot = a_lot(tmp_path)
    measures(lot, 5)
    lot.clock.forward(hours=2)
    measures(lot, 3)
    assert lot.decide(lambda tx: drop_telemetry(tx, Instant(lot.clock.wall - HOUR), 100)) == 5
    _, left = telemetry(lot)
    assert [fact.seq for fact in left] == [6, 7, 8]


# --- up to the cloud ---


@pytest.fixture
def lot(tmp_path: Path) -> Lot:
    return a_lot(tmp_path, (a_level(0, REGULAR=5),), id=LotId(str(uuid4())))


@pytest.fixture
def password(tmp_path: Path) -> Path:
    return written(tmp_path / "password", USERS["lot"] + "\n")


def arrived(lot: Lot) -> bool:
    head, _ = telemetry(lot)
    return head is not None and head.backlog == 0


async def test_telemetry_goes_up_beside_the_ledger(lot: Lot, mosquitto: Mosquitto, password: Path) -> None:
    with HonestCloud(mosquitto, lot.id, stream="telemetry") as cloud, HonestCloud(mosquitto, lot.id) as other:
        async with linked(lot, mosquitto, password):
            await measured_meanwhile(lot, 5)
            await lot.store.write(lambda tx: None)
            await becomes(lambda: arrived(lot))
            await becomes(lambda: bool(other.books.applied))
    assert cloud.books.applied == telemetry(lot)[1]
    assert cloud.books.lacking == 0


async def test_what_was_dropped_unsent_is_left_out_knowingly_and_the_rest_arrives(
    lot: Lot, mosquitto: Mosquitto, password: Path
) -> None:
    measures(lot, 4)
    with HonestCloud(mosquitto, lot.id, stream="telemetry") as cloud:
        async with linked(lot, mosquitto, password):
            await becomes(lambda: arrived(lot))
        measures(lot, 6)
        lot.decide(lambda tx: give_up_telemetry(tx, 1_000_000, 5))
        measures(lot, 2)
        async with linked(lot, mosquitto, password):
            await becomes(lambda: arrived(lot))
    assert [fact.seq for fact in cloud.books.applied] == [1, 2, 3, 4, 6, 7, 8, 9, 10, 11, 12]
    assert cloud.books.lacking == 1
    assert cloud.books.applied[-1] == telemetry(lot)[1][-1]


async def test_without_the_tombstone_the_telemetry_would_stand_still(
    lot: Lot, mosquitto: Mosquitto, password: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control."""
    monkeypatch.setattr(uplink, "checkpoint_of", lambda connection, stream_id: None)
    measures(lot, 6)
    lot.decide(lambda tx: give_up_telemetry(tx, 1_000_000, 3))
    with HonestCloud(mosquitto, lot.id, stream="telemetry"):
        async with linked(lot, mosquitto, password):
            with pytest.raises(TimeoutError):
                await becomes(lambda: arrived(lot), seconds=2)


async def test_a_telemetry_that_the_cloud_knows_otherwise_begins_anew(
    lot: Lot, mosquitto: Mosquitto, password: Path
) -> None:
    """A card was restored: the ledger's fork is a case for a person, the telemetry's isn't."""
    measures(lot, 3)
    before, _ = telemetry(lot)
    assert before is not None
    with HonestCloud(mosquitto, lot.id, answers=False, stream="telemetry") as cloud:
        async with linked(lot, mosquitto, password):
            await becomes(lambda: cloud.windows > 0)
            cloud.says(Ack(lot=lot.id, stream="telemetry", stream_id=before.stream_id, seq=2, hash="f" * 64))
            await becomes(lambda: told(lot) == [TelemetryBegun(after=before.stream_id, at=lot.clock.wall)])
            cloud.answers = True
            await measured_meanwhile(lot, 2)
            await lot.store.write(lambda tx: None)
            await becomes(lambda: arrived(lot))
    after, _ = telemetry(lot)
    assert after is not None
    assert after.stream_id != before.stream_id
    assert lot.rows("SELECT what, count FROM deletions") == [("facts of a telemetry that forked", 3)]


def test_word_about_a_stream_that_was_left_begins_nothing(tmp_path: Path) -> None:
    lot = a_lot(tmp_path)
    measures(lot, 3)
    head, _ = telemetry(lot)
    assert head is not None
    lot.decide(lambda tx: give_up_telemetry(tx, 1_000_000, 2))
    assert not lot.decide(lambda tx: begin_telemetry_anew(tx, head.stream_id, 1)), "about what was dropped"
    assert lot.decide(lambda tx: begin_telemetry_anew(tx, head.stream_id, 3))
    assert not lot.decide(lambda tx: begin_telemetry_anew(tx, head.stream_id, 3))
