"""Permits as a technician writes them, and as the parking service knows them."""

from __future__ import annotations

import pytest

from edge.config.load import parse_lot
from edge.parking.access.permits import Permit, permit_of_card
from models.instants import to_rfc3339
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


def test_a_permit_of_several_vehicles_is_one_and_ends_with_its_last_day() -> None:
    found = permits("  - {name: b, plates: [A1, A2], cards: [7], in_at_a_time: 1, until: 2026-12-31, hours: mon-fri}")
    one, two = found[Plate("A1")], found[Plate("A2")]
    assert (one.id, one.limits) == (two.id, two.limits)
    assert (one.cards, two.cards) == ({"7"}, set())
    assert one.limits.hours[0].said == "mon-fri"
    assert one.valid_until is not None
    assert to_rfc3339(one.valid_until) == "2026-12-31T23:00:00Z"


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("  - {rights: [EV]}", "either `plate` or `plates` is expected"),
        ("  - {plate: A1, in_at_a_time: 1}", "a `name` is expected"),
        ("  - {plate: A1, from: 2026-12-02, until: 2026-12-01}", "`until` can't be before `from`"),
        ("  - {plate: A1, until: tomorrow}", "a day is expected, such as 2026-12-31"),
        ("  - {plate: A1, hours: moonday}", "a day of the week is expected"),
        ("  - {plate: A1, hours: holidays}", "no calendar goes with a permit"),
        ("  - {plate: A1, kind: courtesy, rates: gym}", "`rates` don't go with it"),
        ("  - {plates: [A1, A2, A1]}", "has this plate A1 already"),
        ("  - {name: b, plate: A1}\n  - {name: b, plate: A2}", "has this name already"),
    ],
)
def test_what_is_wrong_with_how_far_it_reaches_is_said_too(written: str, expected: str) -> None:
    assert any(expected in problem for problem in told(altered((AS_IT_WAS, written))))


def test_who_is_barred_and_how_far_an_account_reaches_stands_in_the_file() -> None:
    more = "accounts:\n  - {name: ACME, in_at_a_time: 20}\nbarred:\n  - {plates: [x-1, X2], reason: debts}\n"
    lists = parse_lot(altered() + more, "lot.yaml").lists()
    assert lists.accounts == {"ACME": 20}
    assert set(lists.barred) == {"X1", "X2"}
