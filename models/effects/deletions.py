"""What the facts of deletions change."""

from __future__ import annotations

from models.effects.by_fact import changes_of
from models.effects.changes import Change, SpotOf, Value
from models.facts import (
    RecordsErased,
)
from models.ids import LotId


@changes_of.register
def _(fact: RecordsErased, lot: LotId, spot_of: SpotOf) -> list[Change]:
    values: dict[str, Value] = {
        "lot_id": lot,
        "done_by": "lot",
        "disk_class": fact.disk_class,
        "what": fact.what,
        "count": fact.count,
        "up_to": fact.up_to,
        "why": fact.why,
        "at": fact.at,
    }
    return [Change("insert", "deletions", fact.erasure, values)]
