"""One Modbus line, a serial bus or a host, shared by all parts of a lot that are reached through it."""

from __future__ import annotations

import asyncio
import os
import socket
import struct
import threading
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import structlog
from pymodbus import FramerType
from pymodbus.client import AsyncModbusSerialClient, AsyncModbusTcpClient
from pymodbus.client.base import ModbusBaseClient
from pymodbus.exceptions import ModbusException
from pymodbus.pdu import ModbusPDU

from drivers.contract import DriverError, NotSent
from models.faults import Fault
from models.instants import Clock, Monotonic

log = structlog.get_logger()

CONNECT_WITHIN_SECONDS = 3.0
RECONNECT_SECONDS = 1.0
SOON_SECONDS = 0.1
UNDELIVERED_MILLISECONDS = 2000
"""Bytes that a dead network hasn't taken in this time are dropped with the connection, not delivered late."""
LATE_ANSWER_SECONDS = 0.1
"""A serial answer carries no number: after one that didn't come in time, the bus is left alone for so long."""

UNREACHABLE = Fault(
    code="modbus.unreachable",
    meaning="The board's serial port can't be opened, or its host doesn't answer",
    look_at="The board's power, the USB or network cable, `port` or `host`; the daemon's user belongs in group dialout",
    does="Tries to reach it for ever; orders are refused meanwhile, inputs are unknown",
    ends="By itself, once the board is reached",
)
SILENT = Fault(
    code="modbus.silent",
    meaning="The line is there, but the unit with this number says nothing",
    look_at="The unit number set on the board, baud rate and parity, A and B of the RS-485 pair swapped, its power",
    does="Asks again about once a second; inputs are unknown",
    ends="By itself, at the next answer",
)
REFUSED = Fault(
    code="modbus.refused",
    meaning="The unit answers that it doesn't know this function or address",
    look_at="The coil, input or register in the settings, counted from 0; whether the board wants registers instead",
    does="Goes on asking; inputs are unknown, orders are refused",
    ends="By itself, once the unit takes what it is asked",
)
GARBLED = Fault(
    code="modbus.garbled",
    meaning="The unit answers something other than what it was asked",
    look_at="Two units with one number on the bus, termination of the RS-485 pair, another master on the bus",
    does="An order answered so counts as not carried out, and the contact is opened",
    ends="By itself, at the next right answer",
)
LINE_FAULTS = (UNREACHABLE, SILENT, REFUSED, GARBLED)

_EXCEPTIONS = {1: "it doesn't know this function", 2: "it doesn't know this address", 3: "it doesn't take this value"}


class ForceCoil(ModbusPDU):
    """Function 05 with its value left as it is, because some boards take more than on and off."""

    function_code = 5
    rtu_frame_size = 8
    value = 0

    def encode(self) -> bytes:
        return struct.pack(">HH", self.address, self.value)

    def decode(self, data: bytes) -> None:
        self.address, self.value = struct.unpack(">HH", data[:4])


@dataclass(frozen=True)
class TcpLine:
    """A board with an Ethernet socket, or a gateway to a bus."""

    host: str
    port: int
    raw_rtu: bool = False

    gap = 0.0

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"

    def client(self, broke: Callable[[bool], None]) -> ModbusBaseClient:
        return AsyncModbusTcpClient(
            self.host,
            port=self.port,
            framer=FramerType.RTU if self.raw_rtu else FramerType.SOCKET,
            reconnect_delay=0,
            timeout=CONNECT_WITHIN_SECONDS,
            retries=0,
            trace_connect=broke,
        )

    def why_not(self) -> str:
        return f"{self} doesn't answer"


