"""Permits and tariffs of the cloud at the gate: beside those of the lot's own file, and without the cloud."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from edge.config.load import load_lot
from edge.daemon import Daemon as RealDaemon
from edge.lane.signals import Allowed, Asked, Card, Read, Refused
from edge.parking import exit
from edge.parking.access.permits import Permit, permit_of_card
from edge.parking.access.policy import LotPolicy
from edge.parking.desks import EntryDesk, ExitDesk
from edge.retention.keep import Keep
from edge.retention.rounds import Retention
from edge.store import Store, Transaction, inbox
from edge.store.pictures import Pictures
from edge.timekeeping import learn
from models.ids import LotId, TariffId
from models.instants import HOUR, Instant, Monotonic, Reading
from models.intents import TariffWithdrawn
from models.lanes import LaneState
from models.passback import Passback
from models.plates import Plate
from models.refusals import Refusal
from models.spots import Right, VehicleType
from models.tariff import Tariff, read_pinned
from models.wire import topics
from models.wire.intents import INTENTS
from models.wire.seals import SealedAs
from simulator.servers import Mosquitto
from tests.brokers import USERS, talker
from tests.edge.daemons import Daemon, Site, until
from tests.edge.lots import IN, NOON, OUT, TARIFF, Lot, a_lot, closed_in_the_end
from tests.edge.test_parking import Terminal
from tests.intents import Issued, a_permit, a_reservation, a_tariff, revoked
from tests.keys import SIGNER

OWN = Plate("OWN1")
PERMITS_ONLY = LaneState.CLOSED_TO_TRANSIENTS


@pytest.fixture
def lot(tmp_path: Path) -> Lot:
    return a_lot(tmp_path)


class Gate:
    """A lot's entry whose cloud has a say."""

    def __init__(self, lot: Lot, own: Permit | None = None) -> None:
        self.lot, self.cloud = lot, Issued()
        self.policy = LotPolicy({own.plate: own} if own else {}, TARIFF, Passback.HARD, lot.clock)
        self.desk = EntryDesk(IN, lot.store, self.policy.tariff, self.policy.permits, lambda: VehicleType.REGULAR)
        self.read()

    def hears(self, *intents: object) -> None:
        before = len(self.cloud.log)
        for intent in intents:
            self.cloud.says(intent)  # type: ignore[arg-type]
        self.lot.decide(lambda tx: inbox.take(tx, self.cloud.deltas(before)))
        self.read()

    def read(self) -> None:
        self.lot.decide(lambda tx: self.policy.load(tx.connection))

    def lets_in(self, shown: Read | Card, state: LaneState = PERMITS_ONLY) -> Allowed | Refused:
        return asyncio.run(self.desk.decide(Asked(shown, state=state)))

    def pinned(self) -> Tariff:
        return read_pinned(str(self.lot.one("SELECT tariff FROM tickets ORDER BY rowid DESC LIMIT 1")))


def read(plate: str) -> Read:
    return Read(Plate(plate), 0.99)


def test_a_permit_of_the_cloud_lets_in_any_of_its_plates_and_its_card(lot: Lot) -> None:
    gate = Gate(lot)
    assert gate.lets_in(read("AA1")) == Refused(Refusal.CLOSED_TO_TRANSIENTS)
    gate.hears(a_permit("p1", "AA1", "AA2", cards=("17-04711",)))
    assert isinstance(gate.lets_in(read("AA2")), Allowed)
    assert isinstance(gate.lets_in(Card("17-04711")), Allowed)
    assert lot.one("SELECT license_plate FROM vehicles ORDER BY rowid DESC LIMIT 1") == "AA1", "its first plate"


def test_a_revoked_permit_lets_nobody_in_and_whoever_is_inside_may_leave(lot: Lot) -> None:
    gate = Gate(lot)
    gate.hears(a_permit("p1", "AA1", "AA2"))
    allowed = gate.lets_in(read("AA1"))
    assert isinstance(allowed, Allowed)
    assert allowed.ticket is not None
    lot.decide(gate.desk.confirm(allowed.ticket))
    gate.hears(revoked())
    assert gate.lets_in(read("AA2")) == Refused(Refusal.CLOSED_TO_TRANSIENTS)
    out = ExitDesk(OUT, lot.store, lot.till(None), gate.policy.permits)
    assert isinstance(asyncio.run(out.decide(Asked(read("AA1")))), Allowed)


def test_a_permit_begins_and_ends_by_itself_with_no_cloud_to_ask(lot: Lot) -> None:
    gate = Gate(lot)
    gate.hears(a_permit("p1", "AA1", valid_from=NOON + HOUR, valid_until=NOON + 2 * HOUR))
    before = gate.lets_in(read("AA1"))
    lot.clock.wall = Instant(NOON + HOUR)
    during = gate.policy.permits.get(Plate("AA1"))
    lot.clock.wall = Instant(NOON + 2 * HOUR)
    after = gate.lets_in(read("AA1"))
    assert (before, after) == (Refused(Refusal.CLOSED_TO_TRANSIENTS),) * 2
    assert during is not None
    assert Plate("AA1") not in list(gate.policy.permits)


