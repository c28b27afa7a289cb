"""Code scanners that pass for a keyboard (USB). Tested against: packed events through a FIFO; hardware: none yet."""

from __future__ import annotations

import errno
import fcntl
import os
from collections.abc import Callable
from typing import ClassVar, Literal

from pydantic import Field

from drivers.contract import CodeScanner, DriverContext
from drivers.over_serial.kept_open import KeptOpen
from drivers.over_serial.lines import Hearers
from drivers.over_serial.stream import DeviceWay, Stream
from drivers.post.keys import Typed, events
from drivers.serial_scanner import GARBLED, UNREACHABLE
from drivers.settings import DriverSettings
from drivers.values import Seconds
from models.faults import Fault

_EVIOCGRAB = 0x40044590
"""`_IOW('E', 0x90, int)`: from now on the keystrokes go to us alone."""


class KeyboardScannerSettings(DriverSettings):
    """A scanner that types each code and ends it with Enter or Tab, in the US layout."""

    contract: ClassVar[type] = CodeScanner
    faults: ClassVar[tuple[Fault, ...]] = (UNREACHABLE, GARBLED)

    driver: Literal["keyboard_scanner"] = "keyboard_scanner"
    device: str = Field(pattern=r"^/\S+$")
    """Its device file, best as it stands in /dev/input/by-id/, with -event-kbd at its end"""
    alone: bool = True
    """Whether its keystrokes are kept from everything else: a code that is typed into a console is a command"""
    repeat_after: Seconds = Field(default=2.0, le=60)
    """The same code counts again when it hasn't been read for so long: it may only have stayed there"""

    @property
    def claims(self) -> dict[str, str]:
        return {"device": f"the keyboard {self.device}"}

    def build(self, context: DriverContext) -> KeyboardScanner:
        return KeyboardScanner(self, context)


class KeyboardScanner:
    """Reads the codes on tickets and telephones."""

    def __init__(self, settings: KeyboardScannerSettings, context: DriverContext) -> None:
        self._context = context
        self._typed = Typed()
        self._hearers = Hearers(context.clock, settings.repeat_after)
        way = DeviceWay(settings.device, os.O_RDONLY, _grab if settings.alone else None)
        self._device = KeptOpen(way, context.clock, self._hear, self._lost)

    async def start(self) -> None:
        await self._device.start()

    async def stop(self) -> None:
        await self._device.stop()

    def on_code(self, heard: Callable[[str], None]) -> None:
        self._hearers.add(heard)

    async def _hear(self, stream: Stream) -> None:
        self._typed.forget()
        stream.forget_what_was_said()  # typed before anybody listened, for a vehicle that may be gone
        self._context.faults.cleared(UNREACHABLE)
        while True:
            said = await stream.read()
            for event in events(said):
                for code in self._typed.feed(event, self._context.clock.monotonic()):
                    self._understand(code)

    def _understand(self, code: str | None) -> None:
        if code is None:
            self._context.faults.raised(GARBLED, "keystrokes were lost, or there were too many of them")
            return
        self._context.faults.cleared(GARBLED)
        self._hearers.tell(code)

    def _lost(self, detail: str) -> None:
        self._context.faults.raised(UNREACHABLE, detail)


def _grab(descriptor: int) -> None:
    """Raises OSError, with a reason for people, when another programme has it or it isn't a keyboard at all."""
    try:
        fcntl.ioctl(descriptor, _EVIOCGRAB, 1)
    except OSError as error:
        if error.errno in (errno.ENOTTY, errno.EINVAL):
            raise OSError(errno.EINVAL, "this isn't an input device") from error
        raise
