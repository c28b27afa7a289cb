"""Which receipts and credit notes a stay gets now, and what stands on each. Pure.

Each payment stands on one receipt, each refund on one credit note. What all of a stay's papers say together is its fee
as far as it is paid, with the taxes that the books have: so each says what it adds to those before it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from models.instants import Instant
from models.ledger.booking import shared
from models.money import Minor
from models.receipts.document import Business, Document, Kind, Move, PaidWith
from models.receipts.taxes import Rates, told


@dataclass(frozen=True, slots=True)
class Letterhead:
    """What is the lot's own on every receipt. `zone` is an IANA name."""

    lot: str
    business: Business
    zone: str


@dataclass(frozen=True, slots=True)
class Account:
    """A stay and its money as it stands. `taxes`: by name, what of the `fee` they are. `moves` are all that count for
    it, refunds below zero; `refunded`: for a refund, the payment that it gives back, where that is known. `owed` is
    what is left as a debt. `paid_with`: by payment, what was paid at once with it. `slack`: by how much the tariff may
    have rounded the sum."""

    ticket: str
    serial: int | None
    entered: Instant | None
    left: Instant | None
    paid_until: Instant | None
    currency: str
    fee: Minor
    taxes: Mapping[str, Minor]
    rates: Rates
    moves: Sequence[Move]
    refunded: Mapping[str, str]
    owed: Minor
    paid_with: Mapping[str, tuple[PaidWith, ...]] = field(default_factory=dict[str, tuple[PaidWith, ...]])
    slack: int = 0


def due(
    account: Account, letterhead: Letterhead, before: Sequence[Document], next_number: int, at: Instant
) -> list[Document]:
    """What is to be made out now: a receipt for what was paid since the last one, then a credit note for what was given
    back. Empty: all stands on paper already."""
    made: list[Document] = []
    named = {move.id for document in before for move in document.moves}
    new = [move for move in account.moves if move.id not in named]
    for kind, moves in (
        (Kind.RECEIPT, [move for move in new if move.amount > 0]),
        (Kind.CREDIT_NOTE, [move for move in new if move.amount < 0]),
    ):
        if moves:
            number = next_number + len(made)
            made.append(_document(account, letterhead, [*before, *made], kind, moves, number, at))
    return made


def _document(
    account: Account,
    letterhead: Letterhead,
    before: Sequence[Document],
    kind: Kind,
    moves: Sequence[Move],
    number: int,
    at: Instant,
) -> Document:
    total = sum(move.amount for move in moves)
    paid = total + sum(document.total for document in before)
    settled = Minor(max(min(paid, account.fee), 0))
    gross = settled - sum(document.gross for document in before)
    taxes = _taxes_since(account, settled, before)
    net = Minor(gross - sum(taxes.values()))
    return Document(
        kind=kind,
        number=number,
        refers_to=_refers_to(account, moves, before) if kind is Kind.CREDIT_NOTE else (),
        lot=letterhead.lot,
        business=letterhead.business,
        zone=letterhead.zone,
        ticket=account.ticket,
        serial=account.serial,
        entered=account.entered,
        left=account.left,
        paid_until=account.paid_until,
        currency=account.currency,
        fee=account.fee,
        total=Minor(total),
        net=net,
        taxes=told(net, taxes, account.rates, account.slack),
        over=Minor(total - gross),
        moves=tuple(moves),
        owed=account.owed,
        paid_with=tuple(other for move in moves for other in account.paid_with.get(move.id, ())),
        at=at,
    )


def _taxes_since(account: Account, settled: Minor, before: Iterable[Document]) -> dict[str, Minor]:
    now = dict(shared(settled, account.fee, tuple(account.taxes.items()))) if settled else {}
    for document in before:
        for tax in document.taxes:
            now[tax.name] = Minor(now.get(tax.name, 0) - tax.amount)
    return now


def _refers_to(account: Account, refunds: Sequence[Move], before: Sequence[Document]) -> tuple[int, ...]:
    """The receipts whose payments are given back; where that isn't known, all of the stay's."""
    receipts = [document for document in before if document.kind is Kind.RECEIPT]
    given_back = {account.refunded.get(refund.id) for refund in refunds}
    if None not in given_back:
        named = [one.number for one in receipts if given_back & {move.id for move in one.moves}]
        if named:
            return tuple(named)
    return tuple(document.number for document in receipts)
