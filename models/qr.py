"""What the QR code of a paper ticket says, and the ticket code in whatever was scanned or typed."""

from __future__ import annotations

from models.codes import read_code

PREFIX = "PG1:"
"""Tells our tickets from other codes that drivers hold under a scanner; a new number is a new meaning."""


def qr_text(code: str) -> str:
    return PREFIX + code


def shown_code(text: str) -> str:
    """The code of a ticket, from its QR code or as a person typed it. Raises ValueError when it can't be one."""
    shown = text.strip()
    if shown[: len(PREFIX)].upper() == PREFIX:
        shown = shown[len(PREFIX) :]
    return read_code(shown)
