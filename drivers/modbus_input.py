"""Inputs behind Modbus RTU and TCP. Tested against: a real pymodbus server over TCP and a pty; hardware: none yet."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import ClassVar

from pydantic import Field, model_validator

from drivers.contract import DigitalInput, DriverContext
from drivers.over_modbus.connection import LINE_FAULTS
from drivers.over_modbus.part import Address, ModbusPart, ModbusSettings, OverRtu, OverTcp
from drivers.over_modbus.polling import Table
from drivers.values import Seconds
from models.faults import Fault

SOURCES = {
    "discrete_input": Table.DISCRETE_INPUT,
    "coil": Table.COIL,
    "input_register": Table.INPUT_REGISTER,
    "holding_register": Table.HOLDING_REGISTER,
}


class ModbusInputSettings(ModbusSettings):
    """A loop, button or contact on a board's input, read over and over."""

    contract: ClassVar[type] = DigitalInput

    discrete_input: Address | None = None
    """The input, counted from 0: input 1 of most boards is 0. Read by function 02"""
    coil: Address | None = None
    """A coil instead, counted from 0, for boards that show their inputs as coils. Read by function 01"""
    input_register: Address | None = None
    """A register instead, for boards that show their inputs as bits of one, counted from 0. Read by function 04"""
    holding_register: Address | None = None
    """A register instead, for boards that show their inputs as bits of one, counted from 0. Read by function 03"""
    bit: int | None = Field(default=None, ge=0, le=15)
    """Which bit of the register, counted from 0 at the lowest"""
    inverted: bool = False
    """True for a contact that is open while the loop is occupied or the button pressed"""
    poll: Seconds = Field(default=0.1, ge=0.02, le=60)
    """How often it is read; inputs of one unit whose numbers follow each other are read together"""

    @model_validator(mode="after")
    def _one_source(self) -> ModbusInputSettings:
        written = [key for key in SOURCES if getattr(self, key) is not None]
        if len(written) != 1:
            raise ValueError(f"one of {', '.join(SOURCES)} is expected")
        if SOURCES[written[0]].of_bits != (self.bit is None):
            raise ValueError("a register needs its bit, and a bit its register, such as input_register: 0 and bit: 3")
        return self

    @property
    def source(self) -> tuple[str, Table, int]:
        """The key that was written, what it names, and the number."""
        return next((key, table, n) for key, table in SOURCES.items() if (n := getattr(self, key)) is not None)

    @property
    def claims(self) -> Mapping[str, str]:
        key, table, number = self.source
        bit = "" if self.bit is None else f" bit {self.bit}"
        return {key: f"{table} {number}{bit} of unit {self.unit} at {self.line}"}

    @property
    def on_when_cut(self) -> bool:
        return self.inverted

    @property
    def notices_within(self) -> float:
        """Without the wait for a unit that doesn't answer: its inputs are unknown then, and unknown is occupied."""
        return self.poll

    def build(self, context: DriverContext) -> ModbusInput:
        return ModbusInput(self, context)


class ModbusTcpInputSettings(OverTcp, ModbusInputSettings):
    """An input of a board with an Ethernet socket, or behind a gateway."""


class ModbusRtuInputSettings(OverRtu, ModbusInputSettings):
    """An input of a board on a serial bus."""


class ModbusInput(ModbusPart):
    """Its level is unknown from the first poll that fails until the next one that doesn't."""

    def __init__(self, settings: ModbusInputSettings, context: DriverContext) -> None:
        super().__init__(settings, context)
        _, self.table, self.address = settings.source
        self.poll = settings.poll
        self._bit, self._inverted = settings.bit or 0, settings.inverted
        self._read: bool | None = None
        self._level: bool | None = None
        self._heard_by: list[Callable[[bool | None], None]] = []
        self._faults: tuple[Fault, ...] = LINE_FAULTS

    @property
    def level(self) -> bool | None:
        return self._level

    def on_level(self, heard: Callable[[bool | None], None]) -> None:
        self._heard_by.append(heard)

    async def stop(self) -> None:
        await super().stop()
        self._set(None)

    # On the line's thread.

    def reached(self) -> None:
        super().reached()
        if self not in self._polling:
            self._polling.watch(self)

    def lost(self, detail: str) -> None:
        super().lost(detail)
        self._say(None)

    def read(self, value: int) -> None:
        self._clear(*self._faults)
        self._say(bool(value >> self._bit & 1) is not self._inverted)

    def unread(self, fault: Fault, detail: str) -> None:
        self._clear(*(other for other in self._faults if other is not fault))
        self._raise(fault, detail)
        self._say(None)

    async def _farewell(self) -> None:
        await self._polling.unwatch(self)

    def _say(self, level: bool | None) -> None:
        if level is not self._read:
            self._read = level
            self._hop(self._set, level)

    # On the daemon's loop.

    def _set(self, level: bool | None) -> None:
        if level is not self._level:
            self._level = level
            for heard in self._heard_by:
                heard(level)
