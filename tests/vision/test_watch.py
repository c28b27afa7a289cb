"""A lane with an arming loop: the loop says when, the vote says what."""

from dataclasses import replace

from drivers.contract import Box, PlateCandidate
from edge.vision.voting.vote import Verdict
from edge.vision.voting.watch import (
    Watch,
    began,
    guess,
    knew,
    looked_around,
    over,
    picture_resized,
    read,
    stirred,
    surrounded,
    surroundings,
    wants_to_look_around,
)
from models.instants import SECOND
from tests.vision.passages import NEAR, moment, plate, seen

FRAMES = 8
EMPTY = Watch(near=NEAR)


def a_vehicle(watch: Watch = EMPTY, number: int = 1, at: float = 0.0) -> Watch:
    return began(watch, number, moment(at))


def shown(watch: Watch, *candidates: PlateCandidate, start: float = 0.0) -> tuple[Watch, list[Verdict]]:
    verdicts: list[Verdict] = []
    for frame in range(FRAMES):
        watch, verdict = read(watch, moment(start + frame * 0.125), seen(*candidates))
        verdicts += [] if verdict is None else [verdict]
    return watch, verdicts


def decided(watch: Watch, *candidates: PlateCandidate, start: float = 0.0) -> list[str]:
    return [verdict.text for verdict in shown(watch, *candidates, start=start)[1]]


