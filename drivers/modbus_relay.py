"""Relays behind Modbus RTU and TCP. Tested against: a real pymodbus server over TCP and a pty; hardware: none yet."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Mapping
from typing import Any, ClassVar, Literal

from pydantic import Field, model_validator
from pymodbus.client.base import ModbusBaseClient
from pymodbus.pdu import ModbusPDU

from drivers.contacts.faults import BUSY, NOT_OBEYED
from drivers.contacts.release import LEFT_MADE, Release
from drivers.contract import DriverContext, DriverError, NotSent, Relay
from drivers.over_modbus.connection import GARBLED, LINE_FAULTS, REFUSED, SILENT, ForceCoil
from drivers.over_modbus.part import Address, ModbusPart, ModbusSettings, OverRtu, OverTcp
from drivers.over_modbus.polling import Table, read
from drivers.values import Seconds
from models.faults import Fault
from models.instants import SECOND, Monotonic

ORDER_WITHIN_SECONDS = 1.5
"""An order that had to wait longer than this for its turn on the line isn't sent any more."""
FLASH_ADDRESS, FLASH_TENTHS = 0x0200, 0x7FFF
LAST_TRIES = 3
COIL_ON, COIL_OFF = 0xFF00, 0x0000


class ModbusRelaySettings(ModbusSettings):
    """One contact of a board: a coil, or a register for boards that want it."""

    contract: ClassVar[type] = Relay
    faults: ClassVar[tuple[Fault, ...]] = (*LINE_FAULTS, NOT_OBEYED, LEFT_MADE, BUSY)

    coil: Address | None = None
    """The contact's coil, counted from 0: relay 1 of most boards is coil 0. Written by function 05"""
    holding_register: Address | None = None
    """The contact's holding register instead of a coil, counted from 0, for boards that want function 06"""
    on_value: int = Field(default=1, ge=0, le=65535)
    """What is written into the register to make the contact"""
    off_value: int = Field(default=0, ge=0, le=65535)
    """What is written into the register to open the contact"""
    on_reads: int | None = Field(default=None, ge=0, le=65535)
    """What the register reads while the contact is made; without it, what was written"""
    off_reads: int | None = Field(default=None, ge=0, le=65535)
    """What the register reads while the contact is open; without it, what was written"""
    read_back: bool = True
    """Whether the board lets its contact be read; with false, `on` is only what it was last told"""
    watch: Seconds = Field(default=2.0, ge=0.05, le=60)
    """How often the contact is read while nothing is ordered"""
    pulse_by: Literal["daemon", "waveshare_flash"] = "daemon"
    """Who ends a pulse. `waveshare_flash`: the board, by Waveshare's flash-on (function 05 at 0x0200 + coil, in tenths
    of a second), so that a dead daemon leaves no contact made; its timing isn't verified on hardware"""
    safe_state: Literal["open", "leave"] = "open"
    """`open`: a contact found made at start is opened, and so it is at stop; `leave`: it stays as it is, for one that
    keeps an arm up, which would come down. A pulse that is going on at stop is ended either way"""

    @model_validator(mode="after")
    def _one_contact(self) -> ModbusRelaySettings:
        if (self.coil is None) == (self.holding_register is None):
            raise ValueError("a contact is one coil or one register: give coil, or holding_register, not both")
        if self.pulse_by == "waveshare_flash" and (self.coil is None or self.coil >= FLASH_ADDRESS):
            raise ValueError("waveshare_flash needs the contact's coil, such as coil: 0")
        if self.holding_register is not None and self.on_value == self.off_value:
            raise ValueError("on_value is the same as off_value: nothing could be switched by it")
        return self

    @property
    def contact(self) -> str:
        return f"coil {self.coil}" if self.coil is not None else f"holding register {self.holding_register}"

    @property
    def claims(self) -> Mapping[str, str]:
        key = "coil" if self.coil is not None else "holding_register"
        return {key: f"{self.contact} of unit {self.unit} at {self.line}"}

    def build(self, context: DriverContext) -> ModbusRelay:
        return ModbusRelay(self, context)


class ModbusTcpRelaySettings(OverTcp, ModbusRelaySettings):
    """A contact of a board with an Ethernet socket, or behind a gateway."""


class ModbusRtuRelaySettings(OverRtu, ModbusRelaySettings):
    """A contact of a board on a serial bus."""


