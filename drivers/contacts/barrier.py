"""One contact of a barrier: pulsed or made on order, and opened until it is known to be open."""

from __future__ import annotations

import asyncio

import structlog

from drivers.contacts.barrier_faults import CONTACT_FAILED
from drivers.contacts.release import Release
from drivers.contract import DriverError, NotSent, Relay
from models.instants import Clock

log = structlog.get_logger()


class Contact:
    """A failed pulse leaves it open, as soon as that can be done. What keeps an arm up is only opened on order."""

    def __init__(self, name: str, relay: Relay, clock: Clock) -> None:
        self.name, self.relay = name, relay
        self._release = Release(lambda: relay.switch(False), self._not_open, lambda: None, clock)

    async def pulse(self, seconds: float, within: float | None = None) -> None:
        self._release.forget()
        try:
            await self.relay.pulse(seconds, within)
        except DriverError as error:
            self._release.want()
            raise self._failed(error) from error
        except asyncio.CancelledError:
            self._release.want()
            raise

    async def make(self) -> None:
        self._release.forget()
        try:
            await self.relay.switch(True)
        except DriverError as error:
            raise self._failed(error) from error

    async def open(self) -> None:
        """Trying goes on in the background when it couldn't be done at once."""
        try:
            await self._release.open()
        except DriverError as error:
            raise self._failed(error) from error

    def open_when_possible(self) -> None:
        self._release.want()

    def forget(self) -> None:
        self._release.forget()

    def _not_open(self, error: DriverError) -> None:
        log.debug("contact not opened yet", contact=self.name, why=str(error))

    def _failed(self, error: DriverError) -> DriverError:
        kind = NotSent if isinstance(error, NotSent) else DriverError
        return kind(CONTACT_FAILED, f"{self.name}: {error}")
