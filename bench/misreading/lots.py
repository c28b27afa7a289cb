"""Exits of made-up lots whose plates are misread as the reader was seen to misread them.

The misreads are those of the half of the photographs, and of the typeface, that the weights were not counted on.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.misreading.random_plates import USUAL, any_plate, plate_of
from models.instants import HOUR
from models.plates import Plate, SeenPlate
from models.plates.matching import Inside

MISREADS = Path(__file__).with_name("misreads.json")
STRANGERS = 0.1
_AT_ENTRY = 0.03
"""So many plates inside were misread when they came. A guess: the pictures that were counted are worse."""
_AT_HOME = 0.75
_FLEET_SHARE, _LOOKALIKE_STRANGERS = 0.3, 0.5
_DECIDED = 0.8
"""A vote whose weakest character is so sure decides; what is less sure is a question to the driver at most."""


@dataclass(frozen=True, slots=True)
class Misread:
    """One as it was counted: of each wrong character its place, what it is and was read as and how sure; and how sure
    the right ones were."""

    wrong: tuple[tuple[str, str | None, str | None, float], ...]
    right: tuple[float, ...]

    @property
    def decided(self) -> bool:
        return min([sure for *_, read, sure in self.wrong if read] + list(self.right)) >= _DECIDED


@dataclass(frozen=True, slots=True)
class Misreads:
    """`share`: of the reads that might be a vote, those that were wrong. `decided`: those that a vote decides."""

    share: float
    every: tuple[Misread, ...]
    decided: tuple[Misread, ...]


@dataclass(frozen=True, slots=True)
class Exit:
    """`ticket` None: a vehicle without one. `confused`: characters that are other than what stands on the plate, now;
    `at_entry`: the same of the ticket's own. `slipped`: some were lost or added."""

    seen: SeenPlate
    ticket: str | None
    confused: int
    at_entry: int
    slipped: bool = False


def measured() -> Misreads:
    kept: dict[str, Any] = json.loads(MISREADS.read_text())
    every = [
        Misread(tuple((place, true, read, sure) for place, true, read, sure in wrong), tuple(right))
        for wrong, right in kept["misreads"]
        if right
    ]
    return Misreads(kept["wrong"] / kept["reads"], tuple(every), tuple(each for each in every if each.decided))


class Lot:
    """So many vehicles inside, each with the plate that was read at its entry, which may be wrong as well."""

    def __init__(self, size: int, fleets: bool, misreads: Misreads, chance: random.Random) -> None:
        self._chance, self._misreads, self._fleets = chance, misreads, fleets
        self._home = chance.choice(USUAL)
        self._true: dict[str, Plate] = {}
        self._outside: list[Plate] = []
        self._at_entry: dict[str, int] = {}
        self.inside: list[Inside] = []
        used: set[Plate] = set()
        for plate in self._plates(size if not fleets else round(size * (1 - _FLEET_SHARE)), size):
            if plate not in used:
                used.add(plate)
                self._comes(plate)
        self.by_plate = {one.plate: one.key for one in self.inside}

    def exits(self, count: int) -> Iterator[Exit]:
        for _ in range(count):
            key = None if self._chance.random() < STRANGERS else self._chance.choice(list(self._true))
            plate = self._stranger() if key is None else self._true[key]
            entry = 0 if key is None else self._at_entry[key]
            if self._chance.random() >= self._misreads.share:
                sure = self._chance.choice(self._misreads.every).right
                yield Exit(SeenPlate(plate, _sureness(plate, sure, self._chance)), key, 0, entry)
                continue
            seen, misread = misread_of(plate, self._misreads.every, self._chance)
            yield Exit(seen, key, len(misread.wrong), entry, len(seen.plate) != len(plate))

    def _plates(self, single: int, size: int) -> Iterator[Plate]:
        for _ in range(single):
            yield self._plate()
        row: list[Plate] = []
        for _ in range(size - single):
            row = row or self._fleet()
            yield row.pop()

    def _plate(self) -> Plate:
        return plate_of(self._home, self._chance) if self._chance.random() < _AT_HOME else any_plate(self._chance)

    def _fleet(self) -> list[Plate]:
        """Half of the firm's cars: the other half is on the road, and may stop by without a ticket."""
        row = in_a_row(self._plate(), self._chance.randint(4, 12), self._chance)
        self._chance.shuffle(row)
        half = (len(row) + 1) // 2
        self._outside += row[half:]
        return row[:half]

    def _comes(self, plate: Plate) -> None:
        key, read, wrong = f"T{len(self.inside)}", plate, 0
        if self._chance.random() < _AT_ENTRY:
            seen, misread = misread_of(plate, self._misreads.decided, self._chance)
            read, wrong = seen.plate, len(misread.wrong)
        self._true[key], self._at_entry[key] = plate, wrong
        stay = round(HOUR * 2 ** self._chance.uniform(-5, 6))
        self.inside.append(Inside(key, read, stay))

    def _stranger(self) -> Plate:
        if self._fleets and self._outside and self._chance.random() < _LOOKALIKE_STRANGERS:
            return self._chance.choice(self._outside)
        known = set(self._true.values())
        return next(plate for plate in iter(self._plate, None) if plate not in known)


def in_a_row(plate: Plate, count: int, chance: random.Random) -> list[Plate]:
    """Plates with the next numbers, as a registration office hands them out; with the next letters where it ends so."""
    place = max((n for n, c in enumerate(plate) if c.isdigit()), default=len(plate) - 1)
    digits = place - next((n for n in range(place, -1, -1) if not plate[n].isdigit()), -1)
    if digits >= 2:
        first = chance.randrange(10**digits - count)
        return [Plate(f"{plate[: place + 1 - digits]}{first + n:0{digits}}{plate[place + 1 :]}") for n in range(count)]
    letters = "ABCDEFGHJKLMNPRSTUVWXYZ"
    start = chance.randrange(len(letters) - count)
    return [Plate(plate[:-1] + letters[start + n]) for n in range(count)]


def misread_of(plate: Plate, misreads: Sequence[Misread], chance: random.Random) -> tuple[SeenPlate, Misread]:
    """The plate as it is read when one of these happens to it; one that can't happen to it is passed over."""
    while True:
        misread = chance.choice(misreads)
        seen = _misread(plate, misread, chance)
        if seen is not None and seen.plate != plate:
            return seen, misread


def _misread(plate: Plate, misread: Misread, chance: random.Random) -> SeenPlate | None:
    sure = _sureness(plate, misread.right, chance)
    characters: list[tuple[str, float]] = list(zip(plate, sure, strict=True))
    changed: set[int] = set()
    for _, true, read, surely in misread.wrong:
        if true is None or read is None:
            continue
        places = [n for n, c in enumerate(plate) if c == true and n not in changed]
        if not places:
            return None
        place = chance.choice(places)
        changed.add(place)
        characters[place] = read, surely
    for place, true, read, surely in misread.wrong:
        if true is not None and read is not None:
            continue
        at = {"head": 0, "tail": len(characters) - (read is None)}.get(place, len(characters) // 2)
        if read is None:
            del characters[at]
        else:
            characters.insert(at, (read, surely))
    if len(characters) < 3:
        return None
    return SeenPlate(Plate("".join(c for c, _ in characters)), tuple(each for _, each in characters))


def _sureness(plate: Plate, right: Sequence[float], chance: random.Random) -> tuple[float, ...]:
    return tuple(chance.choice(right) for _ in plate)
