"""Pictures in which no plate is to be read, drawn by number: each number is the same picture on every machine.

They are painted over photographs whose plate was painted out, and over drawn scenes. `Partial` is the exception: its
plate is there, but the picture's edge cuts it, and only its whole text may ever be decided.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from drivers.contract import Box
from edge.vision.files.accuracy.truth import read_truth
from edge.vision.frames.motion import Frame
from tests.vision.passages import HEIGHT, WIDTH, empty_lane, number_plate

_FONTS = (cv2.FONT_HERSHEY_SIMPLEX, cv2.FONT_HERSHEY_DUPLEX, cv2.FONT_HERSHEY_TRIPLEX, cv2.FONT_HERSHEY_PLAIN)
_SHOPS = ("BAKERY", "OPEN 24", "TAXI 2000", "HOTEL 3", "SHOP4U", "CAFE 77", "EXIT 12", "PARKING", "P+R 2", "ZONE B")
_VANS = ("0800 123 456", "+49 30 9018", "www.dhl24.de", "SPRINTER 316", "TEL 555-0199", "A-TEAM", "4x4", "E-GOLF")
_PAPERS = ("12.05.2026", "2026-11-28", "08:04:34", "NO 1234", "ROW 17", "MAX 2.10m", "3.5 t", "7-19 h", "50 EUR")
_CAPTIONS = ("CAM03 14B02819T", "2020-05-22 08:04:34", "ETC - 14B02819T", "LANE2 IN AB12", "CH01 D1 25FPS")
BYSTANDERS = ("PD510BY", "RK641AL")
"""Plates of other cars that stand in some of the photographs, near enough to be read: they are there."""
_TREMBLE = 3
_MODELS = ("MEGANE", "316i", "GOLF", "C220 CDI", "XC90", "Q7 TDI", "R32", "GTI 16V", "A4 2.0T", "M3")


@dataclass(frozen=True, slots=True)
class Photograph:
    path: Path
    plate: str
    box: Box


@dataclass(frozen=True, slots=True)
class Negative:
    """`plate` is the one that the picture's edge cuts, if there is one: it isn't wrong to decide all of it."""

    number: int
    kind: str
    picture: Frame
    plate: str | None = None

    @property
    def arrives(self) -> bool:
        """Whether what it shows comes with a vehicle; a shop's sign and a caption are there before."""
        return self.kind not in _STANDING


def photographed(shared: Path) -> list[Photograph]:
    return [
        Photograph(file.path, each.plate, each.box)
        for file in read_truth(shared / "lpr" / "images" / "eu" / "truth.csv")
        for each in file.plates
        if each.box is not None
    ]


def negative(number: int, photographs: Sequence[Photograph]) -> Negative:
    """The picture of that number. Without photographs all are drawn."""
    draw = random.Random(number)
    kinds = [*_KINDS] if photographs else [kind for kind in _KINDS if kind != "partial photograph"]
    kind = kinds[number % len(kinds)]
    if kind == "partial photograph":
        return _partial(number, draw, draw.choice(photographs))
    if kind == "partial drawing":
        return _partial_drawing(number, draw)
    scene = _scene(draw, photographs)
    picture = _KINDS[kind](draw, scene)
    weather = draw.choice((_as_it_is, _as_it_is, _at_night, _in_rain, _glaring))
    return Negative(number, kind, weather(draw, picture))


def shaken(picture: Frame, number: int, frame: int) -> Frame:
    """One frame of a film of it: the camera trembles by some pixels, and its sensor has noise. What the edge cuts is
    cut in each of them."""
    dice = np.random.default_rng((number, frame))
    right, down = dice.integers(-_TREMBLE, _TREMBLE + 1, 2)
    moved = cv2.warpAffine(
        picture,
        np.array([[1, 0, right], [0, 1, down]], np.float32),
        (picture.shape[1], picture.shape[0]),
        borderMode=cv2.BORDER_REPLICATE,
    )
    moved = moved[_TREMBLE:-_TREMBLE, _TREMBLE:-_TREMBLE]
    light = dice.uniform(0.95, 1.05)
    noise = dice.normal(0, 3, (*moved.shape[:2], 1))
    return np.clip(moved * light + noise, 0, 255).astype(np.uint8)


def _scene(draw: random.Random, photographs: Sequence[Photograph]) -> Frame:
    if not photographs or draw.random() < 0.3:
        lane = empty_lane()
        lane[:40] = lane[60]
        return lane if draw.random() < 0.5 else _body(draw, lane)
    chosen = draw.choice(photographs)
    picture = cv2.imread(str(chosen.path))
    assert picture is not None, chosen.path
    return _sized(_without_plate(picture.astype(np.uint8, copy=False), chosen.box))


