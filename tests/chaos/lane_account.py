"""What really happened in the lanes, told by the hardware, which outlives the daemon under test."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from itertools import pairwise
from pathlib import Path

NEVER = 2**62
CROSSING_US = 50_000
"""The controller takes back what still waits: what crosses is on the wire. Seen: 2.3 ms, all processors taken."""


def now_us() -> int:
    return time.monotonic_ns() // 1000


@dataclass(frozen=True, slots=True)
class Made:
    """One time that a contact was made."""

    lane: str
    channel: int
    made_us: int
    opened_us: int
    """NEVER while it is still made"""
    vacant_us: int
    """How long the lane had been empty by then; 0 while a vehicle stands before the arm or under it"""
    arm_down: bool = False
    """Whether the arm was down by then, and at rest"""
    risen: int = 0
    """How often the arm had been up by then, since the hardware was there"""

    @property
    def for_somebody(self) -> bool:
        """An order and the news that the vehicle has gone may cross on their way."""
        return self.vacant_us <= CROSSING_US

    def milliseconds(self, now: int) -> float:
        return (min(self.opened_us, now) - self.made_us) / 1000


def told_again(made: Sequence[Made], killed_us: int, rises_within_us: int) -> int:
    """How often an arm that was down was told anew for the vehicle that stands there, by the same run of the daemon.

    `made`: for one vehicle, in order. A dead daemon's order is nothing that the next one may say again, and an arm is
    told again only after it came down unused, or hadn't risen in the time that the lot gives it.
    """
    return sum(
        again.arm_down
        and again.vacant_us == 0
        and (before.made_us < killed_us) is (again.made_us < killed_us)
        and (again.risen > before.risen or again.made_us - before.made_us >= rises_within_us)
        for before, again in pairwise(made)
    )


class Account:
    """One line of JSON for each thing that happened, written at once; contacts are kept in mind too."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("a", encoding="utf-8", buffering=1)
        self._made: dict[tuple[str, int], Made] = {}
        self._over: list[Made] = []

    def close(self) -> None:
        self._file.close()

    def note(self, lane: str, what: str, **more: object) -> None:
        self._write({"lane": lane, "what": what, **more, "mono_us": now_us()})

    def made(self, contact: Made) -> None:
        self._made[contact.lane, contact.channel] = contact

    def opened(self, lane: str, channel: int, at_us: int) -> None:
        was = self._made.pop((lane, channel), None)
        if was is not None:
            self._over.append(replace(was, opened_us=at_us))
            self._write({"what": "contact", **asdict(self._over[-1])})

    def contacts(self, since_us: int = 0, lane: str | None = None) -> list[Made]:
        """Those made from then on, the ones that still are included."""
        every = [*self._over, *self._made.values()]
        return [each for each in every if each.made_us >= since_us and lane in (None, each.lane)]

    def still_made(self) -> list[Made]:
        return list(self._made.values())

    def _write(self, line: dict[str, object]) -> None:
        self._file.write(json.dumps(line) + "\n")
