"""The picture of the vehicle that stands at each lane now, until its ticket has it."""

from __future__ import annotations

from models.ids import LaneName


class Gallery:
    """Of the vehicle that a lane serves; another one's picture is never taken for its own."""

    def __init__(self) -> None:
        self._of: dict[LaneName, str] = {}

    def begins(self, lane: LaneName) -> None:
        """Another vehicle stands there now."""
        self._of.pop(lane, None)

    def took(self, lane: LaneName, picture: str) -> None:
        self._of[lane] = picture

    def now(self, lane: LaneName) -> str | None:
        return self._of.get(lane)
