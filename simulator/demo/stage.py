"""Sets up one whole Parkgate on this machine, and takes it down again, whatever happens in between."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

import httpx
from ruamel.yaml import YAML

from models.instants import Instant, to_rfc3339
from simulator.clock import RealTime
from simulator.demo.parts import Cloud, Edge, LoneBarrier, SimulatedLot, call
from simulator.servers import Postgres, RumqttBroker, free_port, wheel_binaries

CLOUD_USER, LOT_USER, DEVICES_USER = "parkgate-cloud", "parkgate-lot", "parkgate-devices"
MARK = "parkgate-demo"
"""A file of this name says that a folder is a demonstration's, to be emptied by the next."""
SPEED = 120
"""Lots of the demonstration live this many times as fast: half a minute of yours is an hour of parking."""


@dataclass(frozen=True)
class Options:
    """What the person who runs the demonstration may choose."""

    lot: Path
    vehicles: int | None = None
    rate: float = 10.0
    stay: str = "15s..75s"
    seed: int = 1
    http_port: int = 8080
    weights: Path | None = None
    mqtt: str | None = None
    """Another broker for the cloud: mqtt://user:password@host:port"""
    database: str | None = None
    speed: int = SPEED
    edge_program: tuple[str, ...] = ("parkgate-edge",)
    video: Path | None = None
    """What the lanes' cameras see instead of simulated cars; then only the arms are simulated."""


@dataclass(frozen=True, slots=True)
class Login:
    """How a part reaches a broker."""

    host: str
    port: int
    user: str
    password: str

    def written(self, variable: str) -> dict[str, Any]:
        """As a lot's YAML says it; the password is taken from the environment."""
        return {"host": self.host, "port": self.port, "username": self.user, "password_env": variable}


