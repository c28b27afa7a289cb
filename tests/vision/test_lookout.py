"""A lane without loops, told in plates seen at moments."""

from collections.abc import Sequence
from dataclasses import replace

from drivers.contract import PlateCandidate
from edge.vision.voting.lookout import (
    CameIntoView,
    Decided,
    Effort,
    Left,
    Lookout,
    Sign,
    Waited,
    blinded,
    effort,
    ended,
    has_passed,
    let_go,
    noticed,
    picture_resized,
    read,
)
from edge.vision.voting.track import Sighting
from tests.vision.passages import NEAR, moment, plate, seen

EVERY = 0.125


class Lane:
    """Plays plates to a lookout, eight frames a second, and keeps what it says."""

    def __init__(self) -> None:
        self.lookout = Lookout(near=NEAR)
        self.said: list[Sign] = []
        self.clock = 0.0

    def shows(self, *candidates: PlateCandidate, frames: int = 1, moving: bool = True) -> "Lane":
        return self.sees(seen(*candidates), frames, moving)

    def sees(self, sightings: Sequence[Sighting], frames: int = 1, moving: bool = True) -> "Lane":
        for _ in range(frames):
            self.clock += EVERY
            self.lookout = noticed(self.lookout, moment(self.clock), moving)
            self.lookout, signs = read(self.lookout, moment(self.clock), tuple(sightings))
            self.said += signs
        return self

    def drives_up(self, text: str, frames: int = 8) -> "Lane":
        for step in range(frames):
            self.shows(plate(text, x=200 + 6 * step, y=200 + 12 * step, width=50 + 10 * step))
        return self

    def lies_empty(self, frames: int = 16) -> "Lane":
        return self.shows(frames=frames, moving=False)

    def lets_go(self, vehicle: int = 1) -> "Lane":
        self.lookout = let_go(self.lookout, vehicle, moment(self.clock))
        return self

    def looks(self, moving: bool, frames: int) -> "Lane":
        """Without reading."""
        for _ in range(frames):
            self.clock += EVERY
            self.lookout = noticed(self.lookout, moment(self.clock), moving)
        return self

    @property
    def vehicles(self) -> list[tuple[int, str]]:
        return [(sign.vehicle, sign.verdict.text) for sign in self.said if isinstance(sign, Decided)]

    @property
    def wants(self) -> Effort:
        return effort(self.lookout, moment(self.clock))


def test_a_car_comes_is_decided_and_goes():
    lane = Lane().lies_empty().drives_up("AB123CD").lies_empty()
    assert [type(sign) for sign in lane.said] == [CameIntoView, Decided, Left]
    assert lane.vehicles == [(1, "AB123CD")]


def test_two_cars_one_after_the_other_are_two_vehicles():
    lane = Lane().lies_empty().drives_up("AB123CD").lies_empty().drives_up("XY987ZW").lies_empty()
    assert lane.vehicles == [(1, "AB123CD"), (2, "XY987ZW")]


def test_misreads_of_one_car_are_not_a_second_vehicle():
    lane = Lane().lies_empty().drives_up("34A36837")
    lane.shows(plate("34A36026", x=240, y=290, sure=0.3)).shows(plate("34A268", x=236, y=300, sure=0.4))
    lane.shows(frames=4).shows(plate("34A36837", x=230, y=310), frames=3).lies_empty()
    assert lane.vehicles == [(1, "34A36837")]
    assert sum(isinstance(sign, CameIntoView) for sign in lane.said) == 1


def test_an_arm_that_hides_the_plate_for_a_while_makes_no_second_vehicle():
    lane = Lane().lies_empty().drives_up("AB123CD").shows(frames=14).shows(plate("AB123CD", x=245, y=290), frames=8)
    assert lane.vehicles == [(1, "AB123CD")]


def test_a_car_that_comes_back_later_is_a_new_vehicle():
    lane = Lane().lies_empty().drives_up("AB123CD").lies_empty(frames=64).drives_up("AB123CD")
    assert lane.vehicles == [(1, "AB123CD"), (2, "AB123CD")]


def test_a_car_that_still_is_far_is_not_in_view():
    lane = Lane().lies_empty()
    for step in range(12):
        lane.shows(plate("89C20339", x=300 - 3 * step, y=200 + 3 * step, width=48))
    assert lane.said == []


