"""The real daemon as a process, with its devices, its camera and its systemd played by the test."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from uuid import uuid4

import cv2
import numpy as np
from ruamel.yaml import YAML
from typer.testing import CliRunner

from edge.cli import app
from models.wire import topics
from simulator.servers import Mosquitto, free_port
from tests.brokers import USERS, Talker, talker
from tests.edge.clouds import forget_beacon
from tests.keys import public_file
from tests.vision.passages import empty_lane

EDGE = Path(sys.executable).with_name("parkgate-edge")
PATIENCE = 40.0
_PAUSE = 0.05
_ALONE = {"run", "doctor"}
"""Commands that are a process of their own, whose logs and signals are theirs"""


def until(true: Callable[[], Any], seconds: float = PATIENCE) -> Any:
    """What `true` says, once it is something. Raises TimeoutError."""
    ends = time.monotonic() + seconds
    asked = time.monotonic()
    while not (said := true()):
        now = time.monotonic()
        if now > ends:
            raise TimeoutError(f"it never became so within {seconds} s")
        # To ask all the time would take the processor from what is waited for.
        time.sleep(max(_PAUSE, now - asked))
        asked = time.monotonic()
    return said


@dataclass
class Site:
    """A lot with one entry, written down as a technician would, in a folder of its own."""

    folder: Path
    broker: Mosquitto
    camera: str = field(default_factory=lambda: f"http://127.0.0.1:{free_port()}/nothing.mjpg")
    link: dict[str, Any] | None = None
    id: str = field(default_factory=lambda: str(uuid4()))
    store: Path = Path()

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        self.store = self.store if self.store.is_absolute() else self.folder / "lot.sqlite"
        self.config = self.folder / "lot.yaml"
        self.write(self.settings())

    def topic(self, name: str) -> str:
        return f"test/{self.id}/{name}"

    def login(self, variable: str = "PARKGATE_TEST_PASSWORD") -> dict[str, Any]:
        return {"host": "127.0.0.1", "port": self.broker.port, "username": "lot", "password_env": variable}

    def settings(self) -> dict[str, Any]:
        mqtt = {"driver": "mqtt", **self.login()}
        missed = {"availability_topic": self.topic("available")}
        settings: dict[str, Any] = {
            "lot": {"id": self.id, "name": "North", "timezone": "Europe/Berlin"},
            "tariff": {"currency": "EUR", "hourly_rate": "2.50", "daily_maximum": "18.00"},
            "levels": [{"name": "Ground", "floor": 0, "spots": [{"type": "REGULAR", "numbers": "1-3"}]}],
            "lanes": [
                {
                    "name": "in",
                    "direction": "entry",
                    "barrier": {
                        **mqtt,
                        "command_topic": self.topic("command"),
                        "position_topic": self.topic("position"),
                    },
                    "arming_loop": {**mqtt, **missed, "topic": self.topic("arming")},
                    "closing_loop": {**mqtt, **missed, "topic": self.topic("closing")},
                    "camera": {"driver": "opencv", "source": self.camera},
                }
            ],
            "vision": {"reader": "rapidocr", "spare": False},
            "store": {"path": str(self.store)},
        }
        if self.link is None:
            return settings
        return {**settings, "link": {"cloud_keys": str(public_file(self.folder)), **self.link}}

    def is_forgotten(self) -> None:
        """The broker lets go of the lot's beacon; the will of a daemon that was killed comes first."""
        with talker(self.broker.port) as ear:
            ear.subscribe(topics.state(self.id))
            while not ear.hears_nothing():
                pass
        forget_beacon(self.broker, self.id)

    def write(self, settings: dict[str, Any]) -> None:
        with self.config.open("w", encoding="utf-8") as file:
            YAML().dump(settings, file)

    def status(self) -> dict[str, Any]:
        """What `parkgate-edge status --json` prints."""
        done = edge("status", "--config", str(self.config), "--json")
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)


def edge(*arguments: str) -> subprocess.CompletedProcess[str]:
    """A command of the lot, run to its end; in this process where it can be: to start takes it longer than to work."""
    if arguments[0] in _ALONE:
        return subprocess.run([EDGE, *arguments], capture_output=True, text=True, env=environment(), timeout=PATIENCE)
    done = CliRunner().invoke(app, arguments, env=dict(environment()), catch_exceptions=False)
    return subprocess.CompletedProcess(arguments, done.exit_code, done.stdout, done.stderr)