def _without_plate(picture: Frame, box: Box) -> Frame:
    """The plate and some of its surroundings painted over with what stands above and below it."""
    wide, high = round(0.2 * box.width), round(0.5 * box.height)
    left, right = max(box.x - wide, 0), min(box.x + box.width + wide, picture.shape[1])
    top, bottom = max(box.y - high, 1), min(box.y + box.height + high, picture.shape[0] - 1)
    painted = picture.copy()
    above, below = picture[top - 1, left:right].astype(np.float32), picture[bottom, left:right].astype(np.float32)
    share = np.linspace(0, 1, bottom - top, dtype=np.float32)[:, None, None]
    patch = (1 - share) * above[None] + share * below[None]
    painted[top:bottom, left:right] = cv2.blur(patch.astype(np.uint8), (9, 9))
    return painted


def _sized(picture: Frame) -> Frame:
    """As a camera's 640x480 has it."""
    scale = max(WIDTH / picture.shape[1], HEIGHT / picture.shape[0])
    size = (max(WIDTH, round(picture.shape[1] * scale)), max(HEIGHT, round(picture.shape[0] * scale)))
    return cv2.resize(picture, size, interpolation=cv2.INTER_AREA)[:HEIGHT, :WIDTH].astype(np.uint8, copy=False)


def _body(draw: random.Random, lane: Frame) -> Frame:
    """The side or the back of a van."""
    painted = lane.copy()
    colour = tuple(draw.randrange(40, 256) for _ in range(3))
    cv2.rectangle(painted, (draw.randrange(20, 200), 120), (draw.randrange(420, 620), 450), colour, -1)
    return painted


def _text(
    draw: random.Random, picture: Frame, text: str, at: tuple[int, int] | None = None, board: bool = False
) -> Frame:
    painted = picture.copy()
    font, scale = draw.choice(_FONTS), draw.uniform(0.7, 2.0)
    thick = max(1, round(scale * draw.uniform(1, 2.5)))
    (wide, high), _ = cv2.getTextSize(text, font, scale, thick)
    x, y = at or (draw.randrange(5, max(6, WIDTH - wide - 5)), draw.randrange(60 + high, HEIGHT - 40))
    ink, ground = (draw.randrange(0, 90),) * 3, tuple(draw.randrange(150, 256) for _ in range(3))
    if draw.random() < 0.5:
        ink, ground = ground, ink
    if board:
        edge = draw.randrange(6, 20)
        cv2.rectangle(painted, (x - edge, y - high - edge), (x + wide + edge, y + edge), ground, -1)
    cv2.putText(painted, text, (x, y), font, scale, ink, thick, cv2.LINE_AA)
    return painted


def _nothing(draw: random.Random, picture: Frame) -> Frame:
    return picture


def _caption(draw: random.Random, picture: Frame) -> Frame:
    """Along an edge, as cameras write, or anywhere, as recorders do."""
    text = draw.choice(_CAPTIONS)
    places = ((8, 18), (300, 20), (8, HEIGHT - 8), (8, 60), (200, 90), (320, HEIGHT - 60))
    painted = picture.copy()
    x, y = draw.choice(places)
    scale = draw.uniform(0.5, 0.9)
    if draw.random() < 0.5:
        (wide, high), _ = cv2.getTextSize(text, cv2.FONT_HERSHEY_SIMPLEX, scale, 2)
        cv2.rectangle(painted, (x - 4, y - high - 4), (x + wide + 4, y + 5), (0, 0, 0), -1)
    cv2.putText(painted, text, (x, y), cv2.FONT_HERSHEY_SIMPLEX, scale, (245, 245, 245), 2, cv2.LINE_AA)
    return painted


def _shop_sign(draw: random.Random, picture: Frame) -> Frame:
    return _text(draw, picture, draw.choice(_SHOPS), board=True)


def _on_a_van(draw: random.Random, picture: Frame) -> Frame:
    return _text(draw, picture, draw.choice(_VANS))


def _paper(draw: random.Random, picture: Frame) -> Frame:
    return _text(draw, picture, draw.choice(_PAPERS), board=True)


def _model_name(draw: random.Random, picture: Frame) -> Frame:
    return _text(draw, picture, draw.choice(_MODELS))


