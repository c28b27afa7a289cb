"""Intents from an operator's word to the lot's gate, over a real broker, out of a real PostgreSQL."""

from __future__ import annotations

import asyncio
import queue
import sqlite3
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, closing, suppress
from copy import deepcopy
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from pydantic import BaseModel
from sqlalchemy.ext.asyncio import AsyncEngine

from cloud.clock import SystemClock
from cloud.enrolment import enrol_lot
from cloud.intents import views
from cloud.intents.adopting import to_adopt
from cloud.intents.issue import Order, Unacceptable, issue
from cloud.intents.publisher import Publisher
from cloud.intents.settling import ask_to_adopt, overrule
from cloud.metrics import Metrics
from cloud.settings import CloudSettings
from drivers.broker import BrokerSettings
from edge.faults import FaultBoard
from edge.parking.access.policy import LotPolicy
from edge.store import inbox
from edge.sync import downlink
from edge.sync.keys import TrustedKeys
from edge.sync.link import CloudLink
from models.ids import LotId
from models.intents import Intent, base
from models.passback import Passback
from models.plates import Plate
from models.tariff import DIALECTS, Terms
from models.wire import topics
from models.wire.envelopes import WINDOW_BYTES, pack, unpack
from models.wire.intents import INTENTS, SNAPSHOT, Taken
from models.wire.seals import Keyring, Sealed, SealedAs, Signer
from simulator.servers import Mosquitto
from tests.brokers import USERS, talker
from tests.cloud.lots import NOON, an_id
from tests.cloud.test_ingest import becomes
from tests.edge import lots as at_the_lot
from tests.edge.clouds import HurriedClock, forget_beacon, nobody_obeys
from tests.intents import Issued, a_permit, a_reservation, a_tariff, a_word, revoked
from tests.keys import SIGNER, public_file

ORDER = Order("ann", "a test", NOON)
CITY = {
    "timezone": "Europe/Berlin",
    "rates": [{"price": "2.50", "per": "1 h"}],
    "caps": [{"amount": "18", "per": "day"}],
}


@dataclass
class AtTheLot:
    """The lot's end: a real store, and what is believed there of the cloud."""

    id: LotId
    folder: Path
    lot: at_the_lot.Lot = field(init=False)
    link: CloudLink | None = None

    def __post_init__(self) -> None:
        self.lot = at_the_lot.a_lot(self.folder, id=self.id)
        self.policy = LotPolicy({}, at_the_lot.TARIFF, Passback.HARD, self.lot.clock)
        self.board = FaultBoard(lambda decision: None)
        self.lot.decide(lambda tx: self.policy.load(tx.connection))

    async def reload(self) -> None:
        await self.lot.store.read(self.policy.load)

    @property
    def faults(self) -> set[str]:
        return {fault.code for fault in self.board.open()}

    @property
    def revision(self) -> int:
        return int(str(self.lot.one("SELECT revision FROM intents_taken")))

    @property
    def counts(self) -> dict[str, int]:
        assert self.link is not None
        return dict(self.link.downlink.heard_of.counts)

    def has(self, what: str) -> bool:
        return self.policy.permits.get(Plate(what)) is not None

    @property
    def untouched(self) -> bool:
        tables = ("intents", "permits", "tariffs", "reservations")
        empty = all(self.lot.rows(f"SELECT * FROM {table}") == [] for table in tables)
        return empty and self.revision == 0 and self.policy.tariff() == at_the_lot.TARIFF

    @asynccontextmanager
    async def linked(self, broker: Mosquitto) -> AsyncIterator[CloudLink]:
        password = self.folder / "password"
        password.write_text(USERS["lot"] + "\n")
        login = BrokerSettings(host="127.0.0.1", port=broker.port, username="lot", password_file=password, keepalive=5)
        faults = self.board.reporter("link")
        keys = TrustedKeys(public_file(self.folder), faults)
        clock = HurriedClock()
        self.link = CloudLink(
            login, self.id, "0.1.0", self.lot.store, tuple, nobody_obeys, keys, clock, faults, self.reload
        )
        task = asyncio.create_task(self.link.run())
        try:
            await becomes(lambda: self.link is not None and self.link.connected)
            yield self.link
            assert not task.done(), task
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
            await asyncio.to_thread(forget_beacon, broker, self.id)


