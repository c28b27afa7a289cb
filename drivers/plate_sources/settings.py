"""How far a camera that reads plates itself is believed, as a technician writes it."""

from __future__ import annotations

import abc
from typing import ClassVar

from pydantic import Field

from drivers.contract import PlateSource
from drivers.plate_sources.trust import Only, Trust
from drivers.settings import DriverSettings
from drivers.values import Seconds, Share
from models.faults import Fault


class PlateSourceSettings(DriverSettings, abc.ABC):
    """What all cameras and recorders that read plates themselves have in common."""

    contract: ClassVar[type] = PlateSource
    blinds: ClassVar[tuple[Fault, ...]] = ()
    """Those of its faults while which no plate can be heard"""
    tells_ends: ClassVar[bool] = False
    """Whether the device says when a vehicle has left"""

    min_confidence: Share = Field(default=0.85, gt=0)
    """A plate of which the device is less sure than this opens nothing by itself: the driver is asked"""
    confidence_unsaid: Share = 0.0
    """What counts where the device doesn't say how sure it is. 0: the driver is always asked"""
    only: Only = Only.APPROACHING
    """Which way the vehicles of this lane drive as the camera sees them: `approaching` (it sees their fronts),
    `leaving` (their backs) or `any`. Of those that drive the other way nothing counts; where the device doesn't say,
    all do"""
    early: Seconds = Field(default=4.0, ge=0, le=15)
    """A plate that was heard so long before the arming loop went on is that of the vehicle which then stands there:
    cameras look ahead"""
    settle: Seconds = Field(default=0.0, ge=0, le=10)
    """A plate counts once the device has said no other of this vehicle for so long"""
    ask_after: Seconds = Field(default=2.0, gt=0, le=60)
    """A plate that isn't sure enough by then is put to the driver as a question"""
    gone_after: Seconds = Field(default=60.0, gt=0, le=600)
    """On a lane without an arming loop, where the device doesn't tell when a vehicle has left: it has, so long after
    its plate was heard last, or once it has passed the closing loop"""
    fresh_within: Seconds = Field(default=10.0, gt=0, le=120)
    """What reaches this computer later than this after it was seen is none of a vehicle that stands there now. The
    device's clock may be wrong, as long as it runs evenly"""

    @property
    def trust(self) -> Trust:
        return Trust(
            min_confidence=self.min_confidence,
            unsaid=self.confidence_unsaid,
            only=self.only,
            early=_micro(self.early),
            settle=_micro(self.settle),
            ask_after=_micro(self.ask_after),
            gone_after=_micro(self.gone_after),
            fresh_within=_micro(self.fresh_within),
            tells_ends=self.tells_ends,
        )


def _micro(seconds: float) -> int:
    return round(seconds * 1_000_000)
