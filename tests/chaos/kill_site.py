"""A whole product on one machine, each process of which may be killed: lots with their daemons, a broker, PostgreSQL,
and several processes that take facts in. The lots' devices have a broker of their own, which lives."""

from __future__ import annotations

import json
import os
import re
import signal
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from cloud.ingest.sharing import SHARES
from simulator.demo.parts import Cloud, Edge, call
from simulator.servers import Mosquitto, Postgres, Server, free_port
from tests.chaos.kill_traffic import LANES
from tests.chaos.lane_lot import DAEMON, PASSWORD, PASSWORD_VARIABLE, USER, Lot

LOTS, INGESTS = 2, 2
_ENDS_WITHIN = 5.0
_DIVIDED_WITHIN = 60.0
_HELD = re.compile(r"event=shares.changed held=(\d+)")


class Ingest(Cloud):
    """Not waited for: it may be killed while it starts."""

    def _ready(self) -> bool:
        return self.running

    @property
    def shares(self) -> int:
        """The shares of the lots that it said last it holds."""
        said = _HELD.findall(self.log.read_text(encoding="utf-8")) if self.log.exists() else []
        return int(said[-1]) if said else 0


class Site:
    """A context manager: everything runs inside it."""

    def __init__(self, folder: Path, program: Sequence[str] = DAEMON, lots: int = LOTS, ingests: int = INGESTS) -> None:
        self._folder, self._program, self._count, self._ingests = folder, program, lots, ingests
        self._open = ExitStack()
        self.lots: list[Lot] = []
        self.edges: list[Edge] = []

    def __enter__(self) -> Self:
        with ExitStack() as opening:
            users = {USER: PASSWORD}
            self.devices = opening.enter_context(Mosquitto(self._folder / "devices", users))
            self.broker = opening.enter_context(Mosquitto(self._folder / "broker", users))
            self.postgres = opening.enter_context(Postgres())
            self.database_url = self.postgres.create_database("parkgate")
            environment = self._cloud_environment()
            public = call("parkgate-cloud", "signing", "new", str(self._signing_key), environment=environment)
            (self._folder / "cloud.keys").write_text(public, encoding="ascii")
            call("parkgate-cloud", "db", "upgrade", environment=environment)
            self.ingests = [
                opening.enter_context(Ingest(free_port(), self._folder / f"ingest-{number}.log", environment))
                for number in range(1, self._ingests + 1)
            ]
            for number in range(1, self._count + 1):
                self._found_lot(number, environment)
            self._open = opening.pop_all()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._open.close()

    def open(self) -> None:
        """The daemons begin, when whatever they send up will be heard."""
        self._wait_for_ears()
        for edge in self.edges:
            self._open.enter_context(edge)

    def _wait_for_ears(self) -> None:
        """Until the ingest processes have divided the lots among themselves."""
        until = time.monotonic() + _DIVIDED_WITHIN
        while sum(ingest.shares for ingest in self.ingests) != SHARES or not all(one.shares for one in self.ingests):
            if time.monotonic() > until:
                raise TimeoutError(f"the ingest processes haven't divided the lots after {_DIVIDED_WITHIN:.0f} s")
            time.sleep(0.1)

    @property
    def victims(self) -> Mapping[str, Server]:
        named: dict[str, Server] = {"broker": self.broker, "postgres": self.postgres}
        named |= {f"ingest-{number}": one for number, one in enumerate(self.ingests, 1)}
        return named | {f"edge-{number}": one for number, one in enumerate(self.edges, 1)}

    def stop_at_once(self) -> None:
        """PostgreSQL's own way of crashing: its "immediate" shutdown, which flushes nothing."""
        os.kill(self.postgres.pid, signal.SIGQUIT)
        until = time.monotonic() + _ENDS_WITHIN
        while self.postgres.running and time.monotonic() < until:
            time.sleep(0.02)
        self.postgres.kill()

    def _found_lot(self, number: int, environment: Mapping[str, str]) -> None:
        folder = self._folder / f"lot-{number}"
        folder.mkdir()
        enrolled = call("parkgate-cloud", "lots", "add", "--name", folder.name, "--json", environment=environment)
        login = {"host": "127.0.0.1", "port": self.broker.port, "username": USER, "password_env": PASSWORD_VARIABLE}
        link: dict[str, Any] = {**login, "cloud_keys": str(self._folder / "cloud.keys")}
        lot = Lot(folder, LANES, self.devices.port, id=str(json.loads(enrolled)["id"]), link=link)
        self.lots.append(lot)
        self.edges.append(lot.daemon(self._program))

    @property
    def _signing_key(self) -> Path:
        return self._folder / "signing.key"

    def _cloud_environment(self) -> Mapping[str, str]:
        return {
            "PARKGATE_DATABASE_URL": self.database_url,
            "PARKGATE_SIGNING_KEY_FILE": str(self._signing_key),
            "PARKGATE_MQTT_PORT": str(self.broker.port),
            "PARKGATE_MQTT_USERNAME": USER,
            "PARKGATE_MQTT_PASSWORD": PASSWORD,
            "PARKGATE_CONSOLE": "false",
        }
