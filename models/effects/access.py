"""What the facts of who may pass change: vehicles turned away, and passages no longer held against them."""

from __future__ import annotations

from models.effects.by_fact import changes_of
from models.effects.changes import Change, SpotOf, Value, plate_told
from models.facts import (
    AccessRefused,
    PassbackReset,
)
from models.ids import LotId


@changes_of.register
def _(fact: AccessRefused, lot: LotId, spot_of: SpotOf) -> list[Change]:
    values: dict[str, Value] = {
        "lot_id": lot,
        "lane": fact.lane,
        "direction": fact.direction,
        "reason": fact.reason,
        "license_plate": plate_told(fact.license_plate),
        "at": fact.at,
    }
    return [Change("insert", "access_refusals", fact.refusal, values)]


@changes_of.register
def _(fact: PassbackReset, lot: LotId, spot_of: SpotOf) -> list[Change]:
    table, row = ("parking_lots", lot) if fact.vehicle is None else ("vehicles", fact.vehicle)
    return [Change("update", table, row, {"neutral_since": fact.at})]
