"""The cameras of simulated lanes: an HTTP server that streams each lane as motion JPEG, as IP cameras do.

`/<lane>.mjpg` is the stream, `/<lane>.jpg` one picture. Frames are painted only while somebody watches, and only
when the picture changed; every viewer gets the newest frame, twelve times a second.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from dataclasses import dataclass, field
from urllib.parse import quote, unquote

import cv2
import numpy as np

from models.ids import LaneName
from models.instants import SECOND, Clock, to_datetime
from simulator.pictures.lens import FRAMES_A_SECOND
from simulator.render import Painter, Scene, grained, overlay

_BOUNDARY = "parkgate-frame"
_QUALITY = 85
_SEND_BUFFER = 128 * 1024
"""Bytes: a viewer who reads slowly falls behind by a few frames at most."""
_REQUEST_WITHIN = 5.0


@dataclass
class _View:
    """One lane's camera: the scene before it, and the last frames made of it."""

    lane: LaneName
    scene: Scene
    painted: tuple[Scene, np.ndarray] | None = None
    encoded: tuple[tuple[Scene, str], bytes] | None = None
    painting: asyncio.Lock = field(default_factory=asyncio.Lock)


class Cameras:
    """The camera server. Give it each lane's scene as it changes."""

    def __init__(self, scenes: dict[LaneName, Scene], clock: Clock, host: str = "127.0.0.1", port: int = 0) -> None:
        self._views = {lane: _View(lane, scene) for lane, scene in scenes.items()}
        self._clock, self._host, self._port = clock, host, port
        self._painter, self._dice = Painter(), np.random.default_rng()
        self._server: asyncio.Server | None = None
        self._viewers: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Raises OSError when the port is taken."""
        self._server = await asyncio.start_server(self._serve, self._host, self._port)
        self._port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()
        for viewer in tuple(self._viewers):
            viewer.cancel()
        await asyncio.gather(*self._viewers, return_exceptions=True)

    @property
    def port(self) -> int:
        return self._port

    def url(self, lane: LaneName) -> str:
        return f"http://{self._host}:{self._port}/{quote(lane)}.mjpg"

    def show(self, lane: LaneName, scene: Scene) -> None:
        self._views[lane].scene = scene

    async def jpeg(self, lane: LaneName) -> bytes:
        """The newest frame of a lane."""
        view = self._views[lane]
        async with view.painting:
            wanted = view.scene, f"{to_datetime(self._clock.read().wall):%Y-%m-%d %H:%M:%S}"
            if view.encoded is None or view.encoded[0] != wanted:
                # In a thread: a new car takes a tenth of a second to draw, and the loops must go on speaking.
                view.encoded = wanted, await asyncio.to_thread(self._encode, view, *wanted)
            return view.encoded[1]

    def _encode(self, view: _View, scene: Scene, time: str) -> bytes:
        if view.painted is None or view.painted[0] != scene:
            view.painted = scene, self._painter.paint(scene)
        frame = overlay(grained(view.painted[1], self._dice), view.lane, time)
        return cv2.imencode(".jpg", frame, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])[1].tobytes()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._viewers.add(task)
        try:
            await self._answer(reader, writer)
        except (OSError, TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass  # The viewer hung up, or never said what it wanted.
        except asyncio.CancelledError:
            writer.transport.abort()
        finally:
            self._viewers.discard(task)
            writer.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), _REQUEST_WITHIN)
        method, _, rest = request.decode("latin-1").partition(" ")
        name, _, kind = unquote(rest.split(" ", 1)[0].split("?", 1)[0]).removeprefix("/").rpartition(".")
        lane = LaneName(name)
        if method != "GET" or lane not in self._views or kind not in ("mjpg", "jpg"):
            await self._refuse(writer)
        elif kind == "jpg":
            await self._send(writer, "200 OK", "image/jpeg", await self.jpeg(lane))
        else:
            await self._stream(writer, lane)

    async def _refuse(self, writer: asyncio.StreamWriter) -> None:
        known = "".join(f"/{lane}.mjpg\n/{lane}.jpg\n" for lane in self._views)
        await self._send(writer, "404 Not Found", "text/plain; charset=utf-8", f"There is:\n{known}".encode())

    async def _send(self, writer: asyncio.StreamWriter, status: str, kind: str, body: bytes) -> None:
        head = f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
        writer.write(head.encode() + body)
        await writer.drain()

    async def _stream(self, writer: asyncio.StreamWriter, lane: LaneName) -> None:
        with contextlib.suppress(OSError):
            writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SEND_BUFFER)
        writer.transport.set_write_buffer_limits(high=_SEND_BUFFER)
        kind = f"multipart/x-mixed-replace; boundary={_BOUNDARY}"
        writer.write(f"HTTP/1.0 200 OK\r\nContent-Type: {kind}\r\nCache-Control: no-store\r\n\r\n".encode())
        due = self._clock.monotonic()
        while True:
            frame = await self.jpeg(lane)
            head = f"--{_BOUNDARY}\r\nContent-Type: image/jpeg\r\nContent-Length: {len(frame)}\r\n\r\n"
            writer.write(head.encode() + frame + b"\r\n")
            await writer.drain()
            due = max(due + SECOND // FRAMES_A_SECOND, self._clock.monotonic())
            await self._clock.sleep((due - self._clock.monotonic()) / SECOND)
