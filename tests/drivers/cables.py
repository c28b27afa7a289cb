"""A serial device on a pty that can be plugged in and pulled out, and a TCP device that can be switched off."""

from __future__ import annotations

import asyncio
import contextlib
import os
import pty
import tty
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path


@dataclass
class Cable:
    """The far end of a serial line. `port` is what the driver is told, the same whenever it is plugged in."""

    port: Path
    descriptor: int = -1
    said: bytearray = field(default_factory=bytearray)

    def plug_in(self) -> None:
        self.descriptor, slave = pty.openpty()
        tty.setraw(self.descriptor)
        tty.setraw(slave)
        os.set_blocking(self.descriptor, False)
        self.port.symlink_to(os.ttyname(slave))
        os.close(slave)

    def pull_out(self) -> None:
        if self.descriptor >= 0:
            os.close(self.descriptor)
            self.port.unlink()
        self.descriptor = -1

    def says(self, words: bytes) -> None:
        os.write(self.descriptor, words)

    def hears(self) -> bytes:
        """All that the driver has said since it was plugged in."""
        with contextlib.suppress(BlockingIOError, OSError):
            while said := os.read(self.descriptor, 4096):
                self.said += said
        return bytes(self.said)

    def hears_anew(self) -> bytes:
        """What the driver has said since this was last asked."""
        said = self.hears()
        self.said.clear()
        return said


@dataclass
class TcpDevice:
    """The far end of TCP connections: keeps what each said, and answers what `answer` says."""

    answer: Callable[[bytes], bytes] = lambda _words: b""
    port: int = 0
    connections: list[bytearray] = field(default_factory=list)
    reads: bool = True
    hang_up_after: int | None = None
    _server: asyncio.Server | None = None
    _writers: list[asyncio.StreamWriter] = field(default_factory=list)

    async def switch_on(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port, limit=1024)
        self.port = self._server.sockets[0].getsockname()[1]

    async def switch_off(self) -> None:
        if self._server is not None:
            self._server.close()
        for writer in self._writers:
            writer.transport.abort()
        self._writers.clear()
        await asyncio.sleep(0.01)

    @property
    def heard(self) -> bytes:
        return b"".join(map(bytes, self.connections))

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.append(writer)
        heard = bytearray()
        self.connections.append(heard)
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            while True:
                while not self.reads:
                    await asyncio.sleep(0.01)
                words = await reader.read(256)
                if not words:
                    break
                heard += words
                if self.hang_up_after is not None and len(heard) >= self.hang_up_after:
                    writer.transport.abort()
                    return
                writer.write(self.answer(words))
        writer.close()
