"""Relays and inputs on this computer's own GPIO pins. Tested against: gpiozero's mock pins; hardware: none yet."""

from __future__ import annotations

import asyncio
import re
import threading
from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Annotated, Any, ClassVar, Literal

from gpiozero import DigitalInputDevice, OutputDevice
from pydantic import BeforeValidator, Field, field_validator

from drivers.contacts.faults import BUSY
from drivers.contacts.pins import FAILED, FAULTS, GpioPart, PinStuck, refusals
from drivers.contract import DigitalInput, DriverContext, DriverError, NotSent, Relay
from drivers.settings import DriverSettings
from drivers.values import Seconds
from models.faults import Fault
from models.instants import SECOND, Monotonic

LOOK_SECONDS = 1.0
"""An input is read this often although nothing was heard: an edge that was missed is found out."""
UNSETTLED_SECONDS = 2.0

CHATTERS = Fault(
    code="gpio.input_chatters",
    meaning="A GPIO input goes on and off faster than its `debounce` and doesn't come to rest",
    look_at="The contact and its wire; a missing pull-up or pull-down; interference by a motor's cable",
    does="Takes the input for unknown",
    ends="By itself, as soon as the input has stood still for its `debounce`",
)

_GPIO = re.compile(r"(?i)(?:GPIO|BCM) ?(\d+)")
_EEPROM = (0, 1)


def _by_its_number(written: Any) -> Any:
    """Raises ValueError for `GPIO23`, and for the two pins that are taken on every Raspberry Pi."""
    if isinstance(written, str) and (named := _GPIO.fullmatch(written.strip())):
        raise ValueError(f"only the pin's number is expected: {named[1]}")
    if isinstance(written, int) and not isinstance(written, bool) and written in _EEPROM:
        raise ValueError("pins 0 and 1 are for the EEPROM of a HAT, which is read while the computer boots")
    return written


Pin = Annotated[int, BeforeValidator(_by_its_number), Field(ge=2, le=27)]

_PULLED_UP_ON_THE_BOARD = (2, 3)


class Pull(StrEnum):
    UP = "up"
    DOWN = "down"
    NONE = "none"


class GpioSettings(DriverSettings):
    """What all parts on a pin have in common."""

    faults: ClassVar[tuple[Fault, ...]] = FAULTS

    driver: Literal["gpio"] = "gpio"
    pin: Pin
    """The pin's number as in GPIO27 (BCM), not its place on the header"""

    @property
    def claims(self) -> Mapping[str, str]:
        return {"pin": f"gpio pin {self.pin}"}


class GpioRelaySettings(GpioSettings):
    """A relay that one pin switches. Its contact is open from the daemon's start to its end, but when it is ordered.

    What a power cut or a kill of the daemon leaves behind is up to the computer, see `pin`.
    """

    contract: ClassVar[type] = Relay
    faults: ClassVar[tuple[Fault, ...]] = (*FAULTS, BUSY)

    pin: Pin
    """The pin's number as in GPIO17 (BCM), not its place on the header. While the computer boots, the pin is an input:
    a resistor on the relay board has to keep the relay off then. If the daemon is killed, Raspberry Pi OS leaves the
    pin as it was until the daemon is back, a few seconds; with `dtparam=strict_gpiod` in config.txt it becomes an
    input at once"""
    active_low: bool = False
    """true for a board whose relay is on while its input is low, as most cheap boards with 5 V relays"""

    def build(self, context: DriverContext) -> GpioRelay:
        return GpioRelay(self, context)


