"""The daemon that ships, with a camera that goes away, and with one that can't quite read."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event
from typing import Any

from edge.local import ask
from edge.status import LaneStatus
from models.refusals import Refusal
from simulator.servers import Mosquitto, free_port
from tests.brokers import talker
from tests.edge.daemons import Daemon, Devices, Site, a_camera, until
from tests.vision.passages import empty_lane, with_car, with_scratched_plate


def with_a_patient_lane(site: Site, **lane: Any) -> Site:
    """No wait of the lane's own ends during a test."""
    settings = site.settings()
    settings["lanes"][0] |= {"timing": {"read_within": "300 s"}, **lane}
    site.write(settings)
    return site


def lane_of(site: Site) -> LaneStatus:
    said = ask(site.store)
    assert said is not None, "the daemon doesn't answer"
    return said.lanes[0]


def camera_is_gone(site: Site) -> bool:
    return any(fault.code.startswith("camera.") for fault in lane_of(site).faults)


def test_a_lane_whose_camera_goes_away_asks_for_no_plate_until_it_is_back(tmp_path: Path, mosquitto: Mosquitto) -> None:
    port = free_port()
    site = with_a_patient_lane(Site(tmp_path, mosquitto, f"http://127.0.0.1:{port}/in.mjpg"))
    with talker(mosquitto.port) as client, Daemon(site):
        devices = Devices(site, client)
        devices.are_heard()

        def says_to_a_vehicle(line: str) -> bool:
            devices.say(arming="ON")
            return until(lambda: lane_of(site).sign == line)

        def a_vehicle_leaves() -> None:
            devices.say(arming="OFF")
            until(lambda: lane_of(site).phase == "idle")

        def is_served() -> None:
            with a_camera(empty_lane(), port):
                until(lambda: not camera_is_gone(site))
                assert says_to_a_vehicle("Reading your plate")
                a_vehicle_leaves()

        is_served()
        until(lambda: camera_is_gone(site))
        assert says_to_a_vehicle(Refusal.NOT_READ.driver)
        a_vehicle_leaves()
        is_served()
        assert devices.hear_nothing()


def test_a_doubtful_plate_opens_only_when_the_driver_says_that_it_is_theirs(
    tmp_path: Path, mosquitto: Mosquitto
) -> None:
    comes = Event()
    scratched = with_scratched_plate(empty_lane())
    with a_camera(scratched, there=comes.is_set) as camera, talker(mosquitto.port) as client:
        site = Site(tmp_path, mosquitto, camera)
        button = {"driver": "mqtt", **site.login(), "topic": site.topic("confirm")}
        with_a_patient_lane(site, view={"guess_after": "500 ms"}, buttons={"confirm": button})
        with Daemon(site) as daemon:
            devices = Devices(site, client, comes)
            devices.are_heard()
            devices.say(confirm="OFF", arming="ON")
            until(lambda: lane_of(site).sign == "Is this your plate? AB123CD")
            assert devices.hear_nothing(seconds=1), "a question opens nothing"
            devices.say(confirm="ON")
            assert devices.hear_a_vend()
            assert site.status()["tickets"] == {"ADMITTED": 1}
            assert "AB123CD" not in daemon.said(), "a log shows no plate"


# --- without an arming loop ---

CAR = with_car(empty_lane(), "AB123CD")
LOOKED_AROUND = 2.0
"""Seconds after which the camera knows its lane without a vehicle"""


class CameraOnly(Site):
    """One entry without an arming loop, where anybody may come in as often as they like."""

    def settings(self) -> dict[str, Any]:
        settings = super().settings()
        del settings["lanes"][0]["arming_loop"]
        return {**settings, "passback": "off", "permits": [{"plates": ["AB123CD"], "name": "Ada"}]}


def stays(site: Site) -> dict[str, int]:
    return site.status()["tickets"]


def is_idle(site: Site) -> bool:
    return lane_of(site).phase == "idle"


@contextmanager
def an_open_lane(site: Site, daemon: Daemon, client: Any, comes: Event) -> Iterator[Devices]:
    devices = Devices(site, client)
    devices.are_heard()
    until(lambda: "vision.ready" in daemon.said() and not camera_is_gone(site))
    time.sleep(LOOKED_AROUND)
    comes.set()
    yield devices


def test_a_vehicle_that_has_passed_is_not_let_in_again_while_the_camera_sees_it(
    tmp_path: Path, mosquitto: Mosquitto
) -> None:
    comes = Event()
    with a_camera(CAR, there=comes.is_set) as camera, talker(mosquitto.port) as client:
        site = CameraOnly(tmp_path, mosquitto, camera)
        with Daemon(site) as daemon, an_open_lane(site, daemon, client, comes) as devices:
            assert devices.hear_a_vend()
            devices.say(position="open", closing="ON")
            until(lambda: lane_of(site).phase == "passing")
            time.sleep(1)
            devices.say(closing="OFF", position="closed")
            until(lambda: is_idle(site))
            assert devices.hear_nothing(4), "it drives away"
            assert (is_idle(site), stays(site)) == (True, {"ACTIVE": 1})
            comes.clear()
            assert devices.hear_nothing(1)
            assert (is_idle(site), stays(site)) == (True, {"ACTIVE": 1})
