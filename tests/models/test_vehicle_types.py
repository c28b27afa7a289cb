"""Whose word is taken for the kind of a vehicle: each pair, and who could gain by lying."""

from __future__ import annotations

from itertools import combinations, product

import pytest

from models.spots import SpotType, VehicleType
from models.vehicle_types import Sensed, TypeEvidence, TypeSource, most_trusted, of_reserved

MOTORCYCLE, COMPACT, REGULAR, LARGE = VehicleType
_SENSED = (TypeSource.HEIGHT, TypeSource.CLASSIFIER, TypeSource.CAMERA)


def said(words: dict[TypeSource, VehicleType]) -> TypeEvidence:
    sensed = Sensed(**{source.value: words[source] for source in _SENSED if source in words})
    others = {source.value: kind for source, kind in words.items() if source not in _SENSED}
    return TypeEvidence(**{"lane": REGULAR, "sensed": sensed, **others})


@pytest.mark.parametrize(("first", "second"), list(combinations(TypeSource, 2)))
def test_of_each_pair_the_one_that_is_trusted_more_is_believed(first: TypeSource, second: TypeSource):
    """The driver names a smaller vehicle than the guesses do, as one who lies would."""
    kinds = {first: LARGE, second: COMPACT}
    assert most_trusted(said(kinds)) == (LARGE, first)


@pytest.mark.parametrize("guess", [TypeSource.CLASSIFIER, TypeSource.CAMERA])
@pytest.mark.parametrize(("driver", "other"), list(product(VehicleType, VehicleType)))
def test_a_driver_is_believed_over_a_guess_only_where_nothing_is_gained(
    guess: TypeSource, driver: VehicleType, other: VehicleType
):
    sizes = list(VehicleType)
    larger = sizes.index(driver) > sizes.index(other)
    expected = (driver, TypeSource.DRIVER) if larger else (other, guess)
    assert most_trusted(said({guess: other, TypeSource.DRIVER: driver})) == expected


@pytest.mark.parametrize("certain", [TypeSource.HEIGHT, TypeSource.PERMIT, TypeSource.RESERVATION])
@pytest.mark.parametrize("driver", list(VehicleType))
def test_no_driver_goes_over_what_is_measured_registered_or_paid_for(certain: TypeSource, driver: VehicleType):
    assert most_trusted(said({certain: COMPACT, TypeSource.DRIVER: driver})) == (COMPACT, certain)


def test_where_nobody_says_anything_the_lane_does():
    assert most_trusted(TypeEvidence(LARGE)) == (LARGE, TypeSource.LANE)
    assert most_trusted(TypeEvidence(LARGE, driver=MOTORCYCLE)) == (MOTORCYCLE, TypeSource.DRIVER)


def test_a_place_for_badges_or_charging_says_nothing_of_the_vehicle():
    assert {spot: of_reserved(spot) for spot in SpotType} == {
        **{spot: VehicleType(spot.value) for spot in SpotType if spot.value in list(VehicleType)},
        SpotType.HANDICAP: None,
        SpotType.EV: None,
    }
