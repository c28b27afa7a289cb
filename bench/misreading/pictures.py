"""Pictures of plates made worse: blurred, coarse, noisy, dazzled, compressed, dark, slanted, moved, half hidden."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from drivers.contract import Box
from edge.vision.files.accuracy.truth import read_truth
from models.plates import Plate
from models.plates.formats import COUNTRIES
from simulator.pictures.plate import plate_image
from simulator.plates import NumberPlate, PlateFormat

Picture = Any
TILE_WIDTH, TILE_HEIGHT = 260, 150
WIDEST, NARROWEST = 150, 60
"""Pixels of a plate, as a lane's camera shows it when it is voted on and somewhat before."""


@dataclass(frozen=True, slots=True)
class Scene:
    """A plate amid its surroundings, as sharp as it is to be had. `box` of the plate: x, y, width, height in pixels."""

    plate: Plate
    picture: Picture
    box: tuple[int, int, int, int]

    @property
    def width(self) -> int:
        return self.box[2]


def photographed(folder: Path, even: bool) -> list[Scene]:
    """Half of the photographs; those of one plate are all in one half.

    Seven labels write the letter O for a nought, and one the other way round: told by the countries' formats.
    """
    return [
        _scene(file.path, each.plate, each.box)
        for file in read_truth(folder / "truth.csv")
        for each in file.plates
        if each.box is not None and (_number(each.plate) % 2 == 0) is even
    ]


def drawn(plates: Iterator[Plate], cars: Sequence[Scene], count: int, other_type: bool) -> list[Scene]:
    """Plates from the simulator's stamping shop, or in another typeface, each on a photographed car."""
    return [_on_car(next(plates), cars[number % len(cars)], other_type) for number in range(count)]


def worse(scene: Scene, chance: np.random.Generator) -> tuple[Picture, list[str]]:
    """The scene in the size of a tile, with one to three things wrong, and which."""
    width = int(chance.integers(NARROWEST, WIDEST))
    tile = _in_size(scene, width)
    names = list(chance.choice(sorted(_DAMAGES), size=chance.integers(1, 4), replace=False))
    for name in names:
        tile = _DAMAGES[name](tile, width, chance)
    return tile, [str(name) for name in names]


def _number(text: str) -> int:
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big")


def _scene(path: Path, plate: str, box: Box) -> Scene:
    x, y, width, height = box.x, box.y, box.width, box.height
    whole = cv2.imread(str(path))
    assert whole is not None, path
    left, right = max(x - width // 3, 0), x + width + width // 3
    top, bottom = max(y - height, 0), y + 2 * height
    return Scene(Plate(_relabelled(plate)), whole[top:bottom, left:right], (x - left, y - top, width, height))


def _relabelled(text: str) -> str:
    """The nearest spelling in O and 0 that is a plate of the countries they were taken in, if there is one."""
    spellings = ("".join(each) for each in product(*("0O" if c in "0O" else c for c in text)))
    nearest = sorted(spellings, key=lambda spelling: sum(a != b for a, b in zip(text, spelling, strict=True)))
    labelled = (
        spelling for country in ("SK", "CZ", "GB", "PL") for spelling in nearest if COUNTRIES[country].has(spelling)
    )
    return next(labelled, text)


def _on_car(plate: Plate, car: Scene, other_type: bool) -> Scene:
    x, y, width, height = car.box
    larger = max(1.0, WIDEST / width)
    picture = cv2.resize(car.picture, None, fx=larger, fy=larger, interpolation=cv2.INTER_CUBIC)
    x, y, width, height = (round(value * larger) for value in (x, y, width, height))
    image = (
        _typed(plate) if other_type else np.asarray(plate_image(NumberPlate(plate, PlateFormat("-", ""))))[:, :, ::-1]
    )
    seen = cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA)[
        : picture.shape[0] - y, : picture.shape[1] - x
    ]
    picture[y : y + seen.shape[0], x : x + seen.shape[1]] = seen
    return Scene(plate, picture, (x, y, width, height))


