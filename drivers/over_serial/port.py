"""A serial port with a thread of its own, opened again when it is back. Tested against: a pty; hardware: none yet."""

from __future__ import annotations

import contextlib
import errno
import grp
import os
import re
import termios
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Annotated, Literal, Protocol

import serial
import structlog
from pydantic import AfterValidator

from drivers.over_serial.holder import holder_of
from models.instants import SECOND, Clock, Monotonic

log = structlog.get_logger()

RECONNECT_SECONDS = 0.5
ALIVE_SECONDS = 0.5
"""How long a port that was pulled out may go unnoticed while nothing is to be said"""
WRITE_SECONDS = 0.5
"""A port that hasn't taken a few bytes by then is as good as gone"""
_SLICE_SECONDS = 0.01
_DRAIN_SECONDS = 0.002


def _device_file(written: str) -> str:
    if not re.fullmatch(r"/\S+", written):
        raise ValueError(
            "the port's device file is expected, best as it stands in /dev/serial/by-id/, "
            "such as /dev/serial/by-id/usb-1a86_USB_Serial-if00-port0"
        )
    return os.path.normpath(written)


SerialPath = Annotated[str, AfterValidator(_device_file)]
"""The device file of a serial port."""

Baud = Literal[1200, 2400, 4800, 9600, 14400, 19200, 38400, 57600, 115200, 230400, 460800, 921600]
"""Bits a second."""


@dataclass(frozen=True, slots=True)
class Line:
    """Where a port is and how it is spoken to: 8 data bits, no parity, no flow control."""

    path: str
    baud: int
    stop_bits: int = 1

    @property
    def terms(self) -> str:
        """For people."""
        return f"{self.baud} baud, 8N{self.stop_bits}"


class Why(Enum):
    """Why a port can't be used."""

    ABSENT = "absent"
    FORBIDDEN = "forbidden"
    TAKEN = "taken"


@dataclass(frozen=True, slots=True)
class PortTrouble:
    why: Why
    detail: str


class NoAnswer(Exception):
    """The time for an answer is over; `came` is the part of it that was heard.

    `cut_short`: there was something more urgent to say, so that nothing is known of the answer.
    """

    def __init__(self, came: bytes, cut_short: bool) -> None:
        super().__init__(f"only {came.hex(' ')} came" if came else "no answer")
        self.came, self.cut_short = came, cut_short


Whole = Callable[[bytes], bool]
"""Whether an answer has come in full."""


class Wire:
    """The port while it is open; for its own thread only. OSError out of any call: the port is gone."""

    def __init__(self, port: serial.Serial, clock: Clock, patience: float) -> None:
        self._port, self._clock = port, clock
        self._patience = round(patience * SECOND)
        self._pause = threading.Event()
        self._late: tuple[Whole, bytes, Monotonic] | None = None

    def say(self, words: bytes) -> None:
        """Returns when the bytes have left. What can't leave in time is discarded, not sent later."""
        with _terminal_errors_are_os_errors():
            self._port.write(words)
            by = self._clock.monotonic() + round(WRITE_SECONDS * SECOND)
            while self._port.out_waiting:
                if self._clock.monotonic() >= by:
                    raise TimeoutError(errno.ETIMEDOUT, "the port takes no bytes")
                self._pause.wait(_DRAIN_SECONDS)

    def ask(self, words: bytes, whole: Whole, cut_at: Monotonic | None, echoed: bool = False) -> bytes:
        """What is answered in time. What lay in the buffer before isn't taken for it. Raises NoAnswer.

        At `cut_at` it is given up in any case. `echoed`: the answer repeats the words, so that one to an
        earlier question can't be taken for it.
        """
        if not echoed:
            self._hear_out_the_late_answer(cut_at)
        with _terminal_errors_are_os_errors():
            self._port.reset_input_buffer()
        self.say(words)
        patient = Monotonic(self._clock.monotonic() + self._patience)
        came = self._listen(b"", whole, _earlier(patient, cut_at))
        if not whole(came):
            # Whatever answers nothing may still read all of it later, when it isn't meant any more.
            self.discard()
            now = self._clock.monotonic()
            self._late = (whole, came, Monotonic(now + self._patience))
            raise NoAnswer(came, cut_short=now < patient)
        return came + self._what_is_there()

    def discard(self) -> None:
        """Forget what hasn't left the machine yet."""
        with _terminal_errors_are_os_errors():
            self._port.reset_output_buffer()

    def check(self) -> None:
        """Raises OSError when the port has gone in the meantime."""
        with _terminal_errors_are_os_errors():
            _ = self._port.in_waiting

    def _hear_out_the_late_answer(self, cut_at: Monotonic | None) -> None:
        """An answer that is only slow must not be taken for the answer to the next question."""
        if self._late is None:
            return
        whole, came, late = self._late
        came = self._listen(came, whole, _earlier(late, cut_at))
        if not whole(came) and self._clock.monotonic() < late:
            self._late = (whole, came, late)
            raise NoAnswer(b"", cut_short=True)
        self._late = None

    def _what_is_there(self) -> bytes:
        """What came behind an answer shows that it wasn't one."""
        with _terminal_errors_are_os_errors():
            return self._port.read(self._port.in_waiting)

    def _listen(self, came: bytes, whole: Whole, by: Monotonic) -> bytes:
        with _terminal_errors_are_os_errors():
            while not whole(came) and self._clock.monotonic() < by:
                came += self._port.read(max(1, self._port.in_waiting))
        return came


