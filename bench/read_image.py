"""How long one photograph takes, and how many are read right: our reader beside fast-alpr's own call.

Both have the same weights, one thread and the same photographs, one after the other, and take turns in beginning.
A photograph's plate is the most prominent one: the largest of those that were surely read.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import cv2

from bench.plates import one_of, our_reader, photographs, plain_alpr
from bench.report import Measured
from edge.vision.files.reading import read_file

Picture = Any
_PATIENCE = 2


def timed(call: Callable[[Picture], object], picture: Picture) -> float:
    """Milliseconds of processor time of this process: other processes on the machine cost nothing here."""
    begun = time.process_time()
    call(picture)
    return (time.process_time() - begun) * 1000


def compared(
    ours: Callable[[Picture], object], theirs: Callable[[Picture], object], pictures: Sequence[Picture], run: int
) -> tuple[float, float]:
    """The medians of one run over all photographs."""
    took: tuple[list[float], list[float]] = ([], [])
    for number, picture in enumerate(pictures):
        order = (0, 1) if (number + run) % 2 == 0 else (1, 0)
        for which in order:
            took[which].append(timed((ours, theirs)[which], picture))
    return statistics.fmean(took[0]), statistics.fmean(took[1])


def theirs_of(alpr: Any, picture: Picture) -> str:
    """The plate that fast-alpr's user would take: the largest, weighed by how surely it was read."""
    best, text = 0.0, ""
    for result in alpr.predict(picture):
        if result.ocr is None or not result.ocr.text:
            continue
        spelled = result.ocr.confidence
        sure = min(spelled[: len(result.ocr.text)]) if isinstance(spelled, list) else spelled
        box = result.detection.bounding_box
        if (weight := box.width * box.height * sure**3) > best:
            best, text = weight, result.ocr.text
    return text


def right(texts: Sequence[str], plates: Sequence[str]) -> dict[str, int]:
    pairs = list(zip(texts, plates, strict=True))
    return {
        "exact": sum(text == plate for text, plate in pairs),
        "exact_with_o_as_0": sum(one_of(text) == one_of(plate) for text, plate in pairs),
        "of": len(pairs),
    }


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--runs", type=int, default=5)
    asked.add_argument("--weights", type=Path, help="a folder with one detector, one speller and its plate config")
    options = asked.parse_args()
    known = photographs()
    pictures = [cv2.imread(str(path)) for path, _ in known]
    reader, alpr = our_reader(options.weights), plain_alpr(options.weights)
    for picture in pictures[:_PATIENCE]:
        reader.read(picture)
        alpr.predict(picture)
    figures: list[tuple[float, float]] = []
    for run in range(options.runs):
        figures.append(compared(reader.read, alpr.predict, pictures, run))
        print(f"run {run + 1} of {options.runs}: {figures[-1][0]:.1f} and {figures[-1][1]:.1f} ms", file=sys.stderr)
    plates = [plate for _, plate in known]
    found = [read_file(path, reader) for path, _ in known]
    both = {
        "ours": right([plates_found[0].plate if plates_found else "" for plates_found in found], plates),
        "limit": right([theirs_of(alpr, picture) for picture in pictures], plates),
    }
    same = "fast-alpr's own predict: same photographs, weights and number of threads"
    unit = "ms of processor time a photograph"
    measured = Measured("read-image", unit, same, *zip(*figures, strict=True), goal="ratio <= 1.05, more plates right")
    print(json.dumps({**json.loads(measured.line()), "right": both, "reader": reader.name}))


if __name__ == "__main__":
    main()
