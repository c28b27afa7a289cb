"""Which stay a plate that only looks like its own may lead to, and what a driver is shown of it. All pure."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

import pytest

from edge.parking.matching.choosing import Choice, choose
from edge.parking.matching.question import as_shown, question
from edge.parking.matching.rules import _ASKED, _NEVER, TRANSIENTS, Lookalike, Ruled, Ruling, Vehicle, Why, ruled
from models.instants import HOUR, Instant, from_rfc3339
from models.phrases.language import language
from models.plates import Plate
from models.plates.matching import Alike, Candidate, Doubtful, Inside, Nobody
from models.tickets import TicketStatus

ANYBODY, STAY = Vehicle(), Lookalike()

NEVER: list[tuple[Why, Vehicle, Lookalike]] = [
    (Why.NEW_STORE, Vehicle(untold=True), STAY),
    (Why.PERMIT_READ, Vehicle(permit=True), STAY),
    (Why.BARRED_READ, Vehicle(barred=True), STAY),
    (Why.RESERVED_READ, Vehicle(reserved=True), STAY),
    (Why.OWN_STAY_ENDED, Vehicle(own_stay_ended=True, been_here=True), STAY),
    (Why.BY_RIGHT, ANYBODY, Lookalike(right=True)),
    *((Why.BY_RIGHT, ANYBODY, Lookalike(by=by)) for by in ("permit", "card", "code", "reservation")),
    (Why.PERMIT_PLATE, ANYBODY, Lookalike(permit=True)),
    (Why.BARRED_PLATE, ANYBODY, Lookalike(barred=True)),
    (Why.RESERVED_PLATE, ANYBODY, Lookalike(reserved=True)),
    (Why.VALET, ANYBODY, Lookalike(valet=True)),
    (Why.VALET, ANYBODY, Lookalike(by="valet")),
    (Why.LOST, ANYBODY, Lookalike(lost=True)),
    (Why.IN_A_LANE, ANYBODY, Lookalike(in_a_lane=True)),
    (Why.PAYING, ANYBODY, Lookalike(paying=True)),
]  # type: ignore[list-item]
ONCE_CONFIRMED: list[tuple[Why, Vehicle, Lookalike]] = [
    (Why.OWES, ANYBODY, Lookalike(owed=1)),
    (Why.UNRESOLVED, ANYBODY, Lookalike(status=TicketStatus.UNRESOLVED)),
    (Why.UNCERTAIN, ANYBODY, Lookalike(certain=False)),
    (Why.BEEN_HERE, Vehicle(been_here=True), STAY),
]


def test_a_transient_who_owes_nothing_and_is_alone_leaves_on_a_likeness() -> None:
    assert {ruled(ANYBODY, Lookalike(by=by), sure=True) for by in TRANSIENTS} == {Ruled(Ruling.BY_ITSELF)}


@pytest.mark.parametrize(("why", "vehicle", "stay"), NEVER)
@pytest.mark.parametrize("owed", [0, 250])
def test_what_is_somebodys_by_right_or_another_lanes_is_never_found_by_a_likeness(
    why: Why, vehicle: Vehicle, stay: Lookalike, owed: int
) -> None:
    assert ruled(vehicle, replace(stay, owed=owed), sure=True) == Ruled(Ruling.NEVER, why)
    assert ruled(vehicle, replace(stay, owed=owed), sure=False).ruling is Ruling.NEVER


@pytest.mark.parametrize(("why", "vehicle", "stay"), ONCE_CONFIRMED)
def test_where_money_or_a_doubt_is_at_stake_the_driver_says_so_first(
    why: Why, vehicle: Vehicle, stay: Lookalike
) -> None:
    assert ruled(vehicle, stay, sure=True) == Ruled(Ruling.ONCE_CONFIRMED, why)


def test_one_of_several_and_a_lot_that_always_asks_want_the_drivers_word() -> None:
    assert ruled(ANYBODY, STAY, sure=False) == Ruled(Ruling.ONCE_CONFIRMED, Why.NOT_ALONE)
    assert ruled(ANYBODY, STAY, sure=True, always_ask=True) == Ruled(Ruling.ONCE_CONFIRMED, Why.ALWAYS_ASKED)


def test_each_rule_is_tried_and_each_thing_that_is_known_counts_for_one() -> None:
    tried = {why for why, _, _ in (*NEVER, *ONCE_CONFIRMED)}
    assert tried == {why for why, _ in (*_NEVER, *_ASKED)}
    changed: set[str] = set()
    for _, vehicle, stay in (*NEVER, *ONCE_CONFIRMED):
        changed |= _differs(vehicle, ANYBODY) | _differs(stay, STAY)
    assert changed == {each.name for kind in (Vehicle, Lookalike) for each in fields(kind)}


def _differs(one: Any, other: Any) -> set[str]:
    return {each.name for each in fields(one) if getattr(one, each.name) != getattr(other, each.name)}


# --- whom to ask about ---


def may_be(plate: str, odds: float) -> Candidate:
    return Candidate(Inside(plate, Plate(plate)), odds)


ONE, TWO, THREE = may_be("AB12CDE", 0.6), may_be("AB12CDF", 0.3), may_be("AB12COE", 0.05)


def test_who_is_alone_is_chosen_and_nobody_else() -> None:
    assert choose(Alike(ONE)) == Choice(ONE, sure=True)
    assert choose(Nobody()) is None


def test_of_several_the_likeliest_is_asked_about_and_after_a_no_the_next_one() -> None:
    among = Doubtful((ONE, TWO, THREE))
    assert choose(among) == Choice(ONE, sure=False)
    assert choose(among, {Plate("AB12CDE")}) == Choice(TWO, sure=False), "0.3 of the 0.4 that are left"
    assert choose(among, {Plate("AB12CDE"), Plate("AB12CDF")}) is None, "two questions are enough"


def test_nobody_is_asked_about_who_is_less_likely_than_not() -> None:
    assert choose(Doubtful((may_be("A", 0.4), may_be("B", 0.4)))) is None
    assert choose(Doubtful((ONE, THREE)), {Plate("AB12CDE")}) is None, "0.05 of the 0.4: a stranger, rather"
    assert choose(Alike(ONE), {Plate("AB12CDE")}) is None


# --- what is shown ---


@pytest.mark.parametrize(
    ("plate", "read", "shown"),
    [
        ("AB12CDE", "AB12CDF", "AB12CD*"),
        ("AB12CDE", "A812COE", "A*12C*E"),
        ("AB12CDE", "AB2CDE", "AB*2CDE"),
        ("AB12CDE", "AB112CDE", "AB12CDE"),
        ("AB12CDE", "ZZ99ZZZ", "*******"),
    ],
)
def test_of_a_plate_only_what_the_camera_saw_is_shown(plate: str, read: str, shown: str) -> None:
    assert as_shown(Plate(plate), Plate(read)) == shown
    assert set(shown) <= {*read, "*"}, "nothing that isn't on the vehicle which stands there"


def test_a_driver_is_asked_with_the_time_of_entry_and_of_another_day_with_the_date() -> None:
    noon = from_rfc3339("2026-11-28T11:42:00Z")
    asked = question(Plate("AB12CDE"), Plate("AB12CDF"), noon, Instant(noon + HOUR), "Europe/Berlin")
    assert (asked.line, asked.shown) == ("You came 12:42? AB12CD*", "AB12CD*")
    later = question(Plate("AB12CDE"), Plate("AB12CDF"), noon, Instant(noon + 24 * HOUR), "Europe/Berlin")
    assert later.line == "You came 2026-11-28 12:42? AB12CD*"
    assert language("de").says(asked.line) == "Kamen Sie 12:42? AB12CD*"
    assert "CDE" not in asked.line
