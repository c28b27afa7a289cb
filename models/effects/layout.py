"""What the facts of a lot's layout change: the lot itself, its levels, its spots."""

from __future__ import annotations

from models.effects.by_fact import changes_of
from models.effects.changes import Change, SpotOf, Value
from models.facts import (
    DeclaredSpot,
    DeclaredSpotV1,
    LevelDeclared,
    LevelDeclaredV1,
    LotDeclared,
    SpotsRemoved,
)
from models.ids import LotId
from models.spots import SpotStatus


@changes_of.register
def _(fact: LotDeclared, lot: LotId, spot_of: SpotOf) -> list[Change]:
    values: dict[str, Value] = {
        "name": fact.name,
        "address": fact.address,
        "timezone": fact.timezone,
        "currency": fact.currency,
        "total_spots": fact.total_spots,
        "lat": _degrees(fact.lat_microdegrees),
        "lng": _degrees(fact.lng_microdegrees),
    }
    return [Change("declare", "parking_lots", lot, values, {"neutral_since": None})]


@changes_of.register
def _(fact: LevelDeclared | LevelDeclaredV1, lot: LotId, spot_of: SpotOf) -> list[Change]:
    level = Change(
        "declare", "levels", fact.level, {"floor_number": fact.floor_number, "name": fact.name}, {"lot_id": lot}
    )
    return [level] + [
        Change(
            "declare",
            "spots",
            spot.id,
            {
                "level_id": fact.level,
                "spot_number": spot.number,
                "spot_type": spot.type,
                "zone": _zone(spot),
                "removed": False,
            },
            {"lot_id": lot, "status": SpotStatus.AVAILABLE, "blocked": None},
        )
        for spot in fact.spots
    ]


def _zone(spot: DeclaredSpot | DeclaredSpotV1) -> str:
    return spot.zone if isinstance(spot, DeclaredSpot) else ""


@changes_of.register
def _(fact: SpotsRemoved, lot: LotId, spot_of: SpotOf) -> list[Change]:
    return [Change("update", "spots", spot, {"removed": True}) for spot in fact.spots]


def _degrees(microdegrees: int | None) -> float | None:
    return None if microdegrees is None else microdegrees / 1_000_000
