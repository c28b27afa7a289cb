"""A card terminal that speaks nexo Retailer over TCP, with books of its own: the far end of that driver."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import Any

from drivers.far_book import Entry, FarBook
from drivers.over_nexo import messages
from models.ids import PaymentId, RefundId
from models.instants import Instant
from models.money import Minor, from_major


class Does(StrEnum):
    """What the terminal does with the next payment."""

    TAKES = "takes"
    DECLINES = "declines"
    HAS_NO_BANK = "has_no_bank"
    TAKES_AND_BREAKS_OFF = "takes_and_breaks_off"
    BREAKS_OFF = "breaks_off"
    TELLS_A_CARD_NUMBER = "tells_a_card_number"
    """As one does that is set up badly: where its token belongs"""


class NexoPeer:
    """`book` outlives it, `port` too once it has one: a terminal that is switched on again is found at its place."""

    def __init__(self, book: Path, now: Callable[[], Instant]) -> None:
        self.does = Does.TAKES
        self.asked: list[str] = []
        """The payments that it was sent, each time that it was"""
        self.port = 0
        self._book, self._now = FarBook(book), now
        self._known: dict[str, str] = {}
        self._server: asyncio.Server | None = None

    async def __aenter__(self) -> NexoPeer:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            length = int.from_bytes(await reader.readexactly(messages.PREFIX), "big")
            writer.write(self.hear(await reader.readexactly(length)))
            await writer.drain()
        writer.close()

    def hear(self, message: bytes) -> bytes:
        """One message, and all that it answers."""
        asked = messages.read(message)["SaleToPOIRequest"]
        answer = self._answer(asked)
        if answer is None:
            return b""
        response = {"SaleToPOIResponse": {"MessageHeader": asked["MessageHeader"], **answer}}
        return messages.framed({"SaleToPOIRequest": {"DisplayRequest": {}}}) + messages.framed(response)

    def _answer(self, asked: dict[str, Any]) -> dict[str, Any] | None:
        if "TransactionStatusRequest" in asked:
            return {"TransactionStatusResponse": self._status(asked["TransactionStatusRequest"])}
        body = asked["PaymentRequest"]
        id = body["SaleData"]["SaleTransactionID"]["TransactionID"]
        self.asked.append(id)
        if self.does is Does.BREAKS_OFF:
            return None
        said = self._pays(PaymentId(id), body)
        return None if self.does is Does.TAKES_AND_BREAKS_OFF else {"PaymentResponse": said}

    def _pays(self, id: PaymentId, body: dict[str, Any]) -> dict[str, Any]:
        self._known[messages.service_id(id)] = id
        if self.does is Does.HAS_NO_BANK:
            return {"Response": {"Result": "Failure", "ErrorCondition": "UnreachableHost"}}
        asked = body["PaymentTransaction"]["AmountsReq"]
        amount = from_major(Decimal(str(asked["RequestedAmount"])), asked["Currency"])
        if self.does is Does.DECLINES or not self._moves(id, body, amount, asked["Currency"]):
            self._book.write(Entry(id, amount, asked["Currency"], "declined", "", self._now()))
            return {"Response": {"Result": "Failure", "ErrorCondition": "Refusal"}}
        return self._told(id, amount, asked["Currency"])

    def _moves(self, id: PaymentId, body: dict[str, Any], amount: Minor, currency: str) -> bool:
        if body["PaymentData"]["PaymentType"] != "Refund":
            self._book.write(Entry(id, amount, currency, "taken", _token(id), self._now()))
            return True
        original = body["PaymentTransaction"]["OriginalPOITransaction"]["POITransactionID"]["TransactionID"]
        taken = next(
            (line for line in self._book.report(Instant(0), Instant(2**62)) if line.reference == original), None
        )
        if taken is None or taken.payment is None:
            return False
        return self._book.refund(taken.payment, RefundId(id), amount, _token(id), self._now())

    def _told(self, id: PaymentId, amount: Minor, currency: str) -> dict[str, Any]:
        token = "4111 1111 1111 1111" if self.does is Does.TELLS_A_CARD_NUMBER else _token(id)
        return {
            "Response": {"Result": "Success"},
            "SaleData": {"SaleTransactionID": {"TransactionID": id}},
            "POIData": {"POITransactionID": {"TransactionID": token}},
            "PaymentResult": {
                "AmountsResp": {"Currency": currency, "AuthorizedAmount": messages.major(amount, currency)}
            },
        }

    def _status(self, asked: dict[str, Any]) -> dict[str, Any]:
        id = self._known.get(asked["MessageReference"]["ServiceID"]) or self._before(asked)
        entry = None if id is None else self._book.entry(PaymentId(id))
        if id is None or (entry is None and not self._gave_back(id)):
            return {"Response": {"Result": "Failure", "ErrorCondition": "NotFound"}}
        if entry is not None and entry.state != "taken":
            said: dict[str, Any] = {"Response": {"Result": "Failure", "ErrorCondition": "Refusal"}}
        else:
            said = self._told(PaymentId(id), *((entry.amount, entry.currency) if entry else self._gave_back(id)[0]))
        repeated = {"RepeatedResponseMessageBody": {"PaymentResponse": said}}
        return {"Response": {"Result": "Success"}, "RepeatedMessageResponse": repeated}

    def _before(self, asked: dict[str, Any]) -> str | None:
        """What it was sent before it was last switched off."""
        service = asked["MessageReference"]["ServiceID"]
        ids = [str(line.refund or line.payment) for line in self._book.report(Instant(0), Instant(2**62))]
        return next((id for id in ids if messages.service_id(id) == service), None)

    def _gave_back(self, id: str) -> list[tuple[Minor, str]]:
        lines = self._book.report(Instant(0), Instant(2**62))
        return [(line.amount, line.currency) for line in lines if line.refund == id]


def _token(id: str) -> str:
    return f"POI-{messages.service_id(id)}"
