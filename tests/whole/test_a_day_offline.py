"""A day at a lot whose network is down, by every way in and out: nothing needs the cloud, and its books agree later."""

from __future__ import annotations

from pathlib import Path

import pytest

from simulator.day.outcome import outcome
from simulator.day.play import played
from simulator.day.site import Site
from simulator.day.traffic import PlannedTraffic
from simulator.day.visits import visits
from simulator.servers import Mosquitto

pytestmark = pytest.mark.timeout(180)


def test_a_day_without_a_network(own_mosquitto: Mosquitto, database_url: str, tmp_path: Path) -> None:
    own_mosquitto.start()
    with Site(tmp_path, own_mosquitto, "parkgate", database_url) as site:
        day = played(site, PlannedTraffic(seed=4, visits=visits()))
    found = outcome(day)
    print(found.as_json())
    assert found.wrong == []
