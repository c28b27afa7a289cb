"""The daemon that ships, with a price that moves: its sign, a restart while a car waits, and the ticket."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

from edge.store.database import connect, looking_into
from models.tariff import as_tariff
from simulator.servers import Mosquitto
from tests.brokers import talker
from tests.edge.daemons import Daemon, Devices, Site, a_camera, until
from tests.vision.passages import empty_lane, with_car

EMPTY, ONE_INSIDE = "2.00 EUR for each hour begun", "3.00 EUR for each hour begun"
TARIFF: dict[str, Any] = {
    "dialect": 2,
    "currency": "EUR",
    "timezone": "Europe/Berlin",
    "rates": [{"price": "2.00", "per": "1 h"}],
    "dynamic": {"occupancy": {"steps": [{"over": "30 %", "times": "1.5"}]}},
}


def sets_the_price(site: Site) -> None:
    """As the cloud would, before it went away."""
    connection = connect(site.store)
    connection.execute("INSERT INTO tariffs VALUES ('t', 1, 'Moving', 0, ?)", (as_tariff(TARIFF).model_dump_json(),))
    connection.close()


def takes_a_spot(site: Site, number: int) -> None:
    """Of three: the lot is fuller than 30 % then."""
    connection = connect(site.store)
    connection.execute("UPDATE spots SET status = 'OCCUPIED' WHERE rowid = ?", (number,))
    connection.close()


def test_a_sign_keeps_its_word_over_a_kill_while_a_car_waits(tmp_path: Path, mosquitto: Mosquitto) -> None:
    with talker(mosquitto.port) as client, talker(mosquitto.port) as sign:
        site = Site(tmp_path, mosquitto)
        settings = site.settings()
        settings["lanes"][0]["sign"] = {"driver": "mqtt", **site.login(), "topic": site.topic("sign")}
        site.write(settings)
        sign.subscribe(site.topic("sign"))
        devices = Devices(site, client)
        with Daemon(site) as first:
            assert site.status()["daemon"]["policy"]["factor"] is None
            first.stop()
        sets_the_price(site)
        with Daemon(site) as daemon:
            devices.are_heard()
            status = site.status()["daemon"]
            assert (status["policy"]["factor"], status["lanes"][0]["price"]) == ("1.00", EMPTY)
            until(lambda: json.loads(sign.hear().payload)["lines"] == [EMPTY])
            devices.say(arming="ON")
            until(lambda: site.status()["daemon"]["lanes"][0]["phase"] != "idle")
            daemon.kill()
        takes_a_spot(site, 3)
        devices.say(arming="ON", closing="OFF", position="closed")
        frame = with_car(empty_lane(), "HHPK482")
        with a_camera(frame) as camera:
            settings["lanes"][0]["camera"]["source"] = camera
            site.write(settings)
            with Daemon(site):

                def vended() -> bool:
                    devices.say(arming="ON", closing="OFF", position="closed")
                    return site.status()["tickets"].get("ADMITTED") == 1

                until(vended)
                status = site.status()["daemon"]
                assert (status["policy"]["factor"], status["lanes"][0]["price"]) == ("1.50", EMPTY)
                with looking_into(site.store) as connection:
                    pinned = connection.execute("SELECT tariff FROM tickets").fetchone()["tariff"]
                assert json.loads(pinned).get("factor", "1") in ("1", "1.00")
                devices.say(position="open", closing="ON", arming="OFF")
                time.sleep(0.5)
                devices.say(closing="OFF", position="closed")
                until(lambda: site.status()["daemon"]["lanes"][0]["price"] == ONE_INSIDE)
