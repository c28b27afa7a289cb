"""Where on the broker a lane's simulated devices speak and listen."""

from __future__ import annotations

from dataclasses import dataclass

from drivers.contract import Position
from models.ids import LaneName
from models.spots import VehicleType

DEFAULT_ROOT = "sim/{lane}"


@dataclass(frozen=True, slots=True)
class LaneTopics:
    """A lane's topics below its root, such as `sim/north-in`."""

    lane: LaneName
    root: str

    @property
    def command(self) -> str:
        return f"{self.root}/barrier/command"

    @property
    def position(self) -> str:
        return f"{self.root}/barrier/position"

    @property
    def arming_loop(self) -> str:
        return f"{self.root}/arming_loop"

    @property
    def closing_loop(self) -> str:
        return f"{self.root}/closing_loop"

    @property
    def far_loop(self) -> str:
        return f"{self.root}/far_loop"

    @property
    def vehicle_class(self) -> str:
        return f"{self.root}/class"

    @property
    def poll(self) -> str:
        """An empty message here makes all of the lane's devices say their state."""
        return f"{self.root}/poll"


@dataclass(frozen=True, slots=True)
class LotTopics:
    """The topics of a whole simulated lot."""

    name: str

    @property
    def inject(self) -> str:
        """What shall go wrong, in a scenario's words: `{"lane": "north-in", "fault": "arm_stuck", "for": "20 s"}`."""
        return f"sim/{self.name}/inject"

    @property
    def fire(self) -> str:
        """The fire contact, ON or OFF"""
        return f"sim/{self.name}/fire"

    def truth(self, lane: LaneName, what: str) -> str:
        """Where it is told what really happened: `sim/<lot>/truth/<lane>/<what>`."""
        return f"sim/{self.name}/truth/{lane}/{what}"


@dataclass(frozen=True, slots=True)
class LaneState:
    """What a lane's devices say. A device that the lane doesn't have, or that is silent, says nothing: None."""

    position: Position | None
    arming_loop: bool | None = None
    closing_loop: bool | None = None
    vehicle_class: VehicleType | None = None
    far_loop: bool | None = None

    def said_on(self, topics: LaneTopics) -> dict[str, str]:
        """Payload by topic, in the order of telling: what stands there before that something stands there."""
        said: dict[str, str] = {}
        if self.arming_loop is not None:
            said[topics.vehicle_class] = self.vehicle_class.value if self.vehicle_class else "NONE"
            said[topics.arming_loop] = level(self.arming_loop)
        if self.closing_loop is not None:
            said[topics.closing_loop] = level(self.closing_loop)
        if self.far_loop is not None:
            said[topics.far_loop] = level(self.far_loop)
        if self.position is not None and self.position is not Position.UNKNOWN:
            said[topics.position] = self.position.value
        return said


def level(on: bool) -> str:
    return "ON" if on else "OFF"