@dataclass
class Office:
    """The operator's end: one lot, enrolled, and what is issued for it."""

    engine: AsyncEngine
    database: asyncpg.Connection
    tenant: str
    lot: LotId

    async def wants(self, *wanted: Intent) -> list[int]:
        async with self.engine.begin() as connection:
            return await issue(connection, self.tenant, self.lot, wanted, ORDER)

    async def acked(self) -> int:
        return await self.database.fetchval("SELECT acked FROM policies WHERE lot_id = $1", self.lot) or 0

    async def cases(self) -> set[str]:
        rows = await self.database.fetch("SELECT kind FROM cases WHERE closed_at IS NULL")
        return {row["kind"] for row in rows}

    def arrived(self, revision: int) -> Callable[[], Any]:
        async def arrived() -> bool:
            return await self.acked() == revision

        return arrived


@pytest.fixture
async def office(engine: AsyncEngine, database: asyncpg.Connection, tenant: str) -> Office:
    async with engine.begin() as connection:
        return Office(engine, database, tenant, await enrol_lot(connection, tenant, "North", NOON))


@pytest.fixture
def there(office: Office, tmp_path: Path) -> AtTheLot:
    return AtTheLot(office.lot, tmp_path)


@asynccontextmanager
async def publishing(settings: CloudSettings, broker: Mosquitto, name: str = "cloud") -> AsyncIterator[Metrics]:
    known = {
        "mqtt_port": broker.port,
        "mqtt_username": "parkgate",
        "mqtt_password": USERS["parkgate"],
        "mqtt_client_id": f"{name}-{an_id()}",
    }
    metrics = Metrics()
    full = CloudSettings.model_validate({**settings.model_dump(), **known})
    publisher = Publisher(full, SIGNER, SystemClock(), metrics)
    task = asyncio.create_task(publisher.run())
    try:
        await becomes(lambda: publisher.broker_connected)
        yield metrics
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


def counted(metrics: Metrics, name: str, **labels: str) -> float:
    return metrics.registry.get_sample_value(name, labels) or 0


async def test_what_an_operator_wants_holds_at_the_gate_and_the_cloud_knows_that_it_does(
    settings: CloudSettings, mosquitto: Mosquitto, office: Office, there: AtTheLot
) -> None:
    async with publishing(settings, mosquitto), there.linked(mosquitto):
        await office.wants(a_permit("p1", "AA1"), a_tariff(), a_reservation())
        await becomes(office.arrived(3))
        assert there.has("AA1")
        assert there.policy.tariff().hourly_rate == 300
        await office.wants(revoked())
        await becomes(office.arrived(4))
        assert not there.has("AA1")
    assert there.faults == set()
    assert await office.cases() == set()
    async with office.engine.connect() as connection:
        [policy] = await views.policies_of(connection, office.tenant)
        assert (policy.state, await views.permits(connection, office.lot)) == ("up to date", [])


async def test_a_lot_that_was_away_catches_up(
    settings: CloudSettings, mosquitto: Mosquitto, office: Office, there: AtTheLot
) -> None:
    async with publishing(settings, mosquitto):
        async with there.linked(mosquitto):
            await office.wants(a_permit("p0", "AA0"))
            await becomes(office.arrived(1))
        for n in range(1, 30):
            await office.wants(a_permit(f"p{n}", f"AA{n}"))
        async with there.linked(mosquitto):
            await becomes(office.arrived(30))
    assert there.has("AA29")
    assert there.counts["taken"] == 1, "in one go"


async def test_a_cloud_that_was_away_sends_what_was_issued_meanwhile(
    settings: CloudSettings, mosquitto: Mosquitto, office: Office, there: AtTheLot
) -> None:
    async with there.linked(mosquitto):
        async with publishing(settings, mosquitto):
            await office.wants(a_permit("p0", "AA0"))
            await becomes(office.arrived(1))
        await office.wants(a_permit("p1", "AA1"))
        async with publishing(settings, mosquitto):
            await becomes(office.arrived(2))
    assert there.has("AA1")


