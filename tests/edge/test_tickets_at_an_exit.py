"""`parkgate-edge tickets at` and `this-one` with the daemon at work: the lane goes on with what a person says."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from typer.testing import CliRunner

from edge.clock import SystemClock
from edge.parking import entry
from edge.parking.places.layout import declare
from edge.store import Store
from edge.tickets_cli import tickets_app
from models.ids import LotId
from models.plates import Plate
from models.spots import VehicleType
from simulator.servers import Mosquitto
from tests.brokers import talker
from tests.edge.daemons import Daemon, Devices, Site, environment, until
from tests.edge.lots import IN, TARIFF, a_level, declared


@pytest.fixture
def site(tmp_path: Path, mosquitto: Mosquitto) -> Site:
    site = Site(tmp_path, mosquitto)
    settings = site.settings()
    [entry_lane] = settings["lanes"]
    elsewhere = json.loads(json.dumps(entry_lane).replace(site.topic(""), site.topic("in/")))
    free = {"driver": "simulated"}
    out = entry_lane | {"name": "out", "direction": "exit", "payment_terminal": free}
    settings["lanes"] = [out, elsewhere]
    site.write(settings)
    return site


def somebody_inside(site: Site) -> str:
    """From before the daemon started. Returns the ticket's code."""
    plan = (a_level(0, REGULAR=3),)
    with closing(Store(site.store, LotId(site.id), SystemClock())) as store:
        store.write_now(lambda tx: declare(tx, declared(plan), plan))
        arrival = entry.Arrival(IN, Plate("AB12CDE"), 0.9, VehicleType.REGULAR)
        admitted = store.write_now(lambda tx: entry.admit(tx, arrival, TARIFF))
        assert isinstance(admitted, entry.Admitted)
        store.write_now(lambda tx: entry.confirm(tx, admitted.ticket, IN))
        return admitted.code


def tell(site: Site, *order: str) -> tuple[int, str]:
    done = CliRunner().invoke(tickets_app, [*order, "--config", str(site.config)], env=dict(environment()))
    return done.exit_code, done.output


NOWHERE = ("--html", "/dev/null/look")
NOT_WRITTEN = (2, "The page can't be written: [Errno 20] Not a directory: '/dev/null/look'\n")


@pytest.mark.parametrize("command", ["find", "matched"])
def test_who_wants_a_page_where_none_can_be_written_is_told_why(site: Site, command: str) -> None:
    somebody_inside(site)
    assert tell(site, command, *NOWHERE) == NOT_WRITTEN


def test_a_person_sees_who_stands_there_and_says_which_ticket_it_is(site: Site) -> None:
    code = somebody_inside(site)
    said = ("--reason", "the same dent", "--by", "Ada")
    with talker(site.broker.port) as client, Daemon(site):
        devices = Devices(site, client)
        devices.are_heard()
        assert tell(site, "at", "west")[1] == "there is no lane 'west'; there are out, in.\n"
        assert tell(site, "this-one", "out", code, "--vehicle", "x-x-x", *said)[0] == 3, "nobody waits there"
        devices.say(arming="ON")
        until(lambda: "a vehicle stands there" in tell(site, "at", "out")[1])
        assert tell(site, "at", "out", *NOWHERE) == NOT_WRITTEN
        named = tell(site, "at", "out")[1].partition("--vehicle ")[2].split()[0]
        other = tell(site, "this-one", "out", code, "--vehicle", "0000-x-x", *said)
        assert other[0] == 3
        done, answer = until(lambda: waits(tell(site, "this-one", "out", code, "--vehicle", named, *said)))
        assert (done, answer) == (0, f"out: {code} is its ticket; out goes on with it.\n")
        assert "vend" in json.loads(client.hear().payload.decode())
    with closing(sqlite3.connect(site.store)) as connection:
        found = connection.execute("SELECT exit_match FROM tickets WHERE code = ?", (code,)).fetchone()
    assert found == ("by_hand",)
    assert tell(site, "unmatch", code, *said)[0] == 1, "no daemon answers any more"
    assert tell(site, "matched")[0] == 0


def waits(said: tuple[int, str]) -> tuple[int, str] | None:
    """Once the lane has looked at the vehicle, it takes a ticket."""
    return said if said[0] == 0 else None
