"""What a vision process leaves behind when it dies: which lane it was at, and which thread crashed.

It is a piece of memory that the daemon shares with it, and that outlives it: the lane whose picture is being read, the
thread of each lane's camera, and what Python writes of a crash in native code.
"""

from __future__ import annotations

import faulthandler
import mmap
import os
import re
import struct
import threading
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO

_HEAD = struct.Struct("<q")
_TEXT_AT, _SIZE = 8192, 65536
MOST_LANES = _TEXT_AT // _HEAD.size - 1
_HEAD_OF_ALL = struct.Struct(f"<{MOST_LANES + 1}q")
_CRASHED_THREAD = re.compile(r"Current thread 0x([0-9a-f]+)")
_FATAL = re.compile(r"Fatal Python error: (.+)")


@dataclass(frozen=True, slots=True)
class Left:
    """`at`: the lane whose picture was being read; `camera`: the lane whose camera's thread crashed (numbers in the
    order of the lanes); `fatal`: what Python calls the crash; `main`: whether it was the thread that reads."""

    at: int | None = None
    camera: int | None = None
    fatal: str = ""
    main: bool = False

    @property
    def blamed(self) -> int | None:
        """The lane whose pictures crashed the process, if one did."""
        if self.camera is not None:
            return self.camera
        return self.at if self.main else None


class Trail:
    """The vision process's end."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._shared = mmap.mmap(descriptor, _SIZE)

    def crashes_are_told(self) -> IO[bytes]:
        """From now on. The file must be kept."""
        file = os.fdopen(self._descriptor, "wb", buffering=0)
        file.seek(_TEXT_AT)
        faulthandler.enable(file, all_threads=True)
        return file

    @contextmanager
    def at(self, lane: int) -> Generator[None]:
        """While the picture of a lane is read."""
        self._put(0, lane + 1)
        yield
        self._put(0, 0)

    def camera_thread(self, lane: int) -> None:
        """The calling thread is that of this lane's camera."""
        if lane < MOST_LANES:
            self._put(lane + 1, threading.get_ident())

    def thread_failed(self) -> None:
        """The calling thread takes the process with it, over the pictures of the lane whose camera's it is, if it is
        a camera's; what is being read is none of its doing."""
        lane = _camera(threading.get_ident(), _HEAD_OF_ALL.unpack_from(self._shared)[1:])
        self._put(0, 0 if lane is None else lane + 1)

    def _put(self, place: int, value: int) -> None:
        _HEAD.pack_into(self._shared, place * _HEAD.size, value)


def new_trail() -> int:
    """A descriptor to give to a vision process. Raises OSError."""
    descriptor = os.memfd_create("parkgate-vision", os.MFD_CLOEXEC)
    os.ftruncate(descriptor, _SIZE)
    return descriptor


def what_is_left(descriptor: int, lanes: int) -> Left:
    """What a process that has ended left behind."""
    return read_trail(os.pread(descriptor, _SIZE, 0), lanes)


def read_trail(memory: bytes, lanes: int) -> Left:
    at, *threads = (_HEAD.unpack_from(memory, place * _HEAD.size)[0] for place in range(min(lanes, MOST_LANES) + 1))
    text = memory[_TEXT_AT:].rstrip(b"\0").decode(errors="replace")
    crashed, fatal = _CRASHED_THREAD.search(text), _FATAL.search(text)
    looked_at = at - 1 if 0 < at <= lanes else None
    if crashed is None or fatal is None:
        return Left(looked_at, fatal=fatal[1] if fatal else "")
    camera = _camera(int(crashed[1], 16), threads)
    return Left(looked_at, camera, fatal[1], main=camera is None and _is_reading(text))


def _camera(thread: int, threads: Sequence[int]) -> int | None:
    return threads.index(thread) if thread in threads else None


def _is_reading(text: str) -> bool:
    """Whether the thread that crashed is the one that reads: its own lines say so."""
    _, _, crashed = text.partition("Current thread")
    return "in look" in crashed.split("\nThread ")[0]