class ModbusRelay(ModbusPart):
    """Its orders run on the line's thread. The newest counts: an older pulse that ends leaves the contact alone."""

    def __init__(self, settings: ModbusRelaySettings, context: DriverContext) -> None:
        super().__init__(settings, context)
        self._settings = settings
        self.table = Table.COIL if settings.coil is not None else Table.HOLDING_REGISTER
        address = settings.coil if settings.coil is not None else settings.holding_register
        assert address is not None  # one of them is set: the settings have been validated
        self.address, self.poll = address, settings.watch
        self._values = _meanings(settings)
        self._release = Release(self._open_once, self._not_opened, self._opened, context.clock)
        self._on: bool | None = None
        self._told: bool | None = None
        self._held = self._pulsing = self._checked = False
        self._orders = 0
        self._nap: asyncio.Task[None] | None = None
        self._check: asyncio.Task[None] | None = None

    @property
    def on(self) -> bool | None:
        return self._on

    @property
    def reads_back(self) -> bool:
        return self._settings.read_back

    @property
    def times_pulses(self) -> bool:
        return self._settings.pulse_by == "waveshare_flash"

    async def pulse(self, seconds: float, within: float | None = None) -> None:
        """Refused while the contact is made already."""
        pulse = self._flash if self.times_pulses else self._make_and_open
        await self._order(pulse(seconds, self._latest(within)))

    async def switch(self, on: bool) -> None:
        await self._order(self._hold(self._latest()) if on else self._let_go())

    def _latest(self, within: float | None = None) -> Monotonic:
        seconds = ORDER_WITHIN_SECONDS if within is None else within
        return Monotonic(self._clock.monotonic() + round(seconds * SECOND))

    async def _order(self, order: Coroutine[Any, Any, None]) -> None:
        await self._connection.carry_out(order)

    # On the line's thread: what the line says.

    def reached(self) -> None:
        super().reached()
        if self._settings.read_back and self not in self._polling:
            self._polling.watch(self)
        self._release.hurry()
        if not self._checked:
            self._check = asyncio.get_running_loop().create_task(self._make_safe(), name=f"{self._context.part} safe")

    def lost(self, detail: str) -> None:
        super().lost(detail)
        self._on = None

    def read(self, value: int) -> None:
        self._clear(*LINE_FAULTS)
        on = self._values.get(value)
        if on is None:
            self._raise(GARBLED, f"{self._settings.contact} reads {value}, which the settings don't name")
        self._on = on
        if on is None or self._told is None:
            return
        if on is self._told:
            self._clear(NOT_OBEYED)
        else:
            self._raise(NOT_OBEYED, _stands_otherwise(self._settings, on))

    def unread(self, fault: Fault, detail: str) -> None:
        self._on = None
        self._raise(fault, detail)

    async def _farewell(self) -> None:
        driven = self._pulsing or self._release.wanted or (self._held and self._settings.safe_state == "open")
        self._begin()
        for _ in range(LAST_TRIES if driven else 0):
            try:
                await self._release.open()
            except DriverError:
                continue
            break
        self._release.forget()
        if self._check is not None:
            self._check.cancel()
        await self._polling.unwatch(self)

    # On the line's thread: orders.

    def _begin(self) -> int:
        """A new order: whatever went on before it no longer counts."""
        self._orders += 1
        self._told, self._held, self._pulsing = None, False, False
        if self._nap is not None:
            self._nap.cancel()
        return self._orders

    def _refuse_while_made(self) -> None:
        if self._held or self._pulsing:
            raise DriverError(BUSY, f"{self._settings.contact} of unit {self.unit} is made already")

    async def _make_and_open(self, seconds: float, latest: Monotonic) -> None:
        self._refuse_while_made()
        order = self._begin()
        self._pulsing = True
        await self._make(latest, self._contact_value(True))
        until = self._clock.monotonic() + round(seconds * SECOND)
        await self._compare_made(order)
        if order == self._orders:
            await self._sleep((until - self._clock.monotonic()) / SECOND)
        if order == self._orders:
            self._told, self._pulsing = None, False
            await self._release.open()

    async def _flash(self, seconds: float, latest: Monotonic) -> None:
        self._refuse_while_made()
        order = self._begin()
        tenths = min(max(round(seconds * 10), 1), FLASH_TENTHS)
        await self._make(latest, tenths, FLASH_ADDRESS)
        if tenths >= 5:
            await self._compare_made(order)
        self._told = None  # the board opens it at a moment that isn't known here

    async def _hold(self, latest: Monotonic) -> None:
        kept, order = self._held, self._begin()
        self._held, self._told = kept, kept or None
        await self._make(latest, self._contact_value(True), opens=not kept)
        self._held = True
        await self._compare_made(order, opens=False)

    async def _let_go(self) -> None:
        self._begin()
        await self._release.open()

    async def _make(self, latest: Monotonic, value: int, offset: int = 0, *, opens: bool = True) -> None:
        """Raises DriverError; then the contact is opened again wherever the order may have arrived, unless it was
        made before."""
        owed = self._release.wanted
        self._release.forget()
        try:
            await self._write(value, offset, latest)
        except DriverError as error:
            self._pulsing = False
            self._raise(error.fault, error.detail)
            arrived = not (isinstance(error, NotSent) or error.fault is REFUSED)
            if opens and (owed or arrived):
                await self._try_to_open()
            elif arrived:
                self._on = None
            raise
        self._told = True
        if not self._settings.read_back:
            self._on = True

    async def _compare_made(self, order: int, opens: bool = True) -> None:
        """A contact that can't be read right now is believed: the board has confirmed the order itself."""
        if not self._settings.read_back:
            return
        try:
            on = await self._read_contact()
        except DriverError as error:
            self.unread(error.fault, error.detail)
            return
        if on or order != self._orders:
            return
        self._pulsing = False
        error = DriverError(NOT_OBEYED, _stands_otherwise(self._settings, on))
        self._raise(error.fault, error.detail)
        if opens:
            await self._try_to_open()
        raise error

    async def _try_to_open(self) -> None:
        try:
            await self._release.open()
        except DriverError:
            return  # reported, and still being tried

    async def _sleep(self, seconds: float) -> None:
        if seconds > 0:
            self._nap = asyncio.ensure_future(self._clock.sleep(seconds))
            await asyncio.wait((self._nap,))
            self._nap = None

    # On the line's thread: opening.

    async def _open_once(self) -> None:
        await self._write(self._contact_value(False))
        if self._settings.read_back and await self._read_contact():
            raise DriverError(NOT_OBEYED, _stands_otherwise(self._settings, True))
        self._told = self._on = False

    def _not_opened(self, error: DriverError) -> None:
        self._on = None
        self._raise(error.fault, error.detail)
        self._raise(LEFT_MADE, error.detail)

    def _opened(self) -> None:
        self._clear(LEFT_MADE, NOT_OBEYED, *LINE_FAULTS)

    async def _make_safe(self) -> None:
        """Once, when the board is first reached: a pulse that a dead daemon couldn't end is ended now."""
        if self._settings.safe_state == "open" and self._orders == 0:
            try:
                made = not self._settings.read_back or await self._read_contact()
            except DriverError as error:
                self._raise(error.fault, error.detail)
                made = error.fault is SILENT
            if made and self._orders == 0:
                self._release.want()
        self._checked = True

    # On the line's thread: questions.

    def _contact_value(self, on: bool) -> int:
        if self.table is Table.COIL:
            return COIL_ON if on else COIL_OFF
        return self._settings.on_value if on else self._settings.off_value

    async def _write(self, value: int, offset: int = 0, latest: Monotonic | None = None) -> None:
        address = self.address + offset

        async def question(client: ModbusBaseClient) -> ModbusPDU:
            if self.table is not Table.COIL:
                return await client.write_register(address, value, device_id=self.unit)
            request = ForceCoil(dev_id=self.unit, address=address)
            request.value = value
            return await client.execute(False, request)

        answer: Any = await self._connection.ask(question, self.unit, self.within, latest, order=True)
        echo = answer.value if self.table is Table.COIL else answer.registers[0]
        if (answer.address, echo) != (address, value):
            said = f"{answer.address}: {echo:#06x}"
            raise DriverError(GARBLED, f"unit {self.unit} was told {address}: {value:#06x} and repeated {said}")

    async def _read_contact(self) -> bool:
        value = (await read(self._connection, self.unit, self.table, self.address, 1, self.within))[0]
        on = self._values.get(value)
        if on is None:
            raise DriverError(GARBLED, f"{self._settings.contact} reads {value}, which the settings don't name")
        self._on = on
        return on


def _meanings(settings: ModbusRelaySettings) -> dict[int, bool]:
    if settings.coil is not None:
        return {1: True, 0: False}
    on = settings.on_value if settings.on_reads is None else settings.on_reads
    off = settings.off_value if settings.off_reads is None else settings.off_reads
    return {off: False, on: True}


def _stands_otherwise(settings: ModbusRelaySettings, on: bool) -> str:
    told, found = ("open", "made") if on else ("made", "open")
    return f"{settings.contact} of unit {settings.unit} was told to be {told} and reads {found}"
