"""What was read beside what is there: each plate counted once, each character at its place."""

import pytest

from drivers.contract import Box
from edge.vision.files.accuracy.comparing import Answer, Step, aligned, compared, times, totals
from edge.vision.files.accuracy.truth import TruePlate
from edge.vision.files.found import FoundPlate
from models.plates import Plate

HERE, THERE = Box(100, 100, 120, 30), Box(400, 100, 120, 30)


def true(text: str, box: Box | None = None) -> TruePlate:
    return TruePlate(Plate(text), box)


def found(text: str, box: Box = HERE) -> FoundPlate:
    return FoundPlate(text, 0.9, box)


def outcomes(answers: tuple[Answer, ...]) -> list[tuple[str, str, str]]:
    return [(answer.outcome.value, answer.true_text, answer.read_text) for answer in answers]


def test_the_same_text_goes_first_and_o_for_0_next() -> None:
    answers = compared([true("AB10"), true("AB1O")], [found("AB1O"), found("AB10")])
    assert {outcome for outcome, *_ in outcomes(answers)} == {"exact"}
    assert outcomes(compared([true("AB1O")], [found("AB10")])) == [("O for 0", "AB1O", "AB10")]


def test_a_text_at_the_plates_place_is_a_wrong_reading_of_it_whatever_it_says() -> None:
    assert outcomes(compared([true("AB12CD", HERE)], [found("XYZ", HERE)])) == [("wrong", "AB12CD", "XYZ")]
    assert outcomes(compared([true("AB12CD", HERE)], [found("AB12CX", THERE)])) == [
        ("missed", "AB12CD", ""),
        ("invented", "", "AB12CX"),
    ]


def test_without_a_place_a_text_that_is_half_the_plate_is_a_reading_of_it() -> None:
    assert outcomes(compared([true("AB12CD")], [found("AB12CX")])) == [("wrong", "AB12CD", "AB12CX")]
    assert [one for one, *_ in outcomes(compared([true("AB12CD")], [found("KLMNOP")]))] == ["missed", "invented"]


def test_a_plate_read_twice_in_a_recording_is_right_once_and_invented_once() -> None:
    answers = compared([true("AB12CD")], [found("AB12CD"), found("AB12CD")])
    assert [one for one, *_ in outcomes(answers)] == ["exact", "invented"]


def test_a_less_prominent_plate_of_a_photograph_is_not_judged_but_a_more_prominent_one_is() -> None:
    both = [found("AB12CD"), found("KLMNOP", THERE)]
    assert [one for one, *_ in outcomes(compared([true("AB12CD")], both, photograph=True))] == ["exact", "besides"]
    assert [one for one, *_ in outcomes(compared([true("KLMNOP")], both, photograph=True))] == ["exact", "invented"]
    assert [one for one, *_ in outcomes(compared([], both, photograph=True))] == ["invented", "invented"]


@pytest.mark.parametrize(
    ("one", "other", "differ"),
    [
        ("AB12", "AB12", []),
        ("AB12", "A812", [("B", "8")]),
        ("AB12", "B12", [("A", "–")]),
        ("AB12", "AB121", [("–", "1")]),
    ],
)
def test_a_missing_character_shifts_none_after_it(one: str, other: str, differ: list[tuple[str, str]]) -> None:
    assert [(step.true, step.read) for step in aligned(one, other) if step.differs] == differ


def test_totals_count_plates_characters_and_what_was_confused() -> None:
    files = [
        compared([true("AB12")], [found("AB12")]),
        compared([true("CD80")], [found("CDB0")]),
        compared([true("EF34")], []),
        compared([], [found("C00D")]),
    ]
    summed = totals(files)
    assert (summed.files, summed.plates, summed.exact, summed.wrong, summed.missed, summed.invented) == (
        4,
        3,
        1,
        1,
        1,
        1,
    )
    assert (summed.characters, summed.right) == (8, 7)
    assert summed.confused == ((Step("8", "B"), 1),)
    assert summed.share(summed.exact) == pytest.approx(1 / 3)


def test_times_are_the_median_and_a_time_that_occurred() -> None:
    assert times([]) is None
    took = times(range(1, 201))
    assert took is not None
    assert (took.files, took.median, took.p99) == (200, 100, 198)
