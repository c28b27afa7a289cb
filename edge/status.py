"""What the daemon is doing now, told to whoever asks on a socket beside the store."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Callable
from pathlib import Path

import structlog
from pydantic import BaseModel, ConfigDict

_LOG = structlog.get_logger("edge.status")
_ANSWER_WITHIN = 3.0
_MOST = 1 << 20


class FaultStatus(BaseModel):
    """A fault that is open now. `source` names the part, such as `north-in.closing_loop`."""

    model_config = ConfigDict(frozen=True)

    source: str
    code: str
    detail: str


class LaneStatus(BaseModel):
    model_config = ConfigDict(frozen=True)

    name: str
    direction: str
    phase: str
    barrier: str
    sign: str
    faults: tuple[FaultStatus, ...]


class DaemonStatus(BaseModel):
    """A snapshot of the running daemon."""

    model_config = ConfigDict(frozen=True)

    release: str
    pid: int
    reader: str
    link: str
    lanes: tuple[LaneStatus, ...]


def socket_path(store: Path) -> Path:
    return store.with_name(store.name + ".sock")


class StatusSocket:
    """Answers each connection with one snapshot. Only the daemon's own user may connect."""

    def __init__(self, path: Path, snapshot: Callable[[], DaemonStatus]) -> None:
        self._path, self._snapshot = path, snapshot
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        """A lot whose status can't be asked for (a path too long for a socket) works all the same."""
        mask = os.umask(0o177)
        try:
            self._path.unlink(missing_ok=True)
            self._server = await asyncio.start_unix_server(self._answer, str(self._path))
        except OSError as wrong:
            _LOG.warning("status.unavailable", path=str(self._path), why=str(wrong))
        finally:
            os.umask(mask)

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()
            self._path.unlink(missing_ok=True)

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(self._snapshot().model_dump_json().encode())
        writer.close()


def ask(store: Path) -> DaemonStatus | None:
    """The running daemon's snapshot; None when no daemon answers for this store. Blocking."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as line:
        line.settimeout(_ANSWER_WITHIN)
        try:
            line.connect(str(socket_path(store)))
            said = b"".join(iter(lambda: line.recv(_MOST), b""))
        except OSError:
            return None
    return DaemonStatus.model_validate_json(said) if said else None
