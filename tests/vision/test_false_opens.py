"""No plate that isn't there is decided: the short form of the bench of that name, with its negative control."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from bench.false_opens import Counts, Shown, made_films, on_the_loop, voted
from drivers.contract import PlateReader
from edge.vision.events import PlateDecided
from edge.vision.readers.choosing import choose_reader
from edge.vision.settings import VisionSettings
from edge.vision.voting.vote import RULES, without_safeguards
from tests.vision.negatives import negative
from tests.vision.passages import plate

FEW = 20


@pytest.fixture(scope="module")
def reader(shared: Path) -> PlateReader:
    return choose_reader(VisionSettings(reader="fast-alpr", weights=shared / "lpr" / "weights"))


def test_what_isnt_there_is_decided_by_no_lane_and_without_the_votes_safeguards_it_is(
    shared: Path, reader: PlateReader
) -> None:
    in_the_open = Counts(wrong=Counter())
    made = made_films(FEW, reader, shared, in_the_open)
    assert in_the_open.false == 0, in_the_open.wrong
    assert voted(made, [], RULES).false == 0
    assert voted(made, [], without_safeguards()).false > 0


def test_the_same_number_is_the_same_picture() -> None:
    first, again = negative(16, ()), negative(16, ())
    assert (first.kind, (first.picture == again.picture).all()) == (again.kind, True)


def test_a_film_of_a_plate_that_is_there_is_decided() -> None:
    shown = Shown("plate", ("AB123CD",), (480, 640), ((plate("AB123CD"),),) * 9)
    assert [event.read.plate for event in on_the_loop(shown) if isinstance(event, PlateDecided)] == ["AB123CD"]
