"""The daemon that ships, as a process: how it starts, what it tells, how it stops, and that no arm moves because of
either."""

from __future__ import annotations

import os
import re
import time
from pathlib import Path
from threading import Event

from edge.store.damage import quarantine
from edge.store.lock import StoreLock
from models.ids import LotId
from models.wire import topics
from models.wire.envelopes import Beacon, unpack
from simulator.servers import Mosquitto
from tests.brokers import Talker, talker
from tests.edge.clouds import HonestCloud
from tests.edge.daemons import Daemon, Devices, Site, a_camera, edge, until
from tests.vision.passages import empty_lane, with_car

PLATE = "HHPK482"
ORDERLY_SECONDS = 15.0


def goes_offline(ear: Talker) -> bool:
    """Whether the lot's beacon says so; earlier beacons are passed over. Raises queue.Empty."""
    while unpack(Beacon, ear.hear().payload).online:
        pass
    return True


def test_a_car_enters_a_lot_that_then_stops_in_good_order(tmp_path: Path, mosquitto: Mosquitto) -> None:
    comes = Event()
    with a_camera(with_car(empty_lane(), PLATE), there=comes.is_set) as camera, talker(mosquitto.port) as client:
        site = Site(tmp_path, mosquitto, camera)
        site.link = site.login()
        site.write(site.settings())
        devices = Devices(site, client, comes)
        with HonestCloud(mosquitto, LotId(site.id)) as cloud, Daemon(site) as daemon:
            devices.are_heard()
            assert devices.hear_nothing(), "a start moves no arm"
            devices.say(arming="ON")
            vend = devices.hear_a_vend()
            devices.say(position="moving", closing="ON", arming="OFF")
            time.sleep(0.5)
            devices.say(closing="OFF", position="closed")
            status = until(lambda: (said := site.status())["tickets"] == {"ACTIVE": 1} and said)
            assert (status["spots"]["total"], status["spots"]["available"]) == (3, 2)
            assert status["daemon"]["link"] == "up"
            assert status["daemon"]["lanes"][0]["phase"] == "idle"
            until(lambda: site.status()["link"]["backlog"] == 0)
            kinds = [fact.type for fact in cloud.books.applied]
            assert [kind for kind in kinds if kind.startswith(("vehicle.", "ticket."))] == [
                *("vehicle.registered", "ticket.opened", "ticket.confirmed", "ticket.pictured")
            ]
            assert [path for path in tmp_path.rglob("pictures/??/*") if path.is_file()], "it lies beside the store"
            until(lambda: daemon.tells("WATCHDOG=1"))
            with talker(mosquitto.port) as ear:
                ear.subscribe(topics.state(site.id))
                code, seconds = daemon.stop()
                assert goes_offline(ear)
            assert (code, seconds < ORDERLY_SECONDS) == (0, True), f"{code} after {seconds} s"
            assert daemon.tells("STOPPING=1")
        after = site.status()
        assert (after["daemon"], after["tickets"], after["link"]["backlog"]) == (None, {"ACTIVE": 1}, 0)
        assert re.fullmatch(r"[0-9a-f-]{36}", vend)
        assert devices.hear_nothing(), "one car, one vend"
        assert PLATE not in daemon.said(), "a log shows no plate: neither the daemon's nor the vision process's"
        assert PLATE not in f"{status}{after}", "nor what is told of faults, lanes and tickets"
        assert "HH•" in daemon.said() or "HH\\u2022" in daemon.said()


def test_a_second_daemon_is_told_who_has_the_store_and_sent_to_no_disk(tmp_path: Path, mosquitto: Mosquitto) -> None:
    site = Site(tmp_path, mosquitto)
    first = StoreLock(site.store)
    second = edge("run", "--config", str(site.config))
    first.release()
    assert (second.returncode, f"process {os.getpid()}" in second.stderr) == (1, True), second.stderr
    assert "stop it first" in second.stderr
    assert "permissions" not in second.stderr