def _typed(plate: Plate) -> Picture:
    image = np.full((220, 1040, 3), (242, 245, 244), np.uint8)
    face = cv2.FontFace("sans")
    broad = cv2.getTextSize((1040, 220), plate, (0, 0), face, 150, 600)[2]
    size = min(150, round(150 * 900 / max(broad, 1)))
    cv2.putText(image, plate, (70 + max(0, (900 - broad) // 2), 110 + size * 3 // 8), (22, 18, 18), face, size, 600)
    cv2.rectangle(image, (4, 4), (1035, 215), (22, 18, 18), 7)
    return image


def _in_size(scene: Scene, width: int) -> Picture:
    """The plate so wide and in the middle of a tile; where the photograph ends, its edge goes on."""
    x, y, broad, high = scene.box
    scale = width / broad
    placed = np.array(
        [[scale, 0, TILE_WIDTH / 2 - scale * (x + broad / 2)], [0, scale, TILE_HEIGHT / 2 - scale * (y + high / 2)]]
    )
    kind = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    near = cv2.resize(scene.picture, None, fx=scale, fy=scale, interpolation=kind)
    placed[:, :2] = np.eye(2)
    return cv2.warpAffine(near, placed, (TILE_WIDTH, TILE_HEIGHT), borderMode=cv2.BORDER_REPLICATE)


def _blurred(tile: Picture, width: int, chance: np.random.Generator) -> Picture:
    return cv2.GaussianBlur(tile, (0, 0), float(chance.uniform(0.006, 0.022)) * width)


def _moved(tile: Picture, width: int, chance: np.random.Generator) -> Picture:
    length = max(3, int(chance.uniform(0.02, 0.075) * width))
    kernel = np.zeros((length, length), np.float32)
    kernel[length // 2] = 1.0
    turn = cv2.getRotationMatrix2D((length / 2 - 0.5, length / 2 - 0.5), float(chance.uniform(-40, 40)), 1)
    kernel = cv2.warpAffine(kernel, turn, (length, length))
    return cv2.filter2D(tile, -1, kernel / kernel.sum())


def _coarse(tile: Picture, width: int, chance: np.random.Generator) -> Picture:
    scale = float(chance.uniform(24, 46)) / width
    small = cv2.resize(tile, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    return cv2.resize(small, (TILE_WIDTH, TILE_HEIGHT), interpolation=cv2.INTER_CUBIC)


def _noisy(tile: Picture, width: int, chance: np.random.Generator) -> Picture:
    noise = chance.normal(0, float(chance.uniform(12, 48)), tile.shape)
    return np.clip(tile + noise, 0, 255).astype(np.uint8)


def _dazzled(tile: Picture, width: int, chance: np.random.Generator) -> Picture:
    x, y = TILE_WIDTH / 2 + chance.uniform(-0.5, 0.5) * width, TILE_HEIGHT / 2 + chance.uniform(-0.1, 0.1) * width
    across, down = np.meshgrid(np.arange(TILE_WIDTH) - x, np.arange(TILE_HEIGHT) - y)
    light = np.exp(-(across**2 + down**2) / (2 * (float(chance.uniform(0.06, 0.22)) * width) ** 2))
    return np.clip(tile + light[:, :, None] * float(chance.uniform(120, 300)), 0, 255).astype(np.uint8)


def _compressed(tile: Picture, width: int, chance: np.random.Generator) -> Picture:
    _, packed = cv2.imencode(".jpg", tile, [cv2.IMWRITE_JPEG_QUALITY, int(chance.integers(4, 22))])
    return cv2.imdecode(packed, cv2.IMREAD_COLOR)


def _dark(tile: Picture, width: int, chance: np.random.Generator) -> Picture:
    dim = tile.astype(np.float32) * float(chance.uniform(0.06, 0.25))
    grain = chance.normal(0, float(chance.uniform(2, 7)), tile.shape)
    return np.clip((dim + grain) * float(chance.uniform(1, 3)), 0, 255).astype(np.uint8)


def _slanted(tile: Picture, width: int, chance: np.random.Generator) -> Picture:
    half, high = width / 2, width / 9
    corners = np.array([(-half, -high), (half, -high), (half, high), (-half, high)], np.float32)
    bent = corners * np.array((float(chance.uniform(0.5, 1.0)), 1.0), np.float32)
    bent[:, 1] += bent[:, 0] * float(chance.uniform(-0.3, 0.3))
    bent[1:3, 1] *= float(chance.uniform(0.6, 1.4))
    middle = np.array((TILE_WIDTH / 2, TILE_HEIGHT / 2), np.float32)
    seen = cv2.getPerspectiveTransform(corners + middle, (bent + middle).astype(np.float32))
    return cv2.warpPerspective(tile, seen, (TILE_WIDTH, TILE_HEIGHT), borderMode=cv2.BORDER_REPLICATE)


def _hidden(tile: Picture, width: int, chance: np.random.Generator) -> Picture:
    """Dirt on a part of one character, or a tow bar over an end of the plate."""
    covered = tile.copy()
    grey = tuple(int(v) for v in chance.integers(40, 190, 3))
    y = TILE_HEIGHT / 2 + chance.uniform(-0.08, 0.08) * width
    if chance.random() < 0.6:
        x = TILE_WIDTH / 2 + chance.uniform(-0.42, 0.42) * width
        size = (max(1, round(width * chance.uniform(0.015, 0.05))), max(1, round(width * chance.uniform(0.02, 0.07))))
        cv2.ellipse(covered, (round(x), round(y)), size, float(chance.uniform(0, 180)), 0, 360, grey, -1)
        return covered
    x = TILE_WIDTH / 2 + chance.choice((-0.5, 0.5)) * width
    reach = width * chance.uniform(0.06, 0.16)
    cv2.rectangle(covered, (round(x - reach), 0), (round(x + reach), TILE_HEIGHT), grey, -1)
    return covered


_DAMAGES: dict[str, Callable[[Picture, int, np.random.Generator], Picture]] = {
    "blurred": _blurred,
    "moved": _moved,
    "coarse": _coarse,
    "noisy": _noisy,
    "dazzled": _dazzled,
    "compressed": _compressed,
    "dark": _dark,
    "slanted": _slanted,
    "hidden": _hidden,
}
