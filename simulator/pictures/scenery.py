"""The lane without cars: sky, trees, asphalt, kerbs, and for an exit the building that one comes out of."""

from __future__ import annotations

import cv2
import numpy as np

from simulator.lanes import STOP_LINE
from simulator.pictures.lens import HEIGHT, HORIZON, WIDTH, distance, pixels

_ASPHALT = (96, 94, 92)
_KERB, _KERB_SIDE, _PAVEMENT = (178, 180, 180), (128, 130, 131), (142, 148, 150)
_LINE = (222, 226, 226)
_LANE_LEFT, _LANE_RIGHT = -1.75, 0.92


def scenery(exit_lane: bool) -> np.ndarray:
    """The background picture, BGR, always the same one."""
    picture = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    dice = np.random.default_rng(7)
    _sky(picture, dice)
    (_building if exit_lane else _trees)(picture, dice)
    _ground(picture, dice)
    return cv2.GaussianBlur(picture, (3, 3), 0.6)


def _noise(dice: np.random.Generator, width: int, height: int, grain: int) -> np.ndarray:
    small = dice.random((max(2, height // grain), max(2, width // grain)), np.float32)
    return cv2.resize(small, (width, height), interpolation=cv2.INTER_CUBIC)


def _sky(picture: np.ndarray, dice: np.random.Generator) -> None:
    rows = np.linspace(0, 1, HEIGHT)[:, None, None]
    sky = (1 - rows * 1.6).clip(0, 1) * np.array([206, 168, 128]) + (rows * 1.6).clip(0, 1) * np.array([226, 218, 208])
    clouds = _noise(dice, WIDTH, HEIGHT, 90) * 0.6 + _noise(dice, WIDTH, HEIGHT, 34) * 0.4
    cover = ((clouds - 0.5) * 2.4).clip(0, 0.75)[:, :, None]
    picture[:] = (sky * (1 - cover) + np.array([240, 240, 238]) * cover).astype(np.uint8)


def _trees(picture: np.ndarray, dice: np.random.Generator) -> None:
    horizon = int(HORIZON)
    for x in range(0, WIDTH, 118):
        left, top = x + int(dice.integers(-14, 14)), horizon - int(dice.integers(44, 92))
        tone = float(dice.uniform(0.86, 1.1))
        cv2.rectangle(picture, (left, top), (left + 104, horizon), tuple(int(tone * c) for c in (168, 172, 178)), -1)
        for wx in range(left + 9, left + 96, 17):
            for wy in range(top + 9, horizon - 8, 18):
                cv2.rectangle(picture, (wx, wy), (wx + 8, wy + 9), tuple(int(tone * c) for c in (132, 122, 112)), -1)
    for _ in range(420):
        x, y = int(dice.integers(-10, WIDTH + 10)), horizon - int(abs(dice.normal(0, 15)))
        green = int(dice.integers(62, 118))
        cv2.circle(picture, (x, y), int(dice.integers(3, 9)), (green // 2 + 6, green, green // 2 + 14), -1, cv2.LINE_AA)


def _building(picture: np.ndarray, dice: np.random.Generator) -> None:
    """A concrete car park; the lane comes out of its portal."""
    away = 24.0
    left, ground = (int(c) for c in pixels(-9, 0, away))
    top = int(pixels(0, 7.5, away)[1])
    cv2.rectangle(picture, (left, max(top, 0)), (WIDTH, ground), (164, 168, 170), -1)
    for storey in range(3):
        y = int(pixels(0, 3.1 + 1.75 * storey, away)[1])
        cv2.rectangle(picture, (left, y - 38), (WIDTH, y), (74, 76, 80), -1)
        cv2.rectangle(picture, (left, y - 14), (WIDTH, y), (150, 154, 157), -1)
        for x in range(left, WIDTH, 62):
            cv2.rectangle(picture, (x, y - 38), (x + 9, y), (172, 176, 178), -1)
    x0, y0 = (int(c) for c in pixels(-2.7, 2.7, away))
    x1, y1 = (int(c) for c in pixels(2.0, 0, away))
    cv2.rectangle(picture, (x0 - 4, y0 - 4), (x1 + 4, y1), (60, 150, 220), -1)
    cv2.rectangle(picture, (x0, y0), (x1, y1), (40, 40, 42), -1)
    for lamp in range(4):
        cv2.line(picture, (x0 + 22 + lamp * 40, y0 + 9), (x0 + 42 + lamp * 40, y0 + 9), (190, 226, 236), 2, cv2.LINE_AA)
    stain = _noise(dice, WIDTH, HEIGHT, 40)[:ground, left:, None]
    picture[:ground, left:] = (picture[:ground, left:] * (0.94 + 0.08 * stain)).astype(np.uint8)


def _ground(picture: np.ndarray, dice: np.random.Generator) -> None:
    top = int(HORIZON) + 1
    grain = dice.normal(0, 5.0, (HEIGHT, WIDTH)).astype(np.float32)
    stains = (_noise(dice, WIDTH, HEIGHT, 70) - 0.5) * 22
    near = np.linspace(0, 1, HEIGHT - top)[:, None]
    asphalt = np.array(_ASPHALT)[None, None, :] * (1.14 - 0.2 * near[:, :, None])
    picture[top:] = (asphalt + (grain * (0.3 + near.mean()) + stains)[top:, :, None]).clip(0, 255).astype(np.uint8)
    _strip(picture, _LANE_RIGHT, 9.0, 0.0, _PAVEMENT)
    _strip(picture, -12.0, _LANE_LEFT, 0.0, _PAVEMENT)
    _strip(picture, _LANE_RIGHT, _LANE_RIGHT + 0.16, 0.1, _KERB)
    _strip(picture, _LANE_LEFT - 0.16, _LANE_LEFT, 0.1, _KERB)
    _wall(picture, _LANE_RIGHT)
    _wall(picture, _LANE_LEFT)
    line = [
        pixels(x, 0, distance(STOP_LINE) + d) for x, d in ((-1.7, -0.45), (0.86, -0.45), (0.86, -0.75), (-1.7, -0.75))
    ]
    _polygon(picture, line, _LINE)
    for left in (-1.15, 0.3):
        loop = [
            pixels(x, 0, distance(a)) for x, a in ((left, -3.6), (left + 0.02, -3.6), (left + 0.02, -1.6), (left, -1.6))
        ]
        _polygon(picture, loop, (70, 70, 70))


def _strip(picture: np.ndarray, left: float, right: float, up: float, colour: tuple[int, int, int]) -> None:
    """A band along the lane, from the camera to the horizon."""
    _polygon(
        picture, [pixels(left, up, 1.2), pixels(left, up, 90), pixels(right, up, 90), pixels(right, up, 1.2)], colour
    )


def _wall(picture: np.ndarray, x: float) -> None:
    _polygon(picture, [pixels(x, 0.1, 1.2), pixels(x, 0.1, 90), pixels(x, 0, 90), pixels(x, 0, 1.2)], _KERB_SIDE)


def _polygon(picture: np.ndarray, points: list[tuple[float, float]], colour: tuple[int, int, int]) -> None:
    corners = np.array([[round(x * 16), round(y * 16)] for x, y in points], np.int32)
    cv2.fillPoly(picture, [corners], colour, cv2.LINE_AA, 4)