def test_a_lot_that_is_killed_shows_as_offline_and_knows_of_the_car_that_it_lost_sight_of(
    tmp_path: Path, mosquitto: Mosquitto
) -> None:
    comes = Event()
    with a_camera(with_car(empty_lane(), PLATE), there=comes.is_set) as camera, talker(mosquitto.port) as client:
        site = Site(tmp_path, mosquitto, camera)
        site.link = site.login()
        site.write(site.settings())
        devices = Devices(site, client, comes)
        with Daemon(site) as daemon, talker(mosquitto.port) as ear:
            devices.are_heard()
            devices.say(arming="ON")
            devices.hear_a_vend()
            ear.subscribe(topics.state(site.id))
            daemon.kill()
            assert goes_offline(ear)
        assert site.status()["tickets"] == {"ADMITTED": 1}
        devices.say(arming="OFF", closing="OFF", position="closed")
        with Daemon(site):
            devices.are_heard()
            assert site.status()["tickets"] == {"UNRESOLVED": 1}
            assert devices.hear_nothing(), "a restart moves no arm"


def test_a_lot_without_a_cloud_starts_and_stops_and_moves_no_arm(tmp_path: Path, mosquitto: Mosquitto) -> None:
    """Its camera is gone too, and its store lies so deep that no socket fits beside it."""
    deep = tmp_path / ("deep-" * 20)
    site = Site(tmp_path, mosquitto, store=deep / "lot.sqlite")
    with talker(mosquitto.port) as client:
        devices = Devices(site, client)
        with Daemon(site) as daemon:
            devices.say(arming="OFF", closing="OFF", position="closed")
            assert site.status()["spots"]["available"] == 3
            assert devices.hear_nothing(seconds=1)
            code, seconds = daemon.stop()
        assert (code, seconds < ORDERLY_SECONDS) == (0, True), f"{code} after {seconds} s"
        assert devices.hear_nothing()
    assert "local.unavailable" in daemon.said()
    assert site.status()["link"]["backlog"] > 0


def test_a_missing_password_for_the_cloud_does_not_stop_the_lot(tmp_path: Path, mosquitto: Mosquitto) -> None:
    site = Site(tmp_path, mosquitto)
    site.link = site.login("PARKGATE_NOBODY_SET_THIS")
    site.write(site.settings())
    with talker(mosquitto.port) as client, Daemon(site) as daemon:
        Devices(site, client).are_heard()
        assert site.status()["daemon"]["link"] == "down"
        assert "link.no_login" in daemon.said()
        assert daemon.stop()[0] == 0


def test_an_unknown_key_is_shown_where_it_stands_and_nothing_starts(tmp_path: Path, mosquitto: Mosquitto) -> None:
    site = Site(tmp_path, mosquitto)
    site.write({**site.settings(), "tarif": {}})
    done = edge("run", "--config", str(site.config))
    assert done.returncode == 2
    assert re.search(rf"{re.escape(str(site.config))}:\d+:\d+", done.stderr)
    assert "tariff" in done.stderr
    assert not site.store.exists()


def test_a_damaged_store_is_named_and_nothing_starts(tmp_path: Path, mosquitto: Mosquitto) -> None:
    site = Site(tmp_path, mosquitto)
    site.store.write_bytes(b"no database at all" * 100)
    for command in ("run", "status"):
        done = edge(command, "--config", str(site.config))
        assert (done.returncode, str(site.store) in done.stderr) == (1, True), done.stderr
        assert "Traceback" not in done.stderr


def test_a_lot_whose_store_was_damaged_starts_on_another_one_once_and_says_so(
    tmp_path: Path, mosquitto: Mosquitto
) -> None:
    site = Site(tmp_path, mosquitto)
    with talker(mosquitto.port) as client:
        devices = Devices(site, client)
        with Daemon(site) as daemon:
            devices.are_heard()
            daemon.stop()
        with site.store.open("r+b") as file:
            file.write(b"\xa5" * 4096)
        for _ in range(2):
            with Daemon(site) as daemon:
                devices.are_heard()
                status = until(lambda: (said := site.status())["daemon"]["faults"] and said)
                assert [fault["code"] for fault in status["daemon"]["faults"]] == ["store.damaged"]
                assert status["spots"]["total"] == 3
                daemon.stop()
        (aside,) = quarantine.set_aside(site.store)
        assert aside.read_bytes()[:4096] == b"\xa5" * 4096
        aside.unlink()
        with Daemon(site):
            devices.are_heard()
            until(lambda: not site.status()["daemon"]["faults"])
