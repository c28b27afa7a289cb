from dataclasses import replace

import pytest

from drivers.contract import PlateCandidate
from edge.vision.voting.vote import RULES, Read, Verdict, VoteRules, verdict
from models.plates.formats import countries_named
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


def voted(*candidates: PlateCandidate, rules: VoteRules = RULES) -> Verdict:
    found = verdict(reads_of(*candidates), NEAR, rules)
    assert found is not None
    return found


def test_a_plate_that_the_pictures_edge_cuts_is_neither_certain_nor_likely():
    part = plate("RK828", x=0, cut=True)
    assert not voted(*[part] * 20).certain
    assert not voted(*[part] * 20).likely
    assert voted(*[replace(part, cut=False)] * 20).certain, "without the safeguard it would be"


def test_a_plate_that_was_seen_whole_is_certain_though_the_edge_touches_it_again():
    whole, part = plate("RK828AG"), plate("RK828AG", x=0, cut=True)
    assert not voted(part, part, part, whole).certain
    assert voted(whole, part, part, whole).certain
    assert voted(*[plate("RK828", x=0, cut=True)] * 9, *[whole] * 3).text == "RK828AG"


def test_a_plate_that_shines_in_some_frames_isnt_decided_without_its_character():
    bleached, whole = plate("AB12CD"), plate("AB123CD")
    glare = [bleached, bleached, whole, bleached, bleached, whole, bleached, bleached, bleached]
    assert voted(*glare).text == "AB12CD"
    assert not voted(*glare).certain
    assert voted(*glare, rules=replace(RULES, longer=1.1)).certain, "without the safeguard it would be"
    assert voted(*[bleached] * 9, whole, bleached).certain, "one slip of the reader is outvoted"


def test_lookalikes_that_take_turns_leave_the_place_in_doubt_and_the_others_sure():
    vote = voted(*[plate("AB123CD"), plate("A8123CD")] * 5)
    assert not vote.certain
    assert vote.confidences[1] < 0.6
    assert min(vote.confidences[:1] + vote.confidences[2:]) > 0.95


def test_a_reading_that_only_guesses_at_one_place_takes_little_from_the_sure_ones():
    guessed = PlateCandidate("62PBVI", (0.99,) * 5 + (0.3,), plate("62PBVI").box, 0.9)
    vote = voted(plate("62PBVT"), plate("62PBVT"), guessed, plate("62PBVT"))
    assert (vote.text, vote.certain) == ("62PBVT", True)


def test_what_else_was_read_is_told_with_its_share():
    vote = voted(*[plate("AB123CD")] * 6, *[plate("A8123CD")] * 3, plate("AB123C"))
    assert [(other.plate, round(other.share, 1)) for other in vote.others] == [("A8123CD", 0.3), ("AB123C", 0.1)]


def test_what_the_finder_hardly_takes_for_a_plate_is_never_certain():
    doubtful = replace(plate("C00D"), detection=0.3)
    assert not voted(*[doubtful] * 20).likely


def in_the_netherlands(**changed: float) -> VoteRules:
    return replace(RULES, countries=countries_named(["nl"]), **changed)


def test_a_country_helps_with_a_doubtful_character_and_never_changes_a_sure_one():
    doubtful = PlateCandidate("62PBVT", (0.99,) * 5 + (0.75,), plate("62PBVT").box, 0.9)
    assert not voted(*[doubtful] * 4).certain
    assert voted(*[doubtful] * 4, rules=in_the_netherlands()).certain
    foreign = voted(*[plate("AB8123CDE")] * 4, rules=in_the_netherlands())
    assert (foreign.text, foreign.certain) == ("AB8123CDE", True)


def test_a_spelling_that_only_a_country_suggests_is_asked_about_and_not_decided():
    misread = PlateCandidate("6ZPBVT", (0.99, 0.55, 0.99, 0.99, 0.99, 0.99), plate("6ZPBVT").box, 0.9)
    vote = voted(*[misread] * 6, rules=in_the_netherlands())
    assert (vote.text, vote.certain, vote.likely) == ("62PBVT", False, True)
    assert vote.others[0].plate == "6ZPBVT"


@pytest.mark.parametrize("text", ["PARKING", "12052026"])
def test_words_and_numbers_are_asked_about_unless_the_country_has_such_plates(text: str):
    vote = voted(*[plate(text)] * 6)
    assert (vote.certain, vote.likely) == (False, True)
    assert voted(*[plate(text)] * 6, rules=replace(RULES, mixed=False)).certain, "without the safeguard it would be"