def test_a_parked_car_that_was_there_from_the_start_is_scenery():
    lane = Lane().shows(plate("PARKED1"), frames=80)
    assert lane.said == []
    assert lane.shows(plate("PARKED1"), frames=1, moving=False).sees((), 0).said == []


def test_a_parked_car_beside_the_lane_does_not_hide_the_one_that_comes():
    lane = Lane().shows(plate("PARKED1", x=20, y=100, width=90), frames=8)
    for step in range(8):
        lane.shows(
            plate("PARKED1", x=20, y=100, width=90),
            plate("AB123CD", x=300 + 6 * step, y=200 + 12 * step, width=50 + 10 * step),
        )
    assert lane.vehicles == [(1, "AB123CD")]


def test_a_car_that_waited_before_the_camera_started_is_decided_when_it_moves():
    lane = Lane().shows(plate("34A36837"), frames=20)
    assert lane.said == []
    for step in range(1, 6):
        lane.shows(plate("34A36837", x=250 - 6 * step, y=300 + 6 * step))
    assert lane.vehicles == [(1, "34A36837")]


def test_the_cameras_caption_is_never_a_vehicle():
    lane = Lane().lies_empty().sees(seen(plate("14B02819T", x=480, y=2, width=130), caption=True), frames=60)
    assert lane.said == []


def test_something_that_looks_as_the_empty_lane_did_is_no_newcomer():
    stale = Sighting(plate("SIGN123"), fresh=False)
    assert Lane().lies_empty().sees([stale], frames=40).said == []


def test_of_two_cars_the_nearer_comes_first_and_the_other_waits_its_turn():
    lane = Lane().lies_empty()
    for step in range(8):
        lane.shows(
            plate("FIRST11", x=200, y=240 + 10 * step, width=110), plate("SECOND2", x=420, y=60 + 10 * step, width=70)
        )
    assert lane.vehicles == [(1, "FIRST11")]
    for step in range(16):
        lane.shows(plate("SECOND2", x=420 - 5 * step, y=140 + 6 * step, width=70 + 3 * step))
    assert lane.vehicles == [(1, "FIRST11"), (2, "SECOND2")]


def test_an_empty_and_quiet_lane_wants_no_reading():
    assert Lane().lies_empty().wants is Effort.NONE


def test_reading_stops_while_a_decided_car_stands_still():
    lane = Lane().lies_empty().drives_up("AB123CD").shows(plate("AB123CD", x=242, y=284), frames=6, moving=False)
    assert lane.wants is Effort.NONE


def test_a_decided_car_that_moves_is_looked_after_slowly():
    lane = Lane().lies_empty().drives_up("AB123CD").shows(plate("AB123CD", x=242, y=290))
    assert lane.wants is Effort.SLOW


def test_motion_that_never_shows_a_plate_is_soon_looked_at_less_often():
    lane = Lane().lies_empty()
    assert lane.shows().wants is Effort.FULL
    assert lane.shows(frames=100).wants is Effort.SLOW


def test_a_car_in_view_when_the_picture_ends_has_gone():
    lane = Lane().lies_empty().drives_up("AB123CD")
    _, signs = ended(lane.lookout)
    assert signs == (Left(1),)


def hidden_by_the_arm(lane: Lane, seconds: float, covered: bool, *others: PlateCandidate) -> Lane:
    for _ in range(round(seconds / EVERY)):
        lane.clock += EVERY
        lane.lookout = noticed(lane.lookout, moment(lane.clock), True, covered=covered)
        lane.lookout, signs = read(lane.lookout, moment(lane.clock), seen(*others))
        lane.said += signs
    return lane


def test_a_vehicle_that_stands_behind_an_arm_for_long_is_still_the_same():
    lane = hidden_by_the_arm(Lane().lies_empty().drives_up("AB123CD"), 20, covered=True)
    lane.shows(plate("AB123CD", x=242, y=284), frames=8).lies_empty()
    assert lane.vehicles == [(1, "AB123CD")]
    told_apart = hidden_by_the_arm(Lane().lies_empty().drives_up("AB123CD"), 20, covered=False)
    told_apart.shows(plate("AB123CD", x=242, y=284), frames=8)
    assert len(told_apart.vehicles) == 2, "without knowing that its place is covered it would be two"


