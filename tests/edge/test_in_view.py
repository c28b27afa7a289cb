"""A lane whose camera alone tells of vehicles: several in the picture, one at a time before the arm."""

from __future__ import annotations

from dataclasses import dataclass, field

from hypothesis import given
from hypothesis import strategies as st

from edge.lane.in_view import InView
from edge.lane.signals import Presence, Read, Signal
from models.plates import Plate


def plate_of(vehicle: int) -> Read:
    return Read(Plate(f"CAR{vehicle}"), 0.9)


@dataclass
class Camera:
    """What the camera saw, and what the lane was told of it."""

    view: InView = field(default_factory=InView)
    told: list[Signal] = field(default_factory=list)

    def sees(self, *vehicles: int) -> Camera:
        for vehicle in vehicles:
            self._take(*self.view.comes(vehicle))
        return self

    def reads(self, *vehicles: int) -> Camera:
        for vehicle in vehicles:
            self._take(*self.view.decided(vehicle, plate_of(vehicle)))
        return self

    def loses(self, *vehicles: int) -> Camera:
        for vehicle in vehicles:
            self._take(*self.view.goes(vehicle))
        return self

    def goes_blind(self) -> Camera:
        self._take(*self.view.blinded())
        return self

    def _take(self, view: InView, signals: list[Signal]) -> None:
        self.view = view
        self.told += signals


def test_one_vehicle_comes_is_read_and_goes() -> None:
    assert Camera().sees(1).reads(1).loses(1).told == [Presence(True, 1), plate_of(1), Presence(False)]


def test_the_second_vehicle_waits_until_the_first_has_gone_though_it_was_read_before() -> None:
    camera = Camera().sees(1, 2).reads(2)
    assert camera.told == [Presence(True, 1)]
    assert camera.reads(1).told == [Presence(True, 1), plate_of(1)]
    assert camera.loses(1).told[2:] == [Presence(False), Presence(True, 2), plate_of(2)]


def test_a_vehicle_that_moves_up_unread_is_read_when_its_vote_is_certain() -> None:
    camera = Camera().sees(1, 2).reads(1).loses(1)
    assert camera.told[2:] == [Presence(False), Presence(True, 2)]
    assert camera.reads(2).told[4:] == [plate_of(2)]


def test_a_vehicle_that_turns_away_in_the_queue_is_nobodys_business() -> None:
    camera = Camera().sees(1, 2, 3).loses(2)
    assert camera.told == [Presence(True, 1)]
    assert camera.loses(1).reads(3).told[1:] == [Presence(False), Presence(True, 3), plate_of(3)]


def test_a_vehicle_that_was_never_announced_says_nothing() -> None:
    assert Camera().reads(7).loses(7).told == []


def test_when_the_camera_is_gone_nobody_knows_what_stands_there() -> None:
    camera = Camera().sees(1, 2).goes_blind()
    assert camera.told[1:] == [Presence(None)]
    assert camera.loses(1, 2).told[2:] == [], "those vehicles are forgotten"
    assert camera.sees(3).told[2:] == [Presence(True, 3)]


@given(st.lists(st.tuples(st.sampled_from(["sees", "reads", "loses"]), st.integers(1, 4)), max_size=30))
def test_the_lane_hears_of_vehicles_in_turn_and_of_each_plate_only_while_its_vehicle_is_at_the_arm(
    events: list[tuple[str, int]],
) -> None:
    camera, seen = Camera(), set[int]()
    for what, vehicle in events:
        if (what == "sees") is (vehicle in seen):
            continue  # the camera announces each vehicle once, before anything else about it
        seen = seen ^ {vehicle} if what != "reads" else seen
        at_the_arm = camera.view.vehicles[0][0] if camera.view.vehicles else None
        already = len(camera.told)
        getattr(camera, what)(vehicle)
        if what == "reads":
            assert camera.told[already:] == ([plate_of(vehicle)] if vehicle == at_the_arm else [])
    said = [signal.present for signal in camera.told if isinstance(signal, Presence)]
    assert said == [number % 2 == 0 for number in range(len(said))], "come, gone, come, gone"
    assert (len(said) % 2 == 1) == bool(seen)
