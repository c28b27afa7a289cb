"""What people at the lot tell the running daemon: orders from the command line, the fire contact, screens' links."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from simulator.servers import Mosquitto
from tests.brokers import talker
from tests.edge.daemons import Daemon, Devices, Site, edge, until

FIRE = "fire"


class Yard:
    """One entry whose barrier can be kept up and told to close, with a fire contact for the whole lot."""

    def __init__(self, site: Site, devices: Devices, client: Any) -> None:
        self.site, self.devices, self._client = site, devices, client

    def tell(self, *order: str, reason: str = "a delivery") -> tuple[int, str]:
        done = edge(*order, "--config", str(self.site.config), "--reason", reason, "--by", "Ada")
        return done.returncode, done.stdout + done.stderr

    def lane(self) -> dict[str, Any]:
        return self.site.status()["daemon"]["lanes"][0]

    def fire(self, level: str) -> None:
        self._client.publish(self.site.topic(FIRE), level)

    def hears(self) -> str:
        return self._client.hear().payload.decode()

    def hears_nothing(self) -> bool:
        return self._client.hears_nothing()

    def records(self, sql: str) -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(self.site.store)) as connection:
            return connection.execute(sql).fetchall()


@pytest.fixture
def site(tmp_path: Path, mosquitto: Mosquitto) -> Site:
    site = Site(tmp_path, mosquitto)
    settings = site.settings()
    settings["lanes"][0]["barrier"] |= {
        "payload_hold": "hold",
        "payload_release": "release",
        "payload_lower": "lower",
        "payload_held": "held",
    }
    settings["fire"] = {"driver": "mqtt", **site.login(), "topic": site.topic(FIRE)}
    settings["kiosk"] = {"port": 1, "listen": "127.0.0.1"}
    site.write(settings)
    return site


@contextmanager
def at_work(site: Site) -> Iterator[Yard]:
    with talker(site.broker.port) as client, Daemon(site):
        devices = Devices(site, client)
        devices.are_heard()
        yield Yard(site, devices, client)


def test_a_person_opens_with_a_reason_and_both_stand_in_the_records(site: Site) -> None:
    with at_work(site) as yard:
        yard.devices.say(position="open")
        until(lambda: yard.lane()["barrier"] == "open")
        assert yard.tell("lane", "open", "in") == (0, "in: the arm was told to rise, and is up.\n")
        assert "vend" in json.loads(yard.hears())
        until(lambda: yard.records("SELECT kind FROM lane_orders") == [("open",)])
        assert yard.records("SELECT given_by, reason, obeyed FROM lane_orders") == [("Ada", "a delivery", 1)]
        code, said = yard.tell("lane", "open", "in", reason=" ")
        assert (code, "a reason is needed" in said) == (2, True)
        assert yard.hears_nothing()


def test_a_lane_that_does_not_obey_says_why(site: Site) -> None:
    with at_work(site) as yard:
        assert yard.tell("lane", "release", "in") == (3, "in doesn't obey: the arm isn't kept up.\n")
        yard.devices.say(closing="ON")
        until(lambda: yard.lane()["closing_loop"] is True)
        code, said = yard.tell("lane", "close", "in")
        assert (code, said) == (3, "in doesn't obey: something is, or may be, under the arm.\n")
        assert yard.tell("lane", "open", "west")[1] == "west doesn't obey: there is no lane 'west'; there are in.\n"
        assert yard.hears_nothing()


def test_a_person_learns_that_the_relay_board_is_unplugged_and_where_to_look(site: Site) -> None:
    settings = site.settings()
    board = {"driver": "lcus", "port": "/dev/serial/by-id/usb-nothing", "channel": 1}
    settings["lanes"][0]["barrier"] = {"driver": "relays", "open": board, "hold_by": "maintained"}
    site.write(settings)
    with talker(site.broker.port) as client, Daemon(site):
        yard = Yard(site, Devices(site, client), client)
        code, said = yard.tell("lane", "open", "in")
        first, fault, look_at = said.splitlines()
        assert (code, first) == (4, "in: the arm wasn't told to rise. The order is on record.")
        assert fault.startswith("  relay.unplugged: The serial port of the relay board isn't there (")
        assert look_at.startswith("  Look at: The USB cable and the board's power")
        until(lambda: yard.records("SELECT kind, obeyed FROM lane_orders") == [("open", 1)])
        code, said = yard.tell("lane", "keep-open", "in")
        assert (code, "wasn't told to rise and stay up" in said) == (4, True)


def test_a_loop_whose_topic_is_misspelt_is_missed_soon_and_shown_with_what_to_look_at(site: Site) -> None:
    settings = site.settings()
    topic = site.topic("armimg")
    settings["lanes"][0]["arming_loop"] |= {"topic": topic, "heard_within": "1 s"}
    site.write(settings)
    with Daemon(site), talker(site.broker.port) as client:

        def faults() -> list[dict[str, Any]]:
            lane = site.status()["daemon"]["lanes"][0]
            return [fault for fault in lane["faults"] if fault["code"] == "device.never_heard"]

        (fault,) = until(faults)
        assert (fault["source"], fault["detail"]) == ("in.arming_loop", f"nothing on {topic} for 1 s")
        shown = edge("status", "--config", str(site.config)).stdout
        assert "device.never_heard" in shown
        told = edge("doctor", "--config", str(site.config), "--only", "daemon").stdout
        assert "hasn't said its state even once" in told
        assert "letter by letter" in told
        client.publish(topic, "OFF")
        until(lambda: faults() == [])


def test_an_order_that_moves_nothing_is_done(site: Site) -> None:
    with at_work(site) as yard:
        assert yard.tell("lane", "reset-faults", "in") == (0, "in: done.\n")
        assert yard.hears_nothing()


def test_an_arm_that_is_kept_open_is_kept_open_over_a_restart_and_until_it_is_released(site: Site) -> None:
    with at_work(site) as yard:
        assert yard.tell("lane", "keep-open", "in")[0] == 0
        assert yard.hears() == "hold"
        until(lambda: yard.lane()["hold"] == "keep_open")
    with at_work(site) as yard:
        until(lambda: yard.lane()["hold"] == "keep_open")
        yard.devices.say(position="held")
        assert yard.tell("lane", "release", "in")[0] == 0
        heard = [yard.hears()]
        while heard[-1] == "hold":
            heard.append(yard.hears())
        assert heard[-1] == "release"
    with at_work(site) as yard:
        assert yard.lane()["hold"] is None
        assert yard.hears_nothing(), "a restart moves no arm"


def test_fire_raises_the_arm_and_only_a_person_lets_it_down_when_the_alarm_is_over(site: Site) -> None:
    with at_work(site) as yard:
        yard.fire("ON")
        assert yard.hears() == "hold"
        yard.devices.say(position="held")
        until(lambda: yard.lane()["hold"] == "fire")
        assert [fault["code"] for fault in yard.site.status()["daemon"]["faults"]][:1] == ["lot.fire"]
        assert yard.tell("lane", "reset-fire", "in")[1] == "in doesn't obey: the fire contact still says fire.\n"
        yard.fire("OFF")
        until(lambda: yard.tell("lane", "reset-fire", "in")[0] == 0)
        assert yard.hears() == "release"


def test_a_fire_that_burns_while_the_daemon_starts_raises_the_arm(site: Site) -> None:
    with at_work(site) as yard:
        yard.fire("ON")
        assert yard.hears() == "hold"
        until(lambda: yard.records("SELECT hold FROM lane_states") == [("fire",)])
    with talker(site.broker.port) as client, Daemon(site):
        devices = Devices(site, client)
        devices.say(arming="OFF", closing="OFF", position="closed")
        assert client.hear().payload == b"hold", "held before the restart, told again"


def test_a_closed_lane_is_still_closed_after_a_restart(site: Site) -> None:
    with at_work(site) as yard:
        assert yard.tell("lane", "state", "in", "closed")[0] == 0
        until(lambda: yard.lane()["state"] == "closed")
    with at_work(site) as yard:
        assert (yard.lane()["state"], yard.lane()["sign"]) == ("closed", "Lane closed")


def test_a_state_that_is_written_wrong_is_shown_the_right_ones(site: Site) -> None:
    code, said = Yard(site, None, None).tell("lane", "state", "in", "closd")  # type: ignore[arg-type]
    said = " ".join(said.replace("│", " ").split())
    assert (code, "Value error" in said) == (2, False)
    assert "'closd' is no state of a lane; there are open, full, closed_to_transients, closed;" in said
    assert 'did you mean "closed"?' in said


def test_without_a_daemon_nobody_obeys_and_nothing_is_kept_for_later(site: Site) -> None:
    code, said = Yard(site, None, None).tell("lane", "open", "in")  # type: ignore[arg-type]
    assert (code, said) == (1, f"No daemon answers: none runs on the store {site.store}. Nothing was done.\n")
    with at_work(site) as yard:
        assert yard.hears_nothing()


def test_permits_are_forgiven_their_last_passage_by_a_persons_order(site: Site) -> None:
    with at_work(site) as yard:
        assert yard.tell("passback", "reset") == (0, "anti-passback: done.\n")
        until(lambda: yard.records("SELECT neutral_since IS NOT NULL FROM parking_lots") == [(1,)])


def test_a_plate_that_no_permit_has_is_forgiven_nothing_and_the_nearest_is_named(site: Site) -> None:
    site.write({**site.settings(), "permits": [{"plate": "AB 12 CDE"}]})
    with at_work(site) as yard:
        near = yard.tell("passback", "reset", "--plate", "ab12-cdf")
        assert near == (3, 'anti-passback doesn\'t obey: no permit has this plate; did you mean "AB12CDE"?\n')
        far = yard.tell("passback", "reset", "--plate", "ZZ99")
        assert far == (3, "anti-passback doesn't obey: no permit has this plate.\n")
        assert yard.tell("passback", "reset", "--plate", "ab 12 cde") == (0, "anti-passback: done.\n")
        until(lambda: yard.records("SELECT license_plate FROM vehicles WHERE neutral_since > 0") == [("AB12CDE",)])


def test_the_link_of_a_lanes_screen_is_printed_for_the_technician(site: Site) -> None:
    done = edge("kiosk-link", "in", "--config", str(site.config))
    assert (done.returncode, done.stdout.startswith("http://127.0.0.1:1/in")) == (0, True), done.stderr
    wrong = edge("kiosk-link", "west", "--config", str(site.config))
    assert (wrong.returncode, "there are in" in wrong.stderr) == (2, True)


def test_a_person_looks_after_the_spots(site: Site) -> None:
    with at_work(site) as yard:
        assert yard.tell("spots", "out-of-service", "2") == (0, "spot 2: spot 2 on Ground is out of service.\n")
        code, said = yard.tell("spots", "out-of-service", "9")
        assert (code, said) == (3, "Nothing was done: there is no spot '9'.\n")
        code, said = yard.tell("spots", "reset-count", "--vehicles", "1", "--level", "Ground")
        assert (code, said) == (0, "the count: Ground: 1 vehicle counted, 0 known; 1 free spot is taken by unknown.\n")
        listed = edge("spots", "list", "--config", str(site.config), "--json")
        standing = {(spot := json.loads(line))["spot"]: spot["standing"] for line in listed.stdout.splitlines()}
        assert standing == {"1": "free", "2": "out of service", "3": "taken by unknown"}
        assert yard.tell("spots", "in-service", "2")[0] == 0
        assert yard.records("SELECT body ->> 'by', body ->> 'reason' FROM journal WHERE type = 'spot.withdrawn'") == [
            ("Ada", "a delivery")
        ]
    shown = edge("spots", "list", "--config", str(site.config))
    assert shown.returncode == 0, "works without the daemon"
    assert "taken by unknown" in shown.stdout
    assert edge("spots", "in-service", "3", "--config", str(site.config), "-r", "looked").returncode == 1