async def test_a_new_card_gets_a_snapshot_in_messages_that_a_broker_takes(
    settings: CloudSettings, mosquitto: Mosquitto, office: Office, there: AtTheLot
) -> None:
    for first in range(0, 900, 300):
        await office.wants(*(a_permit(f"p{n}", f"AA{n}", account=an_id()) for n in range(first, first + 300)))
    sizes: list[int] = []
    with talker(mosquitto.port) as ear:
        await asyncio.to_thread(ear.subscribe, topics.down(office.lot, SNAPSHOT))
        async with publishing(settings, mosquitto), there.linked(mosquitto):
            await becomes(office.arrived(900))
        with suppress(queue.Empty):
            while True:
                sizes.append(len((await asyncio.to_thread(ear.hear, 0.5)).payload))
    assert there.lot.one("SELECT count(*) FROM permits") == 900
    assert set(there.counts) == {"snapshot"}, "nothing else was needed"
    assert len(sizes) > 1
    assert max(sizes) <= WINDOW_BYTES
    async with publishing(settings, mosquitto), there.linked(mosquitto):
        await office.wants(revoked("p7"))
        await becomes(office.arrived(901))
    assert not there.has("AA7")


async def test_of_several_processes_one_sends(
    settings: CloudSettings, mosquitto: Mosquitto, office: Office, there: AtTheLot
) -> None:
    two_processes = publishing(settings, mosquitto, "one"), publishing(settings, mosquitto, "two")
    async with two_processes[0] as one, two_processes[1] as two, there.linked(mosquitto):
        for n in range(25):
            await office.wants(a_permit(f"p{n}", f"AA{n}"))
        await becomes(office.arrived(25))
    assert there.lot.one("SELECT count(*) FROM permits") == 25
    sent = [counted(each, "parkgate_intents_sent_total", what="intents") for each in (one, two)]
    assert sum(sent) <= 40, "not each of them everything"
    assert await office.cases() == set()


async def test_numbers_follow_each_other_whoever_issues(office: Office) -> None:
    await asyncio.gather(*(office.wants(a_permit(f"p{n}"), a_permit(f"q{n}")) for n in range(20)))
    rows = await office.database.fetch("SELECT revision FROM intents ORDER BY revision")
    assert [row["revision"] for row in rows] == list(range(1, 41))
    with pytest.raises(Unacceptable):
        await office.wants(a_permit("p20"), a_tariff(terms={"hourly_rate": 5, "daily_maximum": 1}))
    assert await office.wants(a_permit("p21")) == [41], "what wasn't issued took no number"


async def test_a_plate_stands_beside_the_text_that_is_hashed(office: Office) -> None:
    await office.wants(a_permit("p1", "AB12CDE"), a_reservation())
    for row in await office.database.fetch("SELECT body, personal FROM intents"):
        assert "AB12CDE" not in row["body"]
        assert "AB12CDE" in row["personal"]


# --- forged ---


def forgeries(lot: LotId, wanted: Issued) -> list[tuple[str, bytes]]:
    """Topic and payload of messages that no cloud of this lot has sent."""
    deltas, [snapshot] = wanted.deltas(), wanted.snapshot()
    stranger, other = Signer.generated(), LotId(an_id())
    found: list[tuple[str, bytes]] = []
    for name, what, message, wrong_what in (
        (INTENTS, SealedAs.INTENTS, deltas, SealedAs.ACK),
        (SNAPSHOT, SealedAs.SNAPSHOT, snapshot, SealedAs.INTENTS),
    ):
        honest = unpack(Sealed, SIGNER.seal(what, lot, message))
        text = honest.text.replace("AB12CDE", "EV1L")
        payloads = [
            pack(message),
            stranger.seal(what, lot, message),
            pack(unpack(Sealed, stranger.seal(what, lot, message)).model_copy(update={"key": SIGNER.key_id})),
            SIGNER.seal(what, other, message),
            SIGNER.seal(what, lot, message.model_copy(update={"lot": other})),
            SIGNER.seal(wrong_what, lot, message),
            pack(honest.model_copy(update={"text": text})),
            pack(honest.model_copy(update={"signature": honest.signature[::-1]})),
            pack(honest.model_copy(update={"signature": ""})),
            b"",
            b"noise",
        ]
        found += [(topics.down(lot, name), payload) for payload in payloads]
    # Right for one topic, and sent on the other.
    found.append((topics.down(lot, SNAPSHOT), SIGNER.seal(SealedAs.INTENTS, lot, deltas)))
    found.append((topics.down(lot, INTENTS), SIGNER.seal(SealedAs.SNAPSHOT, lot, snapshot)))
    return found


