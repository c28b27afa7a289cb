"""One pin of this computer's GPIO header: got and kept, worked by a thread of its own, let go in its safe state."""

from __future__ import annotations

import asyncio
import os
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import structlog
from gpiozero import Device, GPIOPinInUse, GPIOZeroError

from drivers.contract import DriverContext, DriverError
from models.faults import Fault

log = structlog.get_logger()

RETRY_SECONDS = 5.0

UNAVAILABLE = Fault(
    code="gpio.unavailable",
    meaning="This computer's GPIO pins can't be used",
    look_at="Whether this is a Raspberry Pi with the package lgpio; whether the daemon's user is in the group gpio and "
    "may use /dev/gpiochip*; whether the daemon was started in a folder that it may write to (lgpio needs one)",
    does="Refuses orders, takes inputs for unknown, and tries again every few seconds",
    ends="By itself, as soon as the pin could be had",
)
PIN_TAKEN = Fault(
    code="gpio.pin_taken",
    meaning="Another program or a driver of the system has this GPIO pin",
    look_at="Other programs that use GPIO; overlays in /boot/firmware/config.txt (SPI, I2C, serial port, fan)",
    does="Refuses orders, takes inputs for unknown, and tries again every few seconds",
    ends="By itself, as soon as the pin could be had",
)
FAILED = Fault(
    code="gpio.failed",
    meaning="A GPIO pin was had but couldn't be read, or doesn't follow what it is told",
    look_at="A short circuit at the pin; another program that works on the same pin",
    does="Lets the pin go, gets it anew in its safe state, and goes on from there",
    ends="By itself, as soon as the pin does as it is told",
)
FAULTS = (UNAVAILABLE, PIN_TAKEN, FAILED)

_FACTORY_LOCK = threading.Lock()
_Result = TypeVar("_Result")


class PinStuck(RuntimeError):
    """The pin has another level than the one it was given."""


def refusals() -> tuple[type[Exception], ...]:
    """What gpiozero and what lies under it raise for a pin that can't be used."""
    lgpio = sys.modules.get("lgpio")
    own: tuple[type[Exception], ...] = () if lgpio is None else (lgpio.error,)
    return (GPIOZeroError, ImportError, OSError, RuntimeError, ValueError, *own)


def ensure_pin_factory() -> None:
    """Choose how pins are reached, once in a process: as the environment says, or else through lgpio.

    gpiozero by itself would fall back to one library after another and keep the reasons to itself.
    """
    with _FACTORY_LOCK:
        if Device.pin_factory is not None:
            return
        if os.environ.get("GPIOZERO_PIN_FACTORY", "lgpio") == "lgpio":
            Device.pin_factory = _lgpio_factory()
        else:
            Device.ensure_pin_factory()


def _lgpio_factory() -> Any:
    # Only here: importing lgpio starts a thread and makes a pipe in the working directory.
    import lgpio  # pyright: ignore[reportMissingImports]
    from gpiozero.pins.lgpio import LGPIOFactory, LGPIOPin

    class LevelFirstPin(LGPIOPin):
        """gpiozero makes the pin a low output first and gives it its level afterwards: to an active-low relay that
        is a short pulse. lgpio can do both at once."""

        def output_with_state(self, state: Any) -> None:
            lgpio.gpio_claim_output(self.factory._handle, self._number, int(bool(state)))

    factory = LGPIOFactory()
    factory.pin_class = LevelFirstPin
    return factory


class GpioPart:
    """A relay or an input on one pin. What touches the pin runs on a thread of its own, in order.

    So the end of a pulse doesn't depend on the event loop, nor on what any other pin is doing.
    """

    def __init__(self, pin: int, context: DriverContext) -> None:
        self._pin, self._context = pin, context
        self._thread: ThreadPoolExecutor | None = None
        self._keeper: asyncio.Task[None] | None = None
        self._trouble: DriverError | None = DriverError(UNAVAILABLE, f"pin {pin} isn't started")
        self._tried = asyncio.Event()
        """Whether it is known by now if the pin can be had; that takes some milliseconds after the start"""
        self._device: Any = None
        """gpiozero's, None while it isn't had; only the pin's thread touches it"""

    async def start(self) -> None:
        if self._keeper is None:
            self._tried.clear()
            self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix=f"gpio-{self._pin}")
            self._keeper = asyncio.create_task(self._keep(), name=self._context.part)

    async def stop(self) -> None:
        keeper, self._keeper = self._keeper, None
        thread, self._thread = self._thread, None
        self._trouble = DriverError(UNAVAILABLE, f"pin {self._pin} was let go")
        self._tried.set()
        if keeper is None or thread is None:
            return
        keeper.cancel()
        await asyncio.gather(keeper, return_exceptions=True)
        thread.submit(self._let_go)
        await asyncio.to_thread(thread.shutdown)
        self._lost()

    def _open(self) -> Any:
        """Get the pin, in its safe state. On the pin's thread."""
        raise NotImplementedError

    async def _work(self) -> None:
        """Use the pin until it fails, with one of `refusals`."""
        raise NotImplementedError

    def _make_safe(self, device: Any) -> None:
        """Before the pin is let go. On the pin's thread."""

    def _lost(self) -> None:
        """The pin isn't had any more."""

    async def _keep(self) -> None:
        while True:
            try:
                await self._on_thread(self._get)
            except refusals() as error:
                self._cannot(_fault_of(error), error)
            else:
                await self._work_until_it_fails()
            await self._context.clock.sleep(RETRY_SECONDS)

    async def _work_until_it_fails(self) -> None:
        self._trouble = None
        self._tried.set()
        for fault in FAULTS:
            self._context.faults.cleared(fault)
        try:
            await self._work()
        except refusals() as error:
            self._cannot(FAILED, error)
        await self._on_thread(self._let_go)

    def _cannot(self, fault: Fault, error: Exception) -> None:
        detail = f"pin {self._pin}: {_in_words(error)}"
        self._trouble = DriverError(fault, detail)
        self._tried.set()
        self._lost()
        for other in FAULTS:
            if other is not fault:
                self._context.faults.cleared(other)
        self._context.faults.raised(fault, detail)

    async def _on_thread(self, call: Callable[..., _Result], *arguments: Any) -> _Result:
        return await asyncio.get_running_loop().run_in_executor(self._thread_or_refuse(), call, *arguments)

    def _thread_or_refuse(self) -> ThreadPoolExecutor:
        if self._thread is None:
            raise DriverError(UNAVAILABLE, f"pin {self._pin} isn't started")
        return self._thread

    # On the pin's thread.

    def _get(self) -> None:
        ensure_pin_factory()
        self._device = self._open()

    def _let_go(self) -> None:
        device, self._device = self._device, None
        if device is None:
            return
        try:
            self._make_safe(device)
        except refusals() as error:
            log.error("pin not made safe", part=self._context.part, pin=self._pin, why=_in_words(error))
        try:
            device.close()
        except refusals() as error:
            log.error("pin not let go", part=self._context.part, pin=self._pin, why=_in_words(error))


def _fault_of(error: Exception) -> Fault:
    """Why the pin couldn't be had."""
    if isinstance(error, PinStuck):
        return FAILED
    # lgpio has one exception for everything, and a text for each.
    return PIN_TAKEN if isinstance(error, GPIOPinInUse) or "busy" in str(error).lower() else UNAVAILABLE


def _in_words(error: Exception) -> str:
    if ".lgd-nfy" in str(error):
        return f"lgpio can't write to the daemon's working directory {os.getcwd()}"
    return str(error) or type(error).__name__