class GpioInputSettings(GpioSettings):
    """A loop detector, a push button or a contact on one pin."""

    contract: ClassVar[type] = DigitalInput
    faults: ClassVar[tuple[Fault, ...]] = (*FAULTS, CHATTERS)

    active_low: bool = True
    """true when the contact connects the pin to ground, which is the usual way"""
    pull: Pull = Pull.UP
    """The resistor in the computer that holds the pin while the contact is open: `up` for a contact to ground, `down`
    for one to 3.3 V, `none` when there is a resistor outside"""
    debounce: Annotated[Seconds, Field(le=2)] = 0.03
    """The contact has to stand still for this long before it is believed"""

    @field_validator("pull")
    @classmethod
    def _as_the_board_pulls(cls, pull: Pull, info: Any) -> Pull:
        if pull is not Pull.UP and info.data.get("pin") in _PULLED_UP_ON_THE_BOARD:
            raise ValueError("pins 2 and 3 have a resistor to 3.3 V on the board: `up` is expected, or another pin")
        return pull

    @property
    def notices_within(self) -> float:
        return self.debounce

    @property
    def on_when_cut(self) -> bool | None:
        """The pin goes where its resistor pulls it; one outside can't be seen from here."""
        return None if self.pull is Pull.NONE else (self.pull is Pull.UP) is not self.active_low

    def build(self, context: DriverContext) -> GpioInput:
        return GpioInput(self, context)


class GpioRelay(GpioPart):
    """Nothing tells whether the contact followed the pin: `on` is what the pin was last told.

    A pulse is ended by the pin's own thread, also when the event loop stands still or nobody waits any more.
    """

    reads_back = False
    times_pulses = False

    def __init__(self, settings: GpioRelaySettings, context: DriverContext) -> None:
        super().__init__(settings.pin, context)
        self._active_high = not settings.active_low
        self._on: bool | None = None
        self._pulses: set[threading.Event] = set()
        self._failed: asyncio.Future[None] | None = None

    @property
    def on(self) -> bool | None:
        return self._on

    async def pulse(self, seconds: float, within: float | None = None) -> None:
        """Asked for while another pulse runs, it follows that one."""
        now = self._context.clock.monotonic()
        latest = None if within is None else Monotonic(now + round(within * SECOND))
        await self._refuse_in_trouble()
        over = threading.Event()
        self._pulses.add(over)
        loop = asyncio.get_running_loop()
        pulsing = loop.run_in_executor(self._thread_or_refuse(), self._make_for, seconds, over, latest)
        pulsing.add_done_callback(self._look_at)
        try:
            if not await asyncio.shield(pulsing):
                raise NotSent(BUSY, f"pin {self._pin}: another pulse took too long; nothing was sent")
        except refusals() as error:
            raise DriverError(FAILED, f"pin {self._pin}: {error}") from error
        finally:
            over.set()
            self._pulses.discard(over)
            await asyncio.wait((pulsing,))

    async def switch(self, on: bool) -> None:
        """Ends a pulse that is under way."""
        await self._refuse_in_trouble()
        self._end_pulses()
        switching = asyncio.get_running_loop().run_in_executor(self._thread_or_refuse(), self._write, on)
        switching.add_done_callback(self._look_at)
        try:
            await switching
        except refusals() as error:
            raise DriverError(FAILED, f"pin {self._pin}: {error}") from error

    async def stop(self) -> None:
        self._end_pulses()
        await super().stop()

    async def _refuse_in_trouble(self) -> None:
        if self._keeper is not None:
            await self._tried.wait()
        if self._trouble is not None:
            raise DriverError(self._trouble.fault, self._trouble.detail)

    def _end_pulses(self) -> None:
        for over in self._pulses:
            over.set()

    def _look_at(self, order: asyncio.Future[Any]) -> None:
        """A pin that failed is let go and got anew, which opens the contact if anything does."""
        error = None if order.cancelled() else order.exception()
        if error is not None and self._failed is not None and not self._failed.done():
            self._failed.set_exception(error)

    async def _work(self) -> None:
        self._failed = asyncio.get_running_loop().create_future()
        try:
            await self._failed
        finally:
            self._failed = None

    # On the pin's thread.

    def _open(self) -> Any:
        device = OutputDevice(self._pin, active_high=self._active_high, initial_value=False)
        if device.value:
            device.close()
            raise PinStuck("told to be off, it reads on")
        self._on = False
        return device

    def _make_safe(self, device: Any) -> None:
        self._on = None
        device.value = False

    def _write(self, on: bool) -> None:
        device = self._device
        if device is None:
            raise PinStuck("the pin was let go")
        self._on = None
        device.value = on
        if bool(device.value) is not on:
            raise PinStuck(f"told to be {_word(on)}, it reads {_word(not on)}")
        self._on = on

    def _make_for(self, seconds: float, over: threading.Event, latest: Monotonic | None) -> bool:
        """Whether it was made in time, or nobody wants it any more."""
        if over.is_set():
            return True
        if latest is not None and self._context.clock.monotonic() > latest:
            return False
        try:
            self._write(True)
            over.wait(seconds)
        finally:
            self._write(False)
        return True


