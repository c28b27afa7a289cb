"""Reads an enrolment from what a technician has: a file, a photograph of a QR code, or the text."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

from models.enrolment import Enrolment, NoEnrolment

_PICTURES = (".png", ".jpg", ".jpeg", ".bmp", ".webp")
_WIDEST = 4000
_SIZES = (1.0, 0.5, 1.5, 2.0, 0.25, 3.0)
"""A code is found at one size and missed at another: all are tried, until one can be read."""


def enrolment_from(given: str) -> Enrolment:
    """Raises NoEnrolment, which says what was looked at and what to do."""
    path = Path(given)
    if given.startswith("parkgate1:"):
        return _read("The text that was given", given)
    if path.suffix.lower() in _PICTURES:
        return _read(str(path), _in_picture(path))
    try:
        return _read(str(path), path.read_text(encoding="ascii"))
    except OSError as wrong:
        raise NoEnrolment(f"{path} can't be read: {wrong.strerror}") from None
    except UnicodeDecodeError:
        raise NoEnrolment(f"{path} isn't an enrolment: a text file, or a picture of its QR code, is expected") from None


def _read(source: str, text: str) -> Enrolment:
    try:
        return Enrolment.from_text(text)
    except NoEnrolment as wrong:
        raise NoEnrolment(f"{source}: {wrong}") from None


def _in_picture(path: Path) -> str:
    import cv2  # takes a second to import, and only a picture needs it

    picture = cast(Any, cv2.imread(str(path)))
    if picture is None:
        raise NoEnrolment(f"{path} can't be read as a picture")
    for size in _SIZES:
        if max(picture.shape[:2]) * size <= _WIDEST:
            seen = cast(Any, cv2).resize(picture, None, fx=size, fy=size, interpolation=cv2.INTER_AREA)
            for detector in (cast(Any, cv2).QRCodeDetectorAruco(), cast(Any, cv2).QRCodeDetector()):
                text, _, _ = detector.detectAndDecode(seen)
                if text:
                    return str(text)
    raise NoEnrolment(f"no QR code can be read in {path}: take it again, straight and near, without a reflection")
