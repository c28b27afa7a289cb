"""How long to wait before a camera that was lost is opened again. Pure but for the dice.

A camera that doesn't answer at all may be starting: it is tried often. One that answers and lets nobody in (a wrong
password) may lock its door after a few tries: it is left alone for longer. Some seconds are left to chance, so that a
lot's cameras, back after a power cut, aren't all asked at once.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

FIRST, LONGEST, LONGEST_REFUSED = 1.0, 15.0, 120.0
QUICK = 3.0
"""Seconds; who says no sooner has answered"""
_CHANCE = 0.2


@dataclass(frozen=True, slots=True)
class Tries:
    """Failures in a row to get pictures that go on, and how many of the last were quick."""

    failed: int = 0
    refused: int = 0

    def again(self, took: float) -> Tries:
        """It couldn't be opened, or was lost; that took so many seconds."""
        return Tries(self.failed + 1, self.refused + 1 if took < QUICK else 0)

    @property
    def pause(self) -> float:
        """Seconds, without the dice."""
        doubled = FIRST * 2 ** min(max(self.failed - 1, 0), 10)
        return min(doubled, LONGEST_REFUSED if self.refused > 4 else LONGEST)

    def wait(self, chance: random.Random) -> float:
        return self.pause * chance.uniform(1 - _CHANCE, 1 + _CHANCE)
