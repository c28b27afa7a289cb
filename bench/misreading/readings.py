"""What a reader made of plates that are known: character beside character, and what was lost or added."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from bench.misreading.pictures import TILE_HEIGHT, TILE_WIDTH, Picture, Scene, worse
from bench.plates import Film
from drivers.contract import PlateCandidate, PlateReader

_ACROSS, _DOWN = 3, 3
_MOST_EDITS = 3
_LEAST_SURE = 0.5
"""A vote whose weakest character is less sure than this is neither decided nor put to a driver."""
_NARROWEST_IN_CLIP = 60


@dataclass(frozen=True, slots=True)
class Pair:
    """One character that stands there (None: nothing) and the one that was read (None: nothing), with its confidence.
    `place`: head, inside or tail of the plate."""

    true: str | None
    read: str | None
    sure: float
    place: str

    @property
    def right(self) -> bool:
        return self.true == self.read


@dataclass(frozen=True, slots=True)
class Reading:
    pairs: tuple[Pair, ...]

    @property
    def wrong(self) -> list[Pair]:
        return [pair for pair in self.pairs if not pair.right]

    @property
    def sensible(self) -> bool:
        """Whether a vote might come to it; anything else never gets as far as an exit."""
        sure = [pair.sure for pair in self.pairs if pair.read is not None]
        return len(self.wrong) <= _MOST_EDITS and min(sure) >= _LEAST_SURE


def of_scenes(
    reader: PlateReader, scenes: Sequence[Scene], times: int, chance: np.random.Generator
) -> Iterator[Reading]:
    """Each scene so many times, each time with other things wrong. Nine share a picture: the detector takes as long
    for one."""
    order = [scene for _ in range(times) for scene in scenes]
    for first in range(0, len(order), _ACROSS * _DOWN):
        some = order[first : first + _ACROSS * _DOWN]
        tiles = [worse(scene, chance)[0] for scene in some]
        tiles += [np.full((TILE_HEIGHT, TILE_WIDTH, 3), 96, np.uint8)] * (_ACROSS * _DOWN - len(tiles))
        for found in reader.read(_together(tiles)):
            tile = _tile_of(found)
            if tile < len(some):
                yield Reading(aligned(some[tile].plate, found.text, found.confidences))


def of_clips(reader: PlateReader, clips: Sequence[Film]) -> Iterator[Reading]:
    """Every second frame of each; what is like none of a clip's plates is left out."""
    for clip in clips:
        film = cv2.VideoCapture(str(clip.path))
        frames = 0
        while (got := film.read())[0]:
            frames += 1
            for found in reader.read(got[1]) if frames % 2 else ():
                readings = (Reading(aligned(plate, found.text, found.confidences)) for plate in sorted(clip.plates))
                nearest = min(readings, key=lambda reading: len(reading.wrong))
                if found.box.width >= _NARROWEST_IN_CLIP and len(nearest.wrong) <= _MOST_EDITS:
                    yield nearest


def aligned(true: str, read: str, confidences: Sequence[float]) -> tuple[Pair, ...]:
    """The cheapest way from one to the other, a lost or an added character a little dearer than another one."""
    costs = [
        [(row * 1.1 if not column else column * 1.1) for column in range(len(read) + 1)] for row in range(len(true) + 1)
    ]
    for row in range(1, len(true) + 1):
        for column in range(1, len(read) + 1):
            changed = costs[row - 1][column - 1] + (true[row - 1] != read[column - 1])
            costs[row][column] = min(changed, costs[row - 1][column] + 1.1, costs[row][column - 1] + 1.1)
    return tuple(reversed(list(_back(true, read, confidences, costs))))


def _back(true: str, read: str, confidences: Sequence[float], costs: list[list[float]]) -> Iterator[Pair]:
    row, column = len(true), len(read)
    while row or column:
        place = (
            "head" if not (row > 1 and column > 1) else "tail" if row == len(true) or column == len(read) else "inside"
        )
        here = costs[row][column]
        if row and column and abs(here - costs[row - 1][column - 1] - (true[row - 1] != read[column - 1])) < 1e-6:
            row, column = row - 1, column - 1
            yield Pair(true[row], read[column], confidences[column], place)
        elif row and abs(here - costs[row - 1][column] - 1.1) < 1e-6:
            row -= 1
            beside = confidences[min(column, len(read) - 1)]
            yield Pair(true[row], None, beside, place)
        else:
            column -= 1
            yield Pair(None, read[column], confidences[column], place)


def _together(tiles: Sequence[Picture]) -> Picture:
    rows = [np.hstack(tiles[row * _ACROSS : (row + 1) * _ACROSS]) for row in range(_DOWN)]
    return np.vstack(rows)


def _tile_of(found: PlateCandidate) -> int:
    across = int((found.box.x + found.box.width / 2) // TILE_WIDTH)
    return int((found.box.y + found.box.height / 2) // TILE_HEIGHT) * _ACROSS + across
