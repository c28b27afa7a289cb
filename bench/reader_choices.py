"""How much of a plate's surroundings the speller shall see, and from which surety on a detection counts: chosen on one
half of the photographs, judged on the other, and the other way round.

Each photograph is seen as it is and made worse in a few ways (`bench.misreading.pictures`). What ships is judged
beside what each half would have chosen, and beside no padding at all.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from bench.misreading.pictures import Scene, photographed, worse
from bench.plates import material, one_of, plain_alpr

Padding = tuple[float, float]
"""Wider and higher, as shares of the detector's box."""
SHIPPED: Padding = (0.08, 0.10)
NONE: Padding = (0.0, 0.0)
PADDINGS: tuple[Padding, ...] = tuple((wider, higher) for wider in (0, 0.04, 0.08, 0.12) for higher in (0, 0.1, 0.2))
SURETIES = (0.2, 0.3, 0.4, 0.5, 0.6, 0.7)


@dataclass(frozen=True, slots=True)
class Look:
    """One picture: what is read with each padding, and how sure the detector was of the plate (0: not found) and of the
    surest thing that is none."""

    plate: str
    texts: dict[Padding, str]
    found: float
    other: float

    def right(self, padding: Padding) -> bool:
        return one_of(self.texts.get(padding, "")) == one_of(self.plate)


def looks(alpr: Any, scenes: Sequence[Scene], times: int, chance: np.random.Generator) -> Iterator[Look]:
    for number, scene in enumerate(scenes, 1):
        print(f"\r{number} of {len(scenes)} photographs", end="", file=sys.stderr)
        yield _look(alpr, scene, np.ascontiguousarray(scene.picture), scene.box)
        for _ in range(times):
            tile, _ = worse(scene, chance)
            yield _look(alpr, scene, tile, None)
    print(file=sys.stderr)


def _look(alpr: Any, scene: Scene, picture: Any, box: tuple[int, int, int, int] | None) -> Look:
    high, wide = picture.shape[:2]
    middle = (wide / 2, high / 2) if box is None else (box[0] + box[2] / 2, box[1] + box[3] / 2)
    own, others = None, [0.0]
    for detection in alpr.detector.predict(picture):
        at = detection.bounding_box
        if at.x1 <= middle[0] <= at.x2 and at.y1 <= middle[1] <= at.y2 and own is None:
            own = detection
        else:
            others.append(float(detection.confidence))
    if own is None:
        return Look(scene.plate, {}, 0.0, max(others))
    texts = {padding: _spelled(alpr, picture, own.bounding_box, padding) for padding in PADDINGS}
    return Look(scene.plate, texts, float(own.confidence), max(others))


def _spelled(alpr: Any, picture: Any, box: Any, padding: Padding) -> str:
    high, wide = picture.shape[:2]
    sideways, upwards = round(box.width * padding[0] / 2), round(box.height * padding[1] / 2)
    crop = picture[
        max(box.y1 - upwards, 0) : min(box.y2 + upwards, high), max(box.x1 - sideways, 0) : min(box.x2 + sideways, wide)
    ]
    said = alpr.ocr.predict(crop) if crop.size else None
    return "" if said is None else said.text


def share_right(seen: Sequence[Look], padding: Padding) -> float:
    return round(sum(look.right(padding) for look in seen) / len(seen), 4)


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--times", type=int, default=6, help="how often each photograph is made worse")
    asked.add_argument("--seed", type=int, default=1)
    options = asked.parse_args()
    alpr, chance = plain_alpr(least=SURETIES[0]), np.random.default_rng(options.seed)
    folder = material() / "images" / "eu"
    halves = [list(looks(alpr, photographed(folder, even), options.times, chance)) for even in (True, False)]
    for chose, judges in ((0, 1), (1, 0)):
        best = max(PADDINGS, key=lambda padding: share_right(halves[chose], padding))
        judged = {
            name: share_right(halves[judges], padding)
            for name, padding in (("chosen_by_the_other", best), ("shipped", SHIPPED), ("none", NONE))
        }
        print(json.dumps({"bench": "reader-choices", "chosen": best, "right": judged, "pictures": len(halves[judges])}))
    whole = halves[0] + halves[1]
    table = {f"{wider:.2f} {higher:.2f}": share_right(whole, (wider, higher)) for wider, higher in PADDINGS}
    print(json.dumps({"bench": "reader-choices", "right_by_padding": table, "pictures": len(whole)}))
    counts = {str(least): _counted(whole, least) for least in SURETIES}
    print(json.dumps({"bench": "reader-choices", "by_least_detection": counts}))


def _counted(seen: Sequence[Look], least: float) -> dict[str, int]:
    counted = Counter[str]()
    for look in seen:
        counted["found"] += look.found >= least
        counted["right"] += look.found >= least and look.right(SHIPPED)
        counted["something_else"] += look.other >= least
    return dict(counted)


if __name__ == "__main__":
    main()