def test_a_covered_place_doesnt_keep_the_next_vehicle_out():
    lane = Lane().lies_empty().drives_up("FIRST11")
    for step in range(30):
        lane.clock += EVERY
        lane.lookout = noticed(lane.lookout, moment(lane.clock), True, covered=True)
        next_one = plate("SECOND2", x=300 - 4 * step, y=100 + 8 * step, width=70 + 2 * step)
        lane.lookout, signs = read(lane.lookout, moment(lane.clock), seen(next_one))
        lane.said += signs
    assert lane.vehicles == [(1, "FIRST11"), (2, "SECOND2")]


def test_what_moves_far_away_is_only_glanced_at():
    lane = Lane().lies_empty().shows()
    small = noticed(lane.lookout, moment(lane.clock), True, looms=False)
    assert effort(small, moment(lane.clock)) is Effort.GLANCE


def test_a_parked_car_whose_plate_nobody_reads_surely_isnt_read_all_night():
    unsure = plate("PARKED1", x=20, y=100, width=140, sure=0.6)
    lane = Lane().shows(unsure, moving=False, frames=16)
    assert lane.wants is Effort.NONE
    assert lane.looks(moving=True, frames=1).wants is Effort.FULL, "it may be driving off, or another one comes"


def waits_unread_with_a_sure_one_behind(lane: Lane, nearer: PlateCandidate, behind: int = 8) -> Lane:
    for step in range(behind):
        lane.shows(nearer, plate("SECOND2", x=420, y=60 + 6 * step, width=66))
    return lane


def test_the_plate_of_the_car_behind_is_never_decided_for_the_one_at_the_arm():
    lane = Lane().lies_empty()
    for step in range(8):
        lane.shows(plate("FIRST11", x=200 + 6 * step, y=200 + 12 * step, width=80 + 10 * step, sure=0.7))
    waits_unread_with_a_sure_one_behind(lane, plate("FIRST11", x=242, y=284, width=150, sure=0.7))
    lane.shows(plate("SECOND2", x=420, y=102, width=66), frames=4)
    assert (lane.said, lane.vehicles) == ([CameIntoView(1)], []), "nor while its own isn't seen for a moment"
    lane.shows(plate("FIRST11", x=242, y=284, width=150), frames=30)
    assert lane.vehicles == [(1, "FIRST11")]


def test_the_car_behind_that_was_seen_first_is_not_decided_while_another_is_at_the_arm():
    lane = Lane().lies_empty().shows(plate("SECOND2", x=420, y=60, width=66), frames=2)
    waits_unread_with_a_sure_one_behind(lane, plate("FIRST11", x=242, y=284, width=150, sure=0.7))
    assert lane.vehicles == []
    assert lane.shows(plate("FIRST11", x=242, y=284, width=150), frames=30).vehicles == [(1, "FIRST11")]


def test_a_car_is_decided_though_a_larger_writing_above_its_plate_is_read_as_well():
    lane, writing = Lane().lies_empty(), plate("BAKERY", x=210, y=240, width=160, sure=0.6)
    assert lane.shows(writing, frames=4).shows(writing, plate("AB123CD"), frames=8).vehicles == [(1, "AB123CD")]


def test_the_car_behind_is_the_next_once_the_unread_one_has_gone():
    lane = Lane().lies_empty()
    waits_unread_with_a_sure_one_behind(lane, plate("FIRST11", x=242, y=284, width=150, sure=0.7))
    assert lane.shows(plate("SECOND2", x=420, y=102, width=66), frames=16).vehicles == [(2, "SECOND2")]


def test_a_car_that_waits_behind_doesnt_make_the_one_behind_the_arm_go():
    lane, waits = Lane().lies_empty().drives_up("FIRST11"), plate("SECOND2", x=480, y=100, width=66)
    for step in range(8):
        lane.shows(plate("FIRST11", x=242, y=284), plate("SECOND2", x=424 + 8 * step, y=44 + 8 * step, width=66))
    hidden_by_the_arm(lane, 1.5, True, waits)
    lane.shows(plate("FIRST11", x=242, y=284), waits, frames=60)
    assert (lane.vehicles, [type(sign) for sign in lane.said]) == ([(1, "FIRST11")], [CameIntoView, Decided])


def test_a_car_that_is_read_where_the_first_ones_bonnet_was_shows_that_it_has_gone():
    lane, next_one = Lane().lies_empty().drives_up("FIRST11"), plate("SECOND2", x=262, y=215, width=80)
    assert hidden_by_the_arm(lane, 3, True, next_one).vehicles == [(1, "FIRST11"), (2, "SECOND2")]


