"""Number plates of several countries, all different, the same again for the same seed."""

from __future__ import annotations

import math
import random
from dataclasses import dataclass

from models.plates import Plate, normalised

LETTERS = "ABCDEFGHJKLMNPRSTUVWXYZ"
"""Without I, O and Q, which most countries keep off their plates because they read like 1 and 0."""
CONSONANTS = "BCDFGHJKLMNPRSTVWXYZ"
DIGITS = "0123456789"


@dataclass(frozen=True, slots=True)
class PlateFormat:
    """How a country writes its plates: `L` stands for a letter, `D` for a digit; the rest is as it is.

    The patterns differ in where letters and digits stand, so no plate of one format is one of another.
    """

    country: str
    pattern: str
    letters: str = LETTERS
    yellow: bool = False

    def alphabets(self) -> list[str]:
        return [self.letters if place == "L" else DIGITS for place in self.pattern if place in "LD"]

    def spelled(self, number: int) -> str:
        """The plate that stands for a number from 0 to `count() - 1`, with its separators."""
        shown: list[str] = []
        for place in reversed(self.pattern):
            alphabet = {"L": self.letters, "D": DIGITS}.get(place)
            if alphabet is None:
                shown.append(place)
            else:
                number, index = divmod(number, len(alphabet))
                shown.append(alphabet[index])
        return "".join(reversed(shown))

    def count(self) -> int:
        return math.prod(len(alphabet) for alphabet in self.alphabets())


FORMATS = (
    PlateFormat("D", "LL LL DDDD"),
    PlateFormat("GB", "LLDD LLL"),
    PlateFormat("F", "LL-DDD-LL"),
    PlateFormat("NL", "LL-DDD-L", CONSONANTS, yellow=True),
    PlateFormat("E", "DDDD LLL", CONSONANTS),
    PlateFormat("PL", "LL DDDDD"),
    PlateFormat("S", "LLL DDD"),
)


@dataclass(frozen=True, slots=True)
class NumberPlate:
    """A plate as it is screwed to a car."""

    shown: str
    """With the separators that are painted on it, such as `AB-123-CD`."""
    format: PlateFormat

    @property
    def text(self) -> Plate:
        return normalised(self.shown)


def number_plate(seed: int, n: int) -> NumberPlate:
    """The n-th plate of a run. Two numbers never give the same plate, because within a format the
    steps walk through all its plates before one comes again."""
    format = FORMATS[n % len(FORMATS)]
    dice = random.Random(f"plates {seed} {format.country}")
    count = format.count()
    start = dice.randrange(count)
    step = _coprime(dice.randrange(count // 3, count), count)
    return NumberPlate(format.spelled((start + step * (n // len(FORMATS))) % count), format)


def _coprime(step: int, count: int) -> int:
    while math.gcd(step, count) != 1:
        step += 1
    return step
