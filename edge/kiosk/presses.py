"""How often a screen may pass something on: a stuck button or a playing child doesn't flood the lane."""

from __future__ import annotations

from models.instants import SECOND, Monotonic

A_SECOND = 5
A_MINUTE = 40
HELP_AGAIN = 10 * SECOND
"""Help that was just called is on its way: pressing again calls nobody else."""


class Presses:
    """Of one lane. Pure but for its memory."""

    def __init__(self) -> None:
        self._recent: list[Monotonic] = []
        self._called: Monotonic | None = None

    def allowed(self, now: Monotonic) -> bool:
        """Whether one more may pass now; if so, it counts."""
        self._recent = [at for at in self._recent if now - at < 60 * SECOND]
        last_second = sum(1 for at in self._recent if now - at < SECOND)
        if last_second >= A_SECOND or len(self._recent) >= A_MINUTE:
            return False
        self._recent.append(now)
        return True

    def calls(self, now: Monotonic) -> bool:
        """Whether pressing for help calls somebody now. It never has to wait for other presses."""
        if self._called is not None and now - self._called < HELP_AGAIN:
            return False
        self._called = now
        return True
