"""Faults that whoever can send to the lot may cause: they end after a long quiet, not with the next good message."""

from __future__ import annotations

from collections.abc import Sequence

from drivers.contract import FaultReporter
from models.faults import Fault
from models.instants import SECOND, Clock, Monotonic

QUIET_SECONDS = 600.0
"""Each change of a fault is a fact: a forger between genuine messages would fill the ledger with them."""
_LOOK_EVERY_SECONDS = 10.0


class EndedByQuiet:
    """Reports as `faults` does, but for those of `which`: each ends when it hasn't been raised for ten minutes."""

    def __init__(self, faults: FaultReporter, clock: Clock, which: Sequence[Fault]) -> None:
        self._faults, self._clock = faults, clock
        self._which = {fault.code for fault in which}
        self._last: dict[str, tuple[Fault, Monotonic]] = {}

    def raised(self, fault: Fault, detail: str) -> None:
        if fault.code in self._which:
            self._last[fault.code] = fault, self._clock.monotonic()
        self._faults.raised(fault, detail)

    def cleared(self, fault: Fault) -> None:
        if fault.code not in self._which:
            self._faults.cleared(fault)

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            await self._clock.sleep(_LOOK_EVERY_SECONDS)
            self._end_what_is_quiet(self._clock.monotonic())

    def _end_what_is_quiet(self, now: Monotonic) -> None:
        for code, (fault, last) in tuple(self._last.items()):
            if now - last >= QUIET_SECONDS * SECOND:
                del self._last[code]
                self._faults.cleared(fault)
