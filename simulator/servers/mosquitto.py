"""Mosquitto, the broker of production, with passwords, topic rules and persistence."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from simulator.servers.ports import HOST, answers, free_port
from simulator.servers.process import Server, required


class Mosquitto(Server):
    """An MQTT 3.1.1 and 5 broker that keeps its state in `folder`.

    `users` maps names to passwords; nobody else gets in. `acl` is the text of an ACL file; without one every
    user may do everything. `settings` are further lines of its configuration. What it holds survives `restart`,
    but not `kill`: it saves when it stops.
    """

    def __init__(
        self,
        folder: Path,
        users: Mapping[str, str],
        *,
        port: int | None = None,
        acl: str | None = None,
        settings: Sequence[str] = (),
    ) -> None:
        super().__init__(port or free_port(), folder / "mosquitto.log")
        self.users = dict(users)
        self._program = required("mosquitto")
        self._conf = folder / "mosquitto.conf"
        folder.mkdir(parents=True, exist_ok=True)
        self._write(folder, acl, settings)

    def _write(self, folder: Path, acl: str | None, settings: Sequence[str]) -> None:
        passwords = folder / "passwords"
        _private(passwords, "".join(f"{user}:{password}\n" for user, password in self.users.items()))
        subprocess.run([required("mosquitto_passwd"), "-U", str(passwords)], check=True, capture_output=True)
        lines = [
            f"listener {self.port} {HOST}",
            "allow_anonymous false",
            f"password_file {passwords}",
            "persistence true",
            f"persistence_location {folder}/",
            "log_dest stderr",
            "connection_messages true",
        ]
        if os.geteuid() == 0:
            lines.append("user root")  # else it becomes `mosquitto`, who can't read this folder
        if acl is not None:
            _private(folder / "acl", acl)
            lines.append(f"acl_file {folder / 'acl'}")
        _private(self._conf, "\n".join([*lines, *settings, ""]))

    def _command(self) -> Sequence[str]:
        return [self._program, "-c", str(self._conf)]

    def _ready(self) -> bool:
        return answers(self.port)


def _private(path: Path, text: str) -> None:
    path.touch(mode=0o600)
    path.write_text(text)