@dataclass(frozen=True)
class RtuLine:
    """A serial port with one or more units behind it."""

    port: str
    baud: int
    parity: str
    stop_bits: int

    @property
    def gap(self) -> float:
        """Units take a new question only after three and a half characters of silence."""
        return max(3.5 * 11 / self.baud, 0.002)

    def __str__(self) -> str:
        return self.port

    def client(self, broke: Callable[[bool], None]) -> ModbusBaseClient:
        return AsyncModbusSerialClient(
            self.port,
            baudrate=self.baud,
            parity=self.parity,
            stopbits=self.stop_bits,
            reconnect_delay=0,
            timeout=CONNECT_WITHIN_SECONDS,
            retries=0,
            trace_connect=broke,
        )

    def why_not(self) -> str:
        if not Path(self.port).exists():
            return f"{self.port} isn't there: unplugged, or another name"
        if not os.access(self.port, os.R_OK | os.W_OK):
            return f"the daemon's user may not open {self.port}"
        return f"{self.port} can't be opened: another program uses it, a part with another baud rate or parity"


class Listener(Protocol):
    """A part on the line. Called on the line's own thread."""

    def reached(self) -> None: ...

    def lost(self, detail: str) -> None: ...


Question = Callable[[ModbusBaseClient], Awaitable[ModbusPDU]]


class ModbusConnection:
    """Connects with the first listener and leaves with the last; in between it reconnects for ever.

    It lives on a thread with an event loop of its own, so that a daemon that is busy elsewhere lengthens no pulse.
    One question is on the line at a time; none is repeated, queued for later or sent after a reconnect.
    """

    def __init__(self, line: TcpLine | RtuLine, clock: Clock) -> None:
        self.line, self.clock = line, clock
        self._listeners: list[Listener] = []
        self._members = 0
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._client: ModbusBaseClient | None = None
        self._detail = f"{line} hasn't been reached yet"
        self._turn = asyncio.Lock()
        self._broken = asyncio.Event()
        self._keeper: asyncio.Task[None] | None = None

    # On the daemon's loop.

    def join(self, listener: Listener) -> None:
        """Returns at once; the listener is told when the line is reached."""
        self._members += 1
        if self._loop is None:
            self._loop = asyncio.new_event_loop()
            self._turn, self._broken = asyncio.Lock(), asyncio.Event()
            self._thread = threading.Thread(target=self._loop.run_forever, name=f"modbus {self.line}"[:40], daemon=True)
            self._thread.start()
        self._loop.call_soon_threadsafe(self._enter, listener)

    async def leave(self, listener: Listener, farewell: Coroutine[Any, Any, None]) -> None:
        """`farewell` is the listener's last word on the line's thread. The last to leave closes the line."""
        await self.carry_out(farewell)
        await self.carry_out(self._exit(listener))
        self._members -= 1
        if self._members == 0 and self._loop is not None and self._thread is not None:
            loop, thread, self._loop, self._thread = self._loop, self._thread, None, None
            loop.call_soon_threadsafe(loop.stop)
            await asyncio.to_thread(thread.join)
            loop.close()

    async def carry_out(self, order: Coroutine[Any, Any, None]) -> None:
        """Run on the line's thread, to its end even if the caller doesn't wait for it. Raises what the order raises."""
        if self._loop is None:
            order.close()
            raise NotSent(UNREACHABLE, f"{self.line} isn't in use")
        await asyncio.shield(asyncio.wrap_future(asyncio.run_coroutine_threadsafe(order, self._loop)))

    # On the line's thread.

    def _enter(self, listener: Listener) -> None:
        self._listeners.append(listener)
        if self._keeper is None:
            self._keeper = asyncio.get_running_loop().create_task(self._keep_connected(), name=f"modbus {self.line}")
        elif self._client is not None:
            listener.reached()

    async def _exit(self, listener: Listener) -> None:
        self._listeners.remove(listener)
        if self._listeners or self._keeper is None:
            return
        keeper, self._keeper = self._keeper, None
        await end(keeper)

    async def _keep_connected(self) -> None:
        while True:
            client = self.line.client(lambda connected: None if connected else self._broken.set())
            client.register(ForceCoil)
            self._broken.clear()
            try:
                if await self._connect(client):
                    await self._stay(client)
                    await self.clock.sleep(SOON_SECONDS)
                else:
                    self._tell_lost(self.line.why_not())
                    await self.clock.sleep(RECONNECT_SECONDS)
            finally:
                self._client = None
                client.close()

    async def _connect(self, client: ModbusBaseClient) -> bool:
        try:
            return await client.connect()
        except (OSError, ValueError, ModbusException) as error:
            log.debug("modbus line not opened", line=str(self.line), reason=str(error))
            return False

    async def _stay(self, client: ModbusBaseClient) -> None:
        _give_up_soon(client)
        self._client = client
        log.info("modbus line reached", line=str(self.line))
        for listener in tuple(self._listeners):
            listener.reached()
        await self._broken.wait()
        self._client = None
        log.warning("modbus line lost", line=str(self.line))
        self._tell_lost(f"the connection to {self.line} broke")

    def _tell_lost(self, detail: str) -> None:
        self._detail = detail
        for listener in tuple(self._listeners):
            listener.lost(detail)

    async def ask(
        self, question: Question, unit: int, within: float, latest: Monotonic | None = None, order: bool = False
    ) -> ModbusPDU:
        """One question and its answer. Raises DriverError with one of LINE_FAULTS.

        After `latest` it isn't put any more. An unanswered `order` is taken back as far as that can be done: what still
        lies in this machine isn't sent.
        """
        async with self._turn:
            client = self._client
            if client is None:
                raise NotSent(UNREACHABLE, self._detail)
            if latest is not None and self.clock.monotonic() > latest:
                raise NotSent(SILENT, f"{self.line} was too busy: the order came too late and wasn't sent")
            try:
                async with asyncio.timeout(within):
                    answer = await question(client)
            except TimeoutError:
                await self._unanswered(client, order)
                raise DriverError(SILENT, f"unit {unit} at {self.line} didn't answer within {within:g} s") from None
            except ModbusException as error:
                raise DriverError(UNREACHABLE, f"the connection to {self.line} broke: {error}") from error
            await self.clock.sleep(self.line.gap)
        if answer.isError():
            reason = _EXCEPTIONS.get(answer.exception_code, f"exception {answer.exception_code}")
            raise DriverError(REFUSED, f"unit {unit} at {self.line} says that {reason}")
        return answer

    async def _unanswered(self, client: ModbusBaseClient, order: bool) -> None:
        if order:
            _take_back(client)
            if isinstance(self.line, TcpLine):
                client.close()
                self._client = None
                self._broken.set()
                return
        if isinstance(self.line, RtuLine) or self.line.raw_rtu:
            await self.clock.sleep(LATE_ANSWER_SECONDS)


