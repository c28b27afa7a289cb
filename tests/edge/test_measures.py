"""The lot's figures, as Prometheus finds them."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families

from edge.clock import SystemClock
from edge.digests import Digests, LastDigest
from edge.measures import Disk, Figures, MeasuresFile, read_stored, registry_of
from edge.retention.log import record_erased
from edge.status import DaemonStatus
from edge.store.database import looking_into
from simulator.servers import Mosquitto
from tests.edge.daemons import Daemon, Site, until
from tests.edge.lots import a_lot
from tests.house.tree import HOUSE


def figures(file: Path) -> dict[str, float]:
    families = text_string_to_metric_families(file.read_text())
    return {
        sample.name + "".join(f"/{value}" for _, value in sorted(sample.labels.items())): sample.value
        for family in families
        for sample in family.samples
    }


def test_a_lot_that_has_lost_its_barrier_and_its_link_says_so(tmp_path: Path, mosquitto: Mosquitto) -> None:
    site, file = Site(tmp_path / "lot", mosquitto), tmp_path / "parkgate.prom"
    site.write({**site.settings(), "metrics": {"file": str(file)}})
    with Daemon(site):
        until(file.exists)
        found = figures(file)
    assert found["parkgate_edge_link_up"] == 0
    assert (found["parkgate_edge_spots"], found["parkgate_edge_spots_free"]) == (3, 3)
    assert found["parkgate_edge_backlog_facts/ledger"] == found["parkgate_edge_facts/ledger"] > 0
    assert found["parkgate_edge_store_bytes"] > 0
    assert found["parkgate_edge_disk_free_bytes"] > 0
    assert found["parkgate_edge_store_reserve_bytes"] > 0
    assert found["parkgate_edge_store_only_reserve"] == 0


async def test_what_goes_on_between_lot_and_cloud_is_measured(tmp_path: Path) -> None:
    lot = a_lot(tmp_path)
    digests = Digests(lot.store, lot.clock)
    await digests.write_if_due()
    lot.clock.forward(minutes=10)
    lot.decide(lambda tx: record_erased(tx, "telemetry", "facts", 7, tx.at.wall, "space"))
    lot.decide(lambda tx: record_erased(tx, "telemetry", "facts", 5, tx.at.wall, "space"))
    lot.decide(
        lambda tx: tx.connection.execute(
            "INSERT INTO intents VALUES ('permit:1', 1, 'permit.granted', 9, 0, '{}', NULL, NULL, 'd', 'parked', 'new')"
        )
    )
    lot.decide(lambda tx: tx.connection.execute("INSERT INTO cloud_keys VALUES (1, 3, '[]', 'file')"))
    status = DaemonStatus(
        release="1",
        pid=1,
        reader="none",
        link="up",
        lanes=(),
        clock=lot.clock.read(),
        acknowledged={"ledger": 42},
        resyncs=2,
    )
    file = tmp_path / "parkgate.prom"
    writing = asyncio.create_task(MeasuresFile(file, lot.store, digests, lambda: status, SystemClock()).run())
    while not file.exists():
        await asyncio.sleep(0.01)
    writing.cancel()
    found = figures(file)
    assert found["parkgate_edge_acknowledged_seconds/ledger"] == 42
    assert (found["parkgate_edge_digest_age_seconds"], found["parkgate_edge_digest_failed"]) == (600, 0)
    assert (found["parkgate_edge_resyncs"], found["parkgate_edge_key_changes"]) == (2, 3)
    assert found["parkgate_edge_intents_waiting/parked"] == 1
    assert found["parkgate_edge_deleted/telemetry/space"] == 12
    assert found["parkgate_edge_clock_synced"] == 1
    assert found["parkgate_edge_store_renewals"] == 0


def test_every_figure_stands_in_the_technicians_list_and_no_other(tmp_path: Path) -> None:
    lot = a_lot(tmp_path)
    with looking_into(lot.path) as connection:
        stored = read_stored(connection)
    daemon = DaemonStatus(release="1", pid=1, reader="none", link="up", lanes=(), acknowledged={"ledger": 1})
    made = registry_of(Figures(daemon, stored, Disk(0, 0, 0, 0, False), LastDigest(0.0, False)))
    written = {family.name.removeprefix("parkgate_edge_") for family in made.collect()}
    listed = (HOUSE / "docs" / "technician.md").read_text().split("| figure |")[1].split("\n\n")[0]
    rows = [line.split("|")[1] for line in listed.splitlines()[2:]]
    assert {name for row in rows for name in re.findall(r"`(\w+)`", row)} == written
