"""A lane with an arming loop: the loop says when, the vote says what."""

from drivers.contract import PlateCandidate
from edge.vision.voting.vote import Verdict
from edge.vision.voting.watch import Watch, began, guess, looked_around, over, read, stirred, wants_to_look_around
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


def test_a_vehicle_on_the_loop_is_decided_once():
    _, verdicts = shown(a_vehicle(), plate("AB123CD"))
    assert [verdict.text for verdict in verdicts] == ["AB123CD"]


def test_nothing_is_read_while_the_loop_is_off():
    _, verdicts = shown(over(a_vehicle()), plate("AB123CD"))
    assert verdicts == []


def test_each_vehicle_gets_a_vote_of_its_own():
    watch, _ = read(a_vehicle(), moment(0), seen(plate("AB123CD")))
    watch, _ = read(watch, moment(0.2), seen(plate("AB123CD")))
    watch, verdict = read(a_vehicle(watch, 2), moment(0.4), seen(plate("AB123CD")))
    assert verdict is None


def test_the_same_car_on_the_loop_again_is_decided_again():
    watch, first = shown(a_vehicle(), plate("AB123CD"))
    _, again = shown(a_vehicle(watch, 2, at=5), plate("AB123CD"), start=5)
    assert [verdict.text for verdict in first + again] == ["AB123CD", "AB123CD"]


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
    watch, _ = shown(a_vehicle(), plate("AB123CD"))
    watch = watched_empty(over(watch), plate("AB123CD"), start=2, seconds=9)
    assert [v.text for v in shown(a_vehicle(watch, 2, at=12), plate("AB123CD"), start=12)[1]] == ["AB123CD"]


def test_a_parked_car_that_has_left_is_forgotten():
    parked = plate("PARKED1", x=20, y=100, width=140)
    watch = watched_empty(watched_empty(EMPTY, parked, start=-60), start=-40)
    assert [v.text for v in shown(a_vehicle(watch), parked)[1]] == ["PARKED1"]


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
