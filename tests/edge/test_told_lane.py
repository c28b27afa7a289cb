"""The daemon that ships, at a lane whose camera reads plates itself and posts them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx

from simulator.servers import Mosquitto, free_port
from tests.brokers import talker
from tests.edge.daemons import Daemon, Devices, Site, edge, until

TOKEN = "0123456789abcdef-right"
JPEG = b"\xff\xd8\xff\xe0" + bytes(500)


class ToldSite(Site):
    """One entry, whose camera posts."""

    def settings(self) -> dict[str, Any]:
        settings = super().settings()
        self.port = free_port()
        token = self.folder / "token"
        token.write_text(TOKEN)
        settings["lanes"][0]["camera"] = {
            "driver": "http_plates",
            "port": self.port,
            "token_file": str(token),
            "early": "1 s",
        }
        return settings

    def post(self, plate: str, **more: Any) -> int:
        address = f"http://127.0.0.1:{self.port}/plates/in/{TOKEN}"
        return httpx.post(address, content=json.dumps({"plate": plate, **more}), trust_env=False).status_code


def test_a_posted_plate_opens_for_the_vehicle_on_the_loop_once_and_for_nobody_else(
    tmp_path: Path, mosquitto: Mosquitto
) -> None:
    site = ToldSite(tmp_path, mosquitto)
    with talker(mosquitto.port) as client, Daemon(site) as daemon:
        devices = Devices(site, client)
        devices.are_heard()
        until(lambda: _listens(site))
        assert site.post("NOBODY1", confidence=0.99) == 200
        assert devices.hear_nothing(4.1), "nobody stands there"
        assert site.post("AB12CDE", confidence=0.97) == 200
        devices.say(arming="ON")
        assert devices.hear_a_vend()
        assert site.post("AB12CDE", confidence=0.97) == 200
        assert devices.hear_nothing(), "one vehicle, one vend"
        assert site.status()["tickets"] == {"ADMITTED": 1}
        assert site.status()["daemon"]["reader"] == "none needed"
        assert "AB12CDE" not in daemon.said(), "a log shows no plate"


def test_without_an_arming_loop_each_vehicle_that_is_told_of_gets_one_vend(
    tmp_path: Path, mosquitto: Mosquitto
) -> None:
    site = ToldSite(tmp_path, mosquitto)
    settings = site.settings()
    del settings["lanes"][0]["arming_loop"]
    settings["passback"] = "soft"
    site.write(settings)
    with talker(mosquitto.port) as client, Daemon(site):
        devices = Devices(site, client)
        devices.are_heard()
        until(lambda: _listens(site))
        for plate in ("AB12CDE", "XY77ZZZ"):
            assert site.post(plate, confidence=0.97) == 200
            assert devices.hear_a_vend()
            devices.say(position="open", closing="ON")
            assert site.post(plate, confidence=0.97) == 200
            assert devices.hear_nothing(0.7), "it drives through, as slowly as vehicles do"
            devices.say(closing="OFF")
            devices.say(position="closed")
            assert site.post(plate, confidence=0.97) == 200
            assert devices.hear_nothing(1), "it has passed"
        assert site.status()["tickets"] == {"ACTIVE": 2}


def test_whoever_was_read_on_the_loop_of_a_closed_lane_gets_in_when_it_opens(
    tmp_path: Path, mosquitto: Mosquitto
) -> None:
    """The camera says each plate once, and the vehicle waits for longer than that would count ahead."""
    site = ToldSite(tmp_path, mosquitto)

    def lane_is(state: str) -> None:
        done = edge("lane", "state", "in", state, "-c", str(site.config), "--reason", "snow", "--by", "Ada")
        assert done.returncode == 0, done.stderr

    with talker(mosquitto.port) as client, Daemon(site):
        devices = Devices(site, client)
        devices.are_heard()
        until(lambda: _listens(site))
        lane_is("closed")
        devices.say(arming="ON")
        until(lambda: site.status()["daemon"]["lanes"][0]["phase"] == "refused")
        assert site.post("AB12CDE", confidence=0.97) == 200
        assert devices.hear_nothing(1.2), "a closed lane opens for nobody"
        lane_is("open")
        assert devices.hear_a_vend()
        assert site.status()["tickets"] == {"ADMITTED": 1}


def _listens(site: ToldSite) -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{site.port}/", trust_env=False).status_code == 401
    except httpx.HTTPError:
        return False
