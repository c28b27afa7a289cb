"""Permits as a technician writes them, and as the parking service knows them."""

from __future__ import annotations

import pytest

from edge.config.load import parse_lot
from edge.parking.access.permits import Permit, permit_of_card
from models.passback import Passback
from models.plates import Plate
from models.spots import Right
from tests.config.lots import altered, told

PLATE = Plate("AB12CDE")
AS_IT_WAS = "  - {plate: ab 12-cde, rights: [EV]}"


def permits(written: str, lot: str = "") -> dict[Plate, Permit]:
    return parse_lot(altered((AS_IT_WAS, written)) + lot, "lot.yaml").permits_by_plate()


def test_a_permit_is_hard_unless_it_or_the_lot_says_otherwise() -> None:
    assert permits(AS_IT_WAS)[PLATE] == Permit(PLATE, frozenset({Right.EV}), frozenset(), Passback.HARD)
    assert permits(AS_IT_WAS, "passback: off\n")[PLATE].passback is Passback.OFF
    own = "  - {plate: AB12CDE, passback: soft}"
    assert permits(own, "passback: off\n")[PLATE].passback is Passback.SOFT


def test_a_card_is_found_however_its_number_is_written() -> None:
    known = permits("  - {plate: AB12CDE, cards: [17-04711, 00815, ' ab 7 ']}")
    for number in ("17-04711", "00815", "AB7", "ab7 "):
        assert permit_of_card(known, number) is known[PLATE]
    for number in ("17-4711", "815", ""):
        assert permit_of_card(known, number) is None


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("  - {plate: AB12CDE, cards: ['']}", "the number of a card is expected as its reader says it"),
        ("  - {plate: AB12CDE, passback: strict}", "one of hard, soft, off is expected"),
    ],
)
def test_what_is_wrong_with_a_permit_is_said_in_words(written: str, expected: str) -> None:
    [problem] = told(altered((AS_IT_WAS, written)))
    assert expected in problem
