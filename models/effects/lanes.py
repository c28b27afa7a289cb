"""What the facts of a lane change: how it is set, and what people and vehicles did there."""

from __future__ import annotations

from collections.abc import Mapping

from models.effects.by_fact import changes_of
from models.effects.changes import Change, SpotOf, Value, plate_told
from models.facts import (
    HelpCalled,
    LaneHeld,
    LaneOrdered,
    LaneReleased,
    PassageCounted,
)
from models.ids import LaneName, LotId, lane_id
from models.instants import Instant
from models.lanes import HoldCause, LaneState


@changes_of.register
def _(fact: LaneOrdered, lot: LotId, spot_of: SpotOf) -> list[Change]:
    order: dict[str, Value] = {
        "lot_id": lot,
        "order_id": fact.order,
        "lane": fact.lane,
        "kind": fact.kind,
        "given_by": fact.by,
        "reason": fact.reason,
        "state": fact.state,
        "obeyed": fact.obeyed,
        "why_not": fact.why_not,
        "at": fact.at,
    }
    changes = [Change("insert", "lane_orders", fact.record, order)]
    if fact.obeyed and fact.state is not None:
        changes.append(_lane(lot, fact.lane, fact.at, {"state": fact.state}))
    return changes


@changes_of.register
def _(fact: LaneHeld, lot: LotId, spot_of: SpotOf) -> list[Change]:
    return [_lane(lot, fact.lane, fact.at, {"hold": fact.cause})]


@changes_of.register
def _(fact: LaneReleased, lot: LotId, spot_of: SpotOf) -> list[Change]:
    return [_lane(lot, fact.lane, fact.at, {"hold": None})]


@changes_of.register
def _(fact: PassageCounted, lot: LotId, spot_of: SpotOf) -> list[Change]:
    values: dict[str, Value] = {
        "lot_id": lot,
        "lane": fact.lane,
        "direction": fact.direction,
        "kind": fact.kind,
        "order_id": fact.order,
        "unable_to_collect": fact.unable_to_collect,
        "license_plate": plate_told(fact.license_plate),
        "at": fact.at,
    }
    return [Change("insert", "passages", fact.passage, values)]


@changes_of.register
def _(fact: HelpCalled, lot: LotId, spot_of: SpotOf) -> list[Change]:
    values: dict[str, Value] = {
        "lot_id": lot,
        "lane": fact.lane,
        "why": fact.why,
        "license_plate": plate_told(fact.license_plate),
        "at": fact.at,
    }
    return [Change("insert", "help_calls", fact.call, values)]


def _lane(lot: LotId, name: LaneName, at: Instant, now: Mapping[str, LaneState | HoldCause | None]) -> Change:
    """What a lane is set to. One that was never told anything is open and holds nothing."""
    at_first: dict[str, Value] = {"lot_id": lot, "name": name, "state": LaneState.OPEN, "hold": None}
    others = {column: value for column, value in at_first.items() if column not in now}
    return Change("declare", "lane_states", lane_id(lot, name), {**now, "changed_at": at}, others)
