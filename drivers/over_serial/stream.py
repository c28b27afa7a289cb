"""Bytes to and from a device on a serial line, at a TCP address or behind a device file, without blocking the loop."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import fcntl
import os
import socket
import struct
import termios
from collections.abc import Callable
from typing import Any, Literal, Protocol

import serial
from pydantic import BaseModel, ConfigDict

from drivers.over_serial.port import Baud, SerialPath, trouble_with
from drivers.values import Host, Port
from models.instants import Clock

UNDELIVERED_MILLISECONDS = 5000
"""Bytes that a dead network hasn't taken in this time are dropped with the connection, not delivered late."""
_KEEPALIVE = ((socket.TCP_KEEPIDLE, 10), (socket.TCP_KEEPINTVL, 3), (socket.TCP_KEEPCNT, 3))
_READ_BYTES = 4096
_DRAIN_SECONDS = 0.02


class SerialSettings(BaseModel):
    """A serial line and how it is spoken to."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    port: SerialPath
    """Device file of the line, best as it stands in /dev/serial/by-id/, which stays the same at another socket"""
    baud: Baud = 9600
    """Speed of the line"""
    framing: Literal["8N1", "8N2", "8E1", "8O1", "7N1", "7E1", "7O1", "7E2"] = "8N1"
    """Data bits, parity (none, even, odd) and stop bits"""

    @property
    def serial_claim(self) -> str:
        return f"the serial port {self.port}"

    def way(self) -> Way:
        return SerialWay(self)


class TcpSettings(BaseModel):
    """A device, or a converter before it, that is reached over the network."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    host: Host
    """Name or address of the device"""
    port: Port
    """Its TCP port"""

    def way(self) -> Way:
        return TcpWay(self.host, self.port)


class Stream:
    """A device while it is open. OSError out of any call: the device is gone. One reader and one writer at a time."""

    def __init__(
        self,
        descriptor: int,
        close: Callable[[], None],
        discard: Callable[[], None],
        error: Callable[[], int] = lambda: 0,
    ) -> None:
        """`error`: what the system has to tell of the connection by itself, as an errno."""
        self._descriptor, self._close, self._discard, self._error = descriptor, close, discard, error
        self._open = True

    async def read(self) -> bytes:
        """What the device says next, as soon as it says it."""
        loop = asyncio.get_running_loop()
        await self._ready(loop.add_reader, loop.remove_reader)
        return self._read_what_is_there()

    def forget_what_was_said(self) -> None:
        """An answer that came too late isn't the answer to the next question."""
        with contextlib.suppress(BlockingIOError):
            while os.read(self._descriptor, _READ_BYTES):
                pass

    def read_now(self, most: int = _READ_BYTES) -> bytes:
        """What has been said already, perhaps nothing. From any thread, instead of `read`."""
        try:
            return os.read(self._descriptor, most)
        except BlockingIOError:
            return b""

    def write_now(self, words: bytes) -> int:
        """How much of it the system has taken. From any thread, instead of `write`."""
        try:
            return os.write(self._descriptor, words)
        except BlockingIOError:
            return 0

    async def write(self, words: bytes) -> None:
        """Returns when the system has taken all of it; `drained` tells when it has left the machine."""
        loop, left = asyncio.get_running_loop(), memoryview(words)
        while left:
            try:
                left = left[os.write(self._descriptor, left) :]
            except BlockingIOError:
                await self._ready(loop.add_writer, loop.remove_writer)

    async def drained(self, clock: Clock) -> None:
        """Until nothing is left in this machine's buffers: over TCP, until the far end has it."""
        while unsent := self._unsent():
            await clock.sleep(_DRAIN_SECONDS)
            if (broken := self._error()) != 0:
                raise OSError(broken, f"{os.strerror(broken)}, {unsent} bytes before the end")

    async def close(self, discard: bool = True) -> None:
        """`discard`: what hasn't left the machine yet never leaves it."""
        if not self._open:
            return
        self._open = False
        if discard:
            with contextlib.suppress(OSError, termios.error):
                self._discard()
        await asyncio.to_thread(self._close)

    def _read_what_is_there(self) -> bytes:
        try:
            said = os.read(self._descriptor, _READ_BYTES)
        except BlockingIOError:
            return b""
        if not said:
            raise ConnectionResetError(errno.ECONNRESET, "the far end has hung up")
        return said

    def _unsent(self) -> int:
        try:
            answer = fcntl.ioctl(self._descriptor, termios.TIOCOUTQ, struct.pack("i", 0))
        except OSError:
            return 0  # a device that can't tell has what it was given
        return struct.unpack("i", answer)[0]

    async def _ready(self, watch: Callable[..., Any], unwatch: Callable[[int], Any]) -> None:
        ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        watch(self._descriptor, lambda: None if ready.done() else ready.set_result(None))
        try:
            await ready
        finally:
            unwatch(self._descriptor)


