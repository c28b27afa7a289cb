"""The words that stand on receipts and credit notes; each is in every language's file."""

from __future__ import annotations

from enum import StrEnum


class ReceiptWord(StrEnum):
    """By the key in the language's part `receipt`. A part in braces stands for a value."""

    RECEIPT = "receipt"
    CREDIT_NOTE = "credit_note"
    COPY = "copy"
    TAX_ID = "tax_id"
    TAKES_OFF = "takes_off"
    """Which receipt a credit note is about: {number}"""
    TICKET = "ticket"
    SERIAL = "serial"
    PLATE = "plate"
    ENTERED = "entered"
    LEFT = "left"
    PAID_UNTIL = "paid_until"
    NET = "net"
    TAX = "tax"
    """{name}, {percent} and {base}"""
    TOTAL = "total"
    OVER = "over"
    """Paid above the fee, and owed to the driver"""
    OWED = "owed"
    PAID_WITH = "paid_with"
    """A debt of the ticket {ticket} that was paid at once with this stay"""
    CASH = "cash"
    TERMINAL = "terminal"
    PROVIDER = "provider"
    GIVEN_BACK = "given_back"
    """By one of the ways of paying: {way}"""
    MADE_OUT = "made_out"
