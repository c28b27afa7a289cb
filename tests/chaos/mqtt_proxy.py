"""A line between a lot and its broker that loses, repeats, holds back, overtakes and cuts: packets of MQTT, not bytes.

TCP loses nothing, so what is lost here is what a broker takes and then forgets: the sender hears that it was taken.
"""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

_PUBLISH, _PUBACK = 3, 4
_LONGEST_DELAY = 0.15
_HELD_FOR = 0.2


@dataclass(frozen=True, slots=True)
class Weather:
    """How likely it is that something befalls one message; all zero: the line is sound."""

    lose: float = 0
    twice: float = 0
    hold: float = 0
    delay: float = 0
    cut: float = 0


SOUND = Weather()
WEATHERS = (
    SOUND,
    Weather(lose=0.3),
    Weather(twice=0.3),
    Weather(hold=0.3),
    Weather(delay=0.5),
    Weather(cut=0.05),
    Weather(lose=0.15, twice=0.15, hold=0.15, delay=0.2, cut=0.01),
)


@dataclass(frozen=True, slots=True)
class Packet:
    """One packet of MQTT, as it stands on the wire."""

    whole: bytes
    body: bytes

    @property
    def kind(self) -> int:
        return self.whole[0] >> 4

    @property
    def qos(self) -> int:
        return self.whole[0] >> 1 & 3

    @property
    def receipt(self) -> bytes:
        """What says that it was taken."""
        place = 2 + int.from_bytes(self.body[:2], "big")
        return bytes([_PUBACK << 4, 2]) + self.body[place : place + 2]

    @property
    def repeated(self) -> bytes:
        return bytes([self.whole[0] | 8]) + self.whole[1:] if self.qos else self.whole


async def read_packet(reader: asyncio.StreamReader) -> Packet:
    """Raises asyncio.IncompleteReadError at the end of the connection."""
    head = await reader.readexactly(1)
    length, shift = 0, 0
    while True:
        byte = await reader.readexactly(1)
        head += byte
        length |= (byte[0] & 127) << shift
        shift += 7
        if byte[0] < 128:
            break
    body = await reader.readexactly(length)
    return Packet(head + body, body)


@dataclass
class Proxy:
    """Takes the place of the broker on `port`. What befell messages is counted in `befell`."""

    broker: int
    chance: random.Random
    weather: Weather = SOUND
    slow: float = 0.0
    """Seconds that each message of the broker is held back"""
    port: int = 0
    befell: Counter[str] = field(default_factory=Counter[str])
    _lines: set[asyncio.StreamWriter] = field(default_factory=set[asyncio.StreamWriter])

    def cut(self) -> None:
        """Every connection ends without a farewell."""
        for writer in list(self._lines):
            writer.transport.abort()

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Proxy]:
        server = await asyncio.start_server(self._connected, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()
            self.cut()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self.broker)
        except OSError:
            writer.close()
            return
        ends = {writer, far_writer}
        self._lines |= ends
        ways = [
            asyncio.create_task(_Way(self, reader, far_writer, writer).run()),
            asyncio.create_task(_Way(self, far_reader, writer, far_writer, self.slow).run()),
        ]
        with suppress(asyncio.CancelledError):
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        for way in ways:
            way.cancel()
        await asyncio.gather(*ways, return_exceptions=True)
        self._lines -= ends
        for end in ends:
            end.transport.abort()


@dataclass
class _Way:
    """One direction of one connection. `back` leads to whoever sent the packet."""

    proxy: Proxy
    reader: asyncio.StreamReader
    onward: asyncio.StreamWriter
    back: asyncio.StreamWriter
    slow: float = 0.0
    held: list[Packet] = field(default_factory=list[Packet])

    async def run(self) -> None:
        coming = asyncio.create_task(read_packet(self.reader))
        try:
            while True:
                done, _ = await asyncio.wait([coming], timeout=_HELD_FOR if self.held else None)
                if done:
                    packet = coming.result()
                    coming = asyncio.create_task(read_packet(self.reader))
                    await self._pass(packet)
                for late in self.held if not done else ():
                    self.onward.write(late.whole)
                if not done:
                    self.held.clear()
                await self.onward.drain()
        except (asyncio.IncompleteReadError, OSError):
            return
        finally:
            coming.cancel()
            await asyncio.gather(coming, return_exceptions=True)

    async def _pass(self, packet: Packet) -> None:
        what = self._what_befalls() if packet.kind == _PUBLISH else ""
        if self.slow and packet.kind == _PUBLISH:
            await asyncio.sleep(self.slow)
        self.proxy.befell[what or "passed"] += 1
        match what:
            case "lose":
                if packet.qos:
                    self.back.write(packet.receipt)
                return
            case "hold":
                self.held.append(packet)
                return
            case "cut":
                raise ConnectionResetError
            case "delay":
                await asyncio.sleep(self.proxy.chance.uniform(0, _LONGEST_DELAY))
            case _:
                pass
        self.onward.write(packet.whole)
        if what == "twice":
            self.onward.write(packet.repeated)
        if self.held:
            self.onward.write(self.held.pop(0).whole)  # overtaken

    def _what_befalls(self) -> str:
        dice, weather = self.proxy.chance.random(), self.proxy.weather
        for what in ("lose", "twice", "hold", "delay", "cut"):
            dice -= getattr(weather, what)
            if dice < 0:
                return what
        return ""
