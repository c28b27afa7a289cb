"""The demo's broker: rumqttd out of the iotcore wheel, so that no server has to be installed."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from simulator.servers.ports import HOST, answers, free_port
from simulator.servers.process import Server

_CONFIG = """\
id = 0

[router]
id = 0
max_connections = 1000
max_outgoing_packet_count = 200
max_segment_size = 16777216
max_segment_count = 10

[v5.1]
name = "v5"
listen = "{host}:{port}"
next_connection_delay_ms = 1

[v5.1.connections]
connection_timeout_ms = 5000
max_payload_size = 4194304
max_inflight_count = 100

[v5.1.connections.auth]
{users}
"""


class RumqttBroker(Server):
    """An MQTT 5 broker (5 only) with passwords and no topic rules. It keeps nothing over a restart."""

    def __init__(self, folder: Path, users: Mapping[str, str], *, port: int | None = None) -> None:
        super().__init__(port or free_port(), folder / "broker.log")
        self.users = dict(users)
        self._conf = folder / "broker.toml"
        folder.mkdir(parents=True, exist_ok=True)
        # A JSON string is a TOML basic string as well.
        listed = "\n".join(f"{json.dumps(user)} = {json.dumps(password)}" for user, password in self.users.items())
        self._conf.touch(mode=0o600)
        self._conf.write_text(_CONFIG.format(host=HOST, port=self.port, users=listed))

    def _command(self) -> Sequence[str]:
        # It logs every packet as an error below CRITICAL.
        return [sys.executable, "-P", "-m", "iotcore", "--config", str(self._conf), "--log-level", "CRITICAL"]

    def _ready(self) -> bool:
        return answers(self.port)