class Way(Protocol):
    """Where a device is, and how it is opened."""

    @property
    def name(self) -> str:
        """For people."""
        ...

    async def open(self) -> Stream:
        """Raises OSError."""
        ...

    def why(self, error: OSError) -> str:
        """What is wrong with the device, in a technician's words."""
        ...


class SerialWay:
    """A serial line, locked for ourselves. No control line changes but for what the system does at opening."""

    def __init__(self, settings: SerialSettings) -> None:
        self._settings = settings

    @property
    def name(self) -> str:
        return self._settings.port

    async def open(self) -> Stream:
        port = await asyncio.to_thread(self._opened)
        return Stream(port.fileno(), port.close, port.reset_output_buffer)

    def why(self, error: OSError) -> str:
        return trouble_with(self.name, error).detail

    def _opened(self) -> serial.Serial:
        settings = self._settings
        bits, parity, stop_bits = int(settings.framing[0]), settings.framing[1], int(settings.framing[2])
        port: serial.Serial | None = None
        try:
            port = serial.Serial(settings.port, settings.baud, bits, parity, stop_bits, timeout=0, exclusive=True)
            # Without this the system drops DTR and RTS when the port is closed: some devices take that for a reset.
            attributes = termios.tcgetattr(port.fileno())
            attributes[2] &= ~termios.HUPCL
            termios.tcsetattr(port.fileno(), termios.TCSANOW, attributes)
        except termios.error as error:  # isn't an OSError, though it means the same
            if port is not None:
                port.close()
            raise OSError(*error.args) from error
        return port


class TcpWay:
    """A TCP connection that notices a dead network by itself."""

    def __init__(self, host: str, port: int) -> None:
        self._host, self._port = host, port

    @property
    def name(self) -> str:
        return f"{self._host}:{self._port}"

    async def open(self) -> Stream:
        loop = asyncio.get_running_loop()
        failed = OSError(errno.EHOSTUNREACH, "no address has this name")
        for family, kind, protocol, _, address in await loop.getaddrinfo(
            self._host, self._port, type=socket.SOCK_STREAM
        ):
            connection = socket.socket(family, kind, protocol)
            try:
                connection.setblocking(False)
                _notice_a_dead_network(connection)
                await loop.sock_connect(connection, address)
                return _tcp_stream(connection)
            except OSError as error:
                failed = error
                connection.close()
            except BaseException:
                connection.close()
                raise
        raise failed

    def why(self, error: OSError) -> str:
        return f"{self.name}: {_reason(error)}"


class DeviceWay:
    """A device file of the system's own, such as a printer's or a keyboard's. `prepare` gets its descriptor."""

    def __init__(self, path: str, flags: int, prepare: Callable[[int], None] | None = None) -> None:
        self.name, self._flags, self._prepare = path, flags, prepare

    async def open(self) -> Stream:
        file = open(self.name, "rb", buffering=0, opener=self._opener)  # noqa: ASYNC230, SIM115  doesn't wait, see _opener
        try:
            if self._prepare is not None:
                self._prepare(file.fileno())
        except OSError:
            file.close()
            raise
        return Stream(file.fileno(), file.close, lambda: termios.tcflush(file.fileno(), termios.TCOFLUSH))

    def why(self, error: OSError) -> str:
        return trouble_with(self.name, error).detail

    def _opener(self, path: str, _flags: int) -> int:
        return os.open(path, self._flags | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)


def _tcp_stream(connection: socket.socket) -> Stream:
    return Stream(
        connection.fileno(),
        connection.close,
        lambda: _reset_at_close(connection),
        lambda: connection.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR),
    )


def _notice_a_dead_network(connection: socket.socket) -> None:
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, UNDELIVERED_MILLISECONDS)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for option, value in _KEEPALIVE:
        connection.setsockopt(socket.IPPROTO_TCP, option, value)


def _reset_at_close(connection: socket.socket) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def _reason(error: OSError) -> str:
    if isinstance(error, TimeoutError):
        return "no answer in time"
    return error.strerror or str(error) or type(error).__name__
