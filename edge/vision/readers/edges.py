"""Whether a plate in a picture is cut by the picture's edge, so that what is read of it may be a part."""

from __future__ import annotations

from drivers.contract import Box

_OF_PICTURE, _OF_PLATE, _LEAST = 0.01, 0.075, 5.0
"""How near to the edge a detector's box comes that is cut by it: a hundredth of the picture's longer side, and less
than half a character of the plate. Chosen on photographs that were cut through their plates, where 99 % of the boxes
end within that; a plate that is whole and lies as near is only read a few frames later."""


def is_cut(box: Box, width: int, height: int) -> bool:
    """Whether the detector's own box (not an enlarged one) reaches an edge of the picture."""
    near = min(_OF_PLATE * box.width, max(_LEAST, _OF_PICTURE * max(width, height)))
    gaps = (box.x, box.y, width - box.x - box.width, height - box.y - box.height)
    return min(gaps) <= near
