"""How long something took, as far as it can be known from clocks that may have been wrong."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from models.instants import Instant, Monotonic


class Moment(NamedTuple):
    """A point in a machine's own time: so long after its `boot`th start. Moments sort as things happened, whatever the
    wall clock said; `monotonic` counts from the start itself and goes on while the daemon is down."""

    boot: int
    monotonic: Monotonic


@dataclass(frozen=True, slots=True)
class Boot:
    """One run of the machine. `last` is the latest moment at which it is known to have run; `zero` is the true time of
    its start, None while no time server was heard in it."""

    last: Monotonic
    zero: Instant | None = None


@dataclass(frozen=True, slots=True)
class Length:
    """A length in microseconds: at least `least`, at most `most`; None: nobody knows how long at most."""

    least: int
    most: int | None

    @property
    def is_known(self) -> bool:
        return self.least == self.most


Bounds = tuple[Instant | None, Instant | None]
"""The earliest and the latest true time that something can have had; None: no bound is known."""


def apart(begun: Bounds, ended: Bounds) -> Length:
    """How long it is from one time to a later one, where nothing more is known than when each can have been."""
    (earliest_begun, latest_begun), (earliest_ended, latest_ended) = begun, ended
    least = 0 if earliest_ended is None or latest_begun is None else max(earliest_ended - latest_begun, 0)
    most = None if latest_ended is None or earliest_begun is None else latest_ended - earliest_begun
    # What ends before it begins was dated by a clock that was wrong: nothing is sure.
    return Length(least, most if most is not None and most >= 0 else None)


@dataclass(frozen=True, slots=True)
class Timeline:
    """The runs of one machine, one after another, from number `first` on.

    What is certain: a run begins after the one before has ended, and within a run the monotonic clock is right. Where
    a time server was heard, the run has its place in true time, and so bounds all others.
    """

    first: int
    boots: tuple[Boot, ...]

    def between(self, begun: Moment, ended: Moment) -> Length:
        """How long it is from one moment to a later one."""
        if ended <= begun:
            return Length(0, 0)
        if ended.boot == begun.boot:
            exact = ended.monotonic - begun.monotonic
            return Length(exact, exact)
        running = self._running(begun, ended)
        earliest_begun, latest_begun = self.possible(begun)
        earliest_ended, latest_ended = self.possible(ended)
        least = running
        if earliest_ended is not None and latest_begun is not None:
            least = max(running, earliest_ended - latest_begun)
        if latest_ended is None or earliest_begun is None:
            return Length(least, None)
        most = latest_ended - earliest_begun
        # Time servers that contradict each other aren't believed: only the running itself is sure.
        return Length(least, most) if most >= least else Length(running, None)

    def possible(self, moment: Moment) -> Bounds:
        """The earliest and the latest true time at which that can have been; None: no bound is known."""
        zero = self._boot(moment.boot).zero
        if zero is not None:
            return (exact := Instant(zero + moment.monotonic)), exact
        return self._not_before(moment), self._not_after(moment)

    def _not_before(self, moment: Moment) -> Instant | None:
        """From the nearest run before it of which the time is known: the machine ran at least so long since."""
        for number in range(moment.boot - 1, self.first - 1, -1):
            zero = self._boot(number).zero
            if zero is not None:
                return Instant(zero + self._running(Moment(number, Monotonic(0)), moment))
        return None

    def _not_after(self, moment: Moment) -> Instant | None:
        for number in range(moment.boot + 1, self.first + len(self.boots)):
            zero = self._boot(number).zero
            if zero is not None:
                return Instant(zero - self._running(moment, Moment(number, Monotonic(0))))
        return None

    def _running(self, begun: Moment, ended: Moment) -> int:
        """For how long the machine is known to have run between two moments of different runs: off, no clock counts."""
        whole = sum(self._boot(number).last for number in range(begun.boot + 1, ended.boot))
        return max(self._boot(begun.boot).last - begun.monotonic, 0) + whole + ended.monotonic

    def _boot(self, number: int) -> Boot:
        return self.boots[number - self.first]
