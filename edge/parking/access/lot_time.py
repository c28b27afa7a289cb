"""What is known of the time at this moment, for whatever begins and ends by itself."""

from __future__ import annotations

import sqlite3

from edge.store import boots
from models.instants import Clock, Instant
from models.timeline import Bounds


class LotTime:
    """By the lot's clock where a time server was heard; else as far as the machine itself knows."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._earliest_zero: Instant | None = None

    def learn(self, connection: sqlite3.Connection) -> None:
        """What time servers have said in earlier boots."""
        self._earliest_zero = boots.earliest_zero(connection, self._clock.read().boot_id)

    def bounds(self) -> Bounds:
        at = self._clock.read()
        if at.synced:
            return at.wall, at.wall
        return None if self._earliest_zero is None else Instant(self._earliest_zero + at.monotonic), None

    def surely(self) -> Instant:
        """The earliest that it can be, else what the clock says."""
        earliest, _ = self.bounds()
        return self._clock.read().wall if earliest is None else earliest