def test_a_car_that_was_let_go_while_nobody_could_read_it_and_stands_there_yet_is_told_of_again():
    lane = Lane().lies_empty().drives_up("AB123CD").shows(frames=12)
    assert isinstance(lane.said[-1], Left)
    lane.shows(plate("AB123CD", x=242, y=284), frames=60)
    assert lane.vehicles == [(1, "AB123CD")], "it may be driving off behind the arm"
    assert lane.shows(plate("AB123CD", x=242, y=284), frames=40).vehicles == [(1, "AB123CD"), (2, "AB123CD")]


def test_a_car_that_drives_off_slowly_behind_the_arm_is_nobody_new_however_long_it_takes():
    lane = Lane().lies_empty().drives_up("AB123CD").shows(frames=12)
    for step in range(200):
        lane.shows(plate("AB123CD", x=242 + step, y=284 - step))
    assert lane.vehicles == [(1, "AB123CD")]


# --- who has passed and is still seen ---

BEYOND = plate("AB123CD", x=242, y=284)


def test_a_car_that_has_passed_is_nobody_for_as_long_as_it_is_seen():
    lane = Lane().lies_empty().drives_up("AB123CD")
    already = len(lane.said)
    assert lane.lets_go().shows(BEYOND, frames=800).said[already:] == []
    gone = Lane().lies_empty().drives_up("AB123CD").lies_empty(64).shows(BEYOND, frames=80)
    assert len(gone.vehicles) == 2, "one that has only left comes again"


def test_a_car_that_has_passed_and_waits_in_a_queue_beyond_the_arm_is_nobody_when_it_drives_on():
    lane = Lane().lies_empty().drives_up("AB123CD").lets_go()
    already = len(lane.said)
    lane.shows(BEYOND, frames=4).looks(moving=False, frames=1600)
    for step in range(8):
        lane.shows(plate("AB123CD", x=242 + 9 * step, y=284 + 9 * step))
    assert lane.said[already:] == []


def test_a_car_that_has_passed_and_is_hidden_by_the_arm_for_a_while_is_nobody_afterwards():
    lane = Lane().lies_empty().drives_up("AB123CD").lets_go().shows(BEYOND)
    already = len(lane.said)
    assert lane.shows(frames=160).shows(BEYOND, frames=16).said[already:] == []


def drives_on(lane: Lane) -> Lane:
    for step in range(8):
        lane.shows(plate("AB123CD", x=242 + 9 * step, y=284 + 9 * step))
    return lane


def test_a_car_that_has_passed_unseen_and_stands_beyond_the_arm_is_nobody_however_long_it_stands_there():
    lane = Lane().lies_empty().drives_up("AB123CD").shows(frames=12)
    assert lane.said[-1] == Left(1)
    already = len(lane.said)
    assert drives_on(lane.lets_go().shows(BEYOND, frames=200)).said[already:] == []


def test_a_car_that_stands_beyond_the_arm_for_long_before_it_has_passed_is_nobody_when_it_drives_on():
    lane = Lane().lies_empty().drives_up("AB123CD").shows(frames=12)
    already = len(lane.said)
    lane.sees([Sighting(BEYOND, fresh=False)], frames=120).lets_go()
    assert drives_on(lane).said[already:] == []


def test_a_car_that_has_passed_and_is_seen_in_another_size_is_nobody_when_it_drives_on():
    lane = Lane().lies_empty().drives_up("AB123CD").lets_go()
    already = len(lane.said)
    lane.lookout = picture_resized(lane.lookout, 1, 1)
    assert drives_on(lane.shows(BEYOND, frames=100)).said[already:] == []


def test_a_car_that_has_passed_and_driven_away_may_come_again():
    lane = Lane().lies_empty().drives_up("AB123CD").lets_go().shows(frames=250).drives_up("AB123CD")
    assert lane.vehicles == [(1, "AB123CD"), (2, "AB123CD")]


def test_behind_a_car_that_has_passed_the_next_one_is_read_though_their_plates_are_alike():
    lane = Lane().lies_empty().drives_up("AB123CD").lets_go()
    for step in range(12):
        next_one = plate("AB124CD", x=420 - 10 * step, y=60 + 18 * step, width=62 + 5 * step)
        lane.shows(plate("AB123CD", x=242 - 10 * step, y=290 + 4 * step), next_one)
    assert lane.vehicles == [(1, "AB123CD"), (2, "AB124CD")]


