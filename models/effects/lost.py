"""What the facts of odd tickets change: lost ones, found ones, their pictures, and what seemed wrong about them."""

from __future__ import annotations

from models.effects.by_fact import changes_of
from models.effects.changes import Change, SpotOf, Value
from models.facts import TicketFound, TicketLost, TicketPictured, TicketSuspected, TicketSuspectedV1
from models.ids import LotId


@changes_of.register
def _(fact: TicketLost, lot: LotId, spot_of: SpotOf) -> list[Change]:
    return [Change("update", "tickets", fact.ticket, {"lost": True, "entry_known": fact.entry_known})]


@changes_of.register
def _(fact: TicketFound, lot: LotId, spot_of: SpotOf) -> list[Change]:
    return [Change("update", "tickets", fact.ticket, {"lost": False})]


@changes_of.register
def _(fact: TicketPictured, lot: LotId, spot_of: SpotOf) -> list[Change]:
    return [Change("update", "tickets", fact.ticket, {"picture": fact.picture})]


@changes_of.register
def _(fact: TicketSuspected | TicketSuspectedV1, lot: LotId, spot_of: SpotOf) -> list[Change]:
    """The plate isn't in the row: it goes with the personal part of its fact."""
    values: dict[str, Value] = {
        "lot_id": lot,
        "kind": str(fact.kind),
        "ticket_id": fact.ticket,
        "other_id": fact.other,
        "lane": fact.lane,
        "done": fact.done,
        "at": fact.at,
    }
    return [Change("insert", "ticket_suspicions", fact.suspicion, values)]
