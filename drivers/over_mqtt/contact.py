"""One relay behind an MQTT broker: closed by an order said once, read back, and opened until it is open."""

from __future__ import annotations

import abc
import asyncio
import contextlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import ClassVar, Literal

from drivers.contacts.faults import BUSY, DROPPED, NOT_OBEYED
from drivers.contacts.release import Release
from drivers.contract import DriverContext, DriverError, NotSent, Relay
from drivers.over_mqtt.connection import Spoken
from drivers.over_mqtt.faults import CANNOT, HEARING, OFFLINE
from drivers.over_mqtt.part import ORDER_EXPIRES_SECONDS, MqttPart, MqttSettings, Said, Wiring
from models.faults import Fault
from models.instants import SECOND, Monotonic

CONFIRM_SECONDS = 2.0
"""A device that was told something has to say so within this time."""


class ContactSettings(MqttSettings):
    """What all relays behind a broker have in common."""

    contract: ClassVar[type] = Relay
    faults: ClassVar[tuple[Fault, ...]] = (*HEARING, CANNOT, NOT_OBEYED, DROPPED, BUSY)

    safe_state: Literal["open", "leave"] = "open"
    """What becomes of the contact when the daemon starts, stops or dies: `open` opens it (for a daemon that died, the
    broker says so), `leave` leaves it, for a contact that keeps an arm up, which would come down. A pulse that is
    going on at stop is ended either way"""


@dataclass(eq=False)
class Making:
    """One order to close the contact. `seconds`: for so long; None: until told otherwise. The broker drops one that
    wasn't passed on within `expires` seconds, counted in whole ones; after `latest` it isn't said any more."""

    seconds: float | None
    expires: float = ORDER_EXPIRES_SECONDS
    latest: Monotonic | None = None
    said: bool = False
    confirmed: bool = False


