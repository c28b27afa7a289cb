"""A sheet in metres to draw on: soft polygons with gradients, smooth at the edges."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

Rgb = tuple[int, int, int]
Point = tuple[float, float]

_FINER = 2


def shade(colour: Rgb, by: float) -> Rgb:
    """Lighter (`by` above 1) or darker (below 1)."""
    red, green, blue = (max(0, min(255, round(part * by))) for part in colour)
    return red, green, blue


def rounded(points: Sequence[Point], times: int = 3) -> list[Point]:
    """The polygon with its corners cut again and again, as carpenters round a table (Chaikin's curve)."""
    smooth = list(points)
    for _ in range(times):
        cut: list[Point] = []
        for (x0, y0), (x1, y1) in zip(smooth, [*smooth[1:], smooth[0]], strict=True):
            cut += [(0.75 * x0 + 0.25 * x1, 0.75 * y0 + 0.25 * y1), (0.25 * x0 + 0.75 * x1, 0.25 * y0 + 0.75 * y1)]
        smooth = cut
    return smooth


def box(left: float, bottom: float, right: float, top: float) -> list[Point]:
    return [(left, bottom), (left, top), (right, top), (right, bottom)]


def bevelled(left: float, bottom: float, right: float, top: float, radius: float) -> list[Point]:
    """A rectangle with rounded corners."""
    r = min(radius, (right - left) / 2, (top - bottom) / 2)
    corners = [
        (left, bottom + r), (left, top - r), (left + r, top), (right - r, top),
        (right, top - r), (right, bottom + r), (right - r, bottom), (left + r, bottom),
    ]  # fmt: skip
    return rounded(corners, 2)


class Sketch:
    """A transparent sheet, `width` x `height` metres: x from the middle to the right, y up from the ground."""

    def __init__(self, width: float, height: float, scale: int) -> None:
        self.width, self.height, self.scale = width, height, scale
        self._fine = scale * _FINER
        self._image = Image.new("RGBA", (round(width * self._fine), round(height * self._fine)))

    def _at(self, point: Point) -> Point:
        return (point[0] + self.width / 2) * self._fine, (self.height - point[1]) * self._fine

    def fill(self, points: Sequence[Point], top: Rgb, bottom: Rgb | None = None, alpha: int = 255) -> None:
        """One polygon, its colour running from `top` to `bottom`."""
        self._lay(points, top, bottom or top, alpha, 0)

    def glow(self, points: Sequence[Point], colour: Rgb, blur: float, alpha: int) -> None:
        """One polygon with an edge that fades over `blur` metres: shadows and lights."""
        self._lay(points, colour, colour, alpha, blur * self._fine)

    def paste(self, image: Image.Image, centre: Point, width: float) -> None:
        """Another picture, so many metres wide."""
        wide = round(width * self._fine)
        scaled = image.resize((wide, round(image.height * wide / image.width)), Image.Resampling.LANCZOS)
        x, y = self._at(centre)
        self._image.paste(scaled, (round(x - scaled.width / 2), round(y - scaled.height / 2)))

    def _lay(self, points: Sequence[Point], top: Rgb, bottom: Rgb, alpha: int, blur: float) -> None:
        corners = [self._at(point) for point in points]
        margin = int(blur * 3) + 2
        left, up = (int(min(place)) - margin for place in zip(*corners, strict=True))
        right, down = (int(max(place)) + margin for place in zip(*corners, strict=True))
        mask = Image.new("L", (right - left, down - up))
        ImageDraw.Draw(mask).polygon([(x - left, y - up) for x, y in corners], fill=alpha)
        if blur:
            mask = mask.filter(ImageFilter.GaussianBlur(blur))
        layer = _ramp(mask.size, top, bottom)
        layer.putalpha(mask)
        whole = (max(left, 0), max(up, 0))
        self._image.alpha_composite(layer, whole, (whole[0] - left, whole[1] - up))

    def finished(self) -> np.ndarray:
        """Height x width x 4, uint8, blue-green-red-alpha, as OpenCV wants it."""
        size = round(self.width * self.scale), round(self.height * self.scale)
        rgba = np.asarray(self._image.resize(size, Image.Resampling.BOX))
        return np.ascontiguousarray(rgba[:, :, [2, 1, 0, 3]])


def _ramp(size: tuple[int, int], top: Rgb, bottom: Rgb) -> Image.Image:
    """A picture whose colour runs from `top` to `bottom`."""
    share = np.linspace(0, 1, size[1])[:, None, None]
    rows = (np.array(top) * (1 - share) + np.array(bottom) * share).round().astype(np.uint8)
    return Image.fromarray(rows).resize(size, Image.Resampling.NEAREST).convert("RGBA")
