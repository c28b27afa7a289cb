"""Which camera's pictures crash the vision process, and how long each suspect is left alone. Pure.

A crash on a camera's own thread names it. Where nobody knows, the cameras are opened one after another after several
quick crashes, and the one that was opened last before the next crash is it. A suspect costs its own lane alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from models.ids import LaneName
from models.instants import HOUR, SECOND, Monotonic

SOON = 10 * SECOND
"""A process that ended sooner after it began has crashed at its pictures' beginning; later ones had other reasons"""
CERTAIN, LIKELY = 2, 3
"""So many crashes that a camera's own thread had, or that happened soon and over its picture, make it a suspect"""
UNKNOWN, UNKNOWN_WITHIN = 3, 120 * SECOND
ONE_BY_ONE = 3 * SECOND
FIRST_HOLD, LONGEST_HOLD = 30 * SECOND, 1800 * SECOND
TRUSTED_AFTER, FORGOTTEN_AFTER = 60 * SECOND, 4 * HOUR
NEVER = Monotonic(0)


@dataclass(frozen=True, slots=True)
class Suspicion:
    """`times` a lane was blamed, `last` then; `weight` is counted in halves and thirds of what makes it a suspect."""

    weight: int = 0
    times: int = 0
    last: Monotonic = NEVER
    held: int = 0
    """How often its camera was left alone since it was last trusted for long"""
    trusted: bool = False

    @property
    def poisonous(self) -> bool:
        return self.held > 0 and not self.trusted


@dataclass(frozen=True, slots=True)
class Suspects:
    """What is known of each lane's camera. `opens`: seconds after `begun` at which each was opened this time."""

    lanes: tuple[LaneName, ...]
    known: Mapping[LaneName, Suspicion] = field(default_factory=dict[LaneName, Suspicion])
    unknown: tuple[Monotonic, ...] = ()
    begun_at: Monotonic = NEVER
    opens: Mapping[LaneName, float] = field(default_factory=dict[LaneName, float])
    one_by_one: bool = False

    @property
    def poisonous(self) -> dict[LaneName, int]:
        """The lanes whose cameras are suspects, with how often each was blamed."""
        return {lane: suspicion.times for lane, suspicion in self.known.items() if suspicion.poisonous}

    def begun(self, now: Monotonic) -> Suspects:
        """Another process begins to look."""
        recent = tuple(at for at in self.unknown if now - at < UNKNOWN_WITHIN)
        one_by_one = len(recent) >= UNKNOWN
        opens: dict[LaneName, float] = {}
        turn = 0
        for lane in self.lanes:
            hold = max(0, _held_until(self.known.get(lane)) - now)
            if one_by_one and not hold:
                hold, turn = turn * ONE_BY_ONE, turn + 1
            opens[lane] = hold / SECOND
        return replace(self, unknown=recent, begun_at=now, opens=opens, one_by_one=one_by_one)

    @property
    def open_after(self) -> dict[LaneName, float]:
        """How long each camera is left alone by the process that has just begun; those that aren't are left out."""
        return {lane: seconds for lane, seconds in self.opens.items() if seconds > 0}

    def crashed(self, blamed: LaneName | None, now: Monotonic, *, certain: bool, unknown: bool) -> Suspects:
        """A process ended, over a picture of `blamed` where that is known; `certain`: on its camera's own thread."""
        soon = now - self.begun_at < SOON
        if blamed is not None and (certain or soon):
            return self._blame(blamed, now, CERTAIN * LIKELY // (CERTAIN if certain else LIKELY))
        if not unknown:
            return self
        last = self._opened_last(now) if self.one_by_one else None
        if last is not None:
            return self._blame(last, now, CERTAIN * LIKELY)
        return replace(self, unknown=(*self.unknown, now)) if soon else self

    def trusted(self, now: Monotonic, *, reading: bool) -> Suspects:
        """Those whose pictures have been read for a minute are believed; what was long ago is forgotten."""
        known: dict[LaneName, Suspicion] = {}
        for lane, suspicion in self.known.items():
            if now - suspicion.last > FORGOTTEN_AFTER:
                continue
            opened = self.begun_at + round(self.opens.get(lane, 0.0) * SECOND)
            good = reading and now - opened >= TRUSTED_AFTER and suspicion.last < opened
            known[lane] = replace(suspicion, trusted=suspicion.trusted or good)
        return replace(self, known=known)

    def _blame(self, lane: LaneName, now: Monotonic, weight: int) -> Suspects:
        before = self.known.get(lane, Suspicion())
        weight += before.weight
        held = before.held + (weight >= CERTAIN * LIKELY)
        blamed = Suspicion(weight, before.times + 1, now, held, trusted=False)
        return replace(self, known={**self.known, lane: blamed})

    def _opened_last(self, now: Monotonic) -> LaneName | None:
        since = (now - self.begun_at) / SECOND
        opened = {lane: at for lane, at in self.opens.items() if at <= since}
        last = max(opened, key=lambda lane: opened[lane], default=None)
        return last if last is not None and since - opened[last] <= ONE_BY_ONE / SECOND else None


def _held_until(suspicion: Suspicion | None) -> int:
    """Twice as long each time."""
    if suspicion is None or not suspicion.held:
        return 0
    return suspicion.last + min(FIRST_HOLD * 2 ** (suspicion.held - 1), LONGEST_HOLD)
