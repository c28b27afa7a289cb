"""What is said to a nexo terminal and how its answers are read. Amounts and tokens only: no card data is looked at."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from drivers.money import Became, Charged, ChargeOutcome, Fate
from models.money import Minor, exponent, from_major

Json = Mapping[str, Any]
PREFIX = 4
"""Bytes before each message that say how long it is, the highest first."""
LONGEST = 64 * 1024
_NO_BANK = ("UnreachableHost", "UnavailableService", "UnavailableDevice", "LoggedOut")
_STILL_AT_IT = ("InProgress", "Busy")


@dataclass(frozen=True, slots=True)
class Between:
    """Who speaks to whom: the names that both have in their settings."""

    sale: str
    poi: str


def service_id(id: str) -> str:
    """The number of a message, by which it is asked about later: ten characters that follow from the lot's own id, so
    that a daemon that was restarted asks about the same one."""
    return base64.b32encode(hashlib.sha256(id.encode()).digest())[:10].decode()


def payment(between: Between, id: str, amount: Minor, currency: str, of: str = "Normal", original: str = "") -> Json:
    """Take a sum; with `of` Refund, give it back, of the terminal's transaction `original`."""
    sale: dict[str, Any] = {"SaleTransactionID": {"TransactionID": id}}
    transaction: dict[str, Any] = {"AmountsReq": {"Currency": currency, "RequestedAmount": major(amount, currency)}}
    if original:
        transaction["OriginalPOITransaction"] = {"POITransactionID": {"TransactionID": original}}
    body = {"SaleData": sale, "PaymentTransaction": transaction, "PaymentData": {"PaymentType": of}}
    return _request(between, "Payment", service_id(id), {"PaymentRequest": body})


def status(between: Between, id: str, asking: str) -> Json:
    """What became of the payment of this id? `asking` numbers the question itself."""
    reference = {"MessageCategory": "Payment", "ServiceID": service_id(id), "SaleID": between.sale}
    body = {"TransactionStatusRequest": {"MessageReference": reference, "ReceiptReprintFlag": False}}
    return _request(between, "TransactionStatus", asking, body)


def framed(message: Json) -> bytes:
    text = json.dumps(message, separators=(",", ":")).encode()
    return len(text).to_bytes(PREFIX, "big") + text


def read(text: bytes) -> Json:
    """Raises ValueError for what is no message."""
    found = json.loads(text, parse_float=Decimal)
    if not isinstance(found, dict):
        raise ValueError("a JSON object is expected")
    return found


def answers(message: Json, category: str, service: str) -> Json | None:
    """The body of a response to that very request; None: it is something else, such as a line for a display."""
    told = _at(message, "SaleToPOIResponse")
    head = _at(told, "MessageHeader")
    if head.get("MessageCategory") != category or head.get("ServiceID") != service:
        return None
    return _at(told, f"{category}Response")


def charged(response: Json, id: str, currency: str) -> Charged:
    """How a payment ended. Raises ValueError for an answer that isn't about it, or can't be understood."""
    result = _at(response, "Response")
    why = _why(result)
    if result.get("Result") in ("Success", "Partial"):
        if _at(_at(response, "SaleData"), "SaleTransactionID").get("TransactionID") != id:
            raise ValueError("the terminal answers about another payment")
        reference = str(_at(_at(response, "POIData"), "POITransactionID").get("TransactionID", ""))
        return Charged(ChargeOutcome.TAKEN, reference, amount=_taken(response, currency))
    if result.get("ErrorCondition") in _NO_BANK:
        return Charged(ChargeOutcome.UNREACHABLE, detail=why)
    if result.get("Result") == "Failure":
        return Charged(ChargeOutcome.DECLINED, detail=why)
    raise ValueError("no result that is known")


def became(response: Json, id: str, currency: str) -> Became:
    """What a status says of a payment. Raises ValueError as `charged` does."""
    result = _at(response, "Response")
    error = result.get("ErrorCondition")
    if result.get("Result") == "Success":
        repeated = _at(_at(response, "RepeatedMessageResponse"), "RepeatedResponseMessageBody")
        said = charged(_at(repeated, "PaymentResponse"), id, currency)
        taken = said.outcome is ChargeOutcome.TAKEN
        return Became(Fate.TAKEN if taken else Fate.DECLINED, said.reference, said.detail, said.amount)
    if error == "NotFound":
        return Became(Fate.NOTHING)
    return Became(Fate.PENDING if error in _STILL_AT_IT else Fate.UNKNOWN, detail=_why(result))


def major(amount: Minor, currency: str) -> float | int:
    places = exponent(currency)
    return amount if places == 0 else float(Decimal(amount).scaleb(-places))


def _taken(response: Json, currency: str) -> Minor | None:
    amounts = _at(_at(response, "PaymentResult"), "AmountsResp")
    if amounts.get("Currency", currency) != currency:
        raise ValueError("the terminal took another currency")
    said = amounts.get("AuthorizedAmount")
    return None if said is None else from_major(Decimal(said), currency)


def _request(between: Between, category: str, service: str, body: Json) -> Json:
    head = {
        "ProtocolVersion": "3.1",
        "MessageClass": "Service",
        "MessageCategory": category,
        "MessageType": "Request",
        "ServiceID": service,
        "SaleID": between.sale,
        "POIID": between.poi,
    }
    return {"SaleToPOIRequest": {"MessageHeader": head, **body}}


def _why(result: Json) -> str:
    return " ".join(str(part) for part in (result.get("ErrorCondition"), result.get("AdditionalResponse")) if part)


def _at(message: Json, key: str) -> Json:
    found = message.get(key)
    return found if isinstance(found, dict) else {}
