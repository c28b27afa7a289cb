"""What the API answers about debts and books: amounts in the currency's smallest unit, debits positive."""

from __future__ import annotations

from pydantic import Field

from cloud.api.shapes import Money, Shape
from cloud.queries.books import Closing, Day, Debt, Entry, TicketBooks, Total
from models.instants import to_rfc3339
from models.plates import masked

_TIME = "2026-11-20T08:12:30.000000Z"
_NEXT = "Pass as `cursor` for the page after this; null at the end"


class DebtOut(Shape):
    """What a vehicle was let out without paying."""

    payment: str
    ticket: str
    ticket_code: str = Field(examples=["7Q3K-M4XW"])
    plate: str | None = Field(
        description="Masked unless the key has the scope `plates`; null when it wasn't read, or was forgotten"
    )
    lane: str
    owed: Money
    reason: str = Field(description="Why it wasn't collected")
    asked: str | None = Field(description="The provider that was asked for it and may take it yet")
    at: str = Field(examples=[_TIME])

    @classmethod
    def of(cls, debt: Debt, *, plates: bool) -> DebtOut:
        return cls(
            payment=debt.payment,
            ticket=debt.ticket,
            ticket_code=debt.code,
            plate=debt.plate if debt.plate is None or plates else masked(debt.plate),
            lane=debt.lane,
            owed=Money(amount=debt.amount, currency=debt.currency),
            reason=debt.reason,
            asked=debt.asked,
            at=to_rfc3339(debt.at),
        )


class DebtsOut(Shape):
    debts: list[DebtOut]
    next: str | None = Field(description=_NEXT)


class EntryOut(Shape):
    """A line of the books. The lines of a posting add up to nothing; it is never changed, only reversed."""

    posting: str
    kind: str = Field(description="What happened", examples=["payment"])
    account: str = Field(examples=["provider:nexo"])
    amount: int = Field(description="In the currency's smallest unit; debits are positive", examples=[250])
    currency: str = Field(examples=["EUR"])
    payment: str | None
    reverses: str | None = Field(description="The posting that never should have been")
    day: int = Field(description="The lot's business day; 0: it didn't know, and it counts to the next that was closed")
    by: str | None = Field(description="The person who did it, if one did")
    reason: str | None
    at: str = Field(examples=[_TIME])

    @classmethod
    def of(cls, entry: Entry) -> EntryOut:
        return cls(
            posting=entry.posting,
            kind=entry.kind,
            account=entry.account,
            amount=entry.amount,
            currency=entry.currency,
            payment=entry.payment,
            reverses=entry.reverses,
            day=entry.day,
            by=entry.by,
            reason=entry.reason,
            at=to_rfc3339(entry.at),
        )


class BalanceOut(Shape):
    """What stands in an account."""

    account: str = Field(examples=["cash:north-out"])
    amount: int = Field(description="In the currency's smallest unit; debits are positive", examples=[52_00])
    currency: str = Field(examples=["EUR"])

    @classmethod
    def of(cls, total: Total) -> BalanceOut:
        return cls(account=total.account, amount=total.amount, currency=total.currency)


class TicketLedgerOut(Shape):
    ticket: str
    ticket_code: str
    balances: list[BalanceOut] = Field(description="Accounts in which something of this ticket is left")
    entries: list[EntryOut]

    @classmethod
    def of(cls, books: TicketBooks) -> TicketLedgerOut:
        held = sorted(books.balances.items())
        return cls(
            ticket=books.ticket,
            ticket_code=books.code,
            balances=[BalanceOut(account=name, amount=amount, currency=money) for (name, money), amount in held],
            entries=[EntryOut.of(entry) for entry in books.entries],
        )


class BooksOut(Shape):
    """What each account holds now. All of them together hold nothing, in each currency."""

    open_day: int = Field(description="The business day that isn't closed yet, by the lot's own count", examples=[14])
    accounts: list[BalanceOut]


class TotalOut(BalanceOut):
    kind: str = Field(examples=["payment"])
    lines: int

    @classmethod
    def of(cls, total: Total) -> TotalOut:
        said = BalanceOut.of(total).model_dump()
        return cls.model_validate({**said, "kind": total.kind or "", "lines": total.lines or 0})


class ClosingOut(Shape):
    """A day or shift that is over, for good."""

    id: str
    what: str = Field(description="`day` or `shift`")
    number: int = Field(description="Without gaps, days and shifts apart", examples=[13])
    drawer: str | None = Field(description="Of a shift")
    by: str
    at: str = Field(examples=[_TIME])
    currency: str | None = Field(description="Of a shift, as are the next three")
    expected: int | None = Field(description="What the books said")
    counted: int | None = Field(description="What lay in the drawer")
    left: int | None = Field(description="What stays in it")

    @classmethod
    def of(cls, closing: Closing) -> ClosingOut:
        said = {name: closing.report.get(name) for name in ("currency", "expected", "counted", "left")}
        told = {"id": closing.id, "what": closing.what, "number": closing.number, "drawer": closing.drawer}
        return cls.model_validate({**told, **said, "by": closing.by, "at": to_rfc3339(closing.at)})


class ClosingsOut(Shape):
    closings: list[ClosingOut]
    next: str | None = Field(description=_NEXT)


class DayOut(Shape):
    number: int
    closed: ClosingOut | None = Field(description="Null: the day is open, and this is what came so far")
    totals: list[TotalOut] = Field(description="What was posted in it, by kind and account")
    held: list[BalanceOut] = Field(description="What stood in each account of money when it was closed")

    @classmethod
    def of(cls, day: Day) -> DayOut:
        return cls(
            number=day.number,
            closed=None if day.closed is None else ClosingOut.of(day.closed),
            totals=[TotalOut.of(total) for total in day.totals],
            held=[BalanceOut.of(total) for total in day.held],
        )
