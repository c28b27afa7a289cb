"""What stands on a receipt or a credit note, as it was made out: a copy says the same for ever."""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from models.instants import Instant
from models.money import Minor
from models.wire.chain import canonical


class _Part(BaseModel):
    """What is read may be of a newer release, which says more: that is passed over."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Kind(StrEnum):
    RECEIPT = "receipt"
    CREDIT_NOTE = "credit_note"
    """Money went back: it takes off what an earlier receipt says"""


class Business(_Part):
    """Who has sold the parking. `tax_id` is empty where there is none."""

    name: str
    address: str = ""
    tax_id: str = ""


class Move(_Part):
    """Money that was taken (or given back, then below zero). `id` is the payment's or the refund's own, `token` the
    provider's: never the number of a card. `method`: `cash`, `terminal`, `provider`."""

    id: str
    amount: Minor
    method: str
    provider: str
    token: str
    at: Instant


class Tax(_Part):
    """One tax of the sum. `percent` as text, `base` the net amount that it is charged on; None: not told."""

    name: str
    amount: Minor
    percent: Annotated[str, Field(pattern=r"^\d+(\.\d+)?$")] | None = None
    base: Minor | None = None

    @property
    def rate(self) -> Decimal | None:
        return None if self.percent is None else Decimal(self.percent)


class PaidWith(_Part):
    """A debt of a former stay that was paid at once with this one; it has a receipt of its own."""

    ticket: str
    amount: Minor


class Document(_Part):
    """`total` is the money that was moved: `net` and the taxes, and `over`, what was paid above the fee and is owed to
    the driver. A plate doesn't stand in it: it is kept apart, and forgotten sooner. `left`: when the vehicle was out;
    `paid_until`: for what time the fee is, while it is still inside."""

    form: Literal[1] = 1
    kind: Kind
    number: int
    refers_to: tuple[int, ...] = ()
    lot: str
    business: Business
    zone: str
    ticket: str
    serial: int | None
    entered: Instant | None
    left: Instant | None
    paid_until: Instant | None
    currency: str
    fee: Minor
    total: Minor
    net: Minor
    taxes: tuple[Tax, ...]
    over: Minor
    moves: tuple[Move, ...]
    owed: Minor
    paid_with: tuple[PaidWith, ...] = ()
    at: Instant

    @property
    def gross(self) -> Minor:
        return Minor(self.net + sum(tax.amount for tax in self.taxes))

    def said(self) -> str:
        """As the fact and the store keep it."""
        return canonical(self.model_dump(mode="json"))


class UnreadableReceipt(ValueError):
    """A newer release has made it out, or it is damaged."""


def read_document(said: str) -> Document:
    """Raises UnreadableReceipt."""
    try:
        return Document.model_validate_json(said)
    except ValidationError as wrong:
        raise UnreadableReceipt(f"{wrong.error_count()} parts can't be read") from None
