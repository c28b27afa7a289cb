"""A person compares the vehicle at an exit with the stays that may be its own, and says which it is."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

import pytest

from edge.attended import Attended
from edge.lane.controller import LaneController
from edge.lane.lane import Lane
from edge.lane.signals import Asked, Code, Presence, Read, Refused, Signal
from edge.local import Obeyed
from edge.matching_page import write_candidates, write_matched
from edge.own_folder import NotOurs
from edge.parking import exit
from edge.parking.matching.review import may_be, unsure_exits
from edge.pictured import Beside
from edge.standing import is_still
from edge.store.database import looking_into
from edge.store.picture_notes import PictureNote, with_note
from edge.store.pictures import Pictures
from edge.ticket_orders import ThisOne, VehicleThere, WhoIsThere
from models.facts import TicketPictured
from models.ids import LaneName, TicketId
from models.instants import Instant
from models.plates import Plate
from models.refusals import Refusal
from models.tickets import Direction
from tests.edge.lanes import Story, a_quiet_lane
from tests.edge.lots import IN, OUT, TARIFF, Lot, a_lot
from tests.edge.test_desks import let_through
from tests.edge.test_lookalikes import INSIDE, SEEN, STRANGER, a_read, an_exit, code_of, prepaid
from tests.edge.test_wrong_matches import comes_itself, is_taken_for, leaves_as, unread

HERE = VehicleThere(
    lane=OUT, phase="refused", vehicle="3f9a-11aa-x", exit=True, present=True, plate=SEEN, confidences=(0.6,) * 7
)


@pytest.fixture
def lot(tmp_path: Path) -> Lot:
    return a_lot(tmp_path)


@dataclass
class AtALane:
    """A lane as it stands; it remembers what it was told."""

    lane: Lane
    name: LaneName = OUT
    heard: list[Signal] = field(default_factory=list[Signal])

    def hear(self, signal: Signal) -> None:
        self.heard.append(signal)


def waiting(direction: Direction = Direction.EXIT) -> AtALane:
    """A vehicle was refused there."""
    story = a_quiet_lane(direction=direction).then(Presence(True), a_read(), Refused(Refusal.NO_TICKET))
    return AtALane(story.lane)


def tell(lot: Lot, lane: AtALane, order: ThisOne | WhoIsThere) -> Obeyed:
    return asyncio.run(attended(lot, lane).carry_out(order))


def attended(lot: Lot, lane: AtALane) -> Attended:
    lanes = cast("dict[LaneName, LaneController]", {OUT: lane})
    return Attended(lot.store, lambda: TARIFF, None, lanes, lambda lane: "5a" * 32)


def test_the_likeliest_stand_first_then_what_looks_like_it_then_those_without_a_plate(lot: Lot) -> None:
    stay = prepaid(lot)
    lot.enters(STRANGER)
    far = lot.enters("AB12OO8").ticket
    paper = unread(lot)
    lot.clock.forward(minutes=2)
    with looking_into(lot.path) as connection:
        found = may_be(connection, HERE.seen, lot.clock.read())
        assert [one.stay.id for one in may_be(connection, None, lot.clock.read())] == [paper]
    assert found[0].stay.id == stay
    assert found[0].odds is not None
    ids = [one.stay.id for one in found]
    assert ids[-1] == paper
    assert far not in ids[:1]
    assert STRANGER not in [one.stay.plate for one in found]


def test_both_pictures_stand_side_by_side_for_their_owner_alone(lot: Lot, tmp_path: Path) -> None:
    stay, pictures = prepaid(lot), Pictures(tmp_path / "pictures")
    came, here = pictures.put(b"as it came", lot.clock.wall), pictures.put(b"as it stands there", lot.clock.wall)
    lot.decide(lambda tx: tx.record(TicketPictured(ticket=stay, lane=IN, picture=came, at=tx.at.wall)))
    lot.clock.forward(minutes=2)
    there = HERE.model_copy(update={"picture": here})
    with looking_into(lot.path) as connection:
        page = write_candidates(
            tmp_path / "look", there, may_be(connection, there.seen, lot.clock.read()), pictures, "UTC"
        )
    text = page.read_text()
    assert text.index(came) < text.index(here)
    assert (page.parent / f"{here}.jpg").read_bytes() == b"as it stands there"
    assert f"tickets this-one {OUT} {code_of(lot, stay)} --vehicle 3f9a-11aa-x " in text
    assert page.parent.stat().st_mode & 0o077 == 0


def test_each_pictures_plate_stands_below_it_for_a_closer_look(lot: Lot, tmp_path: Path) -> None:
    prepaid(lot)
    pictures = Pictures(tmp_path / "pictures")
    crop = pictures.put(b"the plate alone", lot.clock.wall)
    here = pictures.put(with_note(b"\xff\xd8\xff\xd9", PictureNote(crop).text), lot.clock.wall)
    lot.clock.forward(minutes=2)
    there = HERE.model_copy(update={"picture": here})
    with looking_into(lot.path) as connection:
        found = may_be(connection, there.seen, lot.clock.read())
    page = write_candidates(tmp_path / "look", there, found, pictures, "UTC")
    assert page.read_text().index(here) < page.read_text().index(crop)
    assert (page.parent / f"{crop}.jpg").read_bytes() == b"the plate alone"


def matched_pictured(lot: Lot, tmp_path: Path, folder: Path) -> tuple[Path, str]:
    """The page of one exit by a likeness, and the hash of its picture."""
    stay, at, pictures = prepaid(lot), an_exit(lot), Pictures(tmp_path / "pictures")
    came = pictures.put(b"as it came", lot.clock.wall)
    lot.decide(lambda tx: tx.record(TicketPictured(ticket=stay, lane=IN, picture=came, at=tx.at.wall)))
    leaves_as(lot, at, stay)
    with looking_into(lot.path) as connection:
        found = unsure_exits(connection, Instant(0))
    return write_matched(folder, found, pictures, "UTC"), came


def test_in_a_folder_that_others_may_read_they_read_neither_page_nor_picture(lot: Lot, tmp_path: Path) -> None:
    folder = tmp_path / "theirs"
    folder.mkdir(mode=0o755)
    page, came = matched_pictured(lot, tmp_path, folder)
    assert {each.stat().st_mode & 0o077 for each in (page, folder / f"{came}.jpg")} == {0}
    page.chmod(0o644)
    assert write_matched(folder, [], Pictures(tmp_path / "none"), "UTC") == page, "our own page is written anew"
    assert page.stat().st_mode & 0o077 == 0


def test_what_somebody_else_put_there_is_left_as_it_is(lot: Lot, tmp_path: Path) -> None:
    folder = tmp_path / "theirs"
    folder.mkdir()
    (folder / "index.html").write_text("the company's own page")
    with pytest.raises(NotOurs, match=r"index\.html is there already"):
        matched_pictured(lot, tmp_path, folder)
    assert [each.read_text() for each in folder.iterdir()] == ["the company's own page"], "and no picture beside it"


@pytest.mark.parametrize("there", [True, False])
@pytest.mark.parametrize("what", ["page", "picture"])
def test_nothing_is_written_through_a_link(lot: Lot, tmp_path: Path, what: str, there: bool) -> None:
    folder, elsewhere = tmp_path / "look", tmp_path / "elsewhere"
    if there:
        elsewhere.write_text("somebody's file")
    page, came = matched_pictured(lot, tmp_path, folder)
    link = page if what == "page" else folder / f"{came}.jpg"
    link.unlink()
    link.symlink_to(elsewhere)
    with pytest.raises(NotOurs):
        Beside(folder, Pictures(tmp_path / "pictures")).picture(came)
    assert not elsewhere.exists() or elsewhere.read_text() == "somebody's file"
    assert elsewhere.exists() is there


def test_a_picture_that_is_gone_is_said_to_be(lot: Lot, tmp_path: Path) -> None:
    prepaid(lot)
    lot.clock.forward(minutes=2)
    with looking_into(lot.path) as connection:
        found = may_be(connection, HERE.seen, lot.clock.read())
    page = write_candidates(tmp_path / "look", HERE, found, Pictures(tmp_path / "none"), "UTC")
    assert "no picture of the entry" in page.read_text()


def test_a_person_asks_who_stands_there(lot: Lot) -> None:
    said = tell(lot, waiting(), WhoIsThere(who_is_at=OUT))
    assert said.there is not None
    assert (said.there.plate, said.there.present, said.there.picture) == (SEEN, True, "5a" * 32)
    assert said.there.seen == a_read().seen
    assert "there is no lane" in tell(lot, waiting(), WhoIsThere(who_is_at="nowhere")).why_not


def test_the_lane_goes_on_with_the_ticket_that_a_person_names(lot: Lot) -> None:
    stay, lane = lot.enters(INSIDE).ticket, waiting()
    desk = attended(lot, lane)
    said = is_it(lot, desk, stay, seen_at(desk))
    assert said.why_not == ""
    assert lane.heard == [Code(code_of(lot, stay), by_person=True, plate_seen=SEEN)]


def seen_at(desk: Attended) -> str:
    there = asyncio.run(desk.carry_out(WhoIsThere(who_is_at=OUT))).there
    assert there is not None
    return there.vehicle


def is_it(lot: Lot, desk: Attended, stay: TicketId, vehicle: str) -> Obeyed:
    order = ThisOne(at=OUT, this_one=code_of(lot, stay), vehicle=vehicle, by="ann", reason="the same dent")
    return asyncio.run(desk.carry_out(order))


def and_then_comes(plate: str | None) -> Lane:
    """The first one drives off, and another one stands there: read, or not."""
    story = Story(waiting().lane).then(Presence(False), Presence(True))
    return story.lane if plate is None else story.then(Read(Plate(plate), 0.99), Refused(Refusal.NO_TICKET)).lane


@pytest.mark.parametrize("plate", [None, "ZZ99ZZZ", SEEN])
def test_what_a_person_says_of_one_vehicle_is_done_to_no_other(lot: Lot, plate: str | None) -> None:
    stay, lane = lot.enters(INSIDE).ticket, waiting()
    desk = attended(lot, lane)
    looked = seen_at(desk)
    lane.lane = and_then_comes(plate)
    assert "another vehicle stands at out now" in is_it(lot, desk, stay, looked).why_not
    assert (lane.heard, lot.one("SELECT count(*) FROM journal WHERE type = 'match.decided'")) == ([], 0)


def test_nor_to_one_that_comes_while_it_is_put_on_record(lot: Lot, monkeypatch: pytest.MonkeyPatch) -> None:
    stay, lane = lot.enters(INSIDE).ticket, waiting()
    desk, write = attended(lot, lane), lot.store.write

    async def slowly(decide: object, **how: object) -> object:
        done = await write(decide, **how)  # type: ignore[arg-type]
        lane.lane = and_then_comes("ZZ99ZZZ")
        return done

    monkeypatch.setattr(lot.store, "write", slowly)
    assert "it is on record, but the lane doesn't go on" in is_it(lot, desk, stay, seen_at(desk)).why_not
    assert lane.heard == []


def test_a_vehicle_that_is_looked_at_again_is_still_the_same_and_of_another_plate_it_is_not(lot: Lot) -> None:
    lane = waiting()
    desk = attended(lot, lane)
    looked = seen_at(desk)
    again = Story(lane.lane).time_up()
    assert again.lane.plate is None
    lane.lane = again.lane
    assert is_still(looked, seen_at(desk))
    lane.lane = again.then(Read(Plate("ZZ99ZZZ"), 0.99)).lane
    assert not is_still(looked, seen_at(desk))
    assert not any(is_still(wrong, seen_at(desk)) for wrong in ("", "x", "x-x-x", "3f9a-x"))
    assert not is_still(looked, seen_at(attended(lot, waiting()))), "a daemon that was started again"


@pytest.mark.parametrize("saw", [True, False])
def test_a_ticket_is_compared_with_a_plate_that_the_person_did_not_see(lot: Lot, saw: bool) -> None:
    """A swapped one is noted, unless the person who says that it is this vehicle's saw what was read of it."""
    stay, at, read = prepaid(lot), an_exit(lot), Plate("ZZ99ZZZ")
    code = Code(code_of(lot, stay), by_person=True, plate_seen=read if saw else None)
    let_through(asyncio.run(at.desk.decide(Asked(code, plate=read))))
    assert [one["kind"] for one in at.told("ticket.suspected")] == ([] if saw else ["other_plate"])


