"""What merchants and persons take off a stay by a code of its tariff, and tickets that are lost."""

from __future__ import annotations

from edge.parking.stays.tickets import Ticket
from edge.parking.stays.tickets import ticket as find
from edge.store import Transaction
from models.facts import ValidationGiven
from models.facts.lanes import LONGEST_TEXT
from models.ids import LaneName, TicketId
from models.tariff import Terms


def is_offer(stay: Ticket, code: str) -> bool:
    """Whether the tariff on its ticket has this code."""
    terms = stay.tariff
    return isinstance(terms, Terms) and terms.validations is not None and code in terms.validations.offers


def give(tx: Transaction, ticket: TicketId, place: LaneName, code: str, by: str) -> str:
    """Puts the code on the ticket, once. Returns why not, for whoever gives it; empty: it counts."""
    stay = find(tx.connection, ticket)
    if not stay.open:
        return "the stay is over"
    if not is_offer(stay, code):
        return f"the tariff of this ticket has no validation {code!r}"
    if code not in stay.validations:
        every = (*stay.validations, code)
        by = by[:LONGEST_TEXT]
        tx.record(ValidationGiven(ticket=ticket, lane=place, code=code, by=by, all=every, at=tx.at.wall))
    return ""
