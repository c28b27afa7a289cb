"""How many places are taken at once: what may still be sold of a time is what is kept back less that."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from models.instants import Instant


@dataclass(frozen=True, slots=True)
class Span:
    """From `start` until just before `end`: who leaves at a moment makes room for who comes at it."""

    start: Instant
    end: Instant

    def __post_init__(self) -> None:
        if self.start >= self.end:
            raise ValueError("it ends before it begins")

    def overlaps(self, other: Span) -> bool:
        return self.start < other.end and other.start < self.end


def peak(sold: Iterable[Span], within: Span) -> int:
    """The most of `sold` that stand there at one moment of `within`.

    Not how many overlap it: three that follow each other need one place.
    """
    steps: list[tuple[Instant, int]] = []
    for span in sold:
        if span.overlaps(within):
            # At one moment those who leave come first: -1 sorts before +1.
            steps += [(max(span.start, within.start), 1), (span.end, -1)]
    standing = most = 0
    for at, step in sorted(steps):
        if at >= within.end:
            break
        standing += step
        most = max(most, standing)
    return most


def fits(sold: Iterable[Span], wanted: Span, places: int) -> bool:
    """Whether one more may be sold. As many reservations as never overlap more than `places` at once always find
    their places, whoever takes which: so no reservation needs a spot of its own before its driver comes."""
    return peak(sold, wanted) < places
