"""Whatever a lane hears, its laws hold; and each law notices a lane that breaks it. The short form of `lane_long`."""

from __future__ import annotations

import itertools
import typing

import pytest
from hypothesis import HealthCheck, settings

from edge.lane import signals as said
from edge.lane.faults import CATALOGUE
from edge.lane.machine import TRANSITIONS
from edge.lane.signals import Phase
from tests.edge.lane_controls import CONTROLS, is_noticed
from tests.edge.lane_laws import ENDS, LAWS
from tests.edge.lane_rules import BusyRoad, TroubledLane

# The same stories each time: the long form looks for new ones, and what it finds becomes a named case.
SHORT = settings(
    stateful_step_count=30,
    deadline=None,
    database=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)

TestWhateverGoesWrong = TroubledLane.TestCase
TestWhateverGoesWrong.settings = settings(SHORT, max_examples=400)

TestWhateverDriversDo = BusyRoad.TestCase
TestWhateverDriversDo.settings = settings(SHORT, max_examples=400)


@pytest.mark.parametrize("name", CONTROLS)
def test_a_broken_lane_is_noticed(name: str) -> None:
    assert is_noticed(CONTROLS[name]), f"nothing was noticed of a lane in which {name}"


def test_each_law_has_a_lane_that_breaks_it() -> None:
    assert {control.law for control in CONTROLS.values()} == set(LAWS)


def test_each_fault_of_the_catalogue_has_an_end_that_is_looked_for() -> None:
    assert set(ENDS) == set(CATALOGUE)


def test_no_pair_of_phase_and_signal_is_left_out() -> None:
    assert set(TRANSITIONS) == set(itertools.product(Phase, typing.get_args(said.Signal)))
