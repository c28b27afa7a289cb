"""What a lane needs of the parking service: a decision, and papers on which to put what happened."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Protocol

from edge.lane.actions import Count
from edge.lane.signals import Allowed, Asked, Button, Order, Refused
from edge.store import Transaction
from models.ids import TicketId
from models.lanes import HoldCause
from models.plates import Plate
from models.refusals import Refusal

Paper = Callable[[Transaction], None]
"""Something that happened, to be written in a transaction of its own."""


class Desk(Protocol):
    """One direction of one lane, as the parking service serves it."""

    async def decide(self, asked: Asked, gone: asyncio.Event | None = None) -> Allowed | Refused:
        """Whether the vehicle may pass. `Allowed` is on record when it is answered. Once the vehicle has `gone`, its
        driver isn't waited for any more."""
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

    def count(self, passage: Count) -> Paper:
        """A vehicle passed that no ticket stands for; at an exit, what it owed couldn't be collected."""
        ...

    def obey(self, order: Order, why_not: str) -> Paper:
        """A person's order, and why the lane didn't obey; empty if it did. With SET_STATE, the lane's new state."""
        ...

    def hold(self, cause: HoldCause | None, order: Order | None) -> Paper:
        """The arm is kept up from now on for this cause, or (None) no longer."""
        ...

    def call(self, why: Button, plate: Plate | None) -> Paper:
        """The driver wants a person."""
        ...