def _earlier(one: Monotonic, other: Monotonic | None) -> Monotonic:
    return one if other is None else min(one, other)


class Tenant(Protocol):
    """Who uses a port. Called on the port's own thread; `work` may raise OSError for a port that is gone."""

    def opened(self) -> None: ...

    def work(self, wire: Wire) -> float:
        """Do the most urgent thing, and say for how many seconds the next can wait."""
        ...

    def lost(self, trouble: PortTrouble) -> None:
        """Told at each failed attempt too."""
        ...


class SerialPort:
    """Keeps a port open for its tenant from `begin` to `end`, whatever becomes of the cable in between.

    The thread is a daemon thread: a process that exits in disorder isn't kept alive by it.
    """

    def __init__(self, line: Line, clock: Clock, patience: float, tenant: Tenant) -> None:
        self._line, self._clock, self._patience, self._tenant = line, clock, patience, tenant
        self._woken = threading.Event()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"serial {line.path}", daemon=True)

    def begin(self) -> None:
        self._thread.start()

    def wake(self) -> None:
        """There is something to do before the tenant said there would be."""
        self._woken.set()

    def end(self) -> None:
        """The tenant isn't called again once the thread has noticed; `join` waits for that. Blocks nobody."""
        self._ended.set()
        self._woken.set()

    def join(self, seconds: float) -> None:
        """Blocking."""
        self._thread.join(seconds)

    def _run(self) -> None:
        try:
            while not self._ended.is_set():
                try:
                    self._serve()
                except OSError as error:
                    if not self._ended.is_set():
                        self._tenant.lost(trouble_with(self._line.path, error))
                        self._wait(RECONNECT_SECONDS, wakeable=False)
        finally:
            if not self._ended.is_set():
                self._tenant.lost(PortTrouble(Why.ABSENT, f"the thread of {self._line.path} has died"))

    def _serve(self) -> None:
        with _opened(self._line) as port:
            log.info("serial port open", port=self._line.path)
            wire = Wire(port, self._clock, self._patience)
            self._tenant.opened()
            while not self._ended.is_set():
                wire.check()
                self._wait(min(self._tenant.work(wire), ALIVE_SECONDS))

    def _wait(self, seconds: float, wakeable: bool = True) -> None:
        if seconds > 0:
            (self._woken if wakeable else self._ended).wait(seconds)
        self._woken.clear()


@contextlib.contextmanager
def _opened(line: Line) -> Iterator[serial.Serial]:
    """Raises OSError. No control line changes but for what the system itself does at opening.

    Linux raises DTR and RTS when a port is opened; pyserial is left to ask for just that, and HUPCL is taken
    away, so that they stay as they are when the daemon ends: a board that is reset by an edge sees none.
    """
    with _terminal_errors_are_os_errors():
        port = serial.Serial(
            line.path,
            line.baud,
            stopbits=line.stop_bits,
            timeout=_SLICE_SECONDS,
            write_timeout=WRITE_SECONDS,
            exclusive=True,
        )
    try:
        with _terminal_errors_are_os_errors():
            _keep_control_lines(port.fileno())
        yield port
    finally:
        with contextlib.suppress(OSError, termios.error):
            if port.out_waiting:  # closing would wait for it, and send it if the board comes round
                port.reset_output_buffer()
        port.close()


def _keep_control_lines(descriptor: int) -> None:
    attributes = termios.tcgetattr(descriptor)
    attributes[2] &= ~termios.HUPCL
    termios.tcsetattr(descriptor, termios.TCSANOW, attributes)


@contextlib.contextmanager
def _terminal_errors_are_os_errors() -> Iterator[None]:
    """`termios.error` isn't an OSError, though it means the same."""
    try:
        yield
    except termios.error as error:
        raise OSError(*error.args) from error


def trouble_with(path: str, error: OSError) -> PortTrouble:
    """What is wrong with a port that couldn't be opened or used, in a technician's words."""
    if error.errno in (errno.EACCES, errno.EPERM):
        return PortTrouble(Why.FORBIDDEN, f"the daemon's user may not open {path}{_its_group(path)}")
    if error.errno in (errno.EAGAIN, errno.EBUSY):
        return PortTrouble(Why.TAKEN, f"{path} is in use by {holder_of(path)}")
    if error.errno in (errno.ENOENT, errno.ENODEV, errno.ENXIO):
        return PortTrouble(Why.ABSENT, f"there is no {path}")
    return PortTrouble(Why.ABSENT, f"{path} is lost: {error.strerror or error}")


def _its_group(path: str) -> str:
    try:
        return f"; it belongs to the group {grp.getgrgid(os.stat(path).st_gid).gr_name}"
    except (OSError, KeyError):
        return ""
