import pytest

from edge.vision.voting.vote import Read, verdict
from tests.vision.passages import NEAR, plate, reads_of


def test_three_near_frames_that_agree_decide_the_plate():
    vote = verdict(reads_of(plate("AB123CD"), plate("AB123CD"), plate("AB123CD")), NEAR)
    assert vote is not None
    assert (vote.text, vote.certain, vote.agreeing) == ("AB123CD", True, 3)


def test_one_read_never_decides_however_sure_it_is():
    vote = verdict(reads_of(plate("AB123CD", sure=1.0)), NEAR)
    assert vote is not None
    assert not vote.certain


def test_a_plate_that_is_still_far_never_decides():
    far = plate("89C20339", width=NEAR - 1)
    vote = verdict(reads_of(*[far] * 20), NEAR)
    assert vote is not None
    assert (vote.text, vote.certain) == ("89C20339", False)


def test_frames_of_one_instant_count_as_one_mistake():
    vote = verdict(reads_of(*[plate("AB123CD")] * 5, every=0.01), NEAR)
    assert vote is not None
    assert not vote.certain


def test_each_character_is_voted_on_by_itself():
    vote = verdict(reads_of(plate("AB128CD"), plate("A8123CD"), plate("AB123CD"), plate("AB123CO")), NEAR)
    assert vote is not None
    assert vote.text == "AB123CD"


def test_a_doubtful_character_keeps_the_vote_open():
    vote = verdict(reads_of(*[plate("AB123CD", sure=0.6)] * 6), NEAR)
    assert vote is not None
    assert not vote.certain


def test_a_misread_as_the_car_drives_off_does_not_undo_the_vote():
    good, cut = plate("34A36837"), plate("34A288", sure=0.4)
    vote = verdict(reads_of(good, good, good, cut, cut), NEAR)
    assert vote is not None
    assert (vote.text, vote.certain) == ("34A36837", True)


def test_a_plate_that_is_only_coming_into_view_waits_for_its_whole_text():
    part, whole = plate("A23126", width=61), plate("34A23126", width=84)
    early = verdict(reads_of(part, part, part, whole), NEAR)
    later = verdict(reads_of(part, part, part, *[whole] * 4), NEAR)
    assert early is not None
    assert later is not None
    assert not early.certain
    assert (later.text, later.certain) == ("34A23126", True)


def test_two_plates_that_take_turns_are_never_certain():
    vote = verdict(reads_of(*[plate("AB123CD"), plate("XY987ZW")] * 6), NEAR)
    assert vote is not None
    assert not vote.certain


def test_two_near_frames_that_agree_make_a_plate_likely_but_not_certain():
    vote = verdict(reads_of(plate("AB123CD"), plate("AB123CD"), every=0.25), NEAR)
    assert vote is not None
    assert (vote.likely, vote.certain) == (True, False)


def test_a_doubtful_character_leaves_a_plate_likely_until_it_is_less_than_half_sure():
    doubtful, poor = plate("AB123CD", sure=0.6), plate("AB123CD", sure=0.4)
    for read, likely in ((doubtful, True), (poor, False)):
        vote = verdict(reads_of(*[read] * 6), NEAR)
        assert vote is not None
        assert (vote.likely, vote.certain) == (likely, False)


def test_what_is_certain_is_likely_too():
    vote = verdict(reads_of(*[plate("AB123CD")] * 3), NEAR)
    assert vote is not None
    assert (vote.likely, vote.certain) == (True, True)


@pytest.mark.parametrize(
    "reads",
    [
        reads_of(plate("AB123CD", sure=1.0)),
        reads_of(*[plate("AB123CD")] * 5, every=0.01),
        reads_of(*[plate("89C20339", width=NEAR - 1)] * 20),
        reads_of(*[plate("A1")] * 6),
        reads_of(*[plate("AB123CD"), plate("XY987ZW")] * 6),
        reads_of(*[plate("A23126", width=61)] * 3, plate("34A23126", width=84)),
    ],
    ids=["one read", "one instant", "far", "too short", "two plates that take turns", "only coming into view"],
)
def test_this_is_not_even_likely(reads: list[Read]):
    vote = verdict(reads, NEAR)
    assert vote is not None
    assert not vote.likely


def test_without_reads_there_is_no_verdict():
    assert verdict([], NEAR) is None
