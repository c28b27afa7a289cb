"""The twin's end of the line to a daemon that runs in lock-step (the protocol stands in `edge/lockstep.py`)."""

from __future__ import annotations

import json
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_MOST = 1 << 20
Event = tuple[str, Any]
Word = tuple[str, str, Any]


class LineError(Exception):
    """The daemon hung up, said nothing for too long, or said something that it can't."""


@dataclass(frozen=True, slots=True)
class Idle:
    """The daemon has nothing left to do before `next` (microseconds; None: before something happens)."""

    next: int | None
    said: tuple[Word, ...]


class Line:
    """Waits for one daemon on a Unix socket, and then speaks with it by turns. Blocking."""

    def __init__(self, path: Path, patience: float = 30.0) -> None:
        """`patience`: real seconds after which a daemon that says nothing counts as hung. Raises OSError."""
        self._path, self._patience = path, patience
        self._unread = b""
        self._daemon: socket.socket | None = None
        path.unlink(missing_ok=True)
        self._listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._listening.bind(str(path))
        self._listening.listen(1)
        self._listening.settimeout(0.5)

    def close(self) -> None:
        """Hang up, for good."""
        self.hang_up()
        self._listening.close()
        self._path.unlink(missing_ok=True)

    def awaits(self) -> bool:
        """Whether the daemon has called by now; waits half a second at most."""
        try:
            self._daemon, _ = self._listening.accept()
        except TimeoutError:
            return False
        self._daemon.settimeout(self._patience)
        self._unread = b""
        return True

    def greet(self, now: int, wall_at_zero: int) -> Idle:
        """Tell the daemon what time it is. Its answer comes when it has started. Raises LineError."""
        self._send({"to": now, "wall": wall_at_zero})
        return self._answer()

    def step(self, to: int, events: Sequence[Event]) -> Idle:
        """Move the daemon's time to `to`, and tell what happened there. Raises LineError."""
        self._send({"to": to, "events": events})
        return self._answer()

    def hang_up(self) -> None:
        """There is no more time to come."""
        if self._daemon is not None:
            self._daemon.close()
            self._daemon = None

    def _send(self, said: dict[str, Any]) -> None:
        try:
            self._connected.sendall(json.dumps(said).encode() + b"\n")
        except OSError as wrong:
            raise LineError(f"the daemon hung up: {wrong}") from wrong

    def _answer(self) -> Idle:
        while b"\n" not in self._unread:
            try:
                more = self._connected.recv(_MOST)
            except TimeoutError:
                raise LineError(f"the daemon has said nothing for {self._patience:g} s") from None
            except OSError as wrong:
                raise LineError(f"the daemon hung up: {wrong}") from wrong
            if not more:
                raise LineError("the daemon hung up")
            self._unread += more
        line, _, self._unread = self._unread.partition(b"\n")
        try:
            said = json.loads(line)
            if "wrong" in said:
                raise LineError(f"the daemon has a defect: {said['wrong']}")
            return Idle(said["next"], tuple((part, word, detail) for part, word, detail in said["said"]))
        except (ValueError, KeyError, TypeError) as wrong:
            raise LineError(f"the daemon says what it can't: {line[:200]!r}") from wrong

    @property
    def _connected(self) -> socket.socket:
        if self._daemon is None:
            raise LineError("no daemon is on the line")
        return self._daemon
