"""What the facts of the cloud's commands change."""

from __future__ import annotations

from models.effects.by_fact import changes_of
from models.effects.changes import Change, SpotOf, Value
from models.facts import (
    CommandEnded,
    CommandTaken,
)
from models.ids import LotId


@changes_of.register
def _(fact: CommandTaken, lot: LotId, spot_of: SpotOf) -> list[Change]:
    values: dict[str, Value] = {
        "lot_id": lot,
        "lane": fact.lane,
        "kind": fact.kind,
        "given_by": fact.by,
        "reason": fact.reason,
        "issued_at": fact.issued_at,
        "taken_at": fact.at,
        "ended_at": None,
        "outcome": None,
        "said": "",
    }
    return [Change("insert", "taken_commands", fact.command, values)]


@changes_of.register
def _(fact: CommandEnded, lot: LotId, spot_of: SpotOf) -> list[Change]:
    ended: dict[str, Value] = {"ended_at": fact.at, "outcome": fact.end, "said": fact.said}
    return [Change("update", "taken_commands", fact.command, ended)]