async def end(task: asyncio.Task[None]) -> None:
    """Cancel it until it has ended: `asyncio.wait_for`, which pymodbus uses, loses a cancellation now and then."""
    while not task.done():
        task.cancel()
        await asyncio.wait((task,), timeout=SOON_SECONDS)


def _tcp_socket(client: ModbusBaseClient) -> Any | None:
    transport: Any = client.ctx.transport
    return None if transport is None else transport.get_extra_info("socket")


def _give_up_soon(client: ModbusBaseClient) -> None:
    """An order that lies in the kernel of a machine whose cable is out must not arrive when the cable is back."""
    connection = _tcp_socket(client)
    if connection is not None and hasattr(socket, "TCP_USER_TIMEOUT"):
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, UNDELIVERED_MILLISECONDS)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


def _take_back(client: ModbusBaseClient) -> None:
    """Drop what hasn't left this machine: the socket is reset, the serial port's buffer emptied."""
    transport: Any = client.ctx.transport
    if transport is None:
        return
    connection = _tcp_socket(client)
    if connection is not None:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        transport.abort()
        return
    port = getattr(transport, "sync_serial", None)
    if port is not None:
        transport.flush()
        try:
            port.reset_output_buffer()
        except OSError as error:
            log.debug("serial buffer not emptied", reason=str(error))
