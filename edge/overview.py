"""Puts together what the daemon is doing now: for whoever asks at its socket, for its measures and its beacon."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from drivers.contract import SpotSensor
from edge.cameras import Cameras
from edge.faults import FaultBoard
from edge.lane.controller import LaneController
from edge.parking.access.policy import LotPolicy
from edge.parking.tariffs.prices import LotPrices
from edge.status import CameraStatus, DaemonStatus, FaultStatus, LaneStatus, PolicyStatus, SpotStatus, VisionStatus
from edge.sync.link import CloudLink
from models.ids import LaneName
from models.instants import SECOND, Clock
from models.plates import masked
from models.tickets import Direction
from models.wire.envelopes import LaneNow

_PARTS = ("lot", "store", "kiosk", "link", "money")
"""Sources of faults beside the lanes and stations"""


@dataclass(frozen=True)
class Overview:
    """The parts of one daemon that have something to say of the present. `sensed`: sensors by level and spot."""

    release: str
    lanes: Mapping[LaneName, LaneController]
    directions: Mapping[LaneName, Direction]
    stations: Sequence[LaneName]
    sensed: Mapping[tuple[int, str], SpotSensor]
    faults: FaultBoard
    policy: LotPolicy
    prices: LotPrices
    cameras: Cameras
    clock: Clock
    link_now: Callable[[], CloudLink | None]
    """The link is begun after the lanes, and tells the cloud of them from here"""

    def status(self) -> DaemonStatus:
        clock = self.clock.read()
        now = self.link_now()
        link = "none" if now is None else "up" if now.connected else "down"
        return DaemonStatus(
            release=self.release,
            pid=os.getpid(),
            reader=self.cameras.reader,
            link=link,
            refused_commands={} if now is None else now.refused_commands,
            lanes=tuple(self._lane(name, lane) for name, lane in self.lanes.items()),
            faults=tuple(fault for part in (*_PARTS, *self.stations) for fault in self._faults_of(part)),
            sensed=tuple(
                SpotStatus(level=level, number=number, occupied=sensor.occupied)
                for (level, number), sensor in self.sensed.items()
            ),
            now=clock.wall,
            clock=clock,
            policy=self._policy(now),
            acknowledged={} if now is None else now.acknowledged,
            resyncs=0 if now is None else now.resyncs,
            vision=self._vision(),
        )

    def _vision(self) -> VisionStatus:
        now = self.cameras.now
        return VisionStatus(
            restarts=now.restarts,
            spare=now.spare,
            memory=now.memory,
            cameras=tuple(
                CameraStatus(name=name, rate=pace.rate, seconds_ago=None if pace.age is None else pace.age / SECOND)
                for name, pace in now.cameras.items()
            ),
        )

    def lanes_now(self) -> tuple[LaneNow, ...]:
        """The lanes as the beacon shows them."""
        return tuple(
            LaneNow(
                name=lane.name,
                direction=lane.direction,
                phase=lane.phase,
                barrier=lane.barrier,
                faults=tuple(fault.code for fault in lane.faults),
                state=lane.state,
                hold=lane.hold,
            )
            for lane in self.status().lanes
        )

    def _lane(self, name: LaneName, lane: LaneController) -> LaneStatus:
        now = lane.lane
        return LaneStatus(
            name=name,
            direction=self.directions[name],
            phase=now.phase,
            barrier=now.arm,
            sign=lane.line,
            faults=self._faults_of(name),
            state=now.state,
            hold=now.hold,
            assumed=not lane.reads_back,
            arming_loop=now.near,
            closing_loop=now.under_arm,
            price="" if (offer := lane.offer()) is None else offer.line,
        )

    def _faults_of(self, part: str) -> tuple[FaultStatus, ...]:
        return tuple(
            FaultStatus(source=fault.source, code=fault.code, detail=fault.detail) for fault in self.faults.open(part)
        )

    def _policy(self, link: CloudLink | None) -> PolicyStatus:
        return PolicyStatus(
            tariff=self.policy.tariff_name,
            factor=None if self.prices.standing is None else str(self.prices.standing.factor),
            plates=self.policy.permits.plates,
            shadowed=tuple(masked(plate) for plate in self.policy.permits.shadowed),
            heard={} if link is None else dict(link.downlink.heard_of.counts),
        )
