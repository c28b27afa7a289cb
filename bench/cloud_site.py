"""A broker, a PostgreSQL and the cloud that ships, each a process of its own, for benches of the whole way up."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

import psutil

from models.ids import LotId
from simulator.demo.parts import Cloud, call
from simulator.servers import Mosquitto, Postgres, free_port

USER, PASSWORD = "parkgate", "bench"
BROKER = ("max_queued_messages 5000", "max_queued_bytes 268435456")
"""As `parkgate-cloud broker setup` writes it."""


class CloudSite:
    """A context manager: everything runs inside it."""

    def __init__(self, folder: Path, processes: int = 1) -> None:
        self.folder, self._processes = folder, processes
        self._open = ExitStack()

    def __enter__(self) -> Self:
        with ExitStack() as opening:
            self.broker = opening.enter_context(
                Mosquitto(self.folder / "broker", {USER: PASSWORD}, settings=[*BROKER, "connection_messages false"])
            )
            self.postgres = opening.enter_context(Postgres())
            self.database_url = self.postgres.create_database("parkgate")
            self._signing_key = self.folder / "signing.key"
            self.cloud_keys = self.folder / "cloud.keys"
            public = call("parkgate-cloud", "signing", "new", str(self._signing_key), environment=self._environment)
            self.cloud_keys.write_text(public, encoding="ascii")
            call("parkgate-cloud", "db", "upgrade", environment=self._environment)
            self.clouds = [
                Cloud(free_port(), self.folder / f"cloud-{number}.log", self._environment)
                for number in range(self._processes)
            ]
            self._open = opening.pop_all()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._open.close()

    def start_clouds(self) -> None:
        for cloud in self.clouds:
            self._open.enter_context(cloud)

    def enrol(self, name: str) -> LotId:
        lot = call("parkgate-cloud", "lots", "add", "--name", name, "--json", environment=self._environment)
        return LotId(json.loads(lot)["id"])

    def cpu_seconds(self) -> dict[str, float]:
        """What each part has used so far."""
        return {
            "cloud": sum(_used(cloud.pid) for cloud in self.clouds if cloud.running),
            "postgres": _used(self.postgres.pid),
            "broker": _used(self.broker.pid),
            "lots": _used(None, alone=True),
        }

    @property
    def _environment(self) -> Mapping[str, str]:
        return {
            "PARKGATE_DATABASE_URL": self.database_url,
            "PARKGATE_SIGNING_KEY_FILE": str(self._signing_key),
            "PARKGATE_MQTT_PORT": str(self.broker.port),
            "PARKGATE_MQTT_USERNAME": USER,
            "PARKGATE_MQTT_PASSWORD": PASSWORD,
            "PARKGATE_CONSOLE": "false",
        }


def _used(pid: int | None, *, alone: bool = False) -> float:
    process = psutil.Process(pid)
    family = [process] if alone else [process, *process.children(recursive=True)]
    used = 0.0
    for one in family:
        try:
            times = one.cpu_times()
        except psutil.NoSuchProcess:
            continue
        used += times.user + times.system + (0 if alone else times.children_user + times.children_system)
    return used
