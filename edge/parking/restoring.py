"""What a lot whose store is new makes of all that the cloud tells it: step by step, so that no lane waits for long."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from edge.parking.access.restoring import take_over_entries
from edge.parking.money.restoring import take_over_books
from edge.parking.places.restoring import take_over_spots
from edge.parking.reservations.restoring import take_over_quotas, take_over_reservations
from edge.parking.stays.restoring import Pending, finish, take_over
from edge.store import Transaction
from models.facts.digests import BEFORE_ALL
from models.ids import TicketId
from models.wire.restoring import Known, Told

STAYS_AT_ONCE = 20

Step = Callable[[Transaction], list[TicketId]]
"""A transaction's work. Returns the stays that can't be taken over."""


def steps(answer: Sequence[Known]) -> Iterator[Step]:
    """In this order, and then `conclude`. All of it may be done again."""
    told = answer[0].told if answer else None
    for known in answer:
        yield lambda tx, known=known: _beside_the_stays(tx, known, told)
    stays = [stay for known in answer for stay in known.stays]
    for start in range(0, len(stays), STAYS_AT_ONCE):
        yield lambda tx, some=stays[start : start + STAYS_AT_ONCE]: take_over(tx, some)


def conclude(tx: Transaction, was: Pending, answer: Sequence[Known], left_out: Sequence[TicketId]) -> None:
    """What is counted goes on from where it was, in the transaction from which on the lot knows what it was."""
    first = answer[0]
    entries = [each for known in answer for each in known.entries]
    take_over_entries(tx, entries, first.told)
    if first.books is not None:
        take_over_books(tx, first.books, first.told)
    applied = max((known.applied for known in answer), default=0)
    newest = max((known.newest for known in answer), default=BEFORE_ALL)
    finish(tx, was, applied, sum(len(known.stays) for known in answer), left_out, newest)


def _beside_the_stays(tx: Transaction, known: Known, told: Told | None) -> list[TicketId]:
    take_over_quotas(tx, known.quotas)
    take_over_reservations(tx, known.reservations)
    take_over_spots(tx, known.spots, told)
    return []