def gone() -> AtALane:
    return AtALane(a_quiet_lane(direction=Direction.EXIT).lane)


@pytest.mark.parametrize(
    ("lane", "why"), [(gone(), "no vehicle waits"), (waiting(Direction.ENTRY), "lets in, and nobody out")]
)
def test_nobody_is_let_out_who_does_not_wait_there(lot: Lot, lane: AtALane, why: str) -> None:
    stay = lot.enters(INSIDE).ticket
    said = tell(
        lot, lane, ThisOne(at=OUT, this_one=code_of(lot, stay), vehicle="x-x-x", by="ann", reason="the same dent")
    )
    assert why in said.why_not
    assert lane.heard == []
    assert lot.one("SELECT count(*) FROM journal WHERE type = 'match.decided'") == 0


def test_exits_by_a_likeness_are_listed_and_those_first_whose_own_vehicle_came(lot: Lot, tmp_path: Path) -> None:
    first, at = prepaid(lot), an_exit(lot)
    leaves_as(lot, at, first)
    other = prepaid(lot, Plate("KL55XY8"))
    lot.clock.forward(minutes=2)
    let_through(at.asks(a_read(Plate("KL55XYB"))))
    lot.decide(at.desk.confirm(other))
    exactly = prepaid(lot, STRANGER)
    lot.leaves(STRANGER, object())
    lot.decide(lambda tx: exit.close(tx, exactly, OUT))
    at.asks(Read(INSIDE, 0.99))
    with looking_into(lot.path) as connection:
        found = unsure_exits(connection, Instant(0))
    assert [(one.stay.id, one.read, one.disputed) for one in found] == [
        (first, SEEN, True),
        (other, "KL55XYB", False),
    ]
    page = write_matched(tmp_path / "matched", found, Pictures(tmp_path / "none"), "UTC")
    assert "Its own vehicle has come" in page.read_text()
    assert f"tickets unmatch {code_of(lot, first)}" in page.read_text()


def test_of_exits_by_a_persons_word_those_are_listed_whose_own_vehicle_came(lot: Lot, tmp_path: Path) -> None:
    stay, at = prepaid(lot), an_exit(lot)
    is_taken_for(lot, at, stay)
    with looking_into(lot.path) as connection:
        assert unsure_exits(connection, Instant(0)) == [], "nobody doubts it yet"
    comes_itself(lot, at, stay, by_code=False)
    with looking_into(lot.path) as connection:
        found = unsure_exits(connection, Instant(0))
    assert [(one.stay.id, one.read, one.by_hand, one.disputed) for one in found] == [(stay, SEEN, True, True)]
    page = write_matched(tmp_path / "matched", found, Pictures(tmp_path / "none"), "UTC").read_text()
    assert "A person let it out on this ticket" in page
    assert f"tickets unmatch {code_of(lot, stay)}" in page