def _rings(draw: random.Random, picture: Frame) -> Frame:
    """Four rings on a grille, which readers take for C00D."""
    painted = picture.copy()
    radius = draw.randrange(12, 34)
    x, y = draw.randrange(60, WIDTH - 6 * radius), draw.randrange(150, HEIGHT - 90)
    if draw.random() < 0.6:
        cv2.rectangle(painted, (x - 50, y - 40), (x + 6 * radius + 30, y + 45), (30, 30, 30), -1)
        for bar in range(y - 36, y + 45, 9):
            cv2.line(painted, (x - 50, bar), (x + 6 * radius + 30, bar), (70, 70, 70), 1)
    for ring in range(4):
        centre = (x + round(1.45 * radius * ring), y)
        cv2.circle(painted, centre, radius, (215, 215, 215), max(2, radius // 6), cv2.LINE_AA)
    return painted


def _speed_limit(draw: random.Random, picture: Frame) -> Frame:
    painted = picture.copy()
    radius = draw.randrange(25, 60)
    x, y = draw.randrange(radius, WIDTH - radius), draw.randrange(radius + 40, HEIGHT - radius)
    cv2.circle(painted, (x, y), radius, (30, 30, 200), -1, cv2.LINE_AA)
    cv2.circle(painted, (x, y), round(0.8 * radius), (245, 245, 245), -1, cv2.LINE_AA)
    limit, scale = str(draw.choice((5, 10, 20, 30, 50, 100))), radius / 28
    (wide, high), _ = cv2.getTextSize(limit, cv2.FONT_HERSHEY_DUPLEX, scale, 3)
    at = (x - wide // 2, y + high // 2)
    cv2.putText(painted, limit, at, cv2.FONT_HERSHEY_DUPLEX, scale, (10, 10, 10), 3, cv2.LINE_AA)
    return painted


def _partial(number: int, draw: random.Random, photograph: Photograph) -> Negative:
    """A photograph whose left or right edge goes through the plate, at least one character of it."""
    picture = cv2.imread(str(photograph.path))
    assert picture is not None, photograph.path
    box, share = photograph.box, draw.uniform(0.15, 0.7)
    at = box.x + round(share * box.width)
    half = picture[:, at:] if draw.random() < 0.5 else picture[:, :at]
    return Negative(number, "partial photograph", _filled_up(half.astype(np.uint8, copy=False)), photograph.plate)


def _filled_up(picture: Frame) -> Frame:
    """With its proportions, as high as 480 or as wide as 640; what is too much is cut off away from the plate."""
    scale = WIDTH / max(picture.shape[1], round(picture.shape[0] * 4 / 3))
    size = (max(1, round(picture.shape[1] * scale)), max(1, round(picture.shape[0] * scale)))
    return cv2.resize(picture, size, interpolation=cv2.INTER_AREA).astype(np.uint8, copy=False)


def _partial_drawing(number: int, draw: random.Random) -> Negative:
    text = "".join(draw.choice("ABCDEFGHKLMNPRSTUVWXYZ0123456789") for _ in range(7))
    sign = cv2.resize(number_plate(text), (170, 40), interpolation=cv2.INTER_AREA)
    gone = draw.randrange(25, 120)
    lane = _body(draw, empty_lane())
    lane[:40] = lane[60]
    top = draw.randrange(200, 400)
    if draw.random() < 0.5:
        lane[top : top + 40, : 170 - gone] = sign[:, gone:]
    else:
        lane[top : top + 40, WIDTH - 170 + gone :] = sign[:, : 170 - gone]
    return Negative(number, "partial drawing", lane, text)


def _as_it_is(draw: random.Random, picture: Frame) -> Frame:
    return picture


def _at_night(draw: random.Random, picture: Frame) -> Frame:
    dark = picture.astype(np.float32) * draw.uniform(0.15, 0.4)
    grey = dark.mean(axis=2, keepdims=True)
    noise = np.random.default_rng(draw.randrange(1 << 30)).normal(0, 6, picture.shape)
    return np.clip(0.7 * grey + 0.3 * dark + noise, 0, 255).astype(np.uint8)


def _in_rain(draw: random.Random, picture: Frame) -> Frame:
    painted = picture.copy()
    for _ in range(draw.randrange(150, 500)):
        x, y, long = draw.randrange(picture.shape[1]), draw.randrange(picture.shape[0]), draw.randrange(8, 26)
        cv2.line(painted, (x, y), (x + long // 4, y + long), (200, 200, 200), 1, cv2.LINE_AA)
    return cv2.addWeighted(cv2.blur(picture, (3, 3)), 0.5, painted, 0.5, 0).astype(np.uint8, copy=False)


def _glaring(draw: random.Random, picture: Frame) -> Frame:
    """Headlights or the sun, into the camera."""
    light = np.zeros(picture.shape[:2], np.float32)
    for _ in range(2):
        centre = (draw.randrange(picture.shape[1]), draw.randrange(picture.shape[0] // 3, picture.shape[0]))
        cv2.circle(light, centre, draw.randrange(20, 60), 1.0, -1)
    light = cv2.GaussianBlur(light, (0, 0), 25)[:, :, None]
    return np.clip(picture + 230 * light, 0, 255).astype(np.uint8)


_KINDS: dict[str, Callable[[random.Random, Frame], Frame]] = {
    "no car or no plate": _nothing,
    "caption": _caption,
    "shop sign": _shop_sign,
    "text on a van": _on_a_van,
    "date, number or notice": _paper,
    "name of a model": _model_name,
    "four rings": _rings,
    "speed limit": _speed_limit,
    "partial photograph": _nothing,
    "partial drawing": _nothing,
}

_STANDING = ("no car or no plate", "caption", "shop sign", "date, number or notice", "speed limit")
