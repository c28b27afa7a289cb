"""Receipts as drivers and people at the lot get them: printed beside the lane's work, which never waits for paper."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from functools import partial

import structlog

from drivers.contract import DigitalInput, Driver, DriverError, PrintedReceipt, TicketPrinter
from edge.local import Obeyed
from edge.parking.money.receipt_policy import GiveReceipts
from edge.parking.money.receipts import NoReceipt, Receipt, make_out
from edge.parking.stays.tickets import ticket_with_code
from edge.receipt_orders import ReceiptOrder
from edge.store import Store, StoreUnavailable, Transaction
from models.ids import LaneName, TicketId
from models.phrases.language import Language, language
from models.qr import shown_code
from models.receipts.document import Kind
from models.receipts.layout import laid_out
from models.receipts.making import Letterhead

_LOG = structlog.get_logger("edge.receipts")
_NAMES = {Kind.RECEIPT: "receipt", Kind.CREDIT_NOTE: "credit note"}


class Receipts:
    """All of a lot. What was made out, but came out of no printer, is no copy when it is asked for again; after a
    restart nobody knows that any more, and it is one."""

    def __init__(self, store: Store, letterhead: Letterhead, languages: Sequence[Language]) -> None:
        self._store, self._letterhead = store, letterhead
        self.languages = tuple(languages)
        self.desks: dict[str, ReceiptDesk] = {}
        self._in_nobodys_hand: set[int] = set()

    async def of(self, ticket: TicketId) -> list[Receipt]:
        """With those of former stays whose debts were paid at once with it. Whoever asks has the originals, and nobody
        else does. Raises NoReceipt, StoreUnavailable."""
        found = await self._store.write(lambda tx: _with_debts(tx, ticket, self._letterhead))
        return [self._original_once(receipt) for receipt in found]

    def _original_once(self, receipt: Receipt) -> Receipt:
        number = receipt.document.number
        if number not in self._in_nobodys_hand:
            return receipt
        self._in_nobodys_hand.discard(number)
        return replace(receipt, copy=False)

    async def print(self, printer: TicketPrinter, found: Sequence[Receipt], languages: Sequence[Language]) -> None:
        """Raises DriverError: what wasn't printed is as good as never made out."""
        left = list(found)
        try:
            while left:
                await printer.print_receipt(PrintedReceipt(partial(_lines, left[0], languages)))
                del left[0]
        finally:
            self._in_nobodys_hand |= {receipt.document.number for receipt in left if not receipt.copy}

    async def obey(self, order: ReceiptOrder) -> Obeyed:
        desk = None if order.at is None else self.desks.get(order.at)
        if order.at is not None and (desk is None or desk.printer is None):
            there = ", ".join(name for name, one in self.desks.items() if one.printer is not None) or "none"
            return Obeyed(why_not=f"no printer for receipts is at {order.at!r}; there is {there}")
        languages = self.languages if order.language is None else (language(order.language),)
        try:
            ticket = await self._store.read(lambda connection: ticket_with_code(connection, shown_code(order.ticket)))
            if ticket is None:
                return Obeyed(why_not=f"no ticket of this lot has the code {order.ticket}")
            found = await self.of(ticket.id)
            if desk is None or desk.printer is None:
                return Obeyed(said="\n\n\n".join("\n".join(_lines(one, languages, order.width)) for one in found))
            await self.print(desk.printer, found, languages)
        except ValueError as wrong:
            return Obeyed(why_not=str(wrong))
        except StoreUnavailable as wrong:
            return Obeyed(why_not=f"the lot's store couldn't record it: {wrong}")
        except DriverError as wrong:
            return Obeyed(why_not=f"it is made out, but {order.at} couldn't print it: {wrong}")
        return Obeyed(said=f"{' and '.join(map(_named, found))} printed at {order.at}")


class ReceiptDesk:
    """Where drivers pay: a receipt for each, or at the press of a button, before they pay or after. A printer that
    fails raises its own fault, and nothing waits for it.

    `starts` are the parts that nobody else starts.
    """

    def __init__(
        self,
        place: LaneName,
        receipts: Receipts,
        printer: TicketPrinter | None,
        when: GiveReceipts,
        button: DigitalInput | None = None,
        starts: Sequence[Driver] = (),
    ) -> None:
        self.place, self.printer = place, printer
        self._receipts, self._when, self._starts = receipts, when, starts
        self._paid: TicketId | None = None
        self._wanted = False
        self._printing: set[asyncio.Task[None]] = set()
        receipts.desks[place] = self
        if button is not None:
            button.on_level(lambda level: self.wanted() if level else None)

    async def start(self) -> None:
        for part in self._starts:
            await part.start()

    async def stop(self) -> None:
        for task in self._printing:
            task.cancel()
        await asyncio.gather(*self._printing, return_exceptions=True)
        for part in self._starts:
            await part.stop()

    @property
    def busy(self) -> bool:
        """Whether something is being printed for who pays here."""
        return bool(self._printing)

    def paid(self, ticket: TicketId) -> None:
        """The stay is paid, or owes nothing."""
        self._paid = ticket
        if self._when is GiveReceipts.ALWAYS:
            self._begin(copies=self._wanted)
        elif self._wanted:
            self._begin(copies=True)

    def wanted(self) -> None:
        """The driver has pressed the button."""
        if self._when is GiveReceipts.NEVER:
            return
        self._wanted = True
        if self._paid is not None:
            self._begin(copies=True)

    def next_driver(self) -> None:
        """Who stands there now gets nobody else's."""
        self._paid, self._wanted = None, False

    def _begin(self, *, copies: bool) -> None:
        ticket, self._wanted = self._paid, False
        if ticket is None or self.printer is None:
            return
        task = asyncio.ensure_future(self._print(self.printer, ticket, copies=copies))
        self._printing.add(task)
        task.add_done_callback(self._finished)

    async def _print(self, printer: TicketPrinter, ticket: TicketId, *, copies: bool) -> None:
        try:
            found = await self._receipts.of(ticket)
            wanted = [receipt for receipt in found if copies or not receipt.copy]
            await self._receipts.print(printer, wanted, self._receipts.languages)
        except NoReceipt as none:
            _LOG.info("receipts.none", place=self.place, why=str(none))
        except (StoreUnavailable, DriverError) as wrong:
            _LOG.warning("receipts.not_printed", place=self.place, why=str(wrong))

    def _finished(self, task: asyncio.Task[None]) -> None:
        self._printing.discard(task)
        if not task.cancelled() and task.exception() is not None:
            _LOG.error("receipts.task_failed", exc_info=task.exception())


def _with_debts(tx: Transaction, ticket: TicketId, letterhead: Letterhead) -> list[Receipt]:
    found = make_out(tx, ticket, letterhead)
    for code in {other.ticket for one in found if not one.copy for other in one.document.paid_with}:
        former = ticket_with_code(tx.connection, code)
        if former is not None:
            found += [receipt for receipt in make_out(tx, former.id, letterhead) if not receipt.copy]
    return found


def _lines(receipt: Receipt, languages: Sequence[Language], width: int) -> list[str]:
    return laid_out(receipt.document, languages, width, receipt.plate, copy=receipt.copy)


def _named(receipt: Receipt) -> str:
    copy = "a copy of " if receipt.copy else ""
    return f"{copy}{_NAMES[receipt.document.kind]} {receipt.document.number}"
