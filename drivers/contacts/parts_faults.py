"""The faults of a driver's own parts, reported as its own: one ends when the last part that had it is well again."""

from __future__ import annotations

from drivers.contract import FaultReporter
from models.faults import Fault


class PartsFaults:
    """What the whole says is wrong with it, by the parts that say so."""

    def __init__(self, reporter: FaultReporter) -> None:
        self._reporter = reporter
        self._raised: dict[str, dict[str, str]] = {}

    def of(self, part: str) -> PartFaults:
        return PartFaults(self, part)

    def raised(self, part: str, fault: Fault, detail: str) -> None:
        self._raised.setdefault(fault.code, {})[part] = detail
        self._reporter.raised(fault, f"{part}: {detail}")

    def cleared(self, part: str, fault: Fault) -> None:
        having = self._raised.get(fault.code, {})
        if having.pop(part, None) is None:
            return
        for other, detail in having.items():
            self._reporter.raised(fault, f"{other}: {detail}")
        if not having:
            self._reporter.cleared(fault)


class PartFaults:
    """What one part says (`drivers.contract.FaultReporter`)."""

    def __init__(self, all_parts: PartsFaults, part: str) -> None:
        self._all, self._part = all_parts, part

    def raised(self, fault: Fault, detail: str) -> None:
        self._all.raised(self._part, fault, detail)

    def cleared(self, fault: Fault) -> None:
        self._all.cleared(self._part, fault)
