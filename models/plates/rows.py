"""Plates in a row: a firm buys its cars by the dozen, and the registration office hands their numbers out in order."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from functools import lru_cache

_NUMBER = re.compile(r"\d{2,}(?=\D*$)")
_LONGEST_ROW = 30
"""The cars that a firm registers together lie no further apart."""


def are_in_a_row(one: str, other: str) -> bool:
    """The same but for numbers near each other, or but for the last letter; of one of them a last character may have
    been lost."""
    if one == other or one[0] != other[0] or abs(len(one) - len(other)) > 1:
        return False
    if len(one) != len(other):
        shorter, longer = sorted((one, other), key=len)
        return longer.startswith(shorter) or _lost_its_end(shorter, longer)
    if one[:-1] == other[:-1]:
        return True
    before, number, after = _parts(one)
    as_before, as_number, as_after = _parts(other)
    return before == as_before and after == as_after and bool(after or before) and _are_near(number, as_number)


def rows_of(plates: Iterable[str]) -> Counter[tuple[str, int, str]]:
    """How many are in each stretch of numbers; rows that a stretch's end cuts in two are counted short. Cheap."""
    return Counter(map(_stretch, plates))


def _lost_its_end(shorter: str, longer: str) -> bool:
    before, number, after = _parts(shorter)
    as_before, as_number, as_after = _parts(longer)
    return not after and not as_after and before == as_before and _are_near(f"{number}5", as_number)


def _are_near(number: str, other: str) -> bool:
    return number.isdigit() and other.isdigit() and abs(int(number) - int(other)) <= _LONGEST_ROW


@lru_cache(maxsize=16384)
def _parts(plate: str) -> tuple[str, str, str]:
    found = _NUMBER.search(plate)
    return (plate, "", "") if found is None else (plate[: found.start()], found[0], plate[found.end() :])


@lru_cache(maxsize=16384)
def _stretch(plate: str) -> tuple[str, int, str]:
    before, number, after = _parts(plate)
    return (before, int(number) // _LONGEST_ROW, after) if number else (plate[:-1], -1, "")