def starts_again(lot: Lot, monkeypatch: pytest.MonkeyPatch, days_ahead: int) -> None:
    """No time server is heard after that, and the clock is wrong by so much."""
    began, wrong = lot.clock.wall, 24 * HOUR * days_ahead

    def read() -> Reading:
        return Reading("boot-2", Monotonic(lot.clock.wall - began), Instant(lot.clock.wall + wrong), False)

    monkeypatch.setattr(lot.clock, "read", read)


def test_by_a_clock_that_nobody_set_no_permit_ends_and_none_begins_late(
    lot: Lot, monkeypatch: pytest.MonkeyPatch
) -> None:
    lot.decide(learn)
    gate = Gate(lot)
    gate.hears(
        a_permit("p1", "AA1", valid_until=NOON + HOUR),
        a_permit("p2", "AA2", valid_from=NOON + HOUR // 2),
        a_permit("p3", "AA3", valid_until=NOON),
        a_tariff("next year", rate=500, valid_from=NOON + 24 * HOUR),
    )
    starts_again(lot, monkeypatch, days_ahead=300)
    gate.read()
    assert isinstance(gate.lets_in(read("AA1")), Allowed)
    assert gate.pinned() == TARIFF, "a price that may not have begun is nobody's"
    assert gate.lets_in(read("AA3")) == Refused(Refusal.CLOSED_TO_TRANSIENTS), "that one has ended, whatever the time"
    starts_again(lot, monkeypatch, days_ahead=-300)
    lot.clock.forward(hours=0.75)
    assert isinstance(gate.lets_in(read("AA2")), Allowed)
    lot.clock.forward(hours=0.5)
    assert Plate("AA1") not in gate.policy.permits, "the machine itself has run for so long since"


def test_the_lots_own_file_holds_for_a_plate_that_both_name(lot: Lot) -> None:
    gate = Gate(lot, Permit(OWN, frozenset({Right.EV}), passback=Passback.OFF))
    gate.hears(a_permit("p1", OWN, rights=("HANDICAP",), valid_until=NOON - HOUR), a_permit("p2", "AA1"))
    assert gate.policy.permits[OWN].rights == {Right.EV}
    assert gate.policy.permits.shadowed == (OWN,)
    gate.hears(revoked("p1"))
    assert gate.policy.permits[OWN].passback is Passback.OFF, "what the cloud takes back was the cloud's"
    assert (len(gate.policy.permits), gate.policy.permits.plates) == (2, 2)


def test_of_two_permits_for_a_plate_the_last_that_is_valid_now_holds(lot: Lot) -> None:
    gate = Gate(lot)
    gate.hears(
        a_permit("always", "AA1", rights=("EV",)),
        a_permit("once", "AA1", rights=("HANDICAP",), valid_until=NOON + HOUR),
    )
    assert gate.policy.permits[Plate("AA1")].rights == {Right.HANDICAP}
    lot.clock.forward(hours=1)
    assert gate.policy.permits[Plate("AA1")].rights == {Right.EV}


def test_a_card_stands_for_the_permit_that_holds_now(lot: Lot) -> None:
    gate = Gate(lot, Permit(OWN, cards=frozenset({"1"})))
    gate.hears(
        a_permit("p1", "AA1", cards=("1", "2")),
        a_permit("p2", "AA2", cards=("3",), valid_from=NOON + HOUR),
        a_permit("p3", OWN, cards=("4",)),
    )
    holders = [permit_of_card(gate.policy.permits, number) for number in ("1", "2", "3", "4", "5")]
    assert [holder and holder.plate for holder in holders] == [OWN, "AA1", None, None, None]
    lot.clock.forward(hours=1)
    later = permit_of_card(gate.policy.permits, " 3")
    assert later is not None
    assert later.plate == "AA2"


def test_a_permit_without_its_own_word_on_passback_has_the_lots(lot: Lot) -> None:
    gate = Gate(lot)
    gate.hears(a_permit("p1", "AA1"), a_permit("p2", "AA2", passback="soft"))
    assert [gate.policy.permits[Plate(plate)].passback for plate in ("AA1", "AA2")] == [Passback.HARD, Passback.SOFT]


def test_a_tariff_of_the_cloud_is_pinned_on_new_tickets_and_never_reaches_who_is_inside(lot: Lot) -> None:
    gate = Gate(lot)
    gate.lets_in(read("AA1"), LaneState.OPEN)
    assert gate.pinned() == TARIFF
    gate.hears(a_tariff("dearer", rate=400))
    gate.lets_in(read("AA2"), LaneState.OPEN)
    assert gate.pinned().hourly_rate == 400
    assert read_pinned(str(lot.one("SELECT tariff FROM tickets ORDER BY rowid LIMIT 1"))) == TARIFF


def test_a_tariff_holds_from_its_moment_on_and_the_last_one_begun_holds(lot: Lot) -> None:
    gate = Gate(lot)
    gate.hears(a_tariff("next year", rate=500, valid_from=NOON + HOUR), a_tariff("now", rate=400))
    assert (gate.policy.tariff().hourly_rate, gate.policy.tariff_name) == (400, "now")
    lot.clock.forward(hours=1)
    assert gate.policy.tariff().hourly_rate == 500
    gate.hears(TariffWithdrawn(tariff=TariffId("next year")))
    assert gate.policy.tariff().hourly_rate == 400


def test_what_the_cloud_has_set_outlives_a_restart_without_the_cloud(lot: Lot) -> None:
    Gate(lot).hears(a_tariff("dearer", rate=400), a_permit("p1", "AA1"))
    lot.store.close()
    again = Gate(Lot(closed_in_the_end(Store(lot.path, lot.id, lot.clock)), lot.clock, lot.path))
    assert isinstance(again.lets_in(read("AA1")), Allowed)
    assert again.pinned().hourly_rate == 400


def test_the_last_passage_of_a_cloud_permit_is_remembered_when_its_plate_is_masked(lot: Lot) -> None:
    """Its permit has ended meanwhile, and may be granted anew."""
    gate = Gate(lot)
    gate.hears(a_permit("p1", "AA1", valid_until=NOON + 24 * HOUR), a_permit("p2", "AA2"))
    for plate in ("AA1", "AA2", "GUEST1"):
        ticket = lot.enters(plate).ticket
        lot.leaves(plate, Terminal())
        lot.decide(lambda tx, ticket=ticket: exit.close(tx, ticket, OUT))
    lot.clock.forward(hours=24 * 31)

    def goes_round() -> None:
        holders = gate.policy.permits.holders
        asyncio.run(Retention(Keep(), lot.store, Pictures(lot.path.with_name("p")), holders, lot.clock).round())

    goes_round()
    assert lot.rows("SELECT license_plate FROM permits_seen ORDER BY 1") == [("AA1",), ("AA2",)]
    gate.hears(revoked("p1"))
    goes_round()
    assert lot.rows("SELECT license_plate FROM permits_seen") == [("AA2",)]


async def test_the_daemon_remembers_what_permits_of_the_cloud_need(
    tmp_path: Path, mosquitto: Mosquitto, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PARKGATE_TEST_PASSWORD", USERS["lot"])
    site = Site(tmp_path, mosquitto)
    cloud = Issued(LotId(site.id))
    cloud.says(a_permit("p1", "AA1"))
    daemon = RealDaemon(load_lot(site.config))

    def hears(tx: Transaction) -> None:
        inbox.take(tx, cloud.deltas())
        daemon._policy.load(tx.connection)
        for plate in ("AA1", "GUEST1"):
            tx.connection.execute("INSERT INTO permits_seen VALUES (?, 1, 1, NULL, NULL)", (plate,))

    daemon._store.write_now(hears)
    await daemon._retention.round()
    seen = await daemon._store.read(lambda look: [row[0] for row in look.execute("SELECT * FROM permits_seen")])
    assert seen == ["AA1"]
    daemon._store.close()


def test_a_daemon_shows_what_the_cloud_has_set_and_has_it_still_after_a_kill(
    tmp_path: Path, mosquitto: Mosquitto
) -> None:
    site = Site(tmp_path, mosquitto)
    site.link = site.login()
    site.write(site.settings())
    lot = LotId(site.id)
    cloud = Issued(lot)
    for intent in (a_permit("p1", "AA1"), a_tariff("dearer"), a_reservation()):
        cloud.says(intent)

    def policy() -> dict[str, Any]:
        return site.status()["policy"]

    with Daemon(site) as daemon:
        with talker(mosquitto.port) as client:
            until(lambda: site.status()["daemon"]["link"] == "up")
            sealed = SIGNER.seal(SealedAs.INTENTS, lot, cloud.deltas())
            client.publish(topics.down(lot, INTENTS), sealed)  # type: ignore[arg-type]
        until(lambda: policy()["revision"] == 3)
        until(lambda: site.status()["daemon"]["policy"]["tariff"] == "dearer")
        daemon.kill()
    with Daemon(site):
        assert site.status()["daemon"]["policy"]["tariff"] == "dearer"
        assert policy() == {
            "revision": 3,
            "permits": 1,
            "tariffs": ["dearer"],
            "reservations": {"BOOKED": 1},
            "kept_back": {},
            "parked": 0,
            "withheld": 0,
        }
    site.is_forgotten()