def everything(lot: LotId) -> Issued:
    wanted = Issued(lot)
    for intent in (a_permit(), a_reservation(), a_tariff()):
        wanted.says(intent)
    return wanted


async def sends(broker: Mosquitto, messages: Sequence[tuple[str, bytes]]) -> None:
    with talker(broker.port) as client:
        for topic, payload in messages:
            await asyncio.to_thread(client.publish, topic, payload)  # type: ignore[arg-type]


async def test_no_forged_permit_reservation_or_tariff_is_believed(mosquitto: Mosquitto, there: AtTheLot) -> None:
    wanted = everything(there.id)
    forged = forgeries(there.id, wanted)
    async with there.linked(mosquitto):
        await sends(mosquitto, forged)
        await becomes(lambda: sum(there.counts.values()) == len(forged))
        assert there.untouched
        assert set(there.counts) == {"forged", "malformed"}
        assert there.counts["forged"] >= len(forged) - 6
        assert there.faults == {"link.not_believed"}
        honest = SIGNER.seal(SealedAs.INTENTS, there.id, wanted.deltas())
        await sends(mosquitto, [(topics.down(there.id, INTENTS), honest)])
        await becomes(lambda: there.has("AB12CDE"))
        assert there.faults == {"link.not_believed"}, "whoever forged them may still be there"


