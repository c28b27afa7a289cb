"""What a person at the lot tells the daemon of money, as the socket has it. Amounts are as they were typed."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from models.instants import Instant

_Amount = Annotated[str, Field(min_length=1, max_length=24)]
_Code = Annotated[str, Field(min_length=1, max_length=60)]
_Drawer = Annotated[str, Field(min_length=1, max_length=40, pattern=r"^[^\x00-\x1f]+$")]
_Reason = Annotated[str, Field(min_length=1, max_length=300)]


class MoneyOrder(BaseModel):
    """What all of them say."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    by: Annotated[str, Field(min_length=1, max_length=80)]


class RefundOrder(MoneyOrder):
    """So much goes back to the driver, by the way it came; with a `drawer`, out of that."""

    money: Literal["refund"] = "refund"
    code: _Code
    amount: _Amount
    drawer: _Drawer | None = None
    reason: _Reason


class WriteOffOrder(MoneyOrder):
    """Nobody is asked any more for what the ticket owes."""

    money: Literal["write_off"] = "write_off"
    code: _Code
    reason: _Reason


class DisputeOrder(MoneyOrder):
    """A driver's bank has taken a payment back (`amount`), or it is clear whose it is."""

    money: Literal["dispute"] = "dispute"
    code: _Code
    step: Literal["open", "won", "lost"]
    amount: _Amount | None = None
    reason: _Reason


class ShiftOrder(MoneyOrder):
    """A drawer was counted: a shift begins or ends with it. `left`: what stays in it; None: all of it."""

    money: Literal["shift"] = "shift"
    step: Literal["open", "close"]
    drawer: _Drawer
    counted: _Amount
    left: _Amount | None = None


class CloseDayOrder(MoneyOrder):
    """The business day is over."""

    money: Literal["close_day"] = "close_day"


class ReconcileOrder(MoneyOrder):
    """The providers' reports are put beside the books now. `book`: what the books lack is booked."""

    money: Literal["reconcile"] = "reconcile"
    since: Instant | None = None
    until: Instant | None = None
    book: bool = False
    reason: _Reason | None = None


class SettleOrder(MoneyOrder):
    """A case may stay as it is."""

    money: Literal["settle"] = "settle"
    number: Annotated[int, Field(ge=1)]
    reason: _Reason


Order = RefundOrder | WriteOffOrder | DisputeOrder | ShiftOrder | CloseDayOrder | ReconcileOrder | SettleOrder
InBooks = RefundOrder | WriteOffOrder | DisputeOrder | ShiftOrder | CloseDayOrder | SettleOrder
"""Those that are one transaction."""
