"""A lot's login is that lot and no other: tried over the wire, against Mosquitto with the rules that are shipped."""

from __future__ import annotations

import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import pytest

from cloud.broker.folder import BrokerPlan, configuration
from cloud.broker.rules import cloud_acl, lots_acl
from edge.sync.cursor import WINDOWS_AHEAD
from models.wire import topics
from models.wire.envelopes import WINDOW_BYTES
from tests.brokers import Talker, unconnected
from tests.cloud.secured import SecuredBroker
from tests.house.tree import HOUSE

LOTS = 500
MINE, OTHER = "0193e1a0-0000-7000-8000-00000000000a", "0193e1a0-0000-7000-8000-00000000000b"
NOT_MINE = [
    topics.up(OTHER, "ledger"),
    topics.state(OTHER),
    topics.down_ack(OTHER, "intents"),
    f"{topics.command(OTHER)}/answer",
    topics.up_ack(MINE, "ledger"),
    topics.down(MINE, "intents"),
    topics.command(MINE),
    topics.up_ack(OTHER, "ledger"),
    topics.down(OTHER, "intents"),
    topics.command(OTHER),
    f"{topics.root(MINE)}/up/ledger/deeper/still",
    "parkgate/v1/+/state",
    "elsewhere",
    "$SYS/broker/uptime",
]


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SecuredBroker]:
    with SecuredBroker(tmp_path_factory.mktemp("secured"), {MINE: "mine", OTHER: "other"}) as started:
        yield started


@pytest.fixture
def lawless(tmp_path: Path) -> Iterator[SecuredBroker]:
    with SecuredBroker(tmp_path, {MINE: "mine", OTHER: "other"}, rules=False) as started:
        yield started


@contextmanager
def connected(client: Talker, port: int) -> Iterator[Talker]:
    assert client.connect(port) == "Success"
    try:
        yield client
    finally:
        client.leave()


def lot(broker: SecuredBroker, id: str = MINE, **options: object):
    return connected(broker.lot(id, **options), broker.plan.lots_port)


def cloud(broker: SecuredBroker):
    return connected(broker.cloud(), broker.plan.cloud_port)


def test_a_lot_speaks_as_itself_and_hears_what_is_said_to_it(broker: SecuredBroker) -> None:
    with cloud(broker) as here, lot(broker) as there:
        for said in (
            topics.up("+", "ledger"),
            topics.state("+"),
            topics.down_ack("+", "intents"),
            "parkgate/v1/+/cmd/+",
        ):
            here.subscribe(said)
        for topic in (
            topics.up(MINE, "ledger"),
            topics.up(MINE, "telemetry"),
            topics.state(MINE),
            topics.down_ack(MINE, "intents"),
            f"{topics.command(MINE)}/answer",
        ):
            assert there.publish(topic, "a word") in ("Success", "No matching subscribers"), topic
            if "telemetry" not in topic:
                assert here.hear().topic == topic
        for topic in (topics.up_ack(MINE, "ledger"), topics.down(MINE, "intents"), topics.command(MINE)):
            there.subscribe(topic)
            here.publish(topic, "an answer")
            assert there.hear().topic == topic


@pytest.mark.parametrize("topic", [topic for topic in NOT_MINE if "+" not in topic])
def test_a_lot_cannot_publish_as_another_or_as_the_cloud(broker: SecuredBroker, topic: str) -> None:
    with connected(broker.lot(OTHER), broker.plan.lots_port) as other, cloud(broker) as here, lot(broker) as there:
        here.subscribe("parkgate/v1/+/up/+")
        here.subscribe("parkgate/v1/+/state")
        other.subscribe(topics.command(OTHER))
        assert there.publish(topic, "a lie") == "Not authorized"
        assert here.hears_nothing(0.1)
        assert other.hears_nothing(0.05)


def test_a_lot_hears_nothing_that_is_not_for_it_whatever_it_asks_for(broker: SecuredBroker) -> None:
    with lot(broker) as there, cloud(broker) as here, connected(broker.lot(OTHER), broker.plan.lots_port) as other:
        for asked in (
            "#",
            "parkgate/#",
            f"parkgate/v1/{OTHER}/#",
            "parkgate/v1/+/down/+",
            "+/+/+/cmd",
            "$SYS/#",
            *NOT_MINE[-4:],
        ):
            there.subscribe(asked)
        for topic in (topics.up_ack(OTHER, "ledger"), topics.down(OTHER, "intents"), topics.command(OTHER)):
            here.publish(topic, "for the other one")
        other.publish(topics.up(OTHER, "ledger"), "plates")
        other.publish(topics.state(OTHER), "present")
        assert there.hears_nothing(0.5)
        here.publish(topics.command(MINE), "for this one")
        assert there.hear().payload == b"for this one"


