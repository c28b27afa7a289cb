"""Counts which characters the reader takes for one another, on photographs and drawn plates that were made worse.

Half of the photographs, and plates of one typeface, give the weights in `models/plates/counted.py`. The other half,
another typeface, and the clips say whether those weights hold, and give the misreads that `bench/matching.py` draws.
`--write` renews both files.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import random
import sys
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
from pathlib import Path

import numpy as np

from bench.misreading.pictures import drawn, photographed
from bench.misreading.random_plates import USUAL, any_plate
from bench.misreading.readings import Reading, of_clips, of_scenes
from bench.plates import films
from drivers.contract import PlateReader
from edge.vision.readers.choosing import choose_reader
from edge.vision.settings import VisionSettings
from models.plates.confusions import CHARACTERS, smoothed
from models.plates.formats import COUNTRIES, DOUBTFUL, likely_spelling

COUNTED = Path("models/plates/counted.py")
MISREADS = Path("bench/misreading/misreads.json")
BOUNDS = (0.6, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 1.01)
"""Confidences, each bound above those that it counts."""
_MOST_MISREADS = 4000


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument(
        "--shared",
        type=Path,
        default=Path(os.environ.get("PARKGATE_SHARED", "../shared")),
        help="weights, photographs and clips",
    )
    asked.add_argument("--times", type=int, default=150, help="how often each picture is made worse")
    asked.add_argument("--drawn", type=int, default=1500, help="plates that are drawn for each half")
    asked.add_argument("--seed", type=int, default=7)
    asked.add_argument("--write", action="store_true")
    options = asked.parse_args()
    reader = choose_reader(VisionSettings(reader="fast-alpr", weights=options.shared / "lpr" / "weights"))
    halves = [_half(reader, options, other) for other in (False, True)]
    clips = [reading for reading in of_clips(reader, films(options.shared)) if reading.sensible]
    counted = Counted(halves[0])
    for line in (
        counted.summary("weights"),
        *(Counted(readings).summary(name) for name, readings in (("other-half", halves[1]), ("clips", clips))),
        *(holds(counted, name, readings) for name, readings in (("other-half", halves[1]), ("clips", clips))),
        prior("other-half", halves[1]),
    ):
        print(json.dumps({"bench": "confusions", **line}))
    print(counted.table(), file=sys.stderr)
    if options.write:
        COUNTED.write_text(counted.module())
        MISREADS.write_text(as_misreads(halves[1], options.seed))


class Counted:
    """What a set of readings comes to."""

    def __init__(self, readings: Sequence[Reading]) -> None:
        pairs = [pair for reading in readings for pair in reading.pairs]
        self.reads = len(readings)
        self.right = sum(not reading.wrong for reading in readings)
        self.shown = Counter(pair.true for pair in pairs if pair.true and pair.read)
        self.misread = Counter((pair.true, pair.read) for pair in pairs if pair.true and pair.read and not pair.right)
        self.slips = Counter(
            f"{'lost' if pair.read is None else 'added'} {pair.place}"
            for pair in pairs
            if not (pair.true and pair.read)
        )
        self.surety = Counter(_bound(pair.sure) for pair in pairs if pair.read)
        self.wrong = Counter(_bound(pair.sure) for pair in pairs if pair.read and not pair.right)

    def summary(self, name: str) -> dict[str, object]:
        return {
            "readings": name,
            "reads": self.reads,
            "right": self.right,
            "characters": sum(self.shown.values()),
            "misread": sum(self.misread.values()),
            "slips": dict(sorted(self.slips.items())),
            "wrong_below": {bound: [self.wrong[bound], self.surety[bound]] for bound in BOUNDS},
        }

    def table(self) -> str:
        """The commonest pairs, for people."""
        common = self.misread.most_common(60)
        return "  ".join(f"{true}>{read} {count}" for (true, read), count in common)

    def module(self) -> str:
        misread = {
            true: {read: self.misread[true, read] for read in CHARACTERS if self.misread[true, read]}
            for true in CHARACTERS
            if self.shown[true]
        }
        return "\n".join(
            [
                '"""Misread characters as they were counted. Written by `bench/confusions.py`; not by hand."""',
                "",
                "from __future__ import annotations",
                "",
                f"READS = {self.reads}",
                f"SHOWN = {dict(sorted((str(true), count) for true, count in self.shown.items()))}",
                f"MISREAD: dict[str, dict[str, int]] = {misread}",
                f"SLIPS = {dict(sorted(self.slips.items()))}",
                '"""In so many reads a character was lost, or one was read where none is."""',
                f"WRONG_BELOW = {tuple((bound, self.wrong[bound], self.surety[bound]) for bound in BOUNDS)}",
                '"""Of the characters less sure than this, and not less than the bound before: wrong, and all."""',
                "",
            ]
        )


def holds(counted: Counted, name: str, readings: Sequence[Reading]) -> dict[str, object]:
    """How well the weights foretell what these readings' misread characters truly are, in bits a character (less is
    better), beside the stated classes alone and beside knowing nothing."""
    misread = [(p.true, p.read) for reading in readings for p in reading.wrong if p.true and p.read]
    by_true: Mapping[str, Mapping[str, int]] = {
        true: {read: counted.misread[true, read] for read in CHARACTERS} for true in CHARACTERS
    }
    learned = smoothed(by_true, {true: counted.shown[true] for true in CHARACTERS})
    stated = smoothed({}, {})
    bits = [math.log2(1 / table(read)[true]) for table in (learned, stated) for true, read in misread]
    half = len(misread)
    first = sum(max(learned(read), key=lambda each: learned(read)[each]) == true for true, read in misread)
    return {
        "validated_on": name,
        "misread": half,
        "bits": {
            "learned": round(sum(bits[:half]) / max(half, 1), 3),
            "stated_classes": round(sum(bits[half:]) / max(half, 1), 3),
            "nothing": round(math.log2(len(CHARACTERS) - 1), 3),
        },
        "likeliest_is_true": round(first / max(half, 1), 3),
    }


def prior(name: str, readings: Sequence[Reading]) -> dict[str, object]:
    """What the formats of a country do to reads with a doubtful character: of its own plates, and of plates that none
    of the countries around a German lot has."""
    around = [COUNTRIES[code] for code in ("DE", "AT", "CH")]
    became: dict[str, Counter[str]] = {"at_home": Counter(), "foreign": Counter()}
    for reading in readings:
        true, read = (
            "".join(pair.true or "" for pair in reading.pairs),
            "".join(pair.read or "" for pair in reading.pairs),
        )
        sure = [pair.sure for pair in reading.pairs if pair.read]
        if min(sure) >= DOUBTFUL:
            continue
        home = next((country for country in USUAL if country.has(true)), None)
        if home is not None:
            became["at_home"][_became(true, read, likely_spelling(read, sure, [home]))] += 1
        if not any(country.has(true) for country in around):
            became["foreign"][_became(true, read, likely_spelling(read, sure, around))] += 1
    return {"formats_on": name, **{where: dict(sorted(counts.items())) for where, counts in became.items()}}


def _became(true: str, read: str, likely: str) -> str:
    if read == likely:
        return "left right" if read == true else "left wrong"
    return "put right" if likely == true else "made wrong" if read == true else "wrong either way"


def as_misreads(readings: Sequence[Reading], seed: int) -> str:
    """What was misread, without the plates themselves: the wrong characters, and how sure the right ones were."""
    wrong = [reading for reading in readings if reading.wrong]
    kept = random.Random(seed).sample(wrong, min(_MOST_MISREADS, len(wrong)))
    lines = [
        json.dumps(
            [
                [[pair.place, pair.true, pair.read, round(pair.sure, 3)] for pair in reading.wrong],
                [round(pair.sure, 3) for pair in reading.pairs if pair.right],
            ]
        )
        for reading in kept
    ]
    misreads = ",\n".join(lines)
    return f'{{"reads": {len(readings)}, "wrong": {len(wrong)}, "misreads": [\n{misreads}\n]}}\n'


def _half(reader: PlateReader, options: argparse.Namespace, other: bool) -> list[Reading]:
    print("the other half" if other else "one half", file=sys.stderr)
    chance = np.random.default_rng((options.seed, other))
    photographs = photographed(options.shared / "lpr" / "images" / "eu", even=not other)
    plates = random.Random(f"{options.seed} {other}")
    scenes = drawn(iter(lambda: any_plate(plates), None), photographs, options.drawn, other_type=other)
    times = max(1, options.times * len(photographs) // (2 * options.drawn))
    readings: Iterable[Reading] = chain(
        of_scenes(reader, photographs, options.times, chance), of_scenes(reader, scenes, times, chance)
    )
    return [reading for reading in readings if reading.sensible]


def _bound(sure: float) -> float:
    return next(bound for bound in BOUNDS if sure < bound)


if __name__ == "__main__":
    main()
