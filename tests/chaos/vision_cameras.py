"""Cameras that outlive the vision process, and know when somebody began to watch them: the campaign's witness."""

from __future__ import annotations

import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self

import cv2
import numpy as np

from tests.chaos.lane_account import now_us
from tests.vision.passages import Frame

FRAMES_A_SECOND = 8
_SHOWN = 3
"""So many pictures on one connection, and somebody is looking"""


class WatchedCameras:
    """A context manager. Each lane's picture may change at any time; two of them are never wholly alike."""

    def __init__(self, frames: dict[str, Frame]) -> None:
        self._frames = frames
        self._noise = np.random.default_rng(1)
        self.watched: list[tuple[int, str]] = []
        """When a new viewer had been shown some pictures, and of which lane"""
        self._over = threading.Event()
        cameras = self

        class Stream(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                cameras._stream(self)

            def log_message(self, format: str, *args: object) -> None: ...

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Stream)
        self._server.daemon_threads = True

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._over.set()
        self._server.shutdown()
        self._server.server_close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}/{{lane}}.mjpg"

    def show(self, lane: str, frame: Frame) -> None:
        self._frames[lane] = frame

    def _stream(self, viewer: BaseHTTPRequestHandler) -> None:
        lane = viewer.path.strip("/").removesuffix(".mjpg")
        viewer.send_response(200)
        viewer.send_header("Content-Type", "multipart/x-mixed-replace; boundary=frame")
        viewer.end_headers()
        shown = 0
        while not self._over.is_set():
            try:
                viewer.wfile.write(b"--frame\r\nContent-Type: image/jpeg\r\n\r\n" + self._jpeg(lane) + b"\r\n")
            except OSError:
                return
            shown += 1
            if shown == _SHOWN:
                self.watched.append((now_us(), lane))
            time.sleep(1 / FRAMES_A_SECOND if shown >= _SHOWN else 0.01)

    def _jpeg(self, lane: str) -> bytes:
        frame = self._frames[lane].copy()
        frame[400:408, :64] = self._noise.integers(0, 255, (8, 64, 3), np.uint8)
        return cv2.imencode(".jpg", frame)[1].tobytes()
