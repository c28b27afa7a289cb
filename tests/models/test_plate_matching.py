"""Matching at an exit: who is alone and likely is found, who may be a stranger or another is left to a person."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.matching import CONTROLS, LEAST_RIGHT, MOST_WRONG, tallied
from bench.misreading.lots import measured
from models.instants import HOUR, SECOND
from models.plates import Plate, RunnerUp, SeenPlate
from models.plates.confusions import CHARACTERS
from models.plates.matching import MOST_LIKELY, SURE_ENOUGH, Alike, Doubtful, Inside, Nobody, match, stayed
from models.plates.rows import are_in_a_row

PLATES = st.text(CHARACTERS, min_size=4, max_size=8).map(Plate)
SURE, UNSURE = 0.999, 0.85


def inside(*plates: str) -> list[Inside]:
    return [Inside(f"T{number}", Plate(plate), 2 * HOUR) for number, plate in enumerate(plates)]


def seen(plate: str, unsure: int | None = None, *others: RunnerUp) -> SeenPlate:
    """`unsure`: the place of its doubtful character."""
    return SeenPlate(Plate(plate), tuple(UNSURE if n == unsure else SURE for n in range(len(plate))), others)


def found(verdict: object) -> str | None:
    return verdict.found.inside.plate if isinstance(verdict, Alike) else None


@pytest.mark.parametrize(
    ("read", "unsure", "stands"),
    [("RK7S5AJ", 3, "RK755AJ"), ("HHOB8123", 2, "HH0B8123"), ("WOB8MK46", 7, "WOB8MK48"), ("MA8XY12", 2, "MABXY12")],
)
def test_a_doubtful_character_that_is_easily_confused_is_no_obstacle(read: str, unsure: int, stands: str) -> None:
    assert found(match(seen(read, unsure), inside("KL482XX", stands, "9ABC123", "34A36837"))) == stands


def test_a_lost_tail_is_no_obstacle_where_nobody_else_begins_like_that() -> None:
    assert found(match(seen("RK755A"), inside("RK755AJ", "9ABC123"))) == "RK755AJ"
    assert isinstance(match(seen("RK755A"), inside("RK755AJ", "RK755AK")), Doubtful)


def test_whose_plate_is_like_nobodys_is_nobody() -> None:
    assert match(seen("XY12ABC"), inside("KL482XX", "RK755AJ")) == Nobody()
    assert match(seen("XY12ABC"), []) == Nobody()


def test_two_that_may_be_it_are_left_to_a_person_the_likelier_first() -> None:
    verdict = match(seen("AB12C8E", 5), inside("AB12C0E", "AB12CBE", "AB12C6E"))
    assert isinstance(verdict, Doubtful)
    odds = [candidate.odds for candidate in verdict.among]
    assert odds == sorted(odds, reverse=True)
    assert sum(odds) <= 1


def test_a_sure_read_beside_a_row_of_one_firms_cars_is_a_stranger_of_that_firm() -> None:
    """Three of the row are inside, 1238 is the one that was read, and no character of it is doubtful."""
    row = inside("FLT1230", "FLT1233", "FLT1236")
    verdict = match(seen("FLT1238"), row)
    assert isinstance(verdict, Doubtful)
    assert verdict.among[0].odds < 0.2
    assert found(match(seen("FLT1238", 6), inside("FLT1236"))) == "FLT1236", "alone, and with a doubtful 8, it is it"


def test_a_sure_read_that_no_camera_takes_for_the_plate_inside_is_another_vehicle() -> None:
    assert found(match(seen("AB12CDX"), inside("AB12CD5"))) is None


def test_what_some_frames_read_counts() -> None:
    lone = inside("AB12CDW")
    assert found(match(seen("AB12CDJ"), lone)) is None
    assert found(match(seen("AB12CDJ", None, RunnerUp(Plate("AB12CDW"), 0.35)), lone)) == "AB12CDW"


def test_a_doubtful_read_at_the_entry_counts_as_much_as_one_at_the_exit() -> None:
    doubted = Inside("T", Plate("FLT1236"), HOUR, (*(SURE,) * 6, UNSURE))
    sure = Inside("T", Plate("FLT1236"), HOUR, (SURE,) * 7)
    assert found(match(seen("FLT1238"), [doubted])) == "FLT1236"
    assert found(match(seen("FLT1238"), [sure])) is None


def test_time_inside_is_weak_evidence_and_never_decides_alone() -> None:
    assert stayed(None) == stayed(2 * HOUR) == 1
    assert stayed(10 * SECOND) == stayed(40 * 24 * HOUR) == pytest.approx(1 / 3)
    twins = [Inside("A", Plate("AB12CDE"), 10 * SECOND), Inside("B", Plate("AB12CDE"), 2 * HOUR)]
    verdict = match(seen("AB12COE", 5), twins)
    assert isinstance(verdict, Doubtful)
    assert [candidate.inside.key for candidate in verdict.among] == ["B", "A"]
    assert match(seen("AB12COE", 5), [Inside("A", Plate("AB12CDE"), SECOND // 2)]) == Nobody(), (
        "it is still at the entry"
    )


@given(PLATES, st.lists(PLATES, min_size=1, max_size=8), st.randoms())
@settings(max_examples=60)
def test_the_order_of_those_inside_never_matters(plate: Plate, plates: list[Plate], chance: object) -> None:
    some = inside(*plates)
    shuffled = list(reversed(some))
    assert match(seen(plate), some) == match(seen(plate), shuffled)


@given(PLATES, st.integers(0, 7), st.sampled_from(CHARACTERS), st.lists(PLATES, max_size=6))
@settings(max_examples=60)
def test_another_like_it_never_makes_one_surer(plate: Plate, place: int, character: str, others: list[Plate]) -> None:
    place %= len(plate)
    like = Plate(plate[:place] + character + plate[place + 1 :])
    before, after = (match(seen(plate), some) for some in (inside(like, *others), inside(like, *others, like)))
    assert found(after) != like or found(before) == like
    if isinstance(after, Alike):
        assert after.found.odds >= SURE_ENOUGH.floor
    if isinstance(after, Doubtful):
        assert len(after.among) <= MOST_LIKELY
        assert sum(candidate.odds for candidate in after.among) <= 1 + 1e-9


@pytest.mark.parametrize(
    ("one", "other", "row"),
    [
        ("HHFL1230", "HHFL1237", True),
        ("AB199CD", "AB201CD", True),
        ("AB12CDE", "AB12CDF", True),
        ("KLP67", "KLP671", True),
        ("AB199CD", "AB399CD", False),
        ("AB12CDE", "AC12CDE", False),
        ("AB12CDE", "AB12CDE", False),
    ],
)
def test_a_firms_cars_stand_in_a_row(one: str, other: str, row: bool) -> None:
    assert are_in_a_row(one, other) is are_in_a_row(other, one) is row


@pytest.mark.parametrize("fleets", [False, True], ids=["random plates", "fleets"])
def test_misread_plates_are_matched_rightly_or_left_to_a_person(fleets: bool) -> None:
    """`make bench BENCH=matching` does it a hundred thousand times."""
    exits = 1500
    tallies = tallied(measured(), exits, 500, fleets, seed=4, names=("ours", *CONTROLS))
    assert tallies["ours"].wrong <= 1
    assert fleets or tallies["ours"].single >= LEAST_RIGHT - 0.08, "so few say little"
    for name in CONTROLS:
        assert tallies[name].wrong >= 10 * MOST_WRONG * exits, f"{name} is a safeguard, so without it this must fail"