class GpioInput(GpioPart):
    """Unknown until it was read and stood still; its edges come on gpiozero's thread and are handed to the loop."""

    def __init__(self, settings: GpioInputSettings, context: DriverContext) -> None:
        super().__init__(settings.pin, context)
        self._settings = settings
        self._level: bool | None = None
        self._heard_by: list[Callable[[bool | None], None]] = []
        self._moved = asyncio.Event()
        self._told = False
        self._loop: asyncio.AbstractEventLoop | None = None

    @property
    def level(self) -> bool | None:
        return self._level

    def on_level(self, heard: Callable[[bool | None], None]) -> None:
        self._heard_by.append(heard)

    async def start(self) -> None:
        self._loop = asyncio.get_running_loop()
        await super().start()

    async def _work(self) -> None:
        clock = self._context.clock
        still_since = clock.monotonic()
        while True:
            self._moved.clear()
            await clock.sleep(self._settings.debounce)
            level = None if self._moved.is_set() else await self._on_thread(self._read)
            if level is None or self._moved.is_set():
                if clock.monotonic() - still_since > UNSETTLED_SECONDS * SECOND:
                    self._set(None)
                    self._context.faults.raised(CHATTERS, f"pin {self._pin} doesn't come to rest")
                continue
            self._context.faults.cleared(CHATTERS)
            self._set(level)
            await self._until_it_moves(LOOK_SECONDS)
            still_since = clock.monotonic()

    async def _until_it_moves(self, at_most: float) -> None:
        moved = asyncio.ensure_future(self._moved.wait())
        waited = asyncio.ensure_future(self._context.clock.sleep(at_most))
        try:
            await asyncio.wait((moved, waited), return_when=asyncio.FIRST_COMPLETED)
        finally:
            moved.cancel()
            waited.cancel()

    def _lost(self) -> None:
        self._set(None)
        self._context.faults.cleared(CHATTERS)

    def _set(self, level: bool | None) -> None:
        if level is not self._level:
            self._level = level
            for heard in self._heard_by:
                heard(level)

    # On gpiozero's thread.

    def _edge(self) -> None:
        """However fast the input chatters, one notice at a time is on its way to the loop."""
        if self._loop is not None and not self._told and not self._loop.is_closed():
            self._told = True
            self._loop.call_soon_threadsafe(self._take_notice)

    def _take_notice(self) -> None:
        self._told = False
        self._moved.set()

    # On the pin's thread.

    def _open(self) -> Any:
        device = DigitalInputDevice(self._pin, **_PULLS[self._settings.pull])
        device.when_activated = device.when_deactivated = self._edge
        return device

    def _read(self) -> bool:
        if self._device is None:
            raise PinStuck("the pin was let go")
        high = bool(self._device.pin.state)  # gpiozero's own "active" depends on the pull
        return high is not self._settings.active_low


_PULLS: Mapping[Pull, Mapping[str, Any]] = {
    Pull.UP: {"pull_up": True},
    Pull.DOWN: {"pull_up": False},
    Pull.NONE: {"pull_up": None, "active_state": True},
}


def _word(on: bool) -> str:
    return "on" if on else "off"
