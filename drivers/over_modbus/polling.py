"""Reads coils, inputs and registers of Modbus units over and over, those that lie together in one question."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator
from enum import StrEnum
from itertools import groupby
from typing import Any, Protocol

from pymodbus.client.base import ModbusBaseClient
from pymodbus.pdu import ModbusPDU

from drivers.contract import DriverError
from drivers.over_modbus.connection import GARBLED, SILENT, ModbusConnection, end
from models.faults import Fault
from models.instants import SECOND

AFTER_SILENCE_SECONDS = 1.0
"""A unit that is off costs the others on its bus a deadline at each question: it is asked less often."""
LONGEST_RUN = {True: 256, False: 64}


class Table(StrEnum):
    """The four kinds of thing that a unit lets itself be read."""

    COIL = "coil"
    DISCRETE_INPUT = "discrete input"
    HOLDING_REGISTER = "holding register"
    INPUT_REGISTER = "input register"

    @property
    def of_bits(self) -> bool:
        return self in (Table.COIL, Table.DISCRETE_INPUT)


class Watcher(Protocol):
    """A part that wants to know one value. Called on the line's thread."""

    unit: int
    table: Table
    address: int
    poll: float
    within: float

    def read(self, value: int) -> None: ...

    def unread(self, fault: Fault, detail: str) -> None: ...


class ModbusPolling:
    """One for each connection; lives on its thread."""

    def __init__(self, connection: ModbusConnection) -> None:
        self._connection = connection
        self._watchers: dict[tuple[int, Table], list[Watcher]] = {}
        self._tasks: dict[tuple[int, Table], asyncio.Task[None]] = {}

    def watch(self, watcher: Watcher) -> None:
        key = watcher.unit, watcher.table
        self._watchers.setdefault(key, []).append(watcher)
        if key not in self._tasks:
            poll = asyncio.get_running_loop().create_task(self._poll(key), name=f"modbus poll {key}")
            self._tasks[key] = poll

    def __contains__(self, watcher: Watcher) -> bool:
        return watcher in self._watchers.get((watcher.unit, watcher.table), ())

    async def unwatch(self, watcher: Watcher) -> None:
        key = watcher.unit, watcher.table
        watchers = self._watchers.get(key, [])
        if watcher in watchers:
            watchers.remove(watcher)
        task = self._tasks.pop(key, None) if not watchers else None
        if task is not None:
            await end(task)

    async def _poll(self, key: tuple[int, Table]) -> None:
        clock = self._connection.clock
        while True:
            began = clock.monotonic()
            watchers = tuple(self._watchers[key])
            answered = [await self._read_run(*key, run) for run in runs(watchers)]
            interval = min((watcher.poll for watcher in watchers), default=AFTER_SILENCE_SECONDS)
            if not all(answered):
                interval = max(interval, AFTER_SILENCE_SECONDS)
            spent = (clock.monotonic() - began) / SECOND
            await clock.sleep(max(interval - spent, 0.01))

    async def _read_run(self, unit: int, table: Table, run: tuple[Watcher, ...]) -> bool:
        """False when the unit said nothing at all."""
        first = run[0].address
        within = max(watcher.within for watcher in run)
        try:
            values = await read(self._connection, unit, table, first, run[-1].address - first + 1, within)
        except DriverError as error:
            for watcher in run:
                watcher.unread(error.fault, error.detail)
            return error.fault is not SILENT
        for watcher in run:
            watcher.read(values[watcher.address - first])
        return True


def runs(watchers: Iterable[Watcher]) -> Iterator[tuple[Watcher, ...]]:
    """Those whose addresses follow each other without a gap: a unit may refuse to read what it hasn't got."""
    ordered = sorted(watchers, key=lambda watcher: watcher.address)
    places = {address: index for index, address in enumerate(sorted({watcher.address for watcher in ordered}))}
    for _, together in groupby(ordered, key=lambda watcher: watcher.address - places[watcher.address]):
        run = tuple(together)
        longest = LONGEST_RUN[run[0].table.of_bits]
        for _, part in groupby(run, key=lambda watcher, start=run[0].address: (watcher.address - start) // longest):
            yield tuple(part)


async def read(
    connection: ModbusConnection, unit: int, table: Table, address: int, count: int, within: float
) -> list[int]:
    """The values from `address` on: 0 and 1 for bits. Raises DriverError."""

    async def question(client: ModbusBaseClient) -> ModbusPDU:
        asked: Any = {
            Table.COIL: client.read_coils,
            Table.DISCRETE_INPUT: client.read_discrete_inputs,
            Table.HOLDING_REGISTER: client.read_holding_registers,
            Table.INPUT_REGISTER: client.read_input_registers,
        }[table]
        return await asked(address, count=count, device_id=unit)

    answer = await connection.ask(question, unit, within)
    values = [int(value) for value in (answer.bits if table.of_bits else answer.registers)]
    expected = (count + 7) // 8 * 8 if table.of_bits else count
    if len(values) != expected:
        raise DriverError(GARBLED, f"unit {unit} at {connection.line} sent {len(values)} values instead of {expected}")
    return values[:count]
