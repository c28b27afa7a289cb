"""Draws the code of a reservation, for a screen, a letter or a pass."""

from __future__ import annotations

import io
from typing import Literal

import segno

Format = Literal["text", "svg", "png"]
_SCALE = 6


def drawn(code: str, format: Format) -> tuple[bytes, str]:
    """The bytes, and what they are. Its error correction is for scratched screens and bent letters."""
    if format == "text":
        return code.encode(), "text/plain; charset=utf-8"
    file = io.BytesIO()
    segno.make(code, error="m", micro=False).save(file, kind=format, scale=_SCALE)
    return file.getvalue(), "image/svg+xml" if format == "svg" else "image/png"
