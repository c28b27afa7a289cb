"""What the facts of valet parking change: one row a vehicle that was taken over."""

from __future__ import annotations

from models.effects.by_fact import changes_of
from models.effects.changes import Change, SpotOf, Value
from models.facts import (
    ValetCalled,
    ValetCallEnded,
    ValetFetching,
    ValetHandedBack,
    ValetParked,
    ValetReady,
    ValetTaken,
)
from models.ids import LotId, TicketId
from models.valet.machine import ValetState


@changes_of.register
def _(fact: ValetTaken, lot: LotId, spot_of: SpotOf) -> list[Change]:
    """A vehicle may be handed over again on the same ticket."""
    at_first: dict[str, Value] = {"lot_id": lot, "ticket_id": fact.ticket}
    values: dict[str, Value] = {
        "tag": fact.tag,
        "state": ValetState.TAKEN.value,
        "taken_by": fact.by,
        "taken_at": fact.at,
        "spot_id": None,
        "place": None,
        "parked_at": None,
        "called_at": None,
        "fetching_by": None,
        "ready_at": None,
        "handed_back_at": None,
        "handed_back_by": None,
        "against": None,
        "reason": None,
    }
    return [Change("declare", "valet_stays", fact.ticket, values, at_first)]


@changes_of.register
def _(fact: ValetParked, lot: LotId, spot_of: SpotOf) -> list[Change]:
    """One that stood ready for its driver is parked again, and has to be called again."""
    parked: dict[str, Value] = {
        "spot_id": fact.spot,
        "place": fact.place,
        "parked_at": fact.at,
        "called_at": None,
        "fetching_by": None,
        "ready_at": None,
    }
    return _now(fact.ticket, ValetState.PARKED, parked)


@changes_of.register
def _(fact: ValetCalled, lot: LotId, spot_of: SpotOf) -> list[Change]:
    return _now(fact.ticket, ValetState.REQUESTED, {"called_at": fact.at})


@changes_of.register
def _(fact: ValetCallEnded, lot: LotId, spot_of: SpotOf) -> list[Change]:
    return _now(fact.ticket, ValetState.PARKED, {"called_at": None})


@changes_of.register
def _(fact: ValetFetching, lot: LotId, spot_of: SpotOf) -> list[Change]:
    return _now(fact.ticket, ValetState.FETCHING, {"fetching_by": fact.by})


@changes_of.register
def _(fact: ValetReady, lot: LotId, spot_of: SpotOf) -> list[Change]:
    return _now(fact.ticket, ValetState.READY, {"ready_at": fact.at})


@changes_of.register
def _(fact: ValetHandedBack, lot: LotId, spot_of: SpotOf) -> list[Change]:
    over: dict[str, Value] = {
        "handed_back_at": fact.at,
        "handed_back_by": fact.by,
        "against": fact.against,
        "reason": fact.reason,
    }
    return _now(fact.ticket, ValetState.HANDED_BACK, over)


def _now(ticket: TicketId, state: ValetState, values: dict[str, Value]) -> list[Change]:
    return [Change("update", "valet_stays", ticket, {"state": state.value, **values})]