class MqttContact(MqttPart, abc.ABC):
    """Told to close once an order, never twice and never later; told to open as often as it takes.

    After a reconnection nothing is said but an opening that is still owed.
    """

    def __init__(
        self,
        settings: ContactSettings,
        context: DriverContext,
        wiring: Wiring,
        off: Spoken,
        *,
        times_pulses: bool,
        own_pulse: float | None = None,
    ) -> None:
        """`own_pulse`: the device opens its contact by itself after so long, whatever it was told."""
        self._safe = settings.safe_state == "open"
        super().__init__(settings, context, replace(wiring, last_words=off if self._safe else None))
        self._off, self._own_pulse = off, own_pulse
        self._times_pulses = times_pulses or own_pulse is not None
        self._on: bool | None = None
        self._current: Making | None = None
        self._latest: Making | None = None
        self._expected: list[tuple[bool, asyncio.Future[None]]] = []
        self._release = Release(self._open_once, self._not_opened, self._opened, context.clock)
        self._watching: asyncio.Task[None] | None = None
        self._greeted = self._stopped = False

    @property
    def on(self) -> bool | None:
        return self._on

    @property
    def reads_back(self) -> bool:
        return bool(self._states)

    @property
    def times_pulses(self) -> bool:
        return self._times_pulses

    async def pulse(self, seconds: float, within: float | None = None) -> None:
        self._must_live()
        if self._current is not None:
            raise DriverError(BUSY, "the contact is made already")
        lasts = seconds if self._own_pulse is None else self._own_pulse
        making = Making(lasts) if within is None else Making(lasts, within, self._in(within))
        with self._opened_on_failure(making):
            await self._make(making)
            if not self._times_pulses:
                await self._context.clock.sleep(seconds)
        if self._times_pulses and not self._stopped:
            self._watch_end(making)
        elif self._current is making:
            self._current = None
            with self._opened_on_failure(making), contextlib.suppress(DriverError):
                await self._release.open()

    async def switch(self, on: bool) -> None:
        if not on:
            self._current = None
            await self._release.open()
            return
        self._must_live()
        if self._own_pulse is not None:
            raise DriverError(CANNOT, f"the device opens its contact by itself after {self._own_pulse:g} s")
        making = Making(None)
        with self._opened_on_failure(making, self._current if self._is_held else None):
            await self._make(making)

    async def start(self) -> None:
        self._stopped = False
        await super().start()

    async def stop(self) -> None:
        self._stopped = True
        if self._watching is not None:
            self._watching.cancel()
            await asyncio.gather(self._watching, return_exceptions=True)
        pulsing = self._current is not None and self._current.seconds is not None
        if pulsing or self._release.wanted or (self._safe and self._current is not None):
            self._say_off_if_possible()
        self._current = None
        self._release.forget()
        await super().stop()

    def reached(self) -> None:
        super().reached()
        if self._safe and not self._greeted:
            self._say_off_if_possible()
        self._greeted = True
        self._release.hurry()

    # Closing.

    @abc.abstractmethod
    async def _order(self, making: Making) -> bool:
        """Tell the device to close, once, with `_say_on`; whether it has acknowledged that. Raises DriverError."""

    def _say_on(self, making: Making, topic: str, payload: str) -> None:
        if making.latest is not None and self._in(0.0) > making.latest:
            raise NotSent(BUSY, "the device took too long to be made ready; it wasn't told to close its contact")
        self._say(topic, payload, making.expires)
        making.said = True
        self._current = self._latest = making
        self._release.forget()

    def _in(self, seconds: float) -> Monotonic:
        return Monotonic(self._context.clock.monotonic() + round(seconds * SECOND))

    async def _make(self, making: Making) -> None:
        with self._expecting(True) as closed:
            acknowledged = await self._order(making)
            if self.reads_back and not await self._in_time(closed):
                short = making.seconds is not None and making.seconds < CONFIRM_SECONDS
                if not (acknowledged and short):
                    raise DriverError(NOT_OBEYED, f"told to close, {self._what_it_says()}")
        making.confirmed = True
        if not self.reads_back:
            self._on = True
        self._context.faults.cleared(NOT_OBEYED)
        self._context.faults.cleared(DROPPED)

    @contextmanager
    def _opened_on_failure(self, making: Making, kept: Making | None = None) -> Iterator[None]:
        """What was said may have been heard: the contact is told to open at once, and until it is. One that was made
        already (`kept`) and was only told so again stays made, unless the device says that it is open."""
        try:
            yield
        except (DriverError, asyncio.CancelledError) as error:
            if isinstance(error, DriverError) and error.fault is NOT_OBEYED:
                self._context.faults.raised(NOT_OBEYED, error.detail)
            if making.said and making is self._latest and kept is not None and self._on is not False:
                self._current = self._latest = kept
            elif making.said and making is self._latest:
                self._current = None
                self._say_off_if_possible()
                if not self._stopped:
                    self._release.want()
            raise

    def _watch_end(self, making: Making) -> None:
        if self._watching is not None:
            self._watching.cancel()
        self._watching = asyncio.create_task(self._see_it_end(making), name=f"{self._context.part} pulse")

    async def _see_it_end(self, making: Making) -> None:
        """The device times its pulse; one that doesn't end it is told to."""
        await self._context.clock.sleep(making.seconds or 0.0)
        if self._current is making:
            self._current = None
        if not self.reads_back:
            self._on = False
        await self._context.clock.sleep(CONFIRM_SECONDS)
        if self._latest is making and self._on:
            self._context.faults.raised(NOT_OBEYED, "the device hasn't ended its pulse")
            self._release.want()

    # Opening.

    def _say_off(self) -> None:
        self._say(self._off.topic, self._off.payload)

    def _say_off_if_possible(self) -> None:
        with contextlib.suppress(DriverError):
            self._say_off()

    async def _open_once(self) -> None:
        with self._expecting(False) as opened:
            self._say_off()
            if self.reads_back and not await self._in_time(opened):
                if self._offline:
                    raise DriverError(OFFLINE, "it isn't known to have opened")
                raise DriverError(NOT_OBEYED, f"told to open, {self._what_it_says()}")
        if not self.reads_back:
            self._on = False

    def _not_opened(self, error: DriverError) -> None:
        if error.fault is NOT_OBEYED:
            self._context.faults.raised(NOT_OBEYED, error.detail)

    def _opened(self) -> None:
        self._context.faults.cleared(NOT_OBEYED)
        self._context.faults.cleared(DROPPED)

    # Reading back.

    def _reports(self, on: bool | None) -> Said:
        """Take in what the device said of its contact; None: it makes no sense."""
        if on is None:
            return Said.GARBLED
        self._on = on
        for wanted, heard in self._expected:
            if wanted is on and not heard.done():
                heard.set_result(None)
        if self._is_held and not on:
            self._current = None
            self._context.faults.raised(DROPPED, "the device says that the contact is open")
        return Said.STATE

    def _forget(self) -> None:
        self._on = None

    @property
    def _is_held(self) -> bool:
        """Whether it was made until told otherwise, as far as the device hasn't said anything else."""
        return self._current is not None and self._current.seconds is None and self._current.confirmed

    def _what_it_says(self) -> str:
        if self._on is None:
            return f"the device says nothing on {', '.join(self._states)}"
        return f"the device says that it is {'made' if self._on else 'open'}"

    @contextmanager
    def _expecting(self, on: bool) -> Iterator[asyncio.Future[None]]:
        """Hears what the device says from now on. One that can't be asked may not repeat what it said before."""
        heard = asyncio.get_running_loop().create_future()
        if self._on is on and not self.polls:
            heard.set_result(None)
        entry = (on, heard)
        self._expected.append(entry)
        try:
            yield heard
        finally:
            self._expected.remove(entry)

    async def _in_time(self, heard: asyncio.Future[None]) -> bool:
        """Whether it comes within CONFIRM_SECONDS; halfway the device is asked."""
        for _ in range(2):
            await self._until(heard, CONFIRM_SECONDS / 2)
            if heard.done():
                return True
            self._ask()
        return False

    async def _until(self, heard: asyncio.Future[None], seconds: float) -> None:
        asleep = asyncio.ensure_future(self._context.clock.sleep(seconds))
        try:
            await asyncio.wait((heard, asleep), return_when=asyncio.FIRST_COMPLETED)
        finally:
            asleep.cancel()
