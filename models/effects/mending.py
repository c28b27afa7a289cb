"""What a merge, a split, and the undoing of either change: the two tickets, their spots, their payments."""

from __future__ import annotations

import json

from models.effects.by_fact import changes_of
from models.effects.changes import Change, SpotOf, Value, spot_set
from models.facts import MatchUndone, MendedTicket, MendingUndone, TicketsMerged, TicketSplit
from models.facts.mending import Mended
from models.ids import LotId
from models.spots import SpotStatus
from models.tickets import TicketStatus


@changes_of.register
def _(fact: TicketsMerged | TicketSplit, lot: LotId, spot_of: SpotOf) -> list[Change]:
    return [*_mended(fact), _recorded(fact, lot, "merge" if isinstance(fact, TicketsMerged) else "split")]


@changes_of.register
def _(fact: MatchUndone, lot: LotId, spot_of: SpotOf) -> list[Change]:
    """The exit goes from one ticket to the other, with all that was put on record of it."""
    own: dict[str, Value] = {"exit_match": None, "exit_picture": None}
    there: dict[str, Value] = {
        "exit_lane": fact.exit_lane,
        "exit_match": "by_hand",
        "exit_picture": fact.exit_picture,
    }
    return [
        *_mended(fact),
        Change("update", "tickets", fact.ticket, own),
        Change("update", "tickets", fact.other, there),
        _recorded(fact, lot, "match"),
    ]


def _recorded(fact: Mended, lot: LotId, kind: str) -> Change:
    values: dict[str, Value] = {
        "lot_id": lot,
        "kind": kind,
        "ticket_id": fact.ticket,
        "other_id": fact.other,
        "given_by": fact.by,
        "reason": fact.reason,
        "at": fact.at,
        "was": was_text(fact),
        "undone_at": None,
        "undone_by": None,
        "undone_reason": None,
    }
    return Change("insert", "ticket_mendings", fact.mending, values)


@changes_of.register
def _(fact: MendingUndone, lot: LotId, spot_of: SpotOf) -> list[Change]:
    undone: dict[str, Value] = {"undone_at": fact.at, "undone_by": fact.by, "undone_reason": fact.reason}
    return [*_mended(fact), Change("update", "ticket_mendings", fact.mending, undone)]


def was_text(fact: Mended) -> str:
    """How both tickets and the payments stood before, for whoever undoes it."""
    was = {"tickets": [ticket.model_dump(mode="json") for ticket in fact.before]}
    return json.dumps({**was, "moved": [moved.payment for moved in fact.moved]}, sort_keys=True)


def _mended(fact: Mended) -> list[Change]:
    return [
        *(Change("update", "tickets", ticket.ticket, _as_it_stands(ticket)) for ticket in fact.mended),
        *spot_set(fact.freed, SpotStatus.AVAILABLE),
        *spot_set(fact.taken, SpotStatus.OCCUPIED),
        *(Change("update", "payments", moved.payment, {"ticket_id": moved.ticket}) for moved in fact.moved),
    ]


def _as_it_stands(ticket: MendedTicket) -> dict[str, Value]:
    """Whatever was put on record of an exit: a vehicle of which a person says that it is inside stands in no lane."""
    inside: dict[str, Value] = {"exit_lane": None} if ticket.status is TicketStatus.ACTIVE else {}
    return {
        **inside,
        "vehicle_id": ticket.vehicle,
        "spot_id": ticket.spot,
        "status": ticket.status.value,
        "exit_time": ticket.exit_time,
        "settled_at": ticket.settled_at,
        "amount_due": ticket.amount_due,
        "amount_paid": ticket.amount_paid,
        "permit_id": ticket.permit,
        "account": ticket.account,
        "reservation_id": ticket.reservation,
        "merged_into": ticket.merged_into,
    }
