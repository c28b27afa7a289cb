import pytest
from pydantic import ValidationError

from drivers.contract import PlateCandidate
from edge.vision.frames.motion import Frame, MotionGate
from edge.vision.frames.view import each_once, is_caption, near_width, plates_in
from edge.vision.readers.edges import is_cut
from edge.vision.settings import Area, ViewSettings, VisionSettings
from tests.vision.passages import HEIGHT, WIDTH, empty_lane, moment, plate, with_car


class Spelled:
    """A reader that finds one plate in the upper left of whatever it is shown."""

    name = "spelled"

    def read(self, frame: Frame) -> list[PlateCandidate]:
        return [plate("AB123CD", x=10, y=20, width=100)]


def test_only_the_region_of_interest_is_read_and_boxes_stay_those_of_the_picture():
    view = ViewSettings(region=Area(x=0.5, y=0.25, width=0.5, height=0.75))
    [found] = plates_in(empty_lane(), Spelled(), view)
    assert (found.box.x, found.box.y) == (10 + WIDTH // 2, 20 + HEIGHT // 4)


def test_a_masked_plate_does_not_count():
    view = ViewSettings(masks=(Area(x=0, y=0, width=0.2, height=0.2),))
    assert plates_in(empty_lane(), Spelled(), view) == []


def test_a_plate_found_twice_counts_once():
    loose, tight = plate("LM025BD", x=129, width=151), plate("LM025BD", x=141, width=119)
    assert len(each_once([loose, tight])) == 1


@pytest.mark.parametrize(("width", "near"), [(640, 60), (1280, 70), (1920, 106)])
def test_a_plate_has_to_be_wide_enough_for_the_picture(width: int, near: int):
    assert near_width(ViewSettings(), width) == near


def test_captions_lie_along_the_upper_and_lower_edge():
    assert is_caption(plate("14B02819T", y=2, width=100).box, HEIGHT)
    assert not is_caption(plate("AB123CD", y=300).box, HEIGHT)


def test_an_area_beyond_the_picture_is_refused():
    with pytest.raises(ValidationError, match="beyond the picture"):
        Area(x=0.6, y=0, width=0.5, height=1)


def test_a_misspelt_setting_is_refused():
    with pytest.raises(ValidationError, match="treads"):
        VisionSettings.model_validate({"treads": 2})


def test_every_setting_says_what_it_is_for():
    for section in (VisionSettings, ViewSettings, Area):
        for name, field in section.model_fields.items():
            assert field.title, name
            assert field.description, name


def test_nothing_moves_in_an_empty_lane_and_a_car_does():
    gate = MotionGate()
    lane = empty_lane()
    assert [gate.moves(lane, moment(n / 12), occupied=False) for n in range(5)] == [False] * 5
    assert gate.moves(with_car(lane, "AB123CD"), moment(1), occupied=False)


def test_motion_outside_the_region_does_not_count():
    gate = MotionGate(Area(x=0, y=0, width=1, height=0.2))
    gate.moves(empty_lane(), moment(0), occupied=False)
    assert not gate.moves(with_car(empty_lane(), "AB123CD"), moment(1), occupied=False)


def test_a_car_is_fresh_and_a_sign_that_was_always_there_is_not():
    gate = MotionGate()
    gate.moves(empty_lane(), moment(0), occupied=False)
    gate.moves(with_car(empty_lane(), "AB123CD"), moment(1), occupied=False)
    assert gate.is_fresh(plate("AB123CD", x=235, y=362, width=170).box)
    assert not gate.is_fresh(plate("14B02819T", x=500, y=6, width=100).box)


def test_a_car_looms_and_what_is_small_doesnt():
    gate, lane = MotionGate(), empty_lane()
    gate.moves(lane, moment(0), occupied=False)
    gate.moves(with_car(lane, "AB123CD", 0.2), moment(1), occupied=False)
    assert not gate.looms()
    gate.moves(with_car(lane, "AB123CD"), moment(2), occupied=False)
    assert gate.looms()


def test_the_place_of_a_vehicle_is_covered_until_it_has_gone():
    gate, lane = MotionGate(), empty_lane()
    box = plate("AB123CD", x=235, y=362, width=170).box
    gate.moves(lane, moment(0), occupied=False)
    gate.moves(with_car(lane, "AB123CD"), moment(1), occupied=True)
    assert gate.is_covered(box)
    gate.moves(lane, moment(2), occupied=True)
    assert not gate.is_covered(box)


@pytest.mark.parametrize(("x", "cut"), [(0, True), (3, True), (30, False), (516, True), (490, False)])
def test_a_plate_at_the_pictures_edge_may_go_on_there(x: int, cut: bool):
    assert is_cut(plate("AB123CD", x=x, width=120).box, WIDTH, HEIGHT) == cut
