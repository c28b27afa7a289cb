"""A lane's parts, started for the doctor as the daemon would start them, and stopped in their safe state."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

import structlog

from drivers.contract import CameraSettings, DriverContext, FaultReporter, Position
from drivers.over_serial.kept_open import within
from edge.doctor.findings import About, Finding
from edge.doctor.needs import Part
from models.faults import Fault
from models.instants import Clock

_LOG = structlog.get_logger("edge.doctor")
STOP_SECONDS = 10.0
READY_SECONDS = 6.0
SETTLE_SECONDS = 2.5
"""What is wrong with a part that never says how it stands shows by then"""
_LOOK_SECONDS = 0.1


@dataclass
class Notebook:
    """The faults that parts report, by part."""

    open: dict[str, dict[str, tuple[Fault, str]]] = field(default_factory=dict[str, dict[str, tuple[Fault, str]]])

    def of(self, part: str) -> FaultReporter:
        return _Page(self.open.setdefault(part, {}))

    def fault_of(self, part: str) -> tuple[Fault, str] | None:
        """One that a part has now."""
        return next(iter(self.open.get(part, {}).values()), None)


@dataclass(frozen=True)
class _Page:
    faults: dict[str, tuple[Fault, str]]

    def raised(self, fault: Fault, detail: str) -> None:
        self.faults[fault.code] = fault, detail

    def cleared(self, fault: Fault) -> None:
        self.faults.pop(fault.code, None)


@dataclass(frozen=True)
class Standing:
    """A part and the driver that works it."""

    part: Part
    driver: Any

    @property
    def contract(self) -> type:
        return self.part.settings.contract

    @property
    def knows(self) -> bool | None:
        """Whether it has said how it stands; None for a part that never says."""
        driver = self.driver
        if getattr(driver, "reads_back", False) and hasattr(driver, "position"):
            return driver.position is not Position.UNKNOWN
        return driver.level is not None if hasattr(driver, "level") else None


class Bench:
    """From entering to leaving, the parts are ours; on leaving, each is stopped, whatever became of the others."""

    def __init__(self, parts: Sequence[Part], clock: Clock) -> None:
        self._clock, self.faults = clock, Notebook()
        shared: dict[Any, Any] = {}
        self.standing = [
            Standing(part, part.settings.build(DriverContext(part.name, clock, self.faults.of(part.name), shared)))
            for part in parts
            if part.settings.contract is not CameraSettings
        ]

    async def __aenter__(self) -> Self:
        try:
            for each in self.standing:
                await each.driver.start()
        except BaseException:
            await self._stop()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        await self._stop()

    async def _stop(self) -> None:
        stops = (within(self._clock, STOP_SECONDS, each.driver.stop()) for each in self.standing)
        for each, ended in zip(self.standing, await asyncio.gather(*stops, return_exceptions=True), strict=True):
            if isinstance(ended, BaseException):
                _LOG.error("doctor.not_stopped", part=each.part.name, why=f"{type(ended).__name__}: {ended}")

    async def connected(self) -> list[Finding]:
        """How each part is, once all have said so or the time for it is over."""
        for looks in range(round(READY_SECONDS / _LOOK_SECONDS)):
            known = [each.knows for each in self.standing]
            if all(known) or (False not in known and looks * _LOOK_SECONDS >= SETTLE_SECONDS):
                break
            await self._clock.sleep(_LOOK_SECONDS)
        return [self._found(each) for each in self.standing]

    def _found(self, each: Standing) -> Finding:
        about, trouble = About("connect", each.part.name), self.faults.fault_of(each.part.name)
        if trouble is not None:
            fault, detail = trouble
            return about.fail(f"{fault.meaning}: {detail}", fault.look_at)
        if each.knows is None:
            return about.ok("it is at rest, without a fault")
        if not each.knows:
            fix = "Its power and its wires; its address or topic: does it say its state when it is asked?"
            return about.fail(f"it hasn't said how it stands within {READY_SECONDS:g} s", fix)
        return about.ok("it is there")
