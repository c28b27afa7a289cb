"""One contact of a relay board as its thread sees it, and the words that a make of board understands."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from typing import Protocol

from drivers.contract import DriverError
from drivers.over_serial.port import Whole
from models.faults import Fault
from models.instants import Monotonic

_AT_ONCE = Monotonic(0)


class Garbled(Exception):
    """An answer that makes no sense."""


@dataclass(frozen=True, slots=True)
class Words:
    """What is said to a board. `whole` tells when its answer has come in full; None: it answers nothing.

    `echoed`: the answer repeats what was said, so that a late one can't be taken for another.
    """

    out: bytes
    whole: Whole | None = None
    echoed: bool = False


class BoardProtocol(Protocol):
    """The words of one make of board. No I/O."""

    def order(self, channel: int, on: bool) -> Words: ...

    def question(self, channel: int) -> Words | None:
        """How it is asked for the state of a relay; None for a board that can't be."""
        ...

    def state(self, channel: int, answer: bytes) -> bool:
        """Whether the relay is on by this answer to the question. Raises Garbled."""
        ...


class Wish(Enum):
    """How a contact is meant to be."""

    LEFT = "left"
    """As it was found: nobody has given an order yet. As an order: end what is going on, and touch nothing else"""
    OPEN = "open"
    PULSE = "pulse"
    MADE = "made"


@dataclass(eq=False)
class Order:
    wish: Wish
    taken_at: Monotonic
    finish: Callable[[DriverError | None], None]
    """May be called on any thread"""
    seconds: float = 0.0
    within: float | None = None
    """An order that couldn't be sent so soon isn't meant any more; None: as long as the board's orders usually wait"""


def a_contact(channel: int, tell: Callable[[Fault, str | None], None], leave: bool) -> Contact:
    """As a board finds it at the start. `leave`: nothing is owed to it then."""
    return Contact(channel, tell, wish=Wish.LEFT, open_at=None) if leave else Contact(channel, tell)


@dataclass(eq=False)
class Contact:
    """One relay of a board. Only `on` is for other threads to look at."""

    channel: int
    tell: Callable[[Fault, str | None], None]
    """A fault has begun, or (None) ended; may be called on any thread"""
    on: bool | None = None
    wish: Wish = Wish.OPEN
    open_at: Monotonic | None = _AT_ONCE
    """When it is to be told to open: the end of a pulse, or an opening that is still owed. At the start it is."""
    unconfirmed: bool = False
    """It was told to close, and the board hasn't said yet that it has"""
    order: Order | None = None
    error: DriverError | None = None
    """Why the order has failed already, while the contact is still being opened"""
    tries: int = 0
    doubts: int = 0
    silences: int = 0
    disobeyed: set[bool] = field(default_factory=set[bool])
    raised: dict[Fault, str] = field(default_factory=dict[Fault, str])

    def begins(self, fault: Fault, detail: str) -> None:
        if self.raised.get(fault) != detail:
            self.raised[fault] = detail
            self.tell(fault, detail)

    def ends(self, *faults: Fault) -> None:
        for fault in faults:
            if self.raised.pop(fault, None) is not None:
                self.tell(fault, None)

    def finish(self, error: DriverError | None) -> None:
        order, self.order, self.error = self.order, None, None
        if order is not None:
            order.finish(error)

    @property
    def is_left_alone(self) -> bool:
        """Whether it may be made and is to stay so, whatever becomes of the port."""
        return self.wish is Wish.LEFT or (self.wish is Wish.MADE and not self.unconfirmed)

    @property
    def is_driven(self) -> bool:
        """Whether it is made, or may be, although nobody wants it to stay so."""
        return self.wish is Wish.PULSE or self.open_at is not None or self.unconfirmed
