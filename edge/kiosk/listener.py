"""An HTTP server inside the daemon's own loop: it leaves signals to the daemon and keeps few connections open."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol

MOST_CONNECTIONS = 64
"""A screen needs two or three. The daemon's files and sockets belong to its lanes."""
_FIRST_WORD_SECONDS = 10.0
_SILENT_MILLISECONDS = 10_000
_HEADER_BYTES = 16 * 1024


class FewConnections(H11Protocol):
    """Drops whoever comes when too many are there, says nothing for too long, or no longer answers."""

    _heard_something = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        crowded = len(self.connections) >= MOST_CONNECTIONS
        super().connection_made(transport)
        if crowded:
            transport.abort()
            return
        _give_up_on_silence(transport.get_extra_info("socket"))
        # A timer of the connection, like uvicorn's own: real time, as the network's is.
        self.loop.call_later(_FIRST_WORD_SECONDS, self._drop_if_silent)

    def handle_events(self) -> None:
        super().handle_events()
        # uvicorn has a cycle once a request's head is complete.
        self._heard_something = self._heard_something or bool(self.cycle)

    def _drop_if_silent(self) -> None:
        if not self._heard_something and not self.transport.is_closing():
            self.transport.abort()


class Server(uvicorn.Server):
    """uvicorn without signal handlers."""

    @contextmanager
    def capture_signals(self) -> Generator[None]:
        yield


def bound(address: str, port: int) -> socket.socket:
    """A socket that is ready to listen. Raises OSError when the port is taken or the address isn't here."""
    family = socket.AF_INET6 if ipaddress.ip_address(address).version == 6 else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((address, port))
        listening.listen()
    except OSError:
        listening.close()
        raise
    listening.setblocking(False)
    return listening


def server(app: ASGIApp) -> Server:
    config = uvicorn.Config(
        app,
        http=FewConnections,
        ws="none",
        lifespan="off",
        log_config=None,
        log_level="error",  # what strangers send isn't worth a line each
        access_log=False,
        proxy_headers=False,
        server_header=False,
        h11_max_incomplete_event_size=_HEADER_BYTES,
        timeout_graceful_shutdown=1,
    )
    return Server(config)


def _give_up_on_silence(connection: Any) -> None:
    """A screen that lost its power never closes its connection: the kernel does, when nothing is acknowledged."""
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, _SILENT_MILLISECONDS)
