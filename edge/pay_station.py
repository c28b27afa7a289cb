"""A pay station at work: a ticket that is shown is asked to pay, and its sign says when that is done."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import structlog

from drivers.contract import CodeScanner, DriverError, Sign
from edge.parking.money.station import Owed, PayStation, Settled
from edge.parking.money.till import Till
from edge.receipts import ReceiptDesk
from edge.store import StoreUnavailable
from models.money import written
from models.phrases.language import Language, said_in
from models.phrases.phrase import Phrase
from models.refusals import Refusal

_LOG = structlog.get_logger("edge.station")


class PayStationPart:
    """One driver at a time: what is scanned while somebody pays is passed over."""

    def __init__(
        self,
        station: PayStation,
        till: Till,
        scanner: CodeScanner | None,
        sign: Sign | None,
        languages: Sequence[Language],
        receipts: ReceiptDesk | None = None,
    ) -> None:
        self.station, self._till, self._scanner, self._sign = station, till, scanner, sign
        self._languages, self._receipts = languages, receipts
        self._paying: asyncio.Task[None] | None = None
        if scanner is not None:
            scanner.on_code(self._scanned)

    async def start(self) -> None:
        await self._till.start()
        for part in (self._sign, self._scanner, self._receipts):
            if part is not None:
                await part.start()
        await self._show(Phrase.SCAN_YOUR_TICKET)

    async def stop(self) -> None:
        if self._paying is not None:
            self._paying.cancel()
            await asyncio.gather(self._paying, return_exceptions=True)
        for part in (self._receipts, self._scanner, self._sign):
            if part is not None:
                await part.stop()
        await self._till.stop()

    def _scanned(self, code: str) -> None:
        if self._paying is None or self._paying.done():
            self._paying = asyncio.ensure_future(self._serve(code))

    async def _serve(self, code: str) -> None:
        if self._receipts is not None:
            self._receipts.next_driver()
        try:
            owed = await self.station.show(code)
            if isinstance(owed, Owed):
                await self._show(written(owed.amount, owed.currency))
                owed = await self.station.pay(code)
            if isinstance(owed, Settled) and self._receipts is not None:
                self._receipts.paid(owed.ticket)
            await self._show(_line(owed))
        except StoreUnavailable as wrong:
            _LOG.warning("station.store_unavailable", station=self.station.name, why=str(wrong))
            await self._show(Refusal.NOT_RECORDED.driver)

    async def _show(self, line: str) -> None:
        if self._sign is None:
            return
        try:
            await self._sign.show(said_in(self._languages, [line]))
        except DriverError as wrong:
            _LOG.warning("station.sign", station=self.station.name, why=str(wrong))


def _line(answer: Settled | Owed | Refusal) -> str:
    match answer:
        case Settled():
            return Phrase.PAID.of(amount=written(answer.paid, answer.currency))
        case Owed():
            return written(answer.amount, answer.currency)
        case Refusal():
            return answer.driver
