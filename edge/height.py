"""A contact that says "higher than that" at a lane: which vehicle it was about."""

from __future__ import annotations

from drivers.contract import DigitalInput
from models.instants import SECOND, Clock, Monotonic
from models.spots import VehicleType


class HeightMark:
    """A light beam, a bar, a radar. One that looks at the place where vehicles stop (`ahead` 0) is about whoever is on
    the arming loop. One before that place is interrupted `ahead` seconds at most before its vehicle stands there; what
    it says while another stands there is about the next one."""

    def __init__(
        self,
        contact: DigitalInput,
        above: VehicleType,
        ahead: float,
        clock: Clock,
        arming_loop: DigitalInput | None = None,
    ) -> None:
        self._contact, self._above, self._clock, self._loop = contact, above, clock, arming_loop
        self._ahead = round(ahead * SECOND)
        self._high_at: Monotonic | None = None
        self._stands_there = False
        """Whether the vehicle on the arming loop is a high one"""
        contact.on_level(self._heard)
        if arming_loop is not None:
            arming_loop.on_level(self._comes_or_goes)

    @property
    def vehicle_type(self) -> VehicleType | None:
        """None: nothing says that it is high. That isn't to say that it is low."""
        if self._loop is None or not self._loop.level:
            return self._above if self._is_recent else None
        at_the_loop = self._ahead == 0 and self._contact.level is True
        return self._above if self._stands_there or at_the_loop else None

    @property
    def _is_recent(self) -> bool:
        if self._contact.level:
            return True
        return self._high_at is not None and self._clock.monotonic() - self._high_at <= self._ahead

    def _heard(self, level: bool | None) -> None:
        if not level:
            return
        self._high_at = self._clock.monotonic()
        if self._ahead == 0 and self._loop is not None and self._loop.level:
            self._stands_there = True

    def _comes_or_goes(self, level: bool | None) -> None:
        self._stands_there = bool(level) and self._is_recent
        if self._stands_there:
            self._high_at = None
