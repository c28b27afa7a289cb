"""What a lane offers to who comes in: the price on its sign, by which the ticket will be charged."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal

from edge.lane.lane import Lane
from edge.lane.signals import Phase
from models.tariff import Tariff
from models.tickets import Direction


@dataclass(frozen=True, slots=True)
class Offer:
    """`line` is what the sign says of it; `factor`, by how much the rates are multiplied, is in the tariff already."""

    line: str
    factor: Decimal
    tariff: Tariff = field(compare=False)


def waits_to_enter(lane: Lane) -> bool | None:
    """Whether a vehicle stands before the arm on the side from which they come in; None: nobody knows."""
    return lane.near if lane.fitted.direction is Direction.ENTRY else lane.far


def sign_lines(lane: Lane, line: str, offer: Offer | None) -> list[str]:
    """What the sign shows of what the lane says and of the price: at least one line, which may be empty."""
    price = price_line(lane, line, offer)
    return [text for text in (line, price) if text] or [""]


def price_line(lane: Lane, line: str, offer: Offer | None) -> str:
    """The price stands there while the lane says nothing else, and beside what it says for as long as the driver can
    still turn round. Empty: it doesn't."""
    idle_and_free = lane.phase is Phase.IDLE and not line
    return offer.line if offer is not None and (idle_and_free or lane.phase is Phase.READING) else ""
