"""Inputs of devices with a web server, polled. Tested against: a web server like each of them; hardware: none yet."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import ClassVar

from pydantic import Field

from drivers.contract import DigitalInput, DriverContext, DriverError
from drivers.over_http.device import HttpSettings
from drivers.over_http.host import HTTP_FAULTS, Question
from drivers.values import Seconds


class HttpInputSettings(HttpSettings):
    """A contact at an input of a device in the network. Too slow for a closing loop: use a wired input for that."""

    contract: ClassVar[type] = DigitalInput

    poll: Seconds = Field(default=0.5, ge=0.1, le=60)
    """How often it is asked for"""
    inverted: bool = False
    """True for a contact that is open while the loop is occupied or the button pressed"""

    @property
    def claims(self) -> Mapping[str, str]:
        return {"channel": f"input {self.number} at {self.origin}"}

    @property
    def on_when_cut(self) -> bool:
        return self.inverted

    @property
    def notices_within(self) -> float:
        return self.poll + self.answer_within

    def build(self, context: DriverContext) -> HttpInput:
        return HttpInput(self, context)


class HttpInput:
    """Its level is unknown from the first question that fails until the next one that doesn't."""

    def __init__(self, settings: HttpInputSettings, context: DriverContext) -> None:
        self._settings, self._context = settings, context
        self._host, self._dialect = settings.host_of(context), settings.dialect()
        self._level: bool | None = None
        self._heard_by: list[Callable[[bool | None], None]] = []
        self._polling: asyncio.Task[None] | None = None

    @property
    def level(self) -> bool | None:
        return self._level

    def on_level(self, heard: Callable[[bool | None], None]) -> None:
        self._heard_by.append(heard)

    async def start(self) -> None:
        if self._polling is None:
            self._host.join()
            self._polling = asyncio.create_task(self._poll(), name=self._context.part)

    async def stop(self) -> None:
        if self._polling is None:
            return
        polling, self._polling = self._polling, None
        polling.cancel()
        await asyncio.gather(polling, return_exceptions=True)
        await self._host.leave()
        self._set(None)

    async def _poll(self) -> None:
        faults = self._context.faults
        while True:
            try:
                on = await self._dialect.level(self._ask, self._settings.number)
            except DriverError as error:
                for other in HTTP_FAULTS:
                    if other is not error.fault:
                        faults.cleared(other)
                faults.raised(error.fault, error.detail)
                self._set(None)
            else:
                for fault in HTTP_FAULTS:
                    faults.cleared(fault)
                self._set(on is not self._settings.inverted)
            await self._context.clock.sleep(self._settings.poll)

    async def _ask(self, question: Question) -> str:
        return await self._host.ask(question, self._settings.answer_within)

    def _set(self, level: bool | None) -> None:
        if level is not self._level:
            self._level = level
            for heard in self._heard_by:
                heard(level)
