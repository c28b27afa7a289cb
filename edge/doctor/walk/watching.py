"""What an input did while somebody pressed it or drove over it. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from edge.doctor.findings import About, Finding
from models.instants import SECOND, Monotonic

CHATTER_SECONDS = 0.15
QUIET_SECONDS = 0.6
_FEW = 3

Level = bool | None


@dataclass
class Watched:
    """The levels of one input, from the one it began with."""

    first: Level
    changes: list[tuple[Monotonic, Level]] = field(default_factory=list[tuple[Monotonic, Level]])

    def heard(self, at: Monotonic, level: Level) -> None:
        self.changes.append((at, level))

    @property
    def levels(self) -> list[Level]:
        return [self.first, *(level for _, level in self.changes)]

    @property
    def changed_both_ways(self) -> bool:
        known = [level for level in self.levels if level is not None]
        changes = set(pairwise(known))
        return (False, True) in changes and (True, False) in changes

    def is_done(self, now: Monotonic) -> bool:
        """Changed both ways, at rest as before, and quiet since."""
        if not self.changed_both_ways or self.changes[-1][1] is not self.first:
            return False
        return now - self.changes[-1][0] > QUIET_SECONDS * SECOND

    @property
    def chatters(self) -> int:
        """How often it changed again so soon that no vehicle and no finger did it."""
        moments = [at for at, _ in self.changes]
        return sum(later - earlier < CHATTER_SECONDS * SECOND for earlier, later in pairwise(moments))


def judged(about: About, watched: Watched, others: Mapping[str, Watched], gave_up: bool) -> Finding:
    """`others` are those that nobody touched; `gave_up`: the person went on without trying."""
    figures = {"changes": len(watched.changes), "chatter": watched.chatters}
    if all(level is None for level in watched.levels):
        return about.fail("its level was never known", "The fault of this part under `connect`", **figures)
    if not watched.changed_both_ways:
        return _not_both_ways(about, watched, others, gave_up, figures)
    if watched.chatters >= _FEW:
        fix = "A loose wire, water in the loop's joint, the detector's sensitivity; `debounce`, where it can be set"
        return about.warn(f"it goes on and off, but chatters ({watched.chatters} times)", fix, **figures)
    if watched.first is True:
        fix = "Was something there at the beginning? Else it is set the wrong way round: `active_low` or the payloads"
        return about.warn("it was on while nothing was asked of it, and off afterwards", fix, **figures)
    return about.ok("it goes on and off", **figures)


def _not_both_ways(
    about: About, watched: Watched, others: Mapping[str, Watched], gave_up: bool, figures: Mapping[str, Any]
) -> Finding:
    instead = [name for name, other in others.items() if other.changed_both_ways]
    if not watched.changes and instead:
        fix = f"Are its wires, pins or topics exchanged with those of {instead[0]}?"
        return about.fail(f"nothing came from it, but {instead[0]} went on and off", fix, **figures)
    if gave_up:
        word = {True: "on", False: "off", None: "unknown"}[watched.levels[-1]]
        return about.skipped(f"it is {word}; nobody tried it out", **figures)
    if not watched.changes:
        if watched.first:
            fix = "Does something stand there? Reset the detector; a short circuit; `active_low` or the payloads"
            return about.fail("it stayed on", fix, **figures)
        fix = "The detector's or button's own lamp: does it see it? Then the wires between it and the input"
        return about.fail("it stayed off", fix, **figures)
    stays = "on" if watched.levels[-1] else "off"
    return about.fail(
        f"it changed and stayed {stays}", "The detector; a wire; whether something stands there", **figures
    )
