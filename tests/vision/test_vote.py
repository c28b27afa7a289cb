from edge.vision.vote import verdict
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


def test_without_reads_there_is_no_verdict():
    assert verdict([], NEAR) is None
