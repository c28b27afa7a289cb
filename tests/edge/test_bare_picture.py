"""A camera's picture is kept without its data, its thumbnail and its comments, and looks the same."""

from __future__ import annotations

import io

import cv2
import numpy as np
import pytest
from PIL import Image

from edge.store.bare_picture import bare
from edge.store.picture_notes import crop_of, note_of, segments, with_note

PLACE = b"53.5439 N"


def pixels(jpeg: bytes) -> np.ndarray:
    shown = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION)
    assert shown is not None
    return np.asarray(shown)


def a_cameras(progressive: bool = False, mode: str = "RGB") -> bytes:
    """With EXIF, a thumbnail, a comment and another picture behind it."""
    noise = np.random.default_rng(3).integers(0, 255, (60, 80, 3), np.uint8)
    picture, thumb, written = Image.fromarray(noise).convert(mode), io.BytesIO(), io.BytesIO()
    picture.convert("RGB").resize((16, 12)).save(thumb, "JPEG")
    exif = Image.Exif()
    exif[0x010E] = PLACE.decode()
    extra = exif.tobytes() + thumb.getvalue()
    picture.save(written, "JPEG", exif=extra, comment=b'{"crop": "ab"}', progressive=progressive)
    return written.getvalue() + thumb.getvalue()


@pytest.mark.parametrize(("progressive", "mode"), [(False, "RGB"), (True, "RGB"), (False, "L"), (False, "CMYK")])
def test_the_picture_stays_and_all_else_goes(progressive: bool, mode: str) -> None:
    camera = a_cameras(progressive, mode)
    left = bare(camera)
    assert (pixels(left) == pixels(camera)).all()
    assert PLACE in camera
    assert PLACE not in left
    assert (camera.count(b"\xff\xd8\xff"), left.count(b"\xff\xd8\xff")) == (3, 1)
    assert {kind for kind, _ in segments(left)} <= {0xE0, 0xEE, 0xDB, 0xC0, 0xC2, 0xC4, 0xDD, 0xDA}
    assert (crop_of(camera), crop_of(left)) == ("ab", None), "nobody from outside names a crop"
    assert bare(left) == left


@pytest.mark.parametrize("cut", [0, 1, 3, 20, 200, -1])
def test_what_isnt_a_whole_picture_is_refused(cut: int) -> None:
    whole = bare(a_cameras())
    with pytest.raises(ValueError, match=r"picture|JPEG"):
        bare(whole[:cut])


def test_noise_is_refused_or_has_an_end() -> None:
    dice = np.random.default_rng(5)
    for _ in range(200):
        spoilt = bytearray(bare(a_cameras())[:600])
        for place in dice.integers(2, 600, 40):
            spoilt[place] = dice.integers(0, 256)
        try:
            bare(bytes(spoilt))
        except ValueError:
            continue


def test_a_note_is_found_again_and_only_in_a_picture() -> None:
    noted = with_note(bare(a_cameras()), "of the north lane")
    assert note_of(noted) == "of the north lane"
    assert note_of(b"no picture") is None
    assert crop_of(noted) is None
    with pytest.raises(ValueError, match="JPEG"):
        with_note(b"no picture", "x")
