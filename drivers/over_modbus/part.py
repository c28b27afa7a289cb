"""What every part behind a Modbus line has in common: where it is, and how its faults reach the daemon's loop."""

from __future__ import annotations

import abc
import asyncio
import re
from collections.abc import Callable, Mapping
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from drivers.contract import DriverContext
from drivers.loopback import is_this_machine
from drivers.over_modbus.connection import LINE_FAULTS, UNREACHABLE, ModbusConnection, RtuLine, TcpLine
from drivers.over_modbus.polling import ModbusPolling
from drivers.over_serial.port import Baud, SerialPath
from drivers.settings import DriverSettings
from drivers.values import Host, Port, Seconds
from models.faults import Fault

_MANUALS = {"0": "coil", "1": "discrete input", "3": "input register", "4": "holding register"}
_IN_A_MANUAL = re.compile(r"([0134])(\d{4}|\d{5})")


def _counted_from_0(written: Any) -> Any:
    """Raises ValueError for a number as manuals have it, whose first digit says what it is, and which counts from 1."""
    shown = getattr(written, "text", str(written))
    as_printed = _IN_A_MANUAL.fullmatch(shown) if isinstance(written, int | str) else None
    if as_printed is None or int(as_printed[2]) == 0:
        return written
    kind, digit, number = _MANUALS[as_printed[1]], as_printed[1], int(as_printed[2]) - 1
    raise ValueError(f"numbers count from 0 here: this is {kind} {number} in the manual's {digit}xxxx numbering")


Address = Annotated[int, BeforeValidator(_counted_from_0), Field(ge=0, le=65535)]
"""Of a coil, input or register, counted from 0 as on the line; a manual that says 00001, 10001 or 40001 means 0."""

PARITIES = {"none": "N", "even": "E", "odd": "O"}


class ModbusSettings(DriverSettings):
    """One unit on a line."""

    faults: ClassVar[tuple[Fault, ...]] = LINE_FAULTS

    unit: int = Field(default=1, ge=1, le=255)
    """The number set on the board, often by small switches; also called slave address"""
    answer_within: Seconds = Field(default=0.5, gt=0, le=10)
    """A unit that hasn't answered by then counts as silent"""

    @property
    @abc.abstractmethod
    def line(self) -> TcpLine | RtuLine:
        """What parts of one line share."""

    @property
    def reaches_hardware(self) -> bool:
        return not (isinstance(self.line, TcpLine) and is_this_machine(self.line.host))

    def connection(self, context: DriverContext) -> tuple[ModbusConnection, ModbusPolling]:
        """The one connection to this line, for all parts of the lot."""
        key = ("modbus", self.line)
        if key not in context.shared:
            connection = ModbusConnection(self.line, context.clock)
            context.shared[key] = connection, ModbusPolling(connection)
        return context.shared[key]


class OverTcp(BaseModel):
    """A board with an Ethernet socket, or a gateway to a bus."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    driver: Literal["modbus_tcp"] = "modbus_tcp"
    host: Host
    """Name or address of the board or of the gateway"""
    port: Port = 502
    """TCP port; Waveshare's Ethernet boards come with 4196"""
    framing: Literal["modbus", "rtu"] = "modbus"
    """`modbus` for Modbus TCP; `rtu` for a serial device server that passes the bytes of the bus on as they are"""

    @property
    def line(self) -> TcpLine:
        return TcpLine(self.host, self.port, self.framing == "rtu")


class OverRtu(BaseModel):
    """A serial port with one or more units behind it."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    driver: Literal["modbus_rtu"] = "modbus_rtu"
    port: SerialPath
    """The serial port, best as /dev/serial/by-id/..."""
    baud: Baud = 9600
    """Bits a second, the same for all units on the bus"""
    parity: Literal["none", "even", "odd"] = "none"
    """As set on the units"""
    stop_bits: Literal[1, 2] = 1
    """As set on the units"""

    @property
    def line(self) -> RtuLine:
        return RtuLine(self.port, self.baud, PARITIES[self.parity], self.stop_bits)

    @property
    def shares(self) -> Mapping[str, tuple[str, str]]:
        """What several parts may use at once as long as all use it in one way: by key, its name and that way."""
        terms = f"driver {self.driver}, {self.baud} baud, 8{PARITIES[self.parity]}{self.stop_bits}"
        return {"port": (f"the serial port {self.port}", terms)}


class ModbusPart:
    """Lives on the line's thread; what it has to say goes to the daemon's loop in order."""

    def __init__(self, settings: ModbusSettings, context: DriverContext) -> None:
        self.unit, self.within = settings.unit, settings.answer_within
        self._context, self._clock = context, context.clock
        self._connection, self._polling = settings.connection(context)
        self._home: asyncio.AbstractEventLoop | None = None
        self._open_faults: set[str] = set()

    async def start(self) -> None:
        if self._home is None:
            self._home = asyncio.get_running_loop()
            self._connection.join(self)

    async def stop(self) -> None:
        if self._home is not None:
            await self._connection.leave(self, self._farewell())
            self._home = None

    # On the line's thread.

    def reached(self) -> None:
        self._clear(UNREACHABLE)

    def lost(self, detail: str) -> None:
        self._raise(UNREACHABLE, detail)

    async def _farewell(self) -> None:
        raise NotImplementedError

    def _raise(self, fault: Fault, detail: str) -> None:
        if fault.code not in self._open_faults:
            self._open_faults.add(fault.code)
            self._hop(self._context.faults.raised, fault, detail)

    def _clear(self, *faults: Fault) -> None:
        for fault in faults:
            if fault.code in self._open_faults:
                self._open_faults.remove(fault.code)
                self._hop(self._context.faults.cleared, fault)

    def _hop(self, call: Callable[..., None], *arguments: Any) -> None:
        if self._home is not None and not self._home.is_closed():
            self._home.call_soon_threadsafe(call, *arguments)
