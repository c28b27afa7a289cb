"""What the lot has offered to take a command under: in memory only, each for one command, and not for long."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum

from models.instants import SECOND, Monotonic

GOOD_FOR_SECONDS = 10
NONCE_BYTES = 16
_MOST_OFFERED = 256
_MOST_REMEMBERED = 4096


class Standing(Enum):
    """What a lot knows of a nonce."""

    FRESH = "fresh"
    LATE = "late"
    BURNT = "burnt"
    UNKNOWN = "unknown"


class Nonces:
    """A restart forgets all of them, so a command from before it is never taken. `now` is monotonic: a clock that is
    set makes nothing fresh."""

    def __init__(self, entropy: Callable[[int], bytes]) -> None:
        self._entropy = entropy
        self._offered: dict[str, tuple[str, Monotonic]] = {}
        self._by_ask: dict[str, str] = {}
        self._burnt: dict[str, None] = {}

    def offer(self, ask: str, now: Monotonic) -> str:
        """A nonce for this question. Asked again, the same one: a question that is played back crowds none out."""
        known = self._by_ask.get(ask)
        if known is not None and self.standing(known, now) is Standing.FRESH:
            return known
        nonce = self._entropy(NONCE_BYTES).hex()
        self._offered[nonce] = (ask, now)
        self._by_ask[ask] = nonce
        if len(self._offered) > _MOST_OFFERED:
            self._forget(next(iter(self._offered)))
        return nonce

    def standing(self, nonce: str, now: Monotonic) -> Standing:
        if nonce in self._burnt:
            return Standing.BURNT
        offered = self._offered.get(nonce)
        if offered is None:
            return Standing.UNKNOWN
        return Standing.FRESH if now - offered[1] <= GOOD_FOR_SECONDS * SECOND else Standing.LATE

    def burn(self, nonce: str) -> None:
        """It was used, whatever comes of it."""
        self._forget(nonce)
        self._burnt[nonce] = None
        if len(self._burnt) > _MOST_REMEMBERED:
            del self._burnt[next(iter(self._burnt))]

    def _forget(self, nonce: str) -> None:
        ask, _ = self._offered.pop(nonce)
        if self._by_ask.get(ask) == nonce:
            del self._by_ask[ask]