@dataclass
class Stage:
    """Brokers, database, cloud, daemon and simulated lot, each a process of its own with a log in `folder`.

    The lot's devices have a broker of their own, as at a real lot: they go on working when the cloud's is gone.
    """

    folder: Path
    options: Options
    say: Callable[[str], None]
    _open: ExitStack = field(default_factory=ExitStack)

    def __enter__(self) -> Self:
        """Starts everything but the cars. Raises ServerError."""
        try:
            self._set_up()
        except BaseException:
            self._open.close()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._open.close()

    def _set_up(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / MARK).touch()
        self.devices = self._device_broker()
        self.up, self.down = self._cloud_broker()
        self.database_url = self._database()
        self._signing_key, self._cloud_keys = self.folder / "signing.key", self.folder / "cloud.keys"
        self._enrol()
        self.cloud = Cloud(self.options.http_port or free_port(), self.folder / "cloud.log", self._cloud_environment())
        self._open.enter_context(self.cloud)
        self.say(f"cloud on {self.address}")
        self.store = self.folder / "lot.sqlite"
        self.witness, self.events = self.folder / "witness.jsonl", self.folder / "events.jsonl"
        self.camera_port = free_port()
        self.config = self._write_config()
        self.edge = Edge(
            self.options.edge_program, self.config, self.store, self.folder / "edge.log", self._edge_environment()
        )

    def let_cars_come(self) -> SimulatedLot:
        """The cameras first, then the daemon that watches them."""
        self.lot = SimulatedLot(self.camera_port, self.events, self._simulator_options(), self._device_environment())
        self._open.enter_context(self.lot)
        self.say("simulated lot: cameras, loops and arms")
        self._open.enter_context(self.edge)
        self.say("edge daemon")
        return self.lot

    def sign_in_link(self) -> str:
        """An address that opens the operators' page signed in, once, within ten minutes. Raises httpx.HTTPError."""
        key = {"Authorization": f"Bearer {self.api_key}"}
        made = httpx.post(f"{self.address}/console/links", headers=key).raise_for_status()
        return f"{self.address}{made.json()['path']}"

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.cloud.port}"

    def play_the_video(self, lane: str) -> LoneBarrier:
        """An arm for that lane, then the daemon whose camera is the video."""
        where = ["--mqtt", f"{self.devices.host}:{self.devices.port}", "--mqtt-user", self.devices.user]
        options = ["--lane", lane, *where, "--witness", str(self.witness)]
        arm = LoneBarrier(self.folder / "arm.log", options, self._device_environment())
        self._open.enter_context(arm)
        self._open.enter_context(self.edge)
        return arm

    # --- servers ---

    def _device_broker(self) -> Login:
        broker, password = self._embedded("devices", [DEVICES_USER])
        self.say(f"MQTT broker of the lot's devices (embedded) on port {broker.port}")
        return Login("127.0.0.1", broker.port or 0, DEVICES_USER, password[DEVICES_USER])

    def _cloud_broker(self) -> tuple[Login, Login]:
        """The lot's way up, and the cloud's way down to it."""
        if self.options.mqtt is not None:
            given = urlsplit(self.options.mqtt)
            self.say(f"MQTT broker of the cloud at {given.hostname}:{given.port}")
            login = Login(given.hostname or "", given.port or 1883, given.username or "", given.password or "")
            return login, login
        broker, passwords = self._embedded("cloud", [LOT_USER, CLOUD_USER])
        self.say(f"MQTT broker of the cloud (embedded) on port {broker.port}")
        up, down = (Login("127.0.0.1", broker.port or 0, user, passwords[user]) for user in (LOT_USER, CLOUD_USER))
        return up, down

    def _embedded(self, name: str, users: list[str]) -> tuple[RumqttBroker, dict[str, str]]:
        passwords = {user: secrets.token_urlsafe(18) for user in users}
        broker = RumqttBroker(self.folder / f"{name}-broker", passwords)
        return self._open.enter_context(broker), passwords

    def _database(self) -> str:
        if self.options.database is not None:
            self.say(f"PostgreSQL at {urlsplit(self.options.database).hostname}")
            return self.options.database
        postgres = Postgres(binaries=wheel_binaries())
        self._open.enter_context(postgres)
        self.say(f"PostgreSQL (embedded) on port {postgres.port}")
        return postgres.create_database("parkgate")

    def _enrol(self) -> None:
        environment = self._cloud_environment()
        public = call("parkgate-cloud", "signing", "new", str(self._signing_key), environment=environment)
        self._cloud_keys.write_text(public, encoding="ascii")
        call("parkgate-cloud", "db", "upgrade", environment=environment)
        lot = call("parkgate-cloud", "lots", "add", "--name", "Harbour Garage", "--json", environment=environment)
        self.lot_id = str(json.loads(lot)["id"])
        scopes = ["--scope", "read", "--scope", "plates"]
        key = call("parkgate-cloud", "keys", "add", "--name", "demo", *scopes, "--json", environment=environment)
        self.api_key = str(json.loads(key)["key"])
        self.say("lot enrolled, API key made")

    # --- settings ---

    def _cloud_environment(self) -> Mapping[str, str]:
        return {
            "PARKGATE_DATABASE_URL": self.database_url,
            "PARKGATE_SIGNING_KEY_FILE": str(self._signing_key),
            "PARKGATE_MQTT_HOST": self.down.host,
            "PARKGATE_MQTT_PORT": str(self.down.port),
            "PARKGATE_MQTT_USERNAME": self.down.user,
            "PARKGATE_MQTT_PASSWORD": self.down.password,
        }

    def _edge_environment(self) -> Mapping[str, str]:
        weights = {"PARKGATE_WEIGHTS": str(self.options.weights)} if self.options.weights else {}
        return {
            "PARKGATE_LINK_PASSWORD": self.up.password,
            "PARKGATE_DEVICES_PASSWORD": self.devices.password,
            **weights,
        }

    def _device_environment(self) -> Mapping[str, str]:
        return {"PARKGATE_SIM_MQTT_PASSWORD": self.devices.password}

    def _simulator_options(self) -> list[str]:
        chosen = ["--vehicles", str(self.options.vehicles)] if self.options.vehicles is not None else []
        return [
            *("--lot", str(self.config), "--mqtt", f"{self.devices.host}:{self.devices.port}"),
            *("--mqtt-user", self.devices.user, "--patience", "10 min"),
            *("--rate", str(self.options.rate), "--stay", self.options.stay, "--seed", str(self.options.seed)),
            *("--witness", str(self.witness), *chosen),
        ]

    def _write_config(self) -> Path:
        """The example lot, with this run's addresses in it."""
        yaml = YAML()
        lot: dict[str, Any] = yaml.load(self.options.lot.read_text(encoding="utf-8"))
        lot["x-broker"].update(self.devices.written("PARKGATE_DEVICES_PASSWORD"))
        lot["lot"]["id"] = self.lot_id
        lot["store"]["path"] = str(self.store)
        lot["link"] = {**self.up.written("PARKGATE_LINK_PASSWORD"), "cloud_keys": str(self._cloud_keys)}
        for lane in lot["lanes"]:
            simulated = f"http://127.0.0.1:{self.camera_port}/{lane['name']}.mjpg"
            lane["camera"]["source"] = str(self.options.video or simulated)
        if self.options.speed > 1:
            now = Instant(RealTime().read().wall)
            lot["simulation"] = {"wall_anchor": to_rfc3339(now), "wall_factor": self.options.speed}
        path = self.folder / "lot.yaml"
        with path.open("w", encoding="utf-8") as file:
            yaml.dump(lot, file)
        return path
