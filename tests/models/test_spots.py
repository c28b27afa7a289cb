"""Which vehicle fits which spot, as the lot's owner wrote it down."""

from __future__ import annotations

from itertools import chain, combinations

import pytest

from models.spots import Right, SpotType, VehicleType, compatible

MOTORCYCLE, COMPACT, REGULAR, LARGE = SpotType.MOTORCYCLE, SpotType.COMPACT, SpotType.REGULAR, SpotType.LARGE
RIGHTS = [set(held) for held in chain.from_iterable(combinations(Right, n) for n in range(3))]


@pytest.mark.parametrize(
    ("vehicle", "fits"),
    [
        (VehicleType.MOTORCYCLE, (MOTORCYCLE, COMPACT, REGULAR, LARGE)),
        (VehicleType.COMPACT, (COMPACT, REGULAR, LARGE)),
        (VehicleType.REGULAR, (REGULAR, LARGE)),
        (VehicleType.LARGE, (LARGE,)),
    ],
)
def test_the_matrix_tightest_spot_first(vehicle: VehicleType, fits: tuple[SpotType, ...]) -> None:
    assert compatible(vehicle) == fits


@pytest.mark.parametrize("vehicle", VehicleType)
@pytest.mark.parametrize("held", RIGHTS, ids=lambda held: "+".join(sorted(held)) or "none")
def test_disabled_and_charging_spots_are_for_those_with_the_right(vehicle: VehicleType, held: set[Right]) -> None:
    kept_back = set(compatible(vehicle, held)) & {SpotType.HANDICAP, SpotType.EV}
    assert kept_back == (set() if vehicle is VehicleType.LARGE else {SpotType(right) for right in held})


@pytest.mark.parametrize("vehicle", VehicleType)
@pytest.mark.parametrize("held", RIGHTS, ids=lambda held: "+".join(sorted(held)) or "none")
def test_a_right_adds_spots_and_takes_none_away(vehicle: VehicleType, held: set[Right]) -> None:
    offered = compatible(vehicle, held)
    assert offered[len(offered) - len(compatible(vehicle)) :] == compatible(vehicle)
    assert len(set(offered)) == len(offered)


def test_whoever_has_the_right_is_led_there_first() -> None:
    assert compatible(VehicleType.COMPACT, [Right.EV])[0] is SpotType.EV
    assert compatible(VehicleType.REGULAR, [Right.EV, Right.HANDICAP])[:2] == (SpotType.HANDICAP, SpotType.EV)
