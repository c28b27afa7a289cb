"""What the facts of faults change."""

from __future__ import annotations

from models.effects.by_fact import changes_of
from models.effects.changes import Change, SpotOf, Value
from models.facts import (
    FaultCleared,
    FaultRaised,
)
from models.ids import LotId


@changes_of.register
def _(fact: FaultRaised, lot: LotId, spot_of: SpotOf) -> list[Change]:
    values: dict[str, Value] = {
        "lot_id": lot,
        "code": fact.code,
        "source": fact.source,
        "detail": fact.detail,
        "raised_at": fact.at,
        "cleared_at": None,
    }
    return [Change("insert", "faults", fact.fault, values)]


@changes_of.register
def _(fact: FaultCleared, lot: LotId, spot_of: SpotOf) -> list[Change]:
    return [Change("update", "faults", fact.fault, {"cleared_at": fact.at})]
