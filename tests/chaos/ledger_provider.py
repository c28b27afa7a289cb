"""A provider that takes money over a socket and outlives the lot's process: its own record judges the lot's books."""

from __future__ import annotations

import json
import os
import random
import select
import signal
import socket
from collections import defaultdict
from dataclasses import dataclass, field
from enum import Enum, auto
from pathlib import Path
from typing import Any, NamedTuple

LATE_S = 0.06
"""Longer than the lot waits at the arm in this campaign"""


class Line(NamedTuple):
    """One line of its record, as its report tells it."""

    payment: str | None
    kind: Any
    amount: Any
    currency: str
    reference: str


class Manner(Enum):
    """How a request goes."""

    WELL = auto()
    DECLINED = auto()
    GONE = auto()
    """It hangs up before it does anything"""
    SILENT = auto()
    """It does it, and hangs up before it says so: a time-out"""
    LATE = auto()
    KILLED_BEFORE = auto()
    KILLED_AFTER = auto()
    """The lot's process is killed when it is done, before the answer"""
    KILLED_SOON = auto()
    """And just after the answer: somewhere in what the lot does then"""
    PART = auto()
    """It gets less than it was asked for, and can't give it back, as a machine for coins"""
    MORE = auto()
    """It gets more, and has no change"""


_WEIGHTS = {
    Manner.WELL: 64,
    Manner.DECLINED: 5,
    Manner.GONE: 6,
    Manner.SILENT: 8,
    Manner.LATE: 5,
    Manner.KILLED_BEFORE: 3,
    Manner.KILLED_AFTER: 4,
    Manner.KILLED_SOON: 5,
    Manner.PART: 6,
    Manner.MORE: 5,
}
_OFF = {Manner.PART: -100, Manner.MORE: 150}
_GOES_WRONG_TOO = 0.4
"""A part, or too much, isn't always told: so often it hangs up before it says so"""


@dataclass
class Provider:
    """Takes each payment once and gives each refund back once, by the lot's ids."""

    socket: Path
    chance: random.Random
    taken: dict[str, int] = field(default_factory=dict[str, int])
    given_back: dict[str, tuple[str, int]] = field(default_factory=dict[str, tuple[str, int]])
    excess: dict[str, int] = field(default_factory=dict[str, int])
    """What it got above what it was asked for, by payment"""
    manners: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    declined: set[str] = field(default_factory=set[str])
    kills: int = 0
    honest: bool = False

    def __post_init__(self) -> None:
        self._server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._server.bind(str(self.socket))
        self._server.listen(64)

    def close(self) -> None:
        self._server.close()

    def serve(self, lot: int, leaves: int) -> int | None:
        """Until the lot's process ends; its exit code, or None if it was killed. `leaves` is a pipe that it holds."""
        late: list[tuple[socket.socket, bytes]] = []
        while True:
            ready, _, _ = select.select([self._server, leaves], [], [], LATE_S if late else None)
            for connection, answer in late if not ready else ():
                _say(connection, answer)
            late = late if ready else []
            if leaves in ready:
                break
            if self._server in ready:
                connection, _ = self._server.accept()
                self._answer(connection, lot, late)
        _, status = os.waitpid(lot, 0)
        return None if os.WIFSIGNALED(status) else os.waitstatus_to_exitcode(status)

    @property
    def report(self) -> list[Line]:
        charges = [Line(payment, "charge", amount, "EUR", payment[:8]) for payment, amount in self.taken.items()]
        refunds = [Line(payment, "refund", amount, "EUR", id[:8]) for id, (payment, amount) in self.given_back.items()]
        return charges + refunds

    def _answer(self, connection: socket.socket, lot: int, late: list[tuple[socket.socket, bytes]]) -> None:
        asked = json.loads(connection.makefile().readline() or "{}")
        if not asked:  # it was killed before it had asked
            connection.close()
            return
        if asked["do"] == "report":
            _say(connection, json.dumps([line._asdict() for line in self.report]).encode())
            return
        manner = Manner.WELL if self.honest else self._manner(asked)
        self.manners[manner.name.lower()] += 1
        if manner is Manner.KILLED_BEFORE:
            self._kill(lot)
        if manner in (Manner.GONE, Manner.KILLED_BEFORE):
            connection.close()
            return
        if manner is Manner.DECLINED:
            self.declined.add(asked.get("refund", asked["payment"]))
        answer = self._does(asked, _OFF.get(manner, 0))
        if manner in _OFF and self.chance.random() < _GOES_WRONG_TOO:
            manner = self.chance.choice((Manner.SILENT, Manner.LATE, Manner.KILLED_AFTER, Manner.KILLED_SOON))
        if manner is Manner.KILLED_AFTER:
            self._kill(lot)
        if manner in (Manner.SILENT, Manner.KILLED_AFTER):
            connection.close()
        elif manner is Manner.LATE:
            late.append((connection, answer))
        else:
            _say(connection, answer)
        if manner is Manner.KILLED_SOON:
            select.select([], [], [], self.chance.random() * 0.004)
            self._kill(lot)

    def _manner(self, asked: dict[str, Any]) -> Manner:
        manner = self.chance.choices(list(_WEIGHTS), list(_WEIGHTS.values()))[0]
        known = asked["payment"] in self.taken if asked["do"] == "charge" else asked["refund"] in self.given_back
        return Manner.WELL if manner is Manner.DECLINED and known else manner

    def _does(self, asked: dict[str, Any], off: int) -> bytes:
        if asked.get("refund", asked["payment"]) in self.declined:
            return b"declined"  # once and for all
        if asked["do"] == "charge":
            return self._takes(asked["payment"], asked["amount"], off)
        if self._left(asked["payment"]) >= asked["amount"] or asked["refund"] in self.given_back:
            self.given_back.setdefault(asked["refund"], (asked["payment"], asked["amount"]))
        else:
            return b"declined"
        return b"done"

    def _takes(self, payment: str, amount: int, off: int) -> bytes:
        if payment not in self.taken:
            off = off if amount + off > 0 else 0
            self.taken[payment] = amount + off
            self.excess[payment] = max(off, 0)
        return b"done %d" % self.taken[payment]

    def _left(self, payment: str) -> int:
        return self.taken.get(payment, 0) - sum(sum_ for of, sum_ in self.given_back.values() if of == payment)

    def _kill(self, lot: int) -> None:
        self.kills += 1
        os.kill(lot, signal.SIGKILL)


def _say(connection: socket.socket, answer: bytes) -> None:
    try:
        connection.sendall(answer + b"\n")
    except OSError:
        pass  # it was killed, or waits no longer
    finally:
        connection.close()
