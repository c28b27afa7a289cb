"""A relay board at the far end of a pty, with a cable that can be pulled out and every way of answering badly."""

from __future__ import annotations

import contextlib
import os
import pty
import select
import threading
import tty
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from models.instants import SECOND, Clock, Monotonic
from simulator.boards.cores import Answer, BoardCore, Effect
from simulator.clock import RealTime

OnChange = Callable[[int, bool, int], None]
"""Told of each relay that switches: channel, on, and when (monotonic microseconds). On the board's own thread."""

EVER = 1_000_000_000
_NOISE = b"\x7f\xd5\x7f"


@dataclass
class Faults:
    """How the board misbehaves now. May be changed at any time, from any thread."""

    garbled: int = 0
    """So many of its next answers are noise"""
    halved: int = 0
    """So many of its next answers break off in the middle"""
    slow: float = 0.0
    """Its answers come so many seconds late; the relays switch at once"""
    mute: bool = False
    """It obeys, and answers nothing"""
    deaf: bool = False
    """It neither obeys nor answers"""
    frozen: bool = False
    """It reads nothing; what is sent meanwhile is obeyed when it thaws, unless the sender has taken it back"""


class PtyBoard:
    """From `plug_in` to `unplug` its port is found at `link`, each time perhaps as another device, like USB's.

    Unplugged, the relays stay as they are (a board with a power supply of its own), unless its power is cut too.
    """

    def __init__(self, core: BoardCore, link: Path, on_change: OnChange, clock: Clock | None = None) -> None:
        self.core, self.link, self.faults = core, link, Faults()
        self._on_change, self._clock = on_change, clock or RealTime()
        self._lock = threading.Lock()
        self._cable: _Cable | None = None
        self._heard = bytearray()

    def __enter__(self) -> Self:
        self.plug_in()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.unplug()

    @property
    def heard(self) -> bytes:
        """All that was ever said to it, obeyed or not; what it never read (deaf is read, frozen isn't) is missing."""
        with self._lock:
            return bytes(self._heard)

    def plug_in(self) -> None:
        if self._cable is None:
            self._cable = _Cable(self)

    def unplug(self, power_cut: bool = False) -> None:
        cable, self._cable = self._cable, None
        if cable is not None:
            cable.pull()
        if power_cut:
            with self._lock:
                self._apply(self.core.power_cut())

    def says(self, words: bytes) -> None:
        """Unasked, such as noise on the cable."""
        if self._cable is not None:
            self._cable.send(words)

    def hears(self, said: bytes) -> list[bytes]:
        """For the cable: obey, and what there is to answer."""
        with self._lock:
            self._heard += said
            if self.faults.deaf:
                return []
            return [self._marred(answer.said) for answer in self._apply(self.core.feed(said)) if not self.faults.mute]

    def _apply(self, effects: list[Effect]) -> list[Answer]:
        now = self._clock.monotonic()
        answers: list[Answer] = []
        for effect in effects:
            if isinstance(effect, Answer):
                answers.append(effect)
            else:
                self._on_change(effect.channel, effect.on, now)
        return answers

    def _marred(self, answer: bytes) -> bytes:
        if self.faults.garbled > 0:
            self.faults.garbled -= 1
            return _NOISE + answer[1:]
        if self.faults.halved > 0:
            self.faults.halved -= 1
            return answer[: len(answer) // 2]
        return answer

    def now(self) -> Monotonic:
        return self._clock.monotonic()


class _Cable:
    """The pty and the thread that carries bytes over it. Its slave end is kept open, so that it outlives its users."""

    def __init__(self, board: PtyBoard) -> None:
        self._board = board
        self._master, self._slave = pty.openpty()
        tty.setraw(self._slave)
        os.set_blocking(self._master, False)
        self._wake_read, self._wake_write = os.pipe()
        self._late: list[tuple[int, bytes]] = []
        board.link.parent.mkdir(parents=True, exist_ok=True)
        with contextlib.suppress(FileNotFoundError):
            board.link.unlink()
        board.link.symlink_to(os.ttyname(self._slave))
        self._pulled = threading.Event()
        self._pump = threading.Thread(target=self._carry, name=f"board {board.link.name}", daemon=True)
        self._pump.start()

    def pull(self) -> None:
        """Whoever has the port open finds it gone."""
        self._board.link.unlink(missing_ok=True)
        self._pulled.set()
        os.write(self._wake_write, b".")
        self._pump.join()
        for descriptor in (self._master, self._slave, self._wake_read, self._wake_write):
            os.close(descriptor)

    def send(self, words: bytes) -> None:
        with contextlib.suppress(BlockingIOError):  # nobody reads: lost, as on a real line
            os.write(self._master, words)

    def _carry(self) -> None:
        while not self._pulled.is_set():
            reading = [self._wake_read] if self._board.faults.frozen else [self._wake_read, self._master]
            ready, _, _ = select.select(reading, [], [], self._pause())
            if self._master in ready:
                self._hear()
            self._answer_what_is_due()

    def _hear(self) -> None:
        try:
            said = os.read(self._master, 4096)
        except BlockingIOError:  # taken back by who said it
            return
        due = self._board.now() + round(self._board.faults.slow * SECOND)
        self._late += [(due, answer) for answer in self._board.hears(said)]

    def _pause(self) -> float:
        """Short enough to see a fault that was just set."""
        if not self._late:
            return 0.02
        return min(0.02, max(0.0, (self._late[0][0] - self._board.now()) / SECOND))

    def _answer_what_is_due(self) -> None:
        while self._late and self._late[0][0] <= self._board.now():
            self.send(self._late.pop(0)[1])
