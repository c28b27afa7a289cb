"""A lane with some of its fields changed: the same as `dataclasses.replace` makes, only sooner."""

from __future__ import annotations

import dataclasses

import pytest

from edge.lane.arm_watch import ArmWatch
from edge.lane.changed import replace
from edge.lane.lane import Fitted, Lane, Side, Unvended, a_lane
from edge.lane.loop_watch import LoopWatch
from edge.lane.signals import Phase


def test_a_changed_lane_is_what_dataclasses_would_make_of_it() -> None:
    lane = a_lane(Fitted(two_way=True))
    changes = {"phase": Phase.READING, "side": Side.FAR, "timer": 3}
    assert replace(lane, **changes) == dataclasses.replace(lane, **changes)
    assert dataclasses.asdict(lane) == dataclasses.asdict(a_lane(Fitted(two_way=True))), "the lane before is as it was"


def test_a_field_that_a_lane_does_not_have_is_a_mistake() -> None:
    with pytest.raises(TypeError, match="Lane has no phrase"):
        replace(a_lane(Fitted()), phrase=Phase.READING)


@pytest.mark.parametrize("kind", [Lane, ArmWatch, LoopWatch, Unvended])
def test_what_a_lane_is_made_of_can_be_changed_so_cheaply(kind: type) -> None:
    assert not hasattr(kind, "__slots__")
    assert not hasattr(kind, "__post_init__")
