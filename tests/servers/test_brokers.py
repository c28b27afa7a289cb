"""Both brokers do what the link between a lot and the cloud relies on."""

from __future__ import annotations

from pathlib import Path
from uuid import uuid4

import pytest

from simulator.servers import Mosquitto, RumqttBroker, ServerError, free_port
from tests.brokers import USERS, talker, unconnected

Broker = Mosquitto | RumqttBroker

REFUSALS = {"Not authorized", "Bad user name or password", "hung up"}
"""rumqttd says nothing to a stranger: it hangs up."""


@pytest.fixture(params=["mosquitto", "demo_broker"])
def broker(request: pytest.FixtureRequest) -> Broker:
    return request.getfixturevalue(request.param)


@pytest.fixture
def topic() -> str:
    return f"parkgate/v1/{uuid4()}/up/ledger"


def test_a_window_of_facts_is_acknowledged_and_arrives(broker: Broker, topic: str):
    with talker(broker.port) as cloud, talker(broker.port, "lot") as lot:
        cloud.subscribe(topic)
        assert lot.publish(topic, "a window") == "Success"
        heard = cloud.hear()
        assert (heard.payload, heard.qos, heard.retain) == (b"a window", 1, False)


def test_a_window_of_64_kib_fits(broker: Broker, topic: str):
    with talker(broker.port) as cloud, talker(broker.port, "lot") as lot:
        cloud.subscribe(topic)
        lot.publish(topic, "f" * 65_536)
        assert len(cloud.hear().payload) == 65_536


def test_a_wrong_password_is_refused(broker: Broker):
    stranger = unconnected("lot", "guessed")
    assert stranger.connect(broker.port) in REFUSALS
    stranger.leave()


def test_nobody_gets_in_without_a_name(broker: Broker):
    stranger = unconnected("", "")
    assert stranger.connect(broker.port) in REFUSALS
    stranger.leave()


def test_a_beacon_is_kept_for_those_who_come_later(broker: Broker, topic: str):
    with talker(broker.port, "lot") as lot:
        lot.publish(topic, "present", retain=True)
    with talker(broker.port) as cloud:
        cloud.subscribe(topic)
        heard = cloud.hear()
        assert (heard.payload, heard.retain) == (b"present", True)


def test_a_lot_that_vanishes_leaves_its_will(broker: Broker, topic: str):
    with talker(broker.port) as cloud:
        cloud.subscribe(topic)
        with talker(broker.port, "lot", will=(topic, "gone")) as lot:
            lot.vanish()
            assert cloud.hear().payload == b"gone"


def test_ingesters_share_the_facts_between_them(broker: Broker, topic: str):
    with talker(broker.port) as first, talker(broker.port) as second, talker(broker.port, "lot") as lot:
        for ingester in (first, second):
            ingester.subscribe(f"$share/ingest/{topic}")
        sent = [f"window {number}" for number in range(6)]
        for window in sent:
            lot.publish(topic, window)
        heard = [ingester.hear().payload.decode() for ingester in (first, second) for _ in range(3)]
        assert sorted(heard) == sent
        assert first.hears_nothing()
        assert second.hears_nothing()


def test_mosquitto_keeps_a_session_over_a_restart_on_the_same_port(own_mosquitto: Mosquitto, topic: str):
    port = own_mosquitto.port
    with talker(port, client_id="ingester", session_seconds=3600) as cloud:
        cloud.subscribe(topic)
    with talker(port, "lot") as lot:
        lot.publish(topic, "while nobody listened")
    own_mosquitto.restart()
    with talker(port, client_id="ingester", session_seconds=3600) as cloud:
        assert cloud.hear().payload == b"while nobody listened"


def test_a_killed_broker_comes_back_on_the_same_port(own_mosquitto: Mosquitto, topic: str):
    own_mosquitto.kill()
    assert not own_mosquitto.running
    own_mosquitto.start()
    with talker(own_mosquitto.port) as cloud:
        assert cloud.subscribe(topic) == "Granted QoS 1"


def test_a_killed_demo_broker_comes_back_on_the_same_port(tmp_path: Path, topic: str):
    with RumqttBroker(tmp_path, USERS) as broker:
        broker.kill()
        broker.start()
        with talker(broker.port) as cloud:
            assert cloud.subscribe(topic) == "Granted QoS 1"


def test_a_lot_publishes_only_where_the_topic_rules_let_it(tmp_path: Path, mosquitto: Mosquitto, topic: str):
    rules = "user parkgate\ntopic readwrite parkgate/#\nuser lot\ntopic write parkgate/v1/mine/#\n"
    with Mosquitto(tmp_path, USERS, acl=rules) as broker, talker(broker.port, "lot") as lot:
        assert lot.publish("parkgate/v1/mine/up/ledger", "allowed") in {"Success", "No matching subscribers"}
        assert lot.publish(topic, "another lot's") == "Not authorized"


def test_a_broker_whose_port_is_taken_does_not_pass_for_the_other(tmp_path: Path, mosquitto: Mosquitto):
    with pytest.raises(ServerError, match=f"port {mosquitto.port} can't start: something else listens there"):
        Mosquitto(tmp_path, USERS, port=mosquitto.port).start()


def test_a_server_that_cannot_start_shows_its_log(tmp_path: Path, mosquitto: Mosquitto):
    with pytest.raises(ServerError, match="Unknown configuration variable"):
        Mosquitto(tmp_path, USERS, settings=["arming_loop 1"]).start()


def test_a_free_port_is_below_those_the_kernel_gives_to_outgoing_connections():
    lowest = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    assert all(free_port() < lowest for _ in range(20))
