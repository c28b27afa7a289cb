"""One RS-485 line with OSDP readers, spoken to by libosdp's control panel in a thread of its own."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any, Protocol

import osdp
import structlog

from drivers.over_serial.kept_open import KeptOpen
from drivers.over_serial.stream import SerialSettings, Stream
from models.instants import SECOND, Clock, Monotonic

log = structlog.get_logger()

SILENT_SECONDS = 3.0
"""A reader that hasn't answered since so long after the line was opened isn't there"""
AGAIN_SECONDS = 10.0
"""libosdp leaves a reader alone for minutes when it doesn't answer: we have it try again"""
_LOOK_SECONDS = 0.25


class NoKey(Exception):
    """The key can't be had. The text says why, and nothing of the key."""


class Reader(Protocol):
    """A reader on the line. Called on the event loop only."""

    address: int

    def key(self) -> bytes | None:
        """16 bytes, or None for a line that isn't encrypted. Raises NoKey."""
        ...

    def keyless(self, detail: str) -> None: ...

    def reached(self) -> None: ...

    def lost(self, detail: str) -> None: ...

    def read(self, card: Mapping[str, Any]) -> None:
        """A card, as libosdp describes it."""
        ...


class OsdpBus:
    """Keeps the line open from the first reader's start to the last one's stop."""

    def __init__(self, settings: SerialSettings, clock: Clock) -> None:
        self._clock = clock
        self._readers: dict[int, Reader] = {}
        self._changed = asyncio.Event()
        self._line = KeptOpen(settings.way(), clock, self._serve, self._lost)

    async def join(self, reader: Reader) -> None:
        self._readers[reader.address] = reader
        self._changed.set()
        await self._line.start()

    async def leave(self, reader: Reader) -> None:
        if self._readers.get(reader.address) is not reader:
            return
        del self._readers[reader.address]
        self._changed.set()
        if not self._readers:
            await self._line.stop()

    def _lost(self, detail: str) -> None:
        for reader in tuple(self._readers.values()):
            reader.lost(detail)

    async def _serve(self, stream: Stream) -> None:
        while True:
            self._changed.clear()
            panel = _Panel(stream, self._clock, dict(self._readers))
            await panel.start()
            try:
                while not self._changed.is_set() and not panel.has_new_keys():
                    await self._clock.sleep(_LOOK_SECONDS)
                    await panel.look()
            finally:
                await panel.stop()


class _Panel:
    """libosdp's control panel for the readers that are on the line now, as long as none joins or leaves."""

    def __init__(self, stream: Stream, clock: Clock, readers: dict[int, Reader]) -> None:
        self._clock, self._loop = clock, asyncio.get_running_loop()
        self._channel = _Channel(stream)
        self._readers: list[Reader] = []
        self._keyless: list[Reader] = []
        devices: list[osdp.PDInfo] = []
        for address, reader in readers.items():
            try:
                key = reader.key()
            except NoKey as error:
                self._keyless.append(reader)
                reader.keyless(f"{error}")
                continue
            self._readers.append(reader)
            devices.append(osdp.PDInfo(address, self._channel, scbk=key, flags=_flags(key)))  # pyright: ignore[reportArgumentType]
        self._silent_since: dict[int, Monotonic] = dict.fromkeys(range(len(devices)), clock.monotonic())
        self._tried_at = clock.monotonic()
        self._panel: osdp.ControlPanel | None = None
        if devices:
            self._panel = osdp.ControlPanel(devices, osdp.LogLevel.Emergency, self._heard)  # pyright: ignore[reportArgumentType]

    async def start(self) -> None:
        if self._panel is not None:
            self._panel.start()

    async def stop(self) -> None:
        panel, self._panel = self._panel, None
        if panel is not None:
            await asyncio.to_thread(panel.teardown)

    def has_new_keys(self) -> bool:
        return any(_has_key(reader) for reader in self._keyless)

    async def look(self) -> None:
        """Raises OSError when the line is gone."""
        if self._channel.error is not None:
            raise self._channel.error
        now = self._clock.monotonic()
        for index, since in self._silent_since.items():
            if now - since > SILENT_SECONDS * SECOND:
                self._readers[index].lost(
                    f"no answer from address {self._readers[index].address}, or it has another key"
                )
        if self._silent_since and now - self._tried_at > AGAIN_SECONDS * SECOND:
            self._tried_at = now
            await asyncio.to_thread(self._try_again, [self._readers[index].address for index in self._silent_since])

    def _try_again(self, addresses: list[int]) -> None:
        for address in addresses:
            if self._panel is not None and not self._panel.is_online(address):
                self._panel.disable_pd(address)
                self._panel.enable_pd(address)

    def _heard(self, index: int, event: dict[str, Any]) -> int:
        """On the panel's thread."""
        if self._panel is not None:
            self._panel.get_event(self._readers[index].address, -1)  # it keeps every event for somebody who fetches it
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._take, index, event)
        return 0

    def _take(self, index: int, event: dict[str, Any]) -> None:
        if self._panel is None:
            return
        kind = event.get("event")
        if kind == osdp.Event.CardRead and index not in self._silent_since:
            self._readers[index].read(event)
        elif kind == osdp.Event.Notification and event.get("type") == osdp.EventNotification.PeripheralDeviceStatus:
            self._answers(index, bool(event.get("arg0")))

    def _answers(self, index: int, answers: bool) -> None:
        if answers:
            self._silent_since.pop(index, None)
            self._readers[index].reached()
        elif index not in self._silent_since:
            self._silent_since[index] = self._tried_at = self._clock.monotonic()
            self._readers[index].lost(f"address {self._readers[index].address} doesn't answer any more")


class _Channel(osdp.Channel):
    """The line, for libosdp's thread. An exception would be lost in it, so it is kept for the loop to find."""

    def __init__(self, stream: Stream) -> None:
        super().__init__()
        self._stream = stream
        self.error: OSError | None = None

    def read(self, max_bytes: int) -> bytes:
        try:
            return self._stream.read_now(max_bytes)
        except OSError as error:
            self.error = error
            return b""

    def write(self, buf: bytes) -> int:
        try:
            return self._stream.write_now(buf)
        except OSError as error:
            self.error = error
            return -1

    def flush(self) -> None:
        try:
            self._stream.forget_what_was_said()
        except OSError as error:
            self.error = error


def _flags(key: bytes | None) -> list[int]:
    notified = [osdp.LibFlag.EnableNotification]
    return notified if key is None else [*notified, osdp.LibFlag.EnforceSecure]


def _has_key(reader: Reader) -> bool:
    try:
        reader.key()
    except NoKey:
        return False
    return True
