"""Plates by the formats of many countries, at random: for benches that need more of them than there are pictures."""

from __future__ import annotations

import random

from models.plates import Plate
from models.plates.formats import COUNTRIES, Country
from models.plates.formats.patterns import parts

USUAL = tuple(country for code, country in COUNTRIES.items() if "-" not in code)
SHORTEST = 5
"""Shorter ones are rare, and say so little that nobody should match them but exactly."""


def plate_of(country: Country, chance: random.Random) -> Plate:
    while True:
        pattern = chance.choice(country.patterns)
        text = "".join(
            chance.choice(part.words)
            for part in parts(country, pattern)
            for _ in range(chance.randint(part.few, part.many))
        )
        if SHORTEST <= len(text) <= country.longest:
            return Plate(text)


def any_plate(chance: random.Random) -> Plate:
    return plate_of(chance.choice(USUAL), chance)
