"""A server as a child process: started until it answers, stopped, killed and restarted, never outliving its parent."""

from __future__ import annotations

import abc
import os
import pwd
import shutil
import signal
import subprocess
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Self

from simulator.servers.ports import answers

_READY_STEP = 0.02
_READY_STEPS = 1500
_STOP_SECONDS = 20

# The kernel's parent-death signal fires when the *thread* that started the child ends, so one thread starts
# them all and lives as long as this process does.
_keeper = ThreadPoolExecutor(max_workers=1, thread_name_prefix="servers")


class ServerError(Exception):
    """A server didn't start, or isn't installed. The text says what is missing or shows the log's last lines."""


class Server(abc.ABC):
    """One server on 127.0.0.1:`port`, which it keeps over restarts, or on no port. Its output goes to `log`.

    A context manager: entering starts it, leaving stops it. All calls block; none is for an event loop's thread
    that must stay responsive.
    """

    def __init__(self, port: int | None, log: Path) -> None:
        self._port, self.log = port, log
        self._process: subprocess.Popen[bytes] | None = None

    @abc.abstractmethod
    def _command(self) -> Sequence[str]: ...

    @abc.abstractmethod
    def _ready(self) -> bool: ...

    def _environment(self) -> Mapping[str, str]:
        return os.environ

    _user: str | None = None
    _stop_signal = signal.SIGTERM

    @property
    def port(self) -> int:
        """Raises ServerError for one that has none."""
        if self._port is None:
            raise ServerError(f"{self} listens on no port")
        return self._port

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self) -> int:
        """Raises ServerError when it isn't running."""
        if self._process is None or self._process.poll() is not None:
            raise ServerError(f"{self} isn't running")
        return self._process.pid

    @property
    def exit_code(self) -> int | None:
        """What it ended with by itself; None while it runs, and after it was stopped."""
        return None if self._process is None else self._process.poll()

    def start(self) -> Self:
        """Start it and wait until it answers.

        Raises ServerError when its port is taken, when it ends first, or when it takes over 30 seconds.
        """
        if self.running:
            return self
        if self._port is not None and answers(self._port):
            raise ServerError(f"{self} can't start: something else listens there")
        self._process = _keeper.submit(self._spawn).result()
        for _ in range(_READY_STEPS):
            if not self.running:
                break
            if self._ready():
                return self
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(_READY_STEP)
        self.kill()
        raise ServerError(f"{self} didn't start:\n{self.tail()}")

    def stop(self) -> None:
        """Ask it to end in good order and wait; killed when it takes over 20 seconds. Harmless when it is stopped."""
        self._end(self._stop_signal)

    def kill(self) -> None:
        """SIGKILL, as a crash would: nothing is flushed. Harmless when it is stopped."""
        self._end(signal.SIGKILL)

    def restart(self) -> Self:
        self.stop()
        return self.start()

    def tail(self, lines: int = 20) -> str:
        """The last lines of its log."""
        if not self.log.exists():
            return f"(no log at {self.log})"
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def __str__(self) -> str:
        name = type(self).__name__
        return name if self._port is None else f"{name} on port {self._port}"

    def _spawn(self) -> subprocess.Popen[bytes]:
        command = [*leash(self._stop_signal), *as_user(self._user), *self._command()]
        with self.log.open("ab") as log:
            # A session of its own: Ctrl-C at the terminal is for the parent, which then stops us in its own order.
            return subprocess.Popen(
                command,
                env=self._environment(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                cwd="/",
            )

    def _end(self, how: signal.Signals) -> None:
        process = self._process
        if process is None:
            return
        process.send_signal(how)
        try:
            process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        self._process = None


def leash(at_parents_death: signal.Signals) -> list[str]:
    """The words before a command that make it end when the thread that started it does."""
    return [required("setpriv"), "--pdeathsig", at_parents_death.name.removeprefix("SIG")]


def as_user(name: str | None) -> list[str]:
    """The rest of setpriv's words: become `name`, or stay who we are."""
    if name is None:
        return ["--"]
    account = pwd.getpwnam(name)
    return [f"--reuid={account.pw_uid}", f"--regid={account.pw_gid}", "--clear-groups", "--"]


def required(program: str) -> str:
    """The full path of a program, system folders included. Raises ServerError when it isn't installed."""
    found = shutil.which(program, path=f"{os.environ.get('PATH', '')}:/usr/local/sbin:/usr/sbin:/sbin")
    if found is None:
        raise ServerError(f"{program} isn't installed (make setup-test installs what the tests need)")
    return found
