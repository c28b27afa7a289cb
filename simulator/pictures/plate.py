"""A number plate as the stamping shop makes it: border, blue band, bold letters at a fixed pitch."""

from __future__ import annotations

from functools import lru_cache

from PIL import Image, ImageDraw, ImageFont

from simulator.plates import NumberPlate

WIDTH, HEIGHT = 0.52, 0.11
"""Metres, as on European cars."""

_PIXELS = 2000  # a metre
_WHITE, _YELLOW, _INK, _BAND = (244, 245, 242), (250, 203, 40), (18, 18, 22), (20, 62, 150)
_BORDER = 8
_BAND_WIDTH = 84
_LETTER_HEIGHT = 146
_LETTER_WIDTH = 92
_GAP_WIDTH = 0.55


def plate_image(plate: NumberPlate) -> Image.Image:
    """The plate, flat and clean, RGB."""
    width, height = round(WIDTH * _PIXELS), round(HEIGHT * _PIXELS)
    image = Image.new("RGB", (width, height), _YELLOW if plate.format.yellow else _WHITE)
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, 0, _BAND_WIDTH, height), fill=_BAND)
    _stars(draw, height)
    _letters(image, plate.shown)
    draw.rounded_rectangle((2, 2, width - 3, height - 3), radius=18, outline=_INK, width=_BORDER)
    return image


def _stars(draw: ImageDraw.ImageDraw, height: int) -> None:
    """Twelve dots for the ring of stars: at a camera's distance nobody can tell."""
    for dx, dy in ((0, -2), (1, -1.7), (1.7, -1), (2, 0), (1.7, 1), (1, 1.7)):
        for sign in (1, -1):
            x, y = _BAND_WIDTH / 2 + 4 + sign * dx * 12, height * 0.38 + sign * dy * 12
            draw.ellipse((x - 4, y - 4, x + 4, y + 4), fill=(240, 210, 60))


def _letters(image: Image.Image, shown: str) -> None:
    room = image.width - _BAND_WIDTH - 2 * _BORDER - 24
    slots = sum(1.0 if character.isalnum() else _GAP_WIDTH for character in shown)
    pitch = min(_LETTER_WIDTH * 1.22, room / slots)
    x = _BAND_WIDTH + _BORDER + 8 + (room - pitch * slots) / 2
    top = (image.height - _LETTER_HEIGHT) // 2
    for character in shown:
        wide = pitch if character.isalnum() else pitch * _GAP_WIDTH
        if character.isalnum():
            letter = _letter(character, round(min(_LETTER_WIDTH, pitch * 0.84)))
            image.paste(_INK, (round(x + (wide - letter.width) / 2), top), letter)
        elif character == "-":
            middle = image.height // 2
            ImageDraw.Draw(image).rectangle((x + wide * 0.2, middle - 8, x + wide * 0.8, middle + 8), fill=_INK)
        x += wide


@lru_cache(maxsize=256)
def _letter(character: str, widest: int) -> Image.Image:
    """One bold glyph as a mask, stretched to the height of plate letters."""
    font = ImageFont.load_default(150)
    sheet = Image.new("L", (260, 260))
    ImageDraw.Draw(sheet).text((130, 130), character, font=font, fill=255, anchor="mm", stroke_width=4, stroke_fill=255)
    glyph = sheet.crop(sheet.getbbox())
    natural = glyph.width * _LETTER_HEIGHT / glyph.height
    return glyph.resize((round(min(natural, widest)), _LETTER_HEIGHT), Image.Resampling.LANCZOS)
