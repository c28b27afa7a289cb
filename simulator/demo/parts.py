"""The product's own processes, started as a technician would start them: by their commands."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from simulator.servers.ports import answers
from simulator.servers.process import Server, ServerError

_BIN = Path(sys.executable).parent


def call(command: str, *arguments: str, environment: Mapping[str, str]) -> str:
    """Run one of our commands to its end; what it printed. Raises ServerError."""
    done = subprocess.run(
        [str(_BIN / command), *arguments],
        capture_output=True,
        text=True,
        env={**os.environ, **environment},
        check=False,
    )
    if done.returncode:
        raise ServerError(f"{command} {' '.join(arguments)} failed:\n{done.stderr.strip()}")
    return done.stdout


class Cloud(Server):
    """`parkgate-cloud run`."""

    def __init__(self, port: int, log: Path, environment: Mapping[str, str]) -> None:
        super().__init__(port, log)
        self._variables = {**os.environ, **environment, "PARKGATE_HTTP_PORT": str(port)}

    def _command(self) -> Sequence[str]:
        return [str(_BIN / "parkgate-cloud"), "run"]

    def _environment(self) -> Mapping[str, str]:
        return self._variables

    def _ready(self) -> bool:
        return answers(self.port)

    def __str__(self) -> str:
        return f"the cloud on port {self.port}"


class Edge(Server):
    """`parkgate-edge run`; ready when it answers for its status. `program` may name another daemon."""

    def __init__(
        self, program: Sequence[str], config: Path, store: Path, log: Path, environment: Mapping[str, str]
    ) -> None:
        super().__init__(None, log)
        self._program, self.config, self.store = program, config, store
        self._variables = {**os.environ, **environment}

    def _command(self) -> Sequence[str]:
        return [str(_BIN / self._program[0]), *self._program[1:], "run", "--simulation", "--config", str(self.config)]

    def _environment(self) -> Mapping[str, str]:
        return self._variables

    def _ready(self) -> bool:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as line:
            try:
                line.connect(f"{self.store}.sock")
            except OSError:
                return False
            return True

    def __str__(self) -> str:
        return "the edge daemon"


class SimulatedLot(Server):
    """`parkgate-sim run`; ready when its cameras can be watched. Its events go to `events`, a JSON object a line."""

    _stop_signal = signal.SIGTERM

    def __init__(self, camera_port: int, log: Path, options: Sequence[str], environment: Mapping[str, str]) -> None:
        super().__init__(camera_port, log)
        self._options = options
        self._variables = {**os.environ, **environment}

    def _command(self) -> Sequence[str]:
        return [str(_BIN / "parkgate-sim"), "run", "--camera-port", str(self.port), "--json-events", *self._options]

    def _environment(self) -> Mapping[str, str]:
        return self._variables

    def _ready(self) -> bool:
        return answers(self.port or 0)

    def __str__(self) -> str:
        return "the simulated lot"


class LoneBarrier(Server):
    """`parkgate-sim barrier`: an arm for a lane whose cars are in a video."""

    def __init__(self, log: Path, options: Sequence[str], environment: Mapping[str, str]) -> None:
        super().__init__(None, log)
        self._options = options
        self._variables = {**os.environ, **environment}

    def _command(self) -> Sequence[str]:
        return [str(_BIN / "parkgate-sim"), "barrier", *self._options]

    def _environment(self) -> Mapping[str, str]:
        return self._variables

    def _ready(self) -> bool:
        return True

    def __str__(self) -> str:
        return "the simulated arm"
