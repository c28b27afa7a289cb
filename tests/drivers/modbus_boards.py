"""A Modbus board for tests: pymodbus' own server, over TCP or a pair of ptys, on a thread of its own."""

from __future__ import annotations

import asyncio
import contextlib
import os
import pty
import select
import threading
import time
import tty
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pymodbus import FramerType
from pymodbus.constants import ExcCodes
from pymodbus.exceptions import NoSuchIdException
from pymodbus.pdu import ModbusPDU
from pymodbus.server import ModbusSerialServer, ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice

from drivers.over_modbus.connection import ForceCoil

READ_COILS, READ_INPUTS, READ_HOLDING, READ_INPUT_REGISTERS, FORCE_COIL, PRESET_REGISTER = 1, 2, 3, 4, 5, 6
FLASH = 0x0200


@dataclass
class Board:
    """What lies behind the server: the contacts, and what is wrong with them."""

    units: tuple[int, ...] = (1,)
    coils: dict[int, bool] = field(default_factory=dict)
    inputs: dict[int, bool] = field(default_factory=dict)
    registers: dict[int, int] = field(default_factory=dict)
    ask_log: list[tuple[int, int, int, int]] = field(default_factory=list)
    """Unit, function, address and count of each question"""
    moves: list[tuple[float, int, bool]] = field(default_factory=list)
    """When which contact was made or opened"""
    silent: bool = False
    deaf_to_orders: bool = False
    """Carries orders out, but confirms none"""
    disobeys: bool = False
    lies: bool = False
    """Repeats the opposite of what it was told"""
    refuses: set[int] = field(default_factory=set)
    """Functions that it doesn't know"""

    async def async_getValues(self, unit: int, function: int, address: int, count: int = 1) -> Any:
        self._meet(unit, function)
        if function == FORCE_COIL:
            return [self.told is not self.lies]
        self.ask_log.append((unit, function, address, count))
        places = range(address, address + count)
        if function == READ_COILS:
            return [self.coils.get(place, False) for place in places]
        if function == READ_INPUTS:
            return [self.inputs.get(place, False) for place in places]
        return [self.registers.get(place, 0) for place in places]

    async def async_setValues(self, unit: int, function: int, address: int, values: list[Any]) -> Any:
        try:
            self._meet(unit, function)
        except NoSuchIdException:
            raise
        if function in self.refuses:
            return ExcCodes.ILLEGAL_FUNCTION
        if function == PRESET_REGISTER:
            self.registers[address] = values[0]
        else:
            self.told = bool(values[0])
            self.set_coil(address, self.told)
        if self.deaf_to_orders:
            raise NoSuchIdException
        return None

    told: bool = False

    def set_coil(self, address: int, on: bool) -> None:
        if not self.disobeys:
            self.coils[address] = on
        self.moves.append((time.monotonic(), address, on))

    def device_ids(self) -> list[int]:
        return list(self.units)

    def _meet(self, unit: int, function: int) -> None:
        if self.silent or unit not in self.units:
            raise NoSuchIdException
        if function in self.refuses and function != FORCE_COIL and function != PRESET_REGISTER:
            raise NoSuchIdException

    # What the tests ask.

    def made(self, address: int = 0) -> bool:
        return self.coils.get(address, False)

    def orders(self, address: int = 0) -> list[bool]:
        return [on for _, where, on in self.moves if where == address]

    def lasted(self, address: int = 0) -> float:
        """How long the contact was made, from its first closing to the first opening after it."""
        began = next(at for at, where, on in self.moves if where == address and on)
        return next(at for at, where, on in self.moves if where == address and not on and at > began) - began


class WaveshareCoil(ForceCoil):
    """A board that times flash-on itself, and repeats the order as it came."""

    async def datastore_update(self, context: Any, device_id: int) -> ModbusPDU:
        board: Board = context
        if self.address < FLASH:
            await board.async_setValues(device_id, self.function_code, self.address, [self.value == 0xFF00])
        else:
            coil = self.address - FLASH
            await board.async_setValues(device_id, self.function_code, coil, [True])
            asyncio.get_running_loop().call_later(self.value / 10, board.set_coil, coil, False)
        answer = WaveshareCoil(dev_id=self.dev_id, transaction_id=self.transaction_id, address=self.address)
        answer.value = self.value
        return answer


class Bench:
    """The board's own thread, and its server, which can be taken away and brought back."""

    def __init__(self, new_server: Callable[[], ModbusTcpServer | ModbusSerialServer], board: Board) -> None:
        self._new_server, self.board = new_server, board
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="board", daemon=True)
        self._thread.start()
        self._server: Any = None

    def plug_in(self) -> None:
        async def serve() -> Any:
            server = self._new_server()
            server.context = self.board  # type: ignore[assignment]
            await server.serve_forever(background=True)
            return server

        self._server = self._run(serve())

    def pull_out(self) -> None:
        server, self._server = self._server, None
        if server is not None:
            self._run(server.shutdown())

    def end(self) -> None:
        self.pull_out()
        self._run(asyncio.sleep(0.01))
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)
        self._loop.close()

    def _run(self, work: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(5)


def _no_data() -> SimDevice:
    """pymodbus wants a device; the board takes its place."""
    return SimDevice(0, simdata=[SimData(0, values=0, datatype=DataType.REGISTERS)])


def a_tcp_bench(board: Board, port: int, raw_rtu: bool = False, waveshare: bool = False) -> Bench:
    def new_server() -> ModbusTcpServer:
        return ModbusTcpServer(
            _no_data(),
            framer=FramerType.RTU if raw_rtu else FramerType.SOCKET,
            address=("127.0.0.1", port),
            ignore_missing_devices=True,
            custom_pdu=[WaveshareCoil] if waveshare else None,
        )

    return Bench(new_server, board)


class Cable:
    """Two ptys joined back to back: the daemon's end is found at `path`, the board's at `far`."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._masters, slaves = zip(*(pty.openpty() for _ in range(2)), strict=True)
        for end in (*self._masters, *slaves):
            tty.setraw(end)
        self.near, self.far = (os.ttyname(slave) for slave in slaves)
        self._slaves = slaves
        self._cut = threading.Event()
        self.sent = bytearray()
        """What the daemon's side has put on the wire"""
        self.path.unlink(missing_ok=True)
        self.path.symlink_to(self.near)
        self._thread = threading.Thread(target=self._carry, name="cable", daemon=True)
        self._thread.start()

    def _carry(self) -> None:
        near, far = self._masters
        while not self._cut.is_set():
            ready, _, _ = select.select([near, far], [], [], 0.05)
            for end in ready:
                with contextlib.suppress(OSError):
                    data = os.read(end, 1024)
                    if end == near:
                        self.sent += data
                    os.write(far if end == near else near, data)

    def unplug(self) -> None:
        self.path.unlink(missing_ok=True)
        self._cut.set()
        self._thread.join(2)
        for end in (*self._masters, *self._slaves):
            with contextlib.suppress(OSError):
                os.close(end)


def an_rtu_bench(board: Board, cable: Cable, waveshare: bool = False) -> Bench:
    def new_server() -> ModbusSerialServer:
        return ModbusSerialServer(
            _no_data(),
            port=cable.far,
            baudrate=9600,
            ignore_missing_devices=True,
            custom_pdu=[WaveshareCoil] if waveshare else None,
        )

    return Bench(new_server, board)
