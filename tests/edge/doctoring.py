"""The doctor's patients and visitors: a gate that speaks over a broker, and a technician at a terminal."""

from __future__ import annotations

import json
import os
import pty
import re
import select
import struct
import subprocess
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fcntl import ioctl
from termios import TIOCSWINSZ
from types import TracebackType
from typing import Any, Self

import structlog
from typer.testing import CliRunner

from edge.cli import app
from edge.doctor.findings import Finding
from tests.brokers import USERS, unconnected
from tests.edge.daemons import EDGE, Site, environment

PATIENCE = 30.0
NOBODY = 65534
PASSIVE_AND_CHEAP = "configuration,passwords,files,disk,clock,computer,devices,gpio,network,brokers,cloud,daemon"


@dataclass(frozen=True)
class Ran:
    """How a command ended, and what it said."""

    returncode: int
    stdout: str
    stderr: str


def doctor_process(site: Site, *options: str, **variables: str) -> Ran:
    """`parkgate-edge doctor` as a script runs it."""
    command = [EDGE, "doctor", "--config", str(site.config), *options]
    ran = subprocess.run(command, capture_output=True, text=True, env=environment(**variables), timeout=90)
    return Ran(ran.returncode, ran.stdout, ran.stderr)


def doctor(site: Site, *options: str, **variables: str) -> Ran:
    """The same command in this very process, which saves its start."""
    told = {"PARKGATE_TEST_PASSWORD": USERS["lot"], **variables}
    try:
        ran = CliRunner().invoke(app, ["doctor", "--config", str(site.config), *options], env=told)
    finally:
        structlog.reset_defaults()
    if ran.exception is not None and not isinstance(ran.exception, SystemExit):
        raise ran.exception
    return Ran(ran.exit_code, ran.stdout, ran.stderr)


def findings(ran: Ran, check: str, part: str = "") -> list[dict[str, Any]]:
    """What `--json` told of one check, and of one part of it."""
    told = json.loads(ran.stdout)["findings"]
    return [found for found in told if found["check"] == check and (not part or found["part"] == part)]


def verdicts(ran: Ran, check: str, part: str = "") -> list[str]:
    return [found["verdict"] for found in findings(ran, check, part)]


@dataclass
class Gate:
    """The loops, the arm and the sign of a site's lane: says its state over and over, and rises when it is told."""

    site: Site
    travel: float = 0.4
    stays_up: float = 0.5
    obeys: bool = True
    heard: list[str] = field(default_factory=list)
    shown: list[str] = field(default_factory=list)
    states: dict[str, str] = field(default_factory=lambda: {"arming": "OFF", "closing": "OFF", "position": "closed"})

    def __enter__(self) -> Self:
        self._talker = unconnected("parkgate", USERS["parkgate"])
        assert self._talker.connect(self.site.broker.port) == "Success"
        self._client = self._talker._client
        self._client.on_message = lambda _client, _data, message: self._hear(message.topic, message.payload.decode())
        for topic in ("command", "sign"):
            self._talker.subscribe(self.site.topic(topic))
        self._over = threading.Event()
        self._voice = threading.Thread(target=self._speak, daemon=True)
        self._voice.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._over.set()
        self._voice.join()
        self._client.disconnect()
        self._client.loop_stop()

    def say(self, **states: str) -> None:
        self.states |= states
        for name in states:
            self._client.publish(self.site.topic(name), self.states[name])

    def is_driven_over(self, loop: str) -> None:
        self.say(**{loop: "ON"})
        time.sleep(0.4)
        self.say(**{loop: "OFF"})

    def _speak(self) -> None:
        while not self._over.wait(0.2):
            self.say(**self.states)

    def _hear(self, topic: str, order: str) -> None:
        if topic == self.site.topic("sign"):
            self.shown.append(order)
            return
        self.heard.append(order)
        if self.obeys:
            threading.Thread(target=self._move, daemon=True).start()

    def _move(self) -> None:
        for position, seconds in (("moving", self.travel), ("open", self.stays_up), ("moving", self.travel)):
            self.say(position=position)
            time.sleep(seconds)
        self.say(position="closed")


class Technician:
    """Sits before `parkgate-edge doctor` at a terminal, reads and types."""

    def __init__(self, site: Site, *options: str, **variables: str) -> None:
        self._command = [EDGE, "doctor", "--config", str(site.config), *options]
        self._environment = {**environment(**variables), "TERM": "xterm", "COLUMNS": "200"}
        self._seen, self._read = "", 0

    def __enter__(self) -> Self:
        self._screen, terminal = pty.openpty()
        ioctl(terminal, TIOCSWINSZ, struct.pack("HHHH", 60, 200, 0, 0))
        self.process = subprocess.Popen(
            self._command,
            stdin=terminal,
            stdout=terminal,
            stderr=terminal,
            env=self._environment,
            start_new_session=True,
        )
        os.close(terminal)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.process.kill()
        self.process.wait()
        os.close(self._screen)

    @property
    def screen(self) -> str:
        """All that was ever shown, without colours."""
        return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", self._seen).replace("\r", "")

    def reads(self, text: str, within: float = PATIENCE) -> None:
        """Waits until this is shown, behind what was read before."""
        ends = time.monotonic() + within
        while text not in self.screen[self._read :]:
            assert time.monotonic() < ends, f"{text!r} was never shown:\n{self.screen[-3000:]}"
            assert self._looks(0.1) or self.process.poll() is None, f"it ended without {text!r}:\n{self.screen[-3000:]}"
        self._read = self.screen.index(text, self._read) + len(text)

    def types(self, text: str = "") -> None:
        os.write(self._screen, f"{text}\n".encode())

    def answers(self, question: str, answer: str = "") -> None:
        self.reads(question)
        self._looks(0.2)
        self.types(answer)

    def leaves(self) -> int:
        """Watches to the end. The exit code."""
        ends = time.monotonic() + PATIENCE
        while self.process.poll() is None or self._looks(0.1):
            assert time.monotonic() < ends, f"it never ended:\n{self.screen[-3000:]}"
            self._looks(0.1)
        return self.process.returncode

    def _looks(self, seconds: float) -> bool:
        """Whether there was something new."""
        if not select.select([self._screen], [], [], seconds)[0]:
            return False
        try:
            said = os.read(self._screen, 65536)
        except OSError:
            return False
        self._seen += said.decode(errors="replace")
        return bool(said)


def as_nobody(look: Callable[[], list[Finding]]) -> list[dict[str, Any]]:
    """What is found in a process that isn't root any more, for whom no folder is forbidden."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            if os.geteuid() == 0:
                os.setgroups([])
                os.setgid(NOBODY)
                os.setuid(NOBODY)
            os.write(writing, json.dumps([found.as_json() for found in look()]).encode())
        finally:
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as answer:
        said = answer.read()
    os.waitpid(child, 0)
    return json.loads(said)


def with_lane(settings: dict[str, Any], **parts: Any) -> Mapping[str, Any]:
    """The settings with these parts in the lane; None takes one out."""
    lane = {**settings["lanes"][0], **parts}
    return {**settings, "lanes": [{key: value for key, value in lane.items() if value is not None}]}