def environment(**variables: str) -> Mapping[str, str]:
    return {**os.environ, "PARKGATE_TEST_PASSWORD": USERS["lot"], **variables}


class Daemon:
    """`parkgate-edge run`, ready when it has told systemd so."""

    def __init__(self, site: Site) -> None:
        self.site, self.log = site, site.folder / "daemon.log"
        self.told: list[str] = []
        self._address = f"@parkgate-test-{uuid4().hex}"
        self._systemd = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._systemd.bind("\0" + self._address[1:])
        self._systemd.settimeout(0.05)

    def __enter__(self) -> Self:
        variables = environment(NOTIFY_SOCKET=self._address, WATCHDOG_USEC="900000")
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [EDGE, "run", "--config", str(self.site.config)], stdout=log, stderr=log, env=variables
            )
        try:
            until(lambda: self.tells("READY=1"))
        except TimeoutError:
            self.kill()
            raise AssertionError(f"the daemon never got ready:\n{self.said()}") from None
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.kill()
        self._systemd.close()
        self.site.is_forgotten()

    def tells(self, what: str) -> bool:
        """Whether systemd has been told this so far."""
        try:
            while True:
                self.told.append(self._systemd.recv(200).decode())
        except TimeoutError:
            assert self._process.poll() is None or what in self.told, self.said()
            return what in self.told

    def stop(self) -> tuple[int, float]:
        """SIGTERM. The exit code, and how many seconds it took."""
        begun = time.monotonic()
        self._process.send_signal(signal.SIGTERM)
        return self._process.wait(PATIENCE), time.monotonic() - begun

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()

    def said(self) -> str:
        return self.log.read_text(encoding="utf-8")


class Devices:
    """The loops and the arm of the site's lane. Say something until the daemon has heard it."""

    def __init__(self, site: Site, client: Talker, comes: threading.Event | None = None) -> None:
        """`comes`: set while a vehicle stands on the arming loop, for the camera that sees it."""
        self._site, self._client, self._comes = site, client, comes
        client.subscribe(site.topic("command"))

    def say(self, **levels: str) -> None:
        if self._comes is not None and "arming" in levels:
            (self._comes.set if levels["arming"] == "ON" else self._comes.clear)()
        for name, level in levels.items():
            self._client.publish(self._site.topic(name), level)

    def are_heard(self) -> None:
        """A quiet lane: both loops clear, the arm down, until the daemon knows."""

        def heard() -> bool:
            self.say(arming="OFF", closing="OFF", position="closed")
            return self._site.status()["daemon"]["lanes"][0]["barrier"] == "closed"

        until(heard)

    def hear_a_vend(self) -> str:
        """The name of the next vend. Raises queue.Empty where none comes, as long as a camera's picture may take to be
        read beside other tests."""
        return str(json.loads(self._client.hear(PATIENCE).payload)["vend"])

    def hear_nothing(self, seconds: float = 0.3) -> bool:
        return self._client.hears_nothing(seconds)


@contextmanager
def a_camera(frame: np.ndarray, port: int = 0, there: Callable[[], bool] | None = None) -> Iterator[str]:
    """The address of a camera that sees always the same, but for a flicker. `port`: where another was; 0: any.

    `there`: whether the vehicle of `frame` has come; while it hasn't, the lane is empty.
    """

    class Stream(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=frame")
            self.end_headers()
            lit = 0
            while not over.is_set():
                picture = (frame if there is None or there() else empty_lane()).copy()
                lit ^= 255
                picture[400:404, :4] = lit
                jpeg = cv2.imencode(".jpg", picture)[1].tobytes()
                try:
                    self.wfile.write(b"--frame\r\nContent-Type: image/jpeg\r\n\r\n" + jpeg + b"\r\n")
                except OSError:
                    return
                over.wait(1 / 8)

        def log_message(self, format: str, *args: object) -> None: ...

    over = threading.Event()
    server = ThreadingHTTPServer(("127.0.0.1", port), Stream)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/in.mjpg"
    finally:
        over.set()
        server.shutdown()
        server.server_close()
