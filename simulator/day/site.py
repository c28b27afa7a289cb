"""The cloud of the day, the lot's way to it, and the moment when that way is cut."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from models.spots import SpotType
from models.wire.seals import Signer
from simulator.demo.parts import Cloud, call
from simulator.servers import Mosquitto, RumqttBroker, free_port


@dataclass
class Site:
    """`broker` is between the lot and the cloud, and runs when the day begins; both log in as `user`. `database_url`
    names an empty database."""

    folder: Path
    broker: Mosquitto | RumqttBroker
    user: str
    database_url: str
    signer: Signer = field(default_factory=Signer.generated)
    _open: ExitStack = field(default_factory=ExitStack)

    def __enter__(self) -> Self:
        """The cloud at work, and a lot that it knows. Raises ServerError."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self._secret("signing.key", self.signer.text)
        self._secret("broker.password", self.broker.users[self.user])
        (self.folder / "cloud.keys").write_text(f"{self.signer.public_text}\n", encoding="ascii")
        call("parkgate-cloud", "db", "upgrade", environment=self.environment)
        self.another_lot("first")
        scopes = [word for scope in ("read", "operate", "plates") for word in ("--scope", scope)]
        self.api_key = str(self._told("keys", "add", "--name", "day", *scopes)["key"])
        self.cloud = Cloud(free_port(), self.folder / "cloud.log", self.environment)
        try:
            self._open.enter_context(self.cloud)
        except BaseException:
            self._open.close()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._open.close()

    def another_lot(self, folder: str) -> None:
        """From now on the day is that of a new one. Raises ServerError."""
        self.lot_id = str(self._told("lots", "add", "--name", "A day's garage")["id"])
        self.lot_folder = self.folder / folder

    @property
    def environment(self) -> Mapping[str, str]:
        return {
            "PARKGATE_DATABASE_URL": self.database_url,
            "PARKGATE_SIGNING_KEY_FILE": str(self.folder / "signing.key"),
            "PARKGATE_MQTT_HOST": "127.0.0.1",
            "PARKGATE_MQTT_PORT": str(self.broker.port),
            "PARKGATE_MQTT_USERNAME": self.user,
            "PARKGATE_MQTT_PASSWORD": self.broker.users[self.user],
        }

    @property
    def link(self) -> dict[str, Any]:
        """For the lot's file."""
        return {
            "host": "127.0.0.1",
            "port": self.broker.port,
            "username": self.user,
            "password_file": str(self.folder / "broker.password"),
            "cloud_keys": str(self.folder / "cloud.keys"),
        }

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.cloud.port}"

    def keep_back(self, spot_type: SpotType, places: int) -> None:
        """The lot is asked to keep so many places for reservations. Raises ServerError."""
        asked = (
            "--type",
            spot_type.value,
            "--places",
            str(places),
            "--by",
            "day",
            "--reason",
            "the day's reservations",
        )
        self._told("reservations", "quota", "--lot", self.lot_id, *asked)

    def network_goes(self) -> None:
        self.broker.kill()

    def network_comes_back(self) -> None:
        self.broker.start()

    def _told(self, *command: str) -> dict[str, Any]:
        return json.loads(call("parkgate-cloud", *command, "--json", environment={**os.environ, **self.environment}))

    def _secret(self, name: str, text: str) -> None:
        path = self.folder / name
        path.touch(mode=0o600)
        path.write_text(f"{text}\n", encoding="ascii")