async def test_without_the_seal_forged_ones_would_be_believed(
    mosquitto: Mosquitto, there: AtTheLot, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control."""

    def believe(self: Keyring, what: SealedAs, lot: LotId, kind: type[BaseModel], payload: bytes) -> BaseModel:
        return kind.model_validate_json(unpack(Sealed, payload).text)

    monkeypatch.setattr(Keyring, "unseal", believe)
    stranger = Signer.generated().seal(SealedAs.INTENTS, there.id, everything(there.id).deltas())
    async with there.linked(mosquitto):
        await sends(mosquitto, [(topics.down(there.id, INTENTS), stranger)])
        await becomes(lambda: there.has("AB12CDE") and there.policy.tariff().hourly_rate == 300)
    assert there.lot.one("SELECT count(*) FROM reservations") == 1


async def test_what_the_cloud_once_signed_does_not_come_back(mosquitto: Mosquitto, there: AtTheLot) -> None:
    """Somebody recorded a permit and a snapshot before they were revoked, and plays them again."""
    wanted = everything(there.id)
    recorded = [
        (topics.down(there.id, INTENTS), SIGNER.seal(SealedAs.INTENTS, there.id, wanted.deltas())),
        (topics.down(there.id, SNAPSHOT), SIGNER.seal(SealedAs.SNAPSHOT, there.id, wanted.snapshot()[0])),
    ]
    wanted.says(revoked())
    async with there.linked(mosquitto):
        now = SIGNER.seal(SealedAs.INTENTS, there.id, wanted.deltas())
        await sends(mosquitto, [(topics.down(there.id, INTENTS), now), *recorded])
        await becomes(lambda: there.counts == {"taken": 1, "repeated": 1, "old_snapshot": 1})
    assert there.revision == 4
    assert not there.has("AB12CDE")


async def test_a_snapshot_with_a_wrong_checksum_is_refused_and_said(mosquitto: Mosquitto, there: AtTheLot) -> None:
    wanted = everything(there.id)
    [part] = wanted.snapshot()
    wrong = part.model_copy(update={"entries": part.entries[:-1]})
    async with there.linked(mosquitto):
        topic = topics.down(there.id, SNAPSHOT)
        await sends(mosquitto, [(topic, SIGNER.seal(SealedAs.SNAPSHOT, there.id, wrong))])
        await becomes(lambda: there.faults == {"link.snapshot_wrong"})
        assert there.untouched
        await sends(mosquitto, [(topic, SIGNER.seal(SealedAs.SNAPSHOT, there.id, part))])
        await becomes(lambda: there.revision == 3)
    assert there.faults == set()


# --- yesterday's and tomorrow's ---


async def test_a_lot_that_has_never_said_what_it_understands_is_sent_nothing(
    settings: CloudSettings, mosquitto: Mosquitto, office: Office
) -> None:
    """Yesterday's lot: it doesn't know of intents at all."""
    with talker(mosquitto.port) as ear:
        ear.subscribe(topics.down(office.lot, "#"))
        async with publishing(settings, mosquitto):
            await office.wants(a_permit())
            assert await asyncio.to_thread(ear.hears_nothing, 1.5)


async def test_a_cloud_that_knows_nothing_of_intents_hears_the_lot_and_nothing_is_wrong(
    mosquitto: Mosquitto, there: AtTheLot
) -> None:
    """Yesterday's cloud: nobody answers."""
    with talker(mosquitto.port) as ear:
        ear.subscribe(topics.down_ack(there.id, INTENTS))
        async with there.linked(mosquitto):
            words = [unpack(Taken, (await asyncio.to_thread(ear.hear)).payload) for _ in range(3)]
    assert all(word.hello for word in words)
    assert there.faults == set()


async def test_a_tariff_goes_to_no_lot_that_cannot_run_it_until_it_can(
    settings: CloudSettings,
    mosquitto: Mosquitto,
    office: Office,
    there: AtTheLot,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    bands = a_tariff("bands", dialect=3, terms={"bands": [[60, 100], [1440, 900]]})
    async with publishing(settings, mosquitto):
        async with there.linked(mosquitto):
            await office.wants(a_tariff("plain", rate=400), bands, a_permit("p1", "AA1"))
            await becomes(office.arrived(3))
            assert there.has("AA1"), "a tariff in the way stops nothing else"
            assert there.lot.one("SELECT body FROM intents WHERE subject = 'tariff:bands'") is None
            assert there.policy.tariff().hourly_rate == 400
            assert await office.cases() == {"intents_withheld"}
        monkeypatch.setattr(downlink, "DIALECTS", (1, 2, 3))
        async with there.linked(mosquitto):
            await becomes(lambda: there.lot.one("SELECT body FROM intents WHERE subject = 'tariff:bands'") is not None)

            async def settled() -> bool:
                return "intents_withheld" not in await office.cases()

            await becomes(settled)


async def test_a_lot_that_knows_only_the_first_dialect_never_gets_the_second(
    settings: CloudSettings,
    mosquitto: Mosquitto,
    office: Office,
    there: AtTheLot,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """An older lot announces (1,). The control is its upgrade: the same tariff arrives, and holds."""
    body_there = "SELECT body FROM intents WHERE subject = 'tariff:city'"
    async with publishing(settings, mosquitto):
        monkeypatch.setattr(downlink, "DIALECTS", (1,))
        async with there.linked(mosquitto):
            await office.wants(a_tariff("plain", rate=400), a_tariff("city", dialect=2, terms=CITY), a_permit("p1"))
            await becomes(office.arrived(3))
            assert there.lot.one(body_there) is None
            assert there.policy.tariff() == a_tariff("plain", rate=400).read()
            assert await office.cases() == {"intents_withheld"}
            detail = await office.database.fetchval("SELECT detail FROM cases WHERE kind = 'intents_withheld'")
            assert detail == "the lot (release 0.1.0) can't run the tariff of revision 2"
        monkeypatch.setattr(downlink, "DIALECTS", DIALECTS)
        async with there.linked(mosquitto):
            await becomes(lambda: there.lot.one(body_there) is not None)
            await becomes(lambda: isinstance(there.policy.tariff(), Terms))


async def test_what_a_lot_does_not_know_is_kept_there_shown_here_and_applied_after_the_upgrade(
    settings: CloudSettings,
    mosquitto: Mosquitto,
    office: Office,
    there: AtTheLot,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    known = base._KNOWN.copy()
    monkeypatch.setattr(base, "_KNOWN", {key: kind for key, kind in known.items() if key[0] != "permit.granted"})
    async with publishing(settings, mosquitto):
        async with there.linked(mosquitto):
            await office.wants(a_permit("p1", "AA1"), a_tariff())
            await becomes(office.arrived(2))
            assert there.policy.tariff().hourly_rate == 300
            assert there.faults == {"link.intent_parked"}
            assert await office.cases() == {"intents_parked"}
        monkeypatch.setattr(base, "_KNOWN", known)
        there.lot.decide(inbox.try_parked_again)  # as the daemon does when it starts
        await there.reload()
        async with there.linked(mosquitto):

            async def settled() -> bool:
                return await office.cases() == set() and there.faults == set()

            await becomes(settled)
    assert there.has("AA1")


# --- restored from a copy ---


def copied(store: Path, to: Path) -> None:
    to.parent.mkdir()
    with closing(sqlite3.connect(store)) as source, closing(sqlite3.connect(to)) as target:
        source.backup(target)


async def restore(office: Office, before: asyncpg.Record) -> None:
    """The cloud's tables as they were when `before` was read: two permits stood."""
    await office.database.execute("DELETE FROM standing_intents WHERE revision > 2")
    await office.database.execute("DELETE FROM intents WHERE revision > 2")
    await office.database.execute(
        "INSERT INTO standing_intents SELECT tenant_id, lot_id, subject, revision FROM intents ON CONFLICT DO NOTHING"
    )
    await office.database.execute(
        "UPDATE policies SET revision = $1, hash = $2, acked = $1, sent = $1, said = NULL", *before
    )


async def a_cloud_restored_from_a_copy(
    settings: CloudSettings, mosquitto: Mosquitto, office: Office, there: AtTheLot
) -> None:
    """Yesterday p1 and p2 stood; since then p1 was revoked and p3 sold, and the lot has that. Now p4 is sold."""
    async with publishing(settings, mosquitto), there.linked(mosquitto):
        await office.wants(a_permit("p1", "AA1"), a_permit("p2", "AA2"))
        await becomes(office.arrived(2))
        before = await office.database.fetchrow("SELECT revision, hash FROM policies")
        assert before is not None
        await office.wants(revoked("p1"), a_permit("p3", "AA3"))
        await becomes(office.arrived(4))
    await restore(office, before)
    await office.wants(a_permit("p4", "AA4"))


def let_in(there: AtTheLot) -> str:
    return " ".join(plate for plate in ("AA1", "AA2", "AA3", "AA4") if there.has(plate))


async def told(office: Office, *kinds: str) -> None:
    async def so() -> bool:
        return await office.cases() == set(kinds)

    await becomes(so)


async def test_a_cloud_restored_from_a_copy_sends_nothing_until_an_operator_has_settled_it(
    settings: CloudSettings, mosquitto: Mosquitto, office: Office, there: AtTheLot
) -> None:
    await a_cloud_restored_from_a_copy(settings, mosquitto, office, there)
    async with publishing(settings, mosquitto), there.linked(mosquitto):
        await told(office, "intents_forked")
        await asyncio.sleep(1)
        assert (there.revision, let_in(there)) == (4, "AA2 AA3")
        async with office.engine.begin() as connection:
            revision = await overrule(connection, office.tenant, office.lot, ORDER)
        assert revision == 5, "past all that the lot has"
        await becomes(office.arrived(5))
        assert let_in(there) == "AA1 AA2 AA4"
        await office.wants(revoked("p4"))
        await becomes(office.arrived(6))
    assert await office.cases() == set()
    with pytest.raises(Unacceptable):
        async with office.engine.begin() as connection:
            await overrule(connection, office.tenant, office.lot, ORDER)


async def test_what_was_issued_after_the_copy_is_taken_over_from_the_lot(
    settings: CloudSettings, mosquitto: Mosquitto, office: Office, there: AtTheLot
) -> None:
    await a_cloud_restored_from_a_copy(settings, mosquitto, office, there)
    async with publishing(settings, mosquitto), publishing(settings, mosquitto, "two"), there.linked(mosquitto):
        await told(office, "intents_forked")
        async with office.engine.begin() as connection:
            await ask_to_adopt(connection, office.tenant, office.lot, ORDER)
        await told(office)
        await becomes(lambda: let_in(there) == "AA2 AA3 AA4")
        await office.wants(revoked("p3"))
        await becomes(lambda: let_in(there) == "AA2 AA4")
        await becomes(office.arrived(7))
    async with office.engine.connect() as connection:
        stands = await views.permits(connection, office.lot)
        [policy] = await views.policies_of(connection, office.tenant)
    assert [each.intent.subject for each in stands] == ["permit:p2", "permit:p4"]
    assert policy.state == "up to date"
    reasons = await office.database.fetch("SELECT subject, reason FROM intents WHERE reason LIKE 'taken over%'")
    assert {row["subject"] for row in reasons} == {"permit:p3", "permit:p1"}


def test_what_was_issued_here_since_the_copy_holds_and_what_nobody_has_is_named() -> None:
    common = Issued()
    for n in range(3):
        common.says(a_permit(f"p{n}", f"AA{n}"))
    here, there = deepcopy(common), deepcopy(common)
    here.says(a_permit("p0", "BB0"))
    here.says(a_permit("p8", "AA8"))
    there.says(revoked("p1"))
    there.says(a_permit("p2", "BB2"))
    there.says(a_permit("p0", "CC0"))
    there.says(a_permit("p9", "AA9"))
    lost = there.says(a_tariff("t", dialect=3))
    found = to_adopt(here.standing, [*there.standing[:-1], lost.withheld()], acked=3)
    assert [sent.subject for sent in found.take] == ["permit:p2", "permit:p9"]
    assert [sent.subject for sent in found.end] == ["permit:p1"]
    assert [sent.subject for sent in found.lost] == ["tariff:t"]


async def test_a_lot_that_was_not_asked_cannot_bring_its_own_permits_into_the_cloud(
    settings: CloudSettings, mosquitto: Mosquitto, office: Office
) -> None:
    """Whoever stole a lot's login says that the lot has more than the cloud."""
    wanted = everything(office.lot)
    word = a_word(office.lot, wanted.place, checksum=wanted.checksum)
    lies = [(topics.down_ack(office.lot, SNAPSHOT), pack(part)) for part in wanted.snapshot()]
    async with publishing(settings, mosquitto) as metrics:
        await sends(mosquitto, [(topics.down_ack(office.lot, INTENTS), pack(word)), *lies])
        await told(office, "intents_forked")
        await sends(mosquitto, lies)
        # Not even unpacked, so nothing of them is kept in memory either.
        unasked = lambda: counted(metrics, "parkgate_intents_heard_total", verdict="unasked")  # noqa: E731
        await becomes(lambda: unasked() == 2 * len(lies))
    assert await office.database.fetchval("SELECT count(*) FROM intents") == 0


async def test_a_lot_that_was_asked_cannot_fill_the_memory_with_parts(
    settings: CloudSettings, mosquitto: Mosquitto, office: Office
) -> None:
    wanted = everything(office.lot)
    word = a_word(office.lot, wanted.place, checksum=wanted.checksum)
    endless = [part.model_copy(update={"parts": 2000}) for part in wanted.snapshot()]
    async with publishing(settings, mosquitto) as metrics:
        await sends(mosquitto, [(topics.down_ack(office.lot, INTENTS), pack(word))])
        await told(office, "intents_forked")
        await office.database.execute("UPDATE policies SET adopting = '{}'")
        await sends(mosquitto, [(topics.down_ack(office.lot, SNAPSHOT), pack(part)) for part in endless])
        refused = lambda: counted(metrics, "parkgate_intents_heard_total", verdict="malformed")  # noqa: E731
        await becomes(lambda: refused() == len(endless))


async def test_a_defect_that_one_lot_meets_stops_no_other_lots_intents(
    settings: CloudSettings, mosquitto: Mosquitto, office: Office, engine: AsyncEngine, there: AtTheLot
) -> None:
    """One row that PostgreSQL takes from nobody; and words that no store could hold."""
    async with engine.begin() as connection:
        other = await enrol_lot(connection, office.tenant, "South", NOON)
    await office.database.execute(
        "CREATE FUNCTION unforeseen() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'unforeseen'; END $$"
    )
    await office.database.execute(
        f"CREATE TRIGGER unforeseen BEFORE UPDATE ON policies FOR EACH ROW WHEN (NEW.lot_id = '{other}')"
        " EXECUTE FUNCTION unforeseen()"
    )
    odd = [
        a_word(other),
        *(a_word(other).model_copy(update=with_) for with_ in ({"release": "\0"}, {"withheld": (2**70,)})),
    ]
    async with publishing(settings, mosquitto) as metrics, there.linked(mosquitto):
        await sends(mosquitto, [(topics.down_ack(other, INTENTS), pack(word)) for word in odd])
        await becomes(lambda: counted(metrics, "parkgate_messages_dropped_total", why="failed") >= 1)
        await becomes(lambda: counted(metrics, "parkgate_intents_heard_total", verdict="malformed") == 2)
        [revision] = await office.wants(a_permit("AB12CDE"))
        await becomes(office.arrived(revision))


async def test_a_lot_restored_from_last_weeks_card_is_brought_to_the_present(
    settings: CloudSettings, mosquitto: Mosquitto, office: Office, there: AtTheLot, tmp_path: Path
) -> None:
    async with publishing(settings, mosquitto):
        async with there.linked(mosquitto):
            await office.wants(a_permit("p1", "AA1"))
            await becomes(office.arrived(1))
            copied(there.lot.path, tmp_path / "restored" / "lot.sqlite")
            await office.wants(revoked("p1"), a_permit("p2", "AA2"))
            await becomes(office.arrived(3))
        restored = AtTheLot(office.lot, tmp_path / "restored")
        assert (restored.revision, restored.has("AA1")) == (1, True)
        async with restored.linked(mosquitto):
            await becomes(lambda: restored.revision == 3 and restored.has("AA2"))
    assert (restored.has("AA1"), restored.has("AA2")) == (False, True)


async def test_a_damaged_table_at_the_lot_is_seen_and_made_whole(
    settings: CloudSettings, mosquitto: Mosquitto, office: Office, there: AtTheLot
) -> None:
    async with publishing(settings, mosquitto):
        async with there.linked(mosquitto):
            await office.wants(a_permit("p1", "AA1"), a_permit("p2", "AA2"))
            await becomes(office.arrived(2))
        there.lot.decide(lambda tx: tx.connection.execute("DELETE FROM intents WHERE subject = 'permit:p2'"))
        there.lot.decide(lambda tx: tx.connection.execute("DELETE FROM permits WHERE id = 'p2'"))
        async with there.linked(mosquitto):

            async def settled() -> bool:
                closed = await office.database.fetchval("SELECT count(*) FROM cases WHERE closed_at IS NOT NULL")
                return closed == 1 and await office.cases() == set()

            await becomes(settled)
            assert there.lot.one("SELECT count(*) FROM permits") == 2
    [row] = await office.database.fetch("SELECT kind, times FROM cases")
    assert (row["kind"], row["times"]) == ("intents_differ", 1), "it stands in the record"


async def test_a_lot_that_is_not_enrolled_and_nonsense_change_nothing(
    settings: CloudSettings, mosquitto: Mosquitto, office: Office
) -> None:
    async with publishing(settings, mosquitto) as metrics:
        stranger = LotId(an_id())
        await sends(
            mosquitto,
            [
                (topics.down_ack(stranger, INTENTS), pack(a_word(stranger))),
                (topics.down_ack(office.lot, INTENTS), pack(a_word(stranger))),
                (topics.down_ack(office.lot, INTENTS), b"noise"),
            ],
        )
        await becomes(lambda: counted(metrics, "parkgate_intents_heard_total", verdict="malformed") == 2)
        assert counted(metrics, "parkgate_intents_heard_total", verdict="unknown_lot") == 1
    assert await office.database.fetchval("SELECT count(*) FROM policies") == 0
