"""Wrong ticket codes in a row: whoever tries them waits longer each time, and a person hears of it."""

from __future__ import annotations

from dataclasses import dataclass, replace

from models.instants import BOOT, SECOND, Monotonic

FREE = 3
"""So many wrong codes are typing errors: nobody waits for them."""
FIRST, LONGEST = 2 * SECOND, 30 * SECOND
ALARM = 6
"""So many wrong ones in a row are told to a person."""
FORGOTTEN = 600 * SECOND
"""After so long without a wrong one, all begins anew."""


@dataclass(frozen=True, slots=True)
class Guesses:
    """What was tried at one lane. `last` is the latest wrong code, `at` when it was shown, `until` how long the next
    one has to wait."""

    wrong: int = 0
    last: str = ""
    at: Monotonic = BOOT
    until: Monotonic = BOOT

    @property
    def alarming(self) -> bool:
        return self.wrong >= ALARM


NONE = Guesses()


def may_try(guesses: Guesses, now: Monotonic) -> bool:
    """Whether a code is looked up now."""
    return now >= guesses.until


def after_right(guesses: Guesses) -> Guesses:
    return NONE


def after_wrong(guesses: Guesses, text: str, now: Monotonic) -> Guesses:
    """The same wrong code again is no further try: a lane asks again by itself while a vehicle stands there."""
    fresh = forgotten(guesses, now)
    if text == fresh.last and fresh.wrong:
        return replace(fresh, at=now)
    wrong = fresh.wrong + 1
    return Guesses(wrong, text, now, Monotonic(now + _pause(wrong)))


def forgotten(guesses: Guesses, now: Monotonic) -> Guesses:
    return NONE if now - guesses.at > FORGOTTEN else guesses


def _pause(wrong: int) -> int:
    """2 s, 4 s, 8 s, ... half a minute at most."""
    beyond = wrong - FREE
    return 0 if beyond <= 0 else min(FIRST << min(beyond - 1, 10), LONGEST)
