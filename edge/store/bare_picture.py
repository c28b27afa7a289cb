"""A camera's JPEG without all that isn't the picture: its data, its thumbnail, its comments, what hangs on behind."""

from __future__ import annotations

_START, _END, _SCAN = b"\xff\xd8", 0xD9, 0xDA
_FIRST_APP, _LAST_APP, _COMMENT = 0xE0, 0xEF, 0xFE
_KEPT_APPS = {0xE0, 0xEE}
"""JFIF and Adobe: without them the colours are guessed."""
_IN_SCAN = {0x00, *range(0xD0, 0xD8)}


def bare(jpeg: bytes) -> bytes:
    """The same picture. Nothing is decoded: whoever made it isn't trusted so far. Raises ValueError unless it's whole.

    EXIF tells where and with what it was taken, and its thumbnail shows what may have been blotted out since. A
    comment could name the crop of another vehicle.
    """
    if not jpeg.startswith(_START):
        raise ValueError("a JPEG is expected")
    parts, at = [_START], len(_START)
    while True:
        kind, at = _marker(jpeg, at)
        if kind == _END:
            return b"".join([*parts, b"\xff\xd9"])
        size = int.from_bytes(jpeg[at : at + 2], "big")
        if size < 2 or at + size > len(jpeg):
            raise ValueError("the picture is cut off")
        ends = at + size
        if kind == _SCAN:
            ends = _scan_ends(jpeg, ends)
        if not _is_beside(kind, jpeg[at + 2 : at + 7]):
            parts.append(bytes((0xFF, kind)) + jpeg[at:ends])
        at = ends


def _marker(jpeg: bytes, at: int) -> tuple[int, int]:
    """What begins at `at`, and where its content does."""
    if jpeg[at : at + 1] != b"\xff":
        raise ValueError("the picture is damaged")
    while jpeg[at : at + 1] == b"\xff":
        at += 1
    if at >= len(jpeg):
        raise ValueError("the picture is cut off")
    return jpeg[at], at + 1


def _scan_ends(jpeg: bytes, at: int) -> int:
    """Where the next marker begins that isn't one of the scan's own."""
    while (at := jpeg.find(b"\xff", at)) >= 0 and at + 1 < len(jpeg):
        if jpeg[at + 1] not in _IN_SCAN and jpeg[at + 1] != 0xFF:
            return at
        at += 1 if jpeg[at + 1] == 0xFF else 2
    raise ValueError("the picture is cut off")


def _is_beside(kind: int, begins: bytes) -> bool:
    """Whether it is no part of the picture. JFIF may hold a thumbnail of its own, in an extension."""
    if kind == _FIRST_APP and begins != b"JFIF\x00":
        return True
    return kind == _COMMENT or (_FIRST_APP <= kind <= _LAST_APP and kind not in _KEPT_APPS)