def test_without_the_rules_a_lot_hears_and_speaks_for_all(lawless: SecuredBroker) -> None:
    """The control for the three above."""
    with lot(lawless) as there, cloud(lawless) as here:
        there.subscribe("#")
        here.subscribe(topics.state("+"))
        here.publish(topics.command(OTHER), "for the other one")
        assert there.hear().payload == b"for the other one"
        assert there.publish(topics.state(OTHER), "a lie") == "Success"
        assert here.hear().payload == b"a lie"


def test_a_will_is_a_message_like_any_other(broker: SecuredBroker) -> None:
    with cloud(broker) as here:
        here.subscribe(topics.state("+"))
        for topic in (topics.state(OTHER), topics.state(MINE)):
            dying = broker.lot(MINE, will=(topic, "gone"))
            assert dying.connect(broker.plan.lots_port) == "Success"
            dying.vanish()
        assert here.hear().topic == topics.state(MINE)
        assert here.hears_nothing()


def test_a_lot_cannot_push_another_off_by_taking_its_name(broker: SecuredBroker) -> None:
    with cloud(broker) as here, lot(broker, OTHER, client_id=f"parkgate-{OTHER}") as other:
        here.subscribe(topics.up("+", "ledger"))
        with lot(broker, client_id=f"parkgate-{OTHER}"), lot(broker, client_id=OTHER):
            time.sleep(0.2)
            assert other.publish(topics.up(OTHER, "ledger"), "still here") == "Success"
            assert here.hear().payload == b"still here"


def test_without_the_rules_it_can(lawless: SecuredBroker) -> None:
    """The control."""
    with lot(lawless, OTHER, client_id=f"parkgate-{OTHER}") as other, lot(lawless, client_id=f"parkgate-{OTHER}"):
        assert other.publish(topics.up(OTHER, "ledger"), "still here") == "hung up"


@pytest.mark.parametrize(("user", "password"), [(MINE, "other"), (MINE, ""), ("", ""), ("+", "mine"), ("#", "mine")])
def test_nobody_gets_in_without_the_login_of_a_lot(broker: SecuredBroker, user: str, password: str) -> None:
    stranger = unconnected(user, password, authority=broker.authority)
    assert stranger.connect(broker.plan.lots_port) in ("Not authorized", "Bad user name or password")
    stranger.leave()


def test_the_door_of_the_lots_and_that_of_the_cloud_are_two(broker: SecuredBroker) -> None:
    for stranger, port in ((broker.cloud(), broker.plan.lots_port), (broker.lot(MINE), broker.plan.cloud_port)):
        assert stranger.connect(port) == "Not authorized"
        stranger.leave()


def test_a_broker_that_another_authority_vouches_for_is_not_spoken_to(broker: SecuredBroker, tmp_path: Path) -> None:
    with SecuredBroker(tmp_path, {MINE: "mine"}) as impostor:
        client = unconnected(MINE, "mine", authority=broker.authority)
        with pytest.raises(ssl.SSLCertVerificationError):
            client.connect(impostor.plan.lots_port)


def test_without_tls_nothing_is_said(broker: SecuredBroker) -> None:
    plain = unconnected(MINE, "mine")
    assert plain.connect(broker.plan.lots_port) == "hung up"
    plain.leave()


def test_a_lot_whose_login_was_revoked_stays_out_and_the_others_do_not_notice(broker: SecuredBroker) -> None:
    gone = str(uuid4())
    broker.passwords[gone] = "for a while"
    broker.folder.renew_passwords(broker.logins())
    broker.read_anew()
    time.sleep(0.3)
    with lot(broker) as there, cloud(broker) as here:
        here.subscribe(topics.up("+", "ledger"))
        with connected(broker.lot(gone), broker.plan.lots_port):
            pass
        stolen = broker.lot(gone)
        del broker.passwords[gone]
        broker.folder.renew_passwords(broker.logins())
        broker.read_anew()
        time.sleep(0.3)
        assert stolen.connect(broker.plan.lots_port) == "Not authorized"
        stolen.leave()
        assert there.publish(topics.up(MINE, "ledger"), "as ever") == "Success"
        assert here.hear().payload == b"as ever"


@pytest.mark.parametrize(("name", "text"), [("lots.acl", lots_acl()), ("cloud.acl", cloud_acl())])
def test_the_rules_that_are_shipped_are_those_that_are_tested(name: str, text: str) -> None:
    assert (HOUSE / "config/broker" / name).read_text() == text


def test_when_all_lots_come_back_at_once_the_broker_has_room_for_what_they_send(tmp_path: Path) -> None:
    """Even if each of their windows were as large as one can be: what it drops waits until its lot asks again."""
    plan = BrokerPlan(("localhost",))
    said = dict(line.split(maxsplit=1) for line in configuration(plan, tmp_path).splitlines() if " " in line)
    assert int(said["max_queued_messages"]) >= LOTS * WINDOWS_AHEAD
    assert int(said["max_queued_bytes"]) >= LOTS * WINDOWS_AHEAD * WINDOW_BYTES
