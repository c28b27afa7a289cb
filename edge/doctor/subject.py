"""What is looked at: a lot as it is configured, its computer, and the daemon if one runs."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from edge.config.lane_settings import LaneSettings
from edge.config.settings import LotSettings
from edge.doctor.findings import Finding
from edge.doctor.machine import Machine
from edge.doctor.needs import Part, parts
from edge.status import DaemonStatus

Found = Iterable[Finding]
"""What a check has to say."""


@dataclass(frozen=True)
class Subject:
    """`lane` is the one that was asked for; None stands for all of them."""

    settings: LotSettings
    config: Path
    daemon: DaemonStatus | None = None
    lane: str | None = None
    machine: Machine = field(default_factory=Machine)

    @property
    def parts(self) -> list[Part]:
        return parts(self.settings, self.lane)

    @property
    def lanes(self) -> list[LaneSettings]:
        return [lane for lane in self.settings.lanes if self.lane in (None, lane.name)]

    @property
    def store(self) -> Path:
        return self.settings.store.path
