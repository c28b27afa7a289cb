"""A lane with an arming loop: the loop says when, the vote says what."""

from drivers.contract import PlateCandidate
from edge.vision.voting.vote import Verdict
from edge.vision.voting.watch import Watch, began, over, read
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