def asked(watch: Watch, at: float) -> str | None:
    _, verdict = guess(watch, moment(at), after=SECOND // 2)
    return None if verdict is None else verdict.text


def test_a_vehicle_on_the_loop_is_decided_once():
    _, verdicts = shown(a_vehicle(), plate("AB123CD"))
    assert [verdict.text for verdict in verdicts] == ["AB123CD"]


def test_nothing_is_read_while_the_loop_is_off():
    _, verdicts = shown(over(a_vehicle(), moment(0)), plate("AB123CD"))
    assert verdicts == []


def test_each_vehicle_gets_a_vote_of_its_own():
    watch, _ = read(a_vehicle(), moment(0), seen(plate("AB123CD")))
    watch, _ = read(watch, moment(0.2), seen(plate("AB123CD")))
    watch, verdict = read(a_vehicle(watch, 2), moment(0.4), seen(plate("AB123CD")))
    assert verdict is None


def test_the_same_car_that_is_looked_at_afresh_is_decided_again():
    watch, first = shown(a_vehicle(), plate("AB123CD"))
    _, again = shown(a_vehicle(watch, 2, at=5), plate("AB123CD"), start=5)
    assert [verdict.text for verdict in first + again] == ["AB123CD", "AB123CD"]
    off_and_on = a_vehicle(over(watch, moment(5)), 2, at=5)
    assert decided(off_and_on, plate("AB123CD"), start=5) == ["AB123CD"]
    again_and_again = a_vehicle(shown(off_and_on, plate("AB123CD"), start=5)[0], 3, at=20)
    assert decided(again_and_again, plate("AB123CD", x=240, width=150), start=20) == ["AB123CD"], "it crept forward"


def test_a_car_that_a_loop_loses_for_half_a_second_is_decided_again():
    watch = over(shown(a_vehicle(), plate("AB123CD"))[0], moment(5))
    assert decided(a_vehicle(watch, 2, at=5.5), plate("AB123CD"), start=5.5) == ["AB123CD"]


def test_the_car_at_the_barrier_is_the_nearest_not_the_one_behind_it():
    _, verdicts = shown(a_vehicle(), plate("BEHIND1", x=300, y=80, width=70), plate("FRONT11", width=130))
    assert [verdict.text for verdict in verdicts] == ["FRONT11"]


def test_a_parked_car_that_stood_beside_the_last_vehicle_is_not_the_next_one():
    parked = plate("PARKED1", x=20, y=100, width=80)
    watch, _ = shown(a_vehicle(), plate("AB123CD"), parked)
    _, verdicts = shown(a_vehicle(watch, 2, at=10), parked, start=10)
    assert verdicts == []


def test_a_car_on_the_loop_whose_plate_is_too_small_is_not_decided():
    _, verdicts = shown(a_vehicle(), plate("89C20339", width=NEAR - 2))
    assert verdicts == []


def watched_empty(watch: Watch, *candidates: PlateCandidate, start: float, seconds: int = 3) -> Watch:
    for second in range(seconds):
        watch = looked_around(watch, moment(start + second), seen(*candidates))
    return watch


def test_a_car_that_was_parked_there_before_the_loop_went_on_is_never_read_for_the_vehicle():
    parked = plate("PARKED1", x=20, y=100, width=140)
    watch = a_vehicle(watched_empty(EMPTY, parked, start=-60), at=0)
    assert shown(watch, parked)[1] == []
    assert [v.text for v in shown(watch, parked, plate("AB123CD", x=300, width=90))[1]] == ["AB123CD"]
    assert [v.text for v in shown(a_vehicle(), parked)[1]] == ["PARKED1"], "without having looked it would be"


def test_a_car_that_waited_for_its_turn_is_read_when_it_drives_onto_the_loop():
    watch = a_vehicle(watched_empty(EMPTY, plate("AB123CD", x=250, y=200, width=80), start=-20, seconds=9))
    assert [v.text for v in shown(watch, plate("AB123CD", x=240, y=300, width=120))[1]] == ["AB123CD"]


def test_a_car_that_waited_just_short_of_the_loop_and_creeps_onto_it_is_read():
    watch = a_vehicle(watched_empty(EMPTY, plate("AB123CD", x=240, width=100), start=-20, seconds=9))
    assert [v.text for v in shown(watch, plate("AB123CD", x=260, width=104))[1]] == ["AB123CD"]


def test_a_car_that_didnt_move_before_the_loop_went_on_is_asked_about_and_never_decided():
    stands = plate("AB123CD")
    watch, decided = shown(a_vehicle(watched_empty(EMPTY, stands, start=-20, seconds=9)), stands)
    assert decided == []
    _, asked = guess(watch, moment(1), after=SECOND // 2)
    assert asked is not None
    assert (asked.text, asked.certain) == ("AB123CD", False)


def test_where_another_plate_is_read_nobody_is_asked_about_the_parked_car():
    parked, doubtful = plate("PARKED1", x=20, y=100, width=140), plate("AB123CD", x=300, sure=0.6)
    watch, _ = shown(a_vehicle(watched_empty(EMPTY, parked, start=-60)), parked, doubtful)
    _, asked = guess(watch, moment(1), after=SECOND // 2)
    assert asked is not None
    assert asked.text == "AB123CD"


def test_a_car_that_only_drives_by_while_the_loop_is_off_is_no_scenery():
    watch = looked_around(EMPTY, moment(-1), seen(plate("AB123CD")))
    assert [v.text for v in shown(a_vehicle(watch), plate("AB123CD"))[1]] == ["AB123CD"]


def test_a_loop_that_drops_out_doesnt_make_scenery_of_the_car_on_it():
    watch, _ = shown(a_vehicle(), plate("AB123CD", sure=0.6))
    for start in (1.25, 2.5):
        watch = looked_around(over(watch, moment(1)), moment(start), seen(plate("AB123CD")))
    assert decided(a_vehicle(watch, 2, at=3), plate("AB123CD"), start=3) == ["AB123CD"]


def test_a_car_that_stops_in_view_when_it_has_left_the_loop_is_scenery_for_the_next_one():
    watch = over(shown(a_vehicle(), plate("AB123CD"))[0], moment(1))
    watch = a_vehicle(watched_empty(watch, plate("AB123CD"), start=2, seconds=3600), 2, at=3603)
    assert decided(watch, plate("AB123CD"), start=3603) == []


def test_a_car_whose_plate_eyes_before_these_had_decided_is_no_scenery_to_them():
    car = plate("AB123CD")
    watch, decided = shown(knew(a_vehicle(), car.text, car.box, moment(0)), car)
    assert decided == [], "once is enough"
    watch = watched_empty(watch, car, start=2, seconds=9)
    assert [v.text for v in shown(a_vehicle(watch, 2, at=12), car, start=12)[1]] == ["AB123CD"]
    untold = watched_empty(EMPTY, car, start=2, seconds=9)
    assert shown(a_vehicle(untold, 2, at=12), car, start=12)[1] == [], "without a word it is"


def test_a_car_whose_plate_eyes_before_these_had_decided_is_decided_afresh_though_hidden_for_a_while():
    car = plate("AB123CD")
    known = knew(a_vehicle(), car.text, car.box, moment(0))
    assert decided(in_glare(a_vehicle(known, 2, at=5), at=5), car, start=8) == ["AB123CD"]
    assert decided(in_glare(a_vehicle(over(a_vehicle(), moment(5)), 2, at=5), at=5), car, start=8) == [], "else asked"


def test_the_plate_that_eyes_before_these_had_decided_is_not_decided_for_the_vehicle_behind_it():
    car = plate("AB123CD")
    left = over(knew(a_vehicle(), car.text, car.box, moment(0)), moment(5))
    watch, verdicts = shown(a_vehicle(left, 2, at=20), car, start=20)
    assert (verdicts, asked(watch, at=21)) == ([], "AB123CD")


def test_a_car_that_eyes_before_these_had_seen_parked_is_never_read_for_the_vehicle_on_the_loop():
    parked = plate("PARKED1", x=20, y=100, width=140)
    before = surroundings(watched_empty(EMPTY, parked, start=-60))
    assert before == (("PARKED1", parked.box),)
    told = surrounded(EMPTY, before, moment(0))
    assert shown(a_vehicle(told), parked)[1] == []
    assert [v.text for v in shown(a_vehicle(EMPTY), parked)[1]] == ["PARKED1"], "without a word it would be"


def test_a_parked_car_that_has_left_is_forgotten():
    parked = plate("PARKED1", x=20, y=100, width=140)
    drives_off = stirred(watched_empty(EMPTY, parked, start=-60), moment(-50))
    assert [v.text for v in shown(a_vehicle(watched_empty(drives_off, start=-40)), parked)[1]] == ["PARKED1"]


def test_a_sign_that_is_read_now_and_then_is_scenery_for_as_long_as_nothing_drives_off():
    sign = plate("SHOP4U", x=320, y=320, width=145, sure=0.95)
    watch = watched_empty(watched_empty(EMPTY, sign, start=-90, seconds=1), start=-80, seconds=6)
    watch = watched_empty(watched_empty(watch, sign, start=-40, seconds=1), start=-20, seconds=6)
    assert shown(a_vehicle(watch), sign)[1] == []
    assert [v.text for v in shown(a_vehicle(EMPTY), sign)[1]] == ["SHOP4U"], "one that came with the vehicle isn't"
    once = watched_empty(watched_empty(EMPTY, sign, start=-60, seconds=1), start=-59, seconds=3)
    assert shown(a_vehicle(once), sign)[1] == []


def test_the_empty_loop_is_looked_at_twice_when_all_is_at_rest_and_then_seldom():
    watch, looks = EMPTY, list[float]()
    for tick in range(600):
        at = tick / 10
        watch = stirred(watch, moment(at)) if 30 <= at < 33 else watch
        if wants_to_look_around(watch, moment(at)):
            looks.append(at)
            watch = looked_around(watch, moment(at), ())
    assert looks == [0.0, 1.0, 21.0, 34.4, 35.4, 55.4]
    assert not wants_to_look_around(a_vehicle(watch, at=60), moment(90))


# --- the one behind ---

GLARE = 3.0


def in_glare(watch: Watch, at: float = 0.0) -> Watch:
    """On the loop, and not read for three seconds."""
    return shown(shown(shown(watch, start=at)[0], start=at + 1)[0], start=at + 2)[0]


OTHERS = "QX11AA", "ZW98KL", "JT55MM"


def after_others(*widths: int) -> Watch:
    """A lane on which vehicles were read that wide, a minute and more ago."""
    watch = EMPTY
    for number, width in enumerate(widths):
        at = -300 + 10 * number
        watch, verdicts = shown(a_vehicle(watch, number + 1, at=at), plate(OTHERS[number], width=width), start=at)
        assert verdicts
        watch = over(watch, moment(at + 5))
    return watch


def test_a_car_that_stops_behind_one_without_a_legible_plate_is_not_decided_for_it_but_asked_about():
    behind = plate("SECOND2", x=420, y=66, width=66)
    for lane in (EMPTY, after_others(120), after_others(120, 66, 130)):
        watch, verdicts = shown(in_glare(a_vehicle(lane, 9)), behind, start=GLARE)
        assert verdicts == []
        assert asked(watch, GLARE + 1) == "SECOND2"
        moves_up = a_vehicle(over(watch, moment(9)), 10, at=11)
        assert decided(moves_up, plate("SECOND2"), start=11) == ["SECOND2"], "and when it moves up it is decided"


def test_a_car_behind_stays_behind_when_the_one_without_a_legible_plate_is_looked_at_afresh():
    behind = plate("SECOND2", x=420, y=66, width=66)
    watch, _ = shown(in_glare(a_vehicle()), behind, start=GLARE)
    assert decided(a_vehicle(over(watch, moment(5)), 2, at=5), behind, start=5) == []


def test_a_car_whose_plate_glares_for_three_seconds_is_decided_where_it_is_as_wide_as_plates_are_there():
    for wide in (100, 120, 200):
        watch = in_glare(a_vehicle(after_others(120, 130, 66), 9))
        assert decided(watch, plate("AB123CD", width=wide), start=GLARE) == ["AB123CD"]


def test_the_first_car_of_all_whose_plate_glares_is_asked_about_and_the_next_one_decided():
    watch, verdicts = shown(in_glare(a_vehicle()), plate("AB123CD"), start=GLARE)
    assert (verdicts, asked(watch, GLARE + 1)) == ([], "AB123CD")
    watch = in_glare(a_vehicle(over(watch, moment(10)), 2, at=20), at=20)
    assert decided(watch, plate("NEXT222"), start=20 + GLARE) == ["NEXT222"]


def test_a_car_that_was_misread_as_it_came_and_then_glared_is_decided():
    watch, _ = read(a_vehicle(), moment(0.2), seen(plate("8I3", sure=0.5)))
    assert decided(in_glare(watch, at=3), plate("AB123CD"), start=6) == ["AB123CD"]


def test_a_car_that_creeps_onto_the_loop_is_decided_when_its_plate_is_near_enough():
    watch, verdicts = a_vehicle(), list[Verdict]()
    for frame in range(40):
        width = NEAR - 12 + frame // 2
        watch, verdict = read(watch, moment(frame * 0.125), seen(plate("AB123CD", y=250 + frame, width=width)))
        verdicts += [] if verdict is None else [verdict]
    assert [verdict.text for verdict in verdicts] == ["AB123CD"]


def test_a_car_that_a_slow_computer_sees_late_is_decided():
    watch, verdicts = a_vehicle(), list[Verdict]()
    for at in (2.0, 4.0, 6.0):
        watch, verdict = read(watch, moment(at), seen(plate("AB123CD")))
        verdicts += [] if verdict is None else [verdict]
    assert [verdict.text for verdict in verdicts] == ["AB123CD"]


def test_of_two_cars_close_behind_each_other_each_is_decided_in_its_turn():
    front, behind = plate("FRONT11", width=130), plate("BEHIND1", x=300, y=80, width=70)
    watch, first = shown(a_vehicle(), front, behind)
    watch = over(watch, moment(5))
    assert [v.text for v in first] == ["FRONT11"]
    assert decided(a_vehicle(watch, 2, at=6), plate("BEHIND1", width=130), start=6) == ["BEHIND1"]
    passed_and_next_at_once = a_vehicle(watch, 2, at=5)
    assert decided(passed_and_next_at_once, plate("BEHIND1", width=130), start=5) == ["BEHIND1"]


def test_of_two_cars_close_behind_each_other_the_second_is_decided_though_the_first_never_was():
    behind = plate("BEHIND1", x=300, y=80, width=70)
    watch, verdicts = shown(in_glare(a_vehicle()), behind, start=GLARE)
    watch = over(watch, moment(5))
    assert verdicts == []
    assert decided(a_vehicle(watch, 2, at=6), plate("BEHIND1", width=130), start=6) == ["BEHIND1"]


# --- the one before ---


def gone(text: str = "FIRST11", at: float = 5.0) -> Watch:
    """A loop that the vehicle has left, whose plate was decided."""
    watch, verdicts = shown(a_vehicle(), plate(text))
    assert [verdict.text for verdict in verdicts] == [text]
    return over(watch, moment(at))


def test_the_plate_of_the_vehicle_before_is_not_decided_for_the_next_one_and_hers_is():
    watch, verdicts = shown(a_vehicle(gone(), 2, at=6), plate("FIRST11"), start=6)
    assert verdicts == []
    assert asked(watch, 10) is None, "nor is she asked about it when it is out of view"
    assert decided(watch, plate("SECOND2", width=110), start=7) == ["SECOND2"]


def test_of_a_companys_cars_with_one_number_after_the_other_each_is_decided_and_what_is_doubtful_is_not():
    assert decided(a_vehicle(gone("AB123CD"), 2, at=6), plate("AB124CD"), start=6) == ["AB124CD"]
    watch, verdicts = shown(a_vehicle(gone("AB123CD"), 2, at=6), plate("AB12CD", sure=0.82), start=6)
    assert (verdicts, asked(watch, 6.9)) == ([], "AB12CD")


def test_the_plate_of_the_vehicle_before_that_stops_beyond_the_arm_keeps_nobody_from_being_decided():
    for first, before in ((70, 120), (160, 120), (160, 110)):
        stopped, here = plate("FIRST11", x=40, width=first), plate("SECOND2", width=before)
        assert decided(a_vehicle(gone(), 2, at=6), stopped, here, start=6) == ["SECOND2"]


def test_a_vehicle_that_comes_back_is_asked_about_and_after_a_minute_decided():
    watch, verdicts = shown(a_vehicle(gone(), 2, at=15), plate("FIRST11"), start=15)
    assert (verdicts, asked(watch, 15.9)) == ([], "FIRST11")
    later = a_vehicle(gone(), 2, at=66)
    assert decided(later, plate("FIRST11"), start=66) == ["FIRST11"]


def test_behind_a_vehicle_that_comes_back_nobody_is_decided():
    back, behind = plate("FIRST11"), plate("BEHIND1", x=300, y=80, width=70)
    watch, verdicts = shown(a_vehicle(gone(), 2, at=15), back, behind, start=15)
    assert (verdicts, asked(watch, 15.9)) == ([], "FIRST11")


def test_a_vehicle_that_was_asked_about_and_left_is_not_decided_for_the_next_one():
    watch, _ = shown(a_vehicle(), plate("FIRST11", sure=0.6))
    watch, question = guess(watch, moment(1), after=SECOND // 2)
    assert question is not None
    assert decided(a_vehicle(over(watch, moment(5)), 2, at=6), plate("FIRST11"), start=6) == []


def test_a_vehicle_that_left_before_it_was_decided_is_decided_when_it_comes_back():
    watch, _ = shown(a_vehicle(), plate("FIRST11", sure=0.6))
    assert decided(a_vehicle(over(watch, moment(1)), 2, at=6), plate("FIRST11"), start=6) == ["FIRST11"]


def test_who_is_seen_beyond_the_arm_is_not_decided_for_the_next_one_that_waits_already():
    passed_and_next_at_once = a_vehicle(gone(), 2, at=5)
    assert decided(passed_and_next_at_once, plate("FIRST11", y=120, width=70), start=5) == []


# --- another size of picture ---


def test_a_parked_car_stays_one_when_the_pictures_come_in_another_size():
    watch = watched_empty(EMPTY, plate("PARKED1", x=20, y=100, width=80), start=-60)
    twice = replace(picture_resized(watch, 2, 2), near=2 * NEAR)
    parked = PlateCandidate("PARKED1", (0.99,) * 7, Box(40, 200, 160, 40), 0.9)
    assert decided(a_vehicle(twice), parked) == []
    assert decided(a_vehicle(replace(watch, near=2 * NEAR)), parked) == ["PARKED1"], "without heeding it"


def test_a_vehicle_is_decided_though_the_size_of_the_pictures_changes_while_it_stands_there():
    watch, _ = read(after_others(120), moment(0), ())
    watch, _ = read(began(watch, 9, moment(0)), moment(0.1), seen(plate("AB123CD")))
    twice = replace(picture_resized(watch, 2, 2), near=2 * NEAR)
    large = PlateCandidate("AB123CD", (0.99,) * 7, Box(500, 600, 240, 60), 0.9)
    watch, verdicts = shown(twice, large, start=0.25)
    assert [(verdict.text, verdict.best.box) for verdict in verdicts] == [("AB123CD", large.box)]
    assert decided(in_glare(a_vehicle(watch, 10, at=99), at=99), large, start=102) == ["AB123CD"]
