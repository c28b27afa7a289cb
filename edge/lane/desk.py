"""What a lane needs of the parking service: a decision, and papers on which to put what happened."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from edge.lane.signals import Allowed, Read, Refused
from edge.store import Transaction
from models.ids import TicketId
from models.plates import Plate
from models.refusals import Refusal

Paper = Callable[[Transaction], None]
"""Something that happened, to be written in a transaction of its own."""


class Desk(Protocol):
    async def decide(self, read: Read) -> Allowed | Refused:
        """Whether the vehicle may pass. `Allowed` is on record when it is answered."""
        ...

    def confirm(self, ticket: TicketId) -> Paper:
        """The vehicle passed."""
        ...

    def withdraw(self, ticket: TicketId, *, vended: bool) -> Paper:
        """The vehicle didn't pass; `vended` says whether the arm had been told to rise."""
        ...

    def unresolve(self, ticket: TicketId) -> Paper:
        """Nobody saw whether the vehicle passed."""
        ...

    def refuse(self, reason: Refusal, plate: Plate | None) -> Paper: ...