def test_only_the_vehicle_that_has_passed_is_let_go_and_not_the_next_one():
    lane = Lane().lies_empty().drives_up("FIRST11").lies_empty(64).drives_up("SECOND2").lets_go(1)
    assert lane.lookout.subject is not None
    assert lane.lets_go(2).lookout.subject is None


def test_a_car_that_has_passed_is_looked_for_when_something_moves_and_soon_no_more():
    lane = Lane().lies_empty().drives_up("AB123CD").lets_go().shows(BEYOND, moving=False, frames=8)
    assert lane.wants is Effort.NONE
    assert lane.looks(moving=True, frames=1).looks(moving=False, frames=6).wants is Effort.SLOW
    assert lane.shows(moving=False, frames=48).wants is Effort.NONE


# --- who waited when the pictures failed, or another process looked ---

WAITS = plate("AB123CD", x=242, y=284)
PARKED = plate("PARKED1", x=20, y=100, width=140)


def pictures_fail(lane: Lane, seconds: float = 60) -> Lane:
    lane.lookout = blinded(lane.lookout)
    lane.clock += seconds
    lane.said.clear()
    return lane


def test_a_car_that_waits_while_the_pictures_fail_is_told_of_again():
    lane = pictures_fail(Lane().lies_empty().drives_up("AB123CD").shows(WAITS, frames=8)).shows(WAITS, frames=16)
    assert [type(sign) for sign in lane.said] == [CameIntoView, Decided]
    assert lane.vehicles == [(2, "AB123CD")]


def test_another_car_that_stands_there_when_the_pictures_come_again_is_scenery_until_it_moves():
    lane = pictures_fail(Lane().lies_empty().drives_up("AB123CD")).shows(plate("XY987ZW", x=242, y=284), frames=80)
    assert lane.said == []


def test_a_parked_car_stays_scenery_when_the_pictures_come_again():
    lane = Lane().shows(PARKED, frames=16)
    for step in range(8):
        lane.shows(PARKED, plate("AB123CD", x=300 + 6 * step, y=200 + 12 * step, width=50 + 10 * step))
    pictures_fail(lane).shows(PARKED, WAITS, frames=16)
    assert lane.vehicles == [(2, "AB123CD")]
    assert pictures_fail(lane).shows(PARKED, frames=80).said == []


def test_a_car_that_left_while_the_pictures_failed_is_soon_waited_for_no_more():
    lane = pictures_fail(Lane().lies_empty().drives_up("AB123CD")).lies_empty(100).shows(WAITS)
    assert lane.lookout.waited is None


def test_a_car_that_passes_while_the_pictures_fail_is_nobody_when_it_is_seen_again():
    lane = pictures_fail(Lane().lies_empty().drives_up("AB123CD")).lets_go()
    assert lane.shows(WAITS, frames=80).said == []
    for step in range(8):
        lane.shows(plate("AB123CD", x=242 + 9 * step, y=284 + 9 * step))
    assert lane.said == []


def test_a_car_that_had_passed_before_the_pictures_failed_is_nobody_when_it_drives_on():
    lane = pictures_fail(Lane().lies_empty().drives_up("AB123CD").lets_go(), seconds=600).shows(WAITS, frames=16)
    for step in range(8):
        lane.shows(plate("AB123CD", x=242 + 9 * step, y=284 + 9 * step))
    assert lane.said == []


def test_a_car_that_comes_when_the_pictures_are_back_is_nobody_who_had_passed_before_however_badly_it_is_read():
    lane = pictures_fail(Lane().lies_empty().drives_up("AB123CD").lets_go(), seconds=5)
    for step in range(8):
        lane.shows(plate("XY987ZW", x=200 + 6 * step, y=200 + 12 * step, width=50 + 10 * step, sure=0.6))
    assert [type(sign) for sign in lane.said] == [CameIntoView]


def test_to_new_eyes_a_car_that_those_before_them_had_read_is_no_scenery():
    known, unknown, gone = Lane(), Lane(), Lane()
    known.lookout = replace(known.lookout, waited=Waited("AB123CD", 120))
    gone.lookout = has_passed(gone.lookout, "AB123CD", moment(0))
    assert known.shows(WAITS, frames=16).vehicles == [(1, "AB123CD")]
    assert unknown.shows(WAITS, frames=16).said == [], "without a word it is"
    for lane in (unknown, gone):
        for step in range(8):
            lane.shows(plate("AB123CD", x=242 + 9 * step, y=284 + 9 * step))
    assert (unknown.vehicles, gone.said) == ([(1, "AB123CD")], [])
