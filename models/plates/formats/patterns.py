"""The small language that plate formats are written in.

`L` is a letter that the country uses, `D` a digit, `X` either; `[12]` one of these, `<AB CD>` one of these words;
`{2,4}` and `?` say how often. Everything is as `normalised` spells it: no separators, no marks.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

ALL_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
DIGITS = "0123456789"
_PART = re.compile(
    r"(?:\[(?P<set>[^\]]+)\]|<(?P<words>[^>]+)>|(?P<kind>[LDX]))(?:\{(?P<few>\d),(?P<many>\d)\}|(?P<may>\?))?"
)


@dataclass(frozen=True, slots=True)
class Part:
    """One of these words, `few` to `many` times."""

    words: tuple[str, ...]
    few: int = 1
    many: int = 1


@dataclass(frozen=True, slots=True)
class Country:
    """The formats of one country's plates. `without`: letters that its series don't use. `longest`: characters of the
    longest plate. `source`: the rule that they are taken from."""

    code: str
    name: str
    patterns: tuple[str, ...]
    source: str
    without: str = ""
    longest: int = 9

    def has(self, text: str) -> bool:
        """Whether a plate of this country may be spelled so."""
        return len(text) <= self.longest and _expression(self).fullmatch(text) is not None


@cache
def parts(country: Country, pattern: str) -> tuple[Part, ...]:
    """Raises ValueError for what is no pattern."""
    found: list[Part] = []
    at = 0
    while at < len(pattern):
        part = _PART.match(pattern, at)
        if part is None:
            raise ValueError(f"{country.code}: {pattern!r} is no pattern from {pattern[at:]!r} on")
        found.append(_part(country, part))
        at = part.end()
    return tuple(found)


def _part(country: Country, part: re.Match[str]) -> Part:
    letters = "".join(letter for letter in ALL_LETTERS if letter not in country.without)
    words = tuple(part["set"] or {"L": letters, "D": DIGITS, "X": letters + DIGITS}.get(part["kind"] or "", ""))
    if part["words"]:
        words = tuple(part["words"].split())
    if part["may"]:
        return Part(words, 0, 1)
    return Part(words, int(part["few"] or 1), int(part["many"] or 1))


@cache
def _expression(country: Country) -> re.Pattern[str]:
    return re.compile("|".join(_as_expression(parts(country, pattern)) for pattern in country.patterns))


def _as_expression(found: tuple[Part, ...]) -> str:
    return "".join(f"(?:{'|'.join(part.words)}){{{part.few},{part.many}}}" for part in found)
