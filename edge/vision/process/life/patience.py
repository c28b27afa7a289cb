"""When a vision process counts as hung, and how long its successor waits. Pure.

A process that is stopped is told from one that starves on a busy computer: the kernel says which threads could run
and how much they did. Killing a healthy one helps nobody, so each kill for hanging makes the next less hasty.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from models.instants import SECOND, Monotonic

TICK = 0.25
"""Seconds between two pulses of a healthy process, and between two looks at it"""
STOPPED, STOPPED_AFTER = "Tt", 0.5
SILENCE = 1.0
TURN, TURN_IN_READS = 1.0, 6
"""A turn of the reading loop may take so many seconds, or so many times what the slowest one took of late"""
LONGEST = 20.0
LOADING = 120.0
EXCUSED = 8
"""So much longer is waited for a process that could run and isn't let, or that waits for a disk"""
_STARVED = 0.5
NEVER = Monotonic(0)
_LONGEST_FACTOR, _FORGIVEN_AFTER = 16, 600 * SECOND

FREE_FAILURES, FAILURES_WITHIN = 2, 60 * SECOND
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 30.0


@dataclass(frozen=True, slots=True)
class Seen:
    """A process at one look. Lengths are seconds.

    `silent`: since it was last heard, counted in looks, so that a daemon that stood still itself blames nobody;
    `turning`: for how long its reading loop had been at one frame; `slowest`: what that took at most of late;
    `state`: the kernel's letter for its main thread; `worked`: processor time used while it was silent.
    """

    ready: bool
    silent: float
    turning: float = 0.0
    slowest: float = 0.0
    state: str = "S"
    worked: float = 0.0


@dataclass(frozen=True, slots=True)
class Patience:
    """`factor` 1: as quick as it gets; doubled by each process that was killed for hanging, for ten minutes."""

    factor: int = 1
    since: Monotonic = NEVER

    def lost_one(self, now: Monotonic) -> Patience:
        """Another process was killed for hanging."""
        return Patience(min(2 * self.now(now).factor, _LONGEST_FACTOR), now)

    def now(self, at: Monotonic) -> Patience:
        return replace(self, factor=1) if at - self.since > _FORGIVEN_AFTER else self

    def turn(self, slowest: float) -> float:
        """How long one turn of the reading loop may take."""
        return min(self.factor * max(TURN, TURN_IN_READS * slowest), LONGEST)

    def why_hung(self, seen: Seen) -> str | None:
        """Why the process is to be killed now; None: it isn't."""
        if seen.state in STOPPED:
            return "it was stopped" if seen.silent >= STOPPED_AFTER else None
        if not seen.ready:
            return f"it hasn't loaded its reader in {LOADING:g} s" if seen.silent >= LOADING else None
        excuse = EXCUSED if _is_excused(seen) else 1
        silence = min(self.factor * SILENCE * excuse, LONGEST)
        if seen.silent >= silence:
            return f"nothing was heard of it for {seen.silent:.1f} s"
        turn = min(self.turn(seen.slowest) * excuse, LONGEST)
        if seen.turning + seen.silent >= turn:
            return f"it has been at one picture for {seen.turning + seen.silent:.1f} s"
        return None


def _is_excused(seen: Seen) -> bool:
    """It waits for a disk, or could run and is given less than half a core's time."""
    since = max(seen.silent, TICK)
    return seen.state == "D" or (seen.state == "R" and seen.worked < _STARVED * since)


def pause_before(failures: tuple[Monotonic, ...], now: Monotonic) -> float:
    """Seconds until another process is started after these failures, the newest last: none for the first two in a
    minute; then longer each time."""
    recent = sum(now - at < FAILURES_WITHIN for at in failures)
    if recent <= FREE_FAILURES:
        return 0.0
    return min(FIRST_PAUSE * 2 ** (recent - FREE_FAILURES - 1), LONGEST_PAUSE)


def remembered(failures: tuple[Monotonic, ...], now: Monotonic) -> tuple[Monotonic, ...]:
    """With this one, and without those that no longer count."""
    return (*(at for at in failures if now - at < FAILURES_WITHIN), now)
