"""A Mosquitto that reads the very folder which `parkgate-cloud broker setup` writes."""

from __future__ import annotations

import os
import signal
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from cloud.broker.folder import BrokerFolder, BrokerPlan
from cloud.broker.passwords import Login, hashed
from cloud.clock import SystemClock
from simulator.servers.ports import answers, free_port
from simulator.servers.process import Server, required
from tests.brokers import Talker, unconnected

PLAN = BrokerPlan(("localhost", "127.0.0.1"))


class SecuredBroker(Server):
    """As in production: TLS, two listeners, a login for each lot, the shipped rules. `passwords` are the lots'."""

    def __init__(self, folder: Path, passwords: Mapping[str, str] | None = None, *, rules: bool = True) -> None:
        """`rules` off: everybody may do everything, for a control."""
        self.folder, self._rules = BrokerFolder(folder / "broker"), rules
        self.passwords = dict(passwords or {})
        self.plan = replace(
            PLAN,
            lots_port=free_port(),
            lots_address="127.0.0.1",
            cloud_port=free_port(),
            state=f"{folder}/",
            pid_file=str(folder / "mosquitto.pid"),
        )
        super().__init__(self.plan.lots_port, folder / "mosquitto.log")
        self._program = required("mosquitto")
        self.folder.set_up(self.plan, self.logins(), SystemClock().read().wall)

    def logins(self) -> list[Login]:
        return [Login(lot, hashed(password)) for lot, password in self.passwords.items()]

    def lot(self, lot: str, **options: object) -> Talker:
        """A lot's client, not connected yet."""
        return unconnected(lot, self.passwords[lot], authority=self.authority, **options)  # type: ignore[arg-type]

    def cloud(self) -> Talker:
        password = self.folder.cloud_password.read_text().strip()
        return unconnected("parkgate-cloud", password, authority=self.authority)

    @property
    def authority(self) -> Path:
        return self.folder.path / "authority.crt"

    def read_anew(self) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGHUP)

    def _command(self) -> Sequence[str]:
        """The shipped file; root stays root, or it couldn't read a test's folder."""
        conf = self.folder.conf.read_text()
        if os.geteuid() == 0:
            conf += "user root\n"
        if not self._rules:
            conf = (
                "\n".join(line for line in conf.splitlines() if not line.startswith(("acl_file", "use_username")))
                + "\n"
            )
        started = self.folder.conf.with_name("as-started.conf")
        started.write_text(conf)
        return [self._program, "-c", str(started)]

    def _ready(self) -> bool:
        return answers(self.plan.lots_port) and answers(self.plan.cloud_port)
