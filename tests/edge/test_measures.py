"""The lot's figures, as Prometheus finds them."""

from __future__ import annotations

from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families

from simulator.servers import Mosquitto
from tests.edge.daemons import Daemon, Site, until


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
